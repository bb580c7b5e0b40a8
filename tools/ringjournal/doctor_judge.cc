#include "tools/ringjournal/doctor_judge.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "server/config/listen_address.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

constexpr char kNewKernel[] =
    "install Linux 6.1 or newer (Debian 12 has it): apt-get install linux-image-amd64";

std::string Ms(int64_t ns) { return absl::StrFormat("%.2f ms", static_cast<double>(ns) / 1e6); }

std::string Roughly(uint64_t bytes) {
  const uint64_t unit = bytes >= 10 * limits::kGiB ? limits::kGiB : limits::kMiB;
  return FormatBytes(bytes / unit * unit);
}

Finding JudgeKernel(const DoctorFacts& facts) {
  int major = 0, minor = 0;
  if (std::sscanf(facts.kernel_release.c_str(), "%d.%d", &major, &minor) != 2) {
    return {Severity::kWarn, "kernel",
            absl::StrCat("its release \"", facts.kernel_release, "\" is not understood"),
            "compare with: uname -r"};
  }
  const std::string sentence = absl::StrCat("Linux ", facts.kernel_release);
  const int version = major * 1000 + minor;
  if (version < 6000)
    return {Severity::kFail, "kernel", sentence + " is too old for multishot receive", kNewKernel};
  if (version < 6001)
    return {Severity::kWarn, "kernel", sentence + " is not a long-term kernel and slower",
            kNewKernel};
  return {Severity::kPass, "kernel", sentence, ""};
}

std::string MendUring(const DoctorFacts& facts) {
  if (facts.uring_disabled > 0) return "sysctl -w kernel.io_uring_disabled=0";
  if (absl::IsResourceExhausted(facts.uring)) return "ulimit -l unlimited; ulimit -n 65536";
  if (absl::IsPermissionDenied(facts.uring)) {
    return "docker run --security-opt seccomp=FILE that allows io_uring_setup, _enter and "
           "_register";
  }
  return kNewKernel;
}

void JudgeUring(const DoctorFacts& facts, std::vector<Finding>* out) {
  if (!facts.uring.ok()) {
    out->push_back(
        {Severity::kFail, "io_uring", std::string(facts.uring.message()), MendUring(facts)});
    return;
  }
  out->push_back({Severity::kPass, "io_uring", "a ring was set up", ""});
  for (const FeatureFact& feature : facts.features) {
    const std::string what = absl::StrCat(feature.name, " (Linux ", feature.since, ")");
    if (feature.present) {
      out->push_back({Severity::kPass, "io_uring", what, ""});
    } else if (feature.needed) {
      out->push_back({Severity::kFail, "io_uring", "missing: " + what, kNewKernel});
    } else {
      out->push_back(
          {Severity::kWarn, "io_uring",
           absl::StrCat("missing: ", what, "; everything works, slower"),
           absl::StrCat("a kernel from Linux ", feature.since, " on, if speed matters")});
    }
  }
}

Finding JudgeOpenFiles(const ServerOptions& options, const DoctorFacts& facts) {
  const uint64_t wanted = uint64_t{options.sessions_max} + 256;
  const std::string have = absl::StrCat(facts.open_files_max, " open files are allowed");
  if (facts.open_files_max >= wanted) return {Severity::kPass, "open files", have, ""};
  const std::string mend =
      absl::StrCat("ulimit -n ", wanted, ", or LimitNOFILE=", wanted, " in the unit");
  if (facts.open_files_max < 512) {
    return {Severity::kFail, "open files", have + ": too few for a server", mend};
  }
  return {Severity::kWarn, "open files",
          absl::StrCat(have, ", less than ", options.sessions_max, " sessions need"), mend};
}

Finding JudgeLockedMemory(const DoctorFacts& facts) {
  if (facts.locked_bytes_max == UINT64_MAX) {
    return {Severity::kPass, "locked memory", "no limit", ""};
  }
  const std::string have = FormatBytes(facts.locked_bytes_max) + " of locked memory are allowed";
  if (facts.locked_bytes_max >= 8 * limits::kMiB)
    return {Severity::kPass, "locked memory", have, ""};
  return {facts.locked_bytes_max < limits::kMiB ? Severity::kFail : Severity::kWarn,
          "locked memory", have + "; all io_uring queues of a user count against it",
          "ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit"};
}

Finding JudgeMemory(const ServerOptions& options, const DoctorFacts& facts) {
  const std::string have = absl::StrCat(Roughly(facts.memory_available_bytes), " of ",
                                        Roughly(facts.memory_bytes), " are available");
  if (facts.memory_available_bytes >= options.ring_bytes_total_max) {
    return {Severity::kPass, "memory", have, ""};
  }
  return {Severity::kWarn, "memory",
          absl::StrCat(have, ", less than all rings together may take (",
                       FormatBytes(options.ring_bytes_total_max), ")"),
          absl::StrCat("--ring-total ", Roughly(facts.memory_available_bytes / 2))};
}

Finding JudgeSync(const DoctorFacts& facts) {
  constexpr int64_t kSlowNs = 10'000'000;
  if (!facts.sync.status.ok()) {
    return {Severity::kFail, "disk sync", std::string(facts.sync.status.message()),
            "name the data directory with --data-dir, and let this user write to it"};
  }
  const std::string took =
      absl::StrCat("a block is on disk after ", Ms(facts.sync.median_ns), " (median of ",
                   facts.sync.count, ", worst ", Ms(facts.sync.max_ns), ")");
  if (facts.sync.median_ns < kSlowNs) return {Severity::kPass, "disk sync", took, ""};
  return {Severity::kWarn, "disk sync", took + ": level disk waits so long for each group",
          "--data-dir DIR on an NVMe disk, best one whose write cache survives a power failure"};
}

Finding JudgePort(const ServerOptions& options, const DoctorFacts& facts) {
  const std::string address = ListenAddressText(options.listen);
  if (!facts.port.ok()) {
    return {Severity::kFail, "port", std::string(facts.port.message()),
            options.listen.port == 0
                ? "--listen with an address of this machine: ip address"
                : absl::StrCat("see who has it: ss -ltnp 'sport = :", options.listen.port, "'")};
  }
  if (options.listen.port == 0)
    return {Severity::kPass, "port", address + ": a free port will be chosen", ""};
  if (options.listen.port >= facts.ephemeral_low && options.listen.port <= facts.ephemeral_high) {
    return {Severity::kWarn, "port",
            absl::StrCat(address, " is free, but the system gives ports ", facts.ephemeral_low,
                         " to ", facts.ephemeral_high,
                         " to outgoing connections: one may take it while the server is down"),
            absl::StrCat("--listen with a port below ", facts.ephemeral_low,
                         ", or: sysctl -w net.ipv4.ip_local_reserved_ports=", options.listen.port)};
  }
  return {Severity::kPass, "port", address + " is free", ""};
}

void AppendJson(std::string* out, const Finding& f) {
  absl::StrAppend(out, "{\"severity\":\"", SeverityText(f.severity),
                  "\",\"check\":", JsonString(f.check), ",\"sentence\":", JsonString(f.sentence),
                  ",\"mend\":", JsonString(f.mend), "}");
}

}  // namespace

std::vector<Finding> JudgeMachine(const ServerOptions& options, const DoctorFacts& facts) {
  std::vector<Finding> findings = {JudgeKernel(facts)};
  JudgeUring(facts, &findings);
  findings.push_back(JudgeOpenFiles(options, facts));
  findings.push_back(JudgeLockedMemory(facts));
  findings.push_back(JudgeMemory(options, facts));
  findings.push_back(JudgeSync(facts));
  findings.push_back(JudgePort(options, facts));
  return findings;
}

std::string FindingsJson(const std::vector<Finding>& findings) {
  return absl::StrCat("{\"findings\":[", absl::StrJoin(findings, ",", AppendJson), "],\"worst\":\"",
                      SeverityText(WorstOf(findings)), "\"}\n");
}

}  // namespace ringjournal::cli
