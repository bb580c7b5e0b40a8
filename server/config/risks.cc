#include "server/config/risks.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "server/config/listen_address.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

Finding Pass(std::string check, std::string sentence) {
  return {Severity::kPass, std::move(check), std::move(sentence), ""};
}
Finding Warn(std::string check, std::string sentence, std::string mend) {
  return {Severity::kWarn, std::move(check), std::move(sentence), std::move(mend)};
}
Finding Fail(std::string check, std::string sentence, std::string mend) {
  return {Severity::kFail, std::move(check), std::move(sentence), std::move(mend)};
}

// In whole MiB or GiB: exact bytes of a file system say nothing to people.
std::string Roughly(uint64_t bytes) {
  const uint64_t unit = bytes >= 10 * limits::kGiB ? limits::kGiB : limits::kMiB;
  return FormatBytes(bytes / unit * unit);
}

Finding JudgeListen(const ServerOptions& o) {
  const std::string address = ListenAddressText(o.listen);
  if (!IsLoopback(o.listen)) {
    return Warn("listen",
                absl::StrCat(address,
                             " is reachable from other machines, without TLS and "
                             "without authentication: whoever connects may read and append"),
                "--listen 127.0.0.1:PORT, or a firewall that lets in the clients only");
  }
  if (o.allow_remote) {
    return Warn("listen",
                absl::StrCat("allow-remote is on, but ", address,
                             " is loopback: it would hide a later mistake in listen"),
                "take allow-remote out");
  }
  if (o.listen.port == 0 && o.address_file.empty()) {
    return Warn("listen", "the port is chosen anew at each start, and only the log says which",
                "--listen 127.0.0.1:PORT, or --address-file FILE");
  }
  return Pass("listen", absl::StrCat(address, " is reachable from this machine only"));
}

Finding JudgePlace(const char* check, const char* flag, const std::string& wanted,
                   const PlaceFacts& place) {
  if (!place.is_directory) {
    return Fail(check, absl::StrCat(place.path, " is no directory, so ", wanted, " cannot be one"),
                absl::StrCat("--", flag, " DIR with another directory"));
  }
  if (!place.writable) {
    return Fail(check, absl::StrCat("this user may not write to ", place.path),
                absl::StrCat("run it as the user that owns it, or: chown USER ", place.path));
  }
  return Pass(check, absl::StrCat(wanted, place.is_there ? " is writable" : " will be made"));
}

Finding JudgeDataDir(const ServerOptions& o, const PlaceFacts& place) {
  Finding finding = JudgePlace("data-dir", "data-dir", o.data_dir, place);
  if (finding.severity == Severity::kFail) return finding;
  if (place.in_memory) {
    return Warn("data-dir",
                absl::StrCat(o.data_dir,
                             " is in memory (tmpfs): a restart of the machine "
                             "takes segments and configuration, and level disk means nothing"),
                "--data-dir DIR on a disk");
  }
  if (place.bytes_free < limits::kSegmentBytesDefault) {
    return Warn("data-dir",
                absl::StrCat("its disk has ", Roughly(place.bytes_free),
                             " free, less than one segment: appends will wait for space"),
                "make room, or --data-dir DIR on another disk");
  }
  return finding;
}

Finding JudgeRingTotal(const ServerOptions& o, const MachineFacts& facts) {
  const std::string total = FormatBytes(o.ring_bytes_total_max);
  if (facts.memory_bytes == 0 || o.ring_bytes_total_max <= facts.memory_bytes / 2) {
    return Pass("ring-total", absl::StrCat(total, " is at most half of this machine's memory"));
  }
  return Warn(
      "ring-total",
      absl::StrCat(total, " is more than half of this machine's ", Roughly(facts.memory_bytes),
                   " of memory: full rings would make it swap, or end processes"),
      absl::StrCat("--ring-total ", Roughly(facts.memory_bytes / 2)));
}

Finding JudgeSessions(const ServerOptions& o, const MachineFacts& facts) {
  constexpr uint64_t kOtherFiles = 256;  // segments, io_uring, logs
  if (facts.open_files_max == 0 || o.sessions_max + kOtherFiles <= facts.open_files_max) {
    return Pass("sessions-max",
                absl::StrCat(o.sessions_max, " sessions fit the limit of open files"));
  }
  return Warn("sessions-max",
              absl::StrCat(o.sessions_max, " sessions need more than the ", facts.open_files_max,
                           " files that this process may open: some would not be accepted"),
              absl::StrCat("ulimit -n ", o.sessions_max + kOtherFiles,
                           ", LimitNOFILE= in the unit, or a smaller --sessions-max"));
}

Finding JudgeSpin(const ServerOptions& o, const MachineFacts& facts) {
  if (o.spin_us_max == 0 || facts.processors > 2) {
    return Pass("spin-us", o.spin_us_max == 0 ? "the loop sleeps when there is nothing to do"
                                              : "there are processors to spare");
  }
  return Warn("spin-us",
              absl::StrCat("the loop spins, and there are only ", facts.processors,
                           " processors: disk and clients will wait for it"),
              "--spin-us 0");
}

Finding JudgeDrain(const ServerOptions& o) {
  if (o.drain_timeout_ns >= 1'000'000'000) {
    return Pass("drain-timeout",
                absl::StrCat("a stop waits up to ", FormatDurationNs(o.drain_timeout_ns)));
  }
  return Warn("drain-timeout",
              absl::StrCat("a stop waits only ", FormatDurationNs(o.drain_timeout_ns),
                           " for appends that were taken: clients may see unknown outcomes"),
              "--drain-timeout 10s");
}

void JudgeDocument(const ServerOptions& o, const MachineFacts& facts, std::vector<Finding>* out) {
  if (!facts.document_problem.empty()) {
    out->push_back(Fail("document", facts.document_problem, "see the sentence"));
  }
  if (!facts.document) return;
  const v1::ConfigDocument& document = *facts.document;
  if (document.nodes_size() > 0 && FindNode(document, o.node) == nullptr) {
    out->push_back(Fail("node",
                        absl::StrCat("the data directory is of node ", document.nodes(0).node(),
                                     ", not of ", o.node, ": its journals would have no leader"),
                        absl::StrCat("--node ", document.nodes(0).node())));
  }
  for (const v1::JournalConfig& journal : document.journals()) {
    if (!journal.settings().memory_only() || journal.members_size() > 1) continue;
    out->push_back(Warn(
        absl::StrCat("journal ", journal.name()),
        "it is memory-only and has one node: whoever takes this machine's memory takes it whole",
        absl::StrCat("accept it, or copy it into a journal that is not memory-only: ringjournal "
                     "replay ",
                     journal.name(), " | ringjournal append NEW --create")));
  }
}

}  // namespace

Finding JudgeRingPlace(const std::string& ring_dir, uint64_t ring_bytes_total_max,
                       const PlaceFacts& place) {
  Finding finding = JudgePlace("ring-dir", "ring-dir", ring_dir, place);
  if (finding.severity == Severity::kFail) return finding;
  if (!place.in_memory) {
    return Warn("ring-dir",
                absl::StrCat(ring_dir,
                             " is on a disk, not in memory (tmpfs): appends wait "
                             "for its write-back, and a restart finds rings of another boot"),
                "--ring-dir under /dev/shm, or mount a tmpfs there");
  }
  const std::string mend = absl::StrCat(
      "mount -o remount,size=", FormatBytes(ring_bytes_total_max / limits::kMiB * limits::kMiB),
      " of its tmpfs (Docker: --shm-size), or a smaller --ring-total");
  if (place.bytes_total < ring_bytes_total_max) {
    return Warn("ring-dir",
                absl::StrCat("its file system has ", Roughly(place.bytes_total),
                             ", less than ring-total (", FormatBytes(ring_bytes_total_max),
                             "): journals will be refused before the limit is reached"),
                mend);
  }
  if (place.bytes_free < limits::kRingBytesDefault) {
    return Warn("ring-dir",
                absl::StrCat("its file system has ", Roughly(place.bytes_free),
                             " free, less than one ring of the default size"),
                "ringjournal ring ls, then remove what is orphaned");
  }
  return Pass("ring-dir",
              absl::StrCat(ring_dir, " is in memory, with ", Roughly(place.bytes_free), " free"));
}

std::vector<Finding> FindRisks(const ServerOptions& options, const MachineFacts& facts) {
  std::vector<Finding> findings = {
      JudgeDataDir(options, facts.data_dir),
      JudgeRingPlace(options.ring_dir, options.ring_bytes_total_max, facts.ring_dir),
      JudgeRingTotal(options, facts),
      JudgeListen(options),
      JudgeSessions(options, facts),
      JudgeSpin(options, facts),
      JudgeDrain(options)};
  JudgeDocument(options, facts, &findings);
  return findings;
}

}  // namespace ringjournal
