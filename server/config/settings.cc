#include "server/config/settings.h"

#include <charconv>
#include <cstdint>
#include <string>

#include "journal/base/bytes.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "journal/format/utf8.h"
#include "server/config/cluster_settings.h"
#include "server/config/listen_address.h"
#include "server/config_store/document_checks.h"

namespace ringjournal {
namespace {

// A whole number without a unit, within [min, max].
absl::StatusOr<uint32_t> ParseCount(const std::string& value, uint32_t min, uint32_t max) {
  uint64_t number = 0;
  const char* end = value.data() + value.size();
  auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && rest == end && number >= min && number <= max) {
    return static_cast<uint32_t>(number);
  }
  return absl::InvalidArgumentError("\"" + value + "\" is not a whole number from " +
                                    std::to_string(min) + " to " + std::to_string(max) +
                                    "; write it in digits, without a unit");
}

}  // namespace

absl::Status SetText(const std::string& value, std::string* out) {
  if (value.empty()) return absl::InvalidArgumentError("it is empty; give a value");
  if (value.find('\0') != std::string::npos || value.find('\n') != std::string::npos) {
    return absl::InvalidArgumentError("it holds a line break or a zero byte; write one plain path");
  }
  if (!IsUtf8(AsBytes(value))) {
    return absl::InvalidArgumentError("it is not UTF-8, so logs and JSON could not show it");
  }
  *out = value;
  return absl::OkStatus();
}

namespace {

absl::Status SetDataDir(const std::string& v, ServerOptions* o) { return SetText(v, &o->data_dir); }
absl::Status SetRingDir(const std::string& v, ServerOptions* o) { return SetText(v, &o->ring_dir); }
absl::Status SetAddressFile(const std::string& v, ServerOptions* o) {
  return SetText(v, &o->address_file);
}

absl::Status SetListen(const std::string& value, ServerOptions* options) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress(value);
  if (!address.ok()) return address.status();
  options->listen = *address;
  return absl::OkStatus();
}

absl::Status SetAllowRemote(const std::string& value, ServerOptions* options) {
  for (const char* yes : {"true", "1", "yes", "on"}) {
    if (value != yes) continue;
    options->allow_remote = true;
    return absl::OkStatus();
  }
  for (const char* no : {"false", "0", "no", "off"}) {
    if (value != no) continue;
    options->allow_remote = false;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("\"" + value + "\" is neither on nor off; write true or false");
}

absl::Status SetRingTotal(const std::string& value, ServerOptions* options) {
  absl::StatusOr<uint64_t> bytes = ParseBytes(value);
  if (!bytes.ok()) return bytes.status();
  if (*bytes < limits::kRingBytesMin) {
    return absl::InvalidArgumentError("\"" + value + "\" holds not even the smallest ring; give " +
                                      FormatBytes(limits::kRingBytesMin) + " or more");
  }
  options->ring_bytes_total_max = *bytes;
  return absl::OkStatus();
}

absl::Status SetSessions(const std::string& value, ServerOptions* options) {
  absl::StatusOr<uint32_t> count = ParseCount(value, 1, limits::kSessionsMax);
  if (!count.ok()) return count.status();
  options->sessions_max = *count;
  return absl::OkStatus();
}

absl::Status SetSpin(const std::string& value, ServerOptions* options) {
  absl::StatusOr<uint32_t> count = ParseCount(value, 0, limits::kSpinUsMax);
  if (!count.ok()) return count.status();
  options->spin_us_max = *count;
  return absl::OkStatus();
}

absl::Status SetNode(const std::string& value, ServerOptions* options) {
  RJ_RETURN_IF_ERROR(ValidateNodeName(value));
  options->node = value;
  return absl::OkStatus();
}

absl::Status SetLogLevel(const std::string& value, ServerOptions* options) {
  if (ParseLogLevel(value, &options->log_level)) return absl::OkStatus();
  return absl::InvalidArgumentError("\"" + value + "\" is not a level; choose " + kLogLevelNames);
}

absl::Status SetDrainTimeout(const std::string& value, ServerOptions* options) {
  absl::StatusOr<int64_t> ns = ParseDurationNs(value);
  if (!ns.ok()) return ns.status();
  const int64_t max_ns = int64_t{limits::kDrainTimeoutMsMax} * 1'000'000;
  if (*ns > max_ns) {
    return absl::InvalidArgumentError("\"" + value + "\" is too long to wait; give at most " +
                                      FormatDurationNs(max_ns));
  }
  options->drain_timeout_ns = *ns;
  return absl::OkStatus();
}

std::vector<Setting> StorageSettings() {
  const ServerOptions defaults;
  return {
      {"data-dir", "RINGJOURNAL_DATA_DIR", "DIR", SettingKind::kText,
       "Directory of segments and configuration; made if it is missing", "required",
       "data must not land where nobody looks", SetDataDir,
       [](const ServerOptions& o) { return o.data_dir; }},
      {"ring-dir", "RINGJOURNAL_RING_DIR", "DIR", SettingKind::kText,
       "Directory of the rings' shared memory, on tmpfs", "/dev/shm/ringjournal-UID",
       "memory there outlives the process, and two users do not meet", SetRingDir,
       [](const ServerOptions& o) { return o.ring_dir; }},
      {"ring-total", "RINGJOURNAL_RING_TOTAL", "SIZE", SettingKind::kText,
       "Limit of all rings together, with unit (B, KiB, MiB, GiB, TiB)",
       FormatBytes(defaults.ring_bytes_total_max),
       "a journal beyond it is refused, before the machine swaps", SetRingTotal,
       [](const ServerOptions& o) { return FormatBytes(o.ring_bytes_total_max); }},
  };
}

std::vector<Setting> NetworkSettings() {
  const ServerOptions defaults;
  return {
      {"listen", "RINGJOURNAL_LISTEN", "HOST:PORT", SettingKind::kText,
       "Address for clients, in digits; port 0 is a free one", ListenAddressText(defaults.listen),
       "loopback, because there is neither TLS nor authentication yet", SetListen,
       [](const ServerOptions& o) { return ListenAddressText(o.listen); }},
      {"allow-remote", "RINGJOURNAL_ALLOW_REMOTE", "", SettingKind::kSwitch,
       "Listen on a non-loopback address although there is no TLS and no authentication yet",
       "false", "whoever connects may read and append", SetAllowRemote,
       [](const ServerOptions& o) { return std::string(o.allow_remote ? "true" : "false"); }},
      {"address-file", "RINGJOURNAL_ADDRESS_FILE", "FILE", SettingKind::kText,
       "Write the bound address here once clients are accepted", "not written",
       "for scripts that let the system choose the port", SetAddressFile,
       [](const ServerOptions& o) { return o.address_file; }},
      {"node", "RINGJOURNAL_NODE", "NAME", SettingKind::kText,
       "Stable name of this node in the cluster", "node1, required with --etcd",
       "it stays when the machine changes", SetNode, [](const ServerOptions& o) { return o.node; }},
  };
}

std::vector<Setting> LoadSettings() {
  const ServerOptions defaults;
  return {
      {"sessions-max", "RINGJOURNAL_SESSIONS_MAX", "COUNT", SettingKind::kCount,
       "Client sessions at one time, from 1 to " + std::to_string(limits::kSessionsMax),
       std::to_string(defaults.sessions_max), "a connection beyond it is refused with a reason",
       SetSessions, [](const ServerOptions& o) { return std::to_string(o.sessions_max); }},
      {"spin-us", "RINGJOURNAL_SPIN_US", "MICROSECONDS", SettingKind::kCount,
       "Poll this long before sleeping, at most " + std::to_string(limits::kSpinUsMax) +
           "; lowers latency, takes a core",
       std::to_string(defaults.spin_us_max), "on few cores it takes the processor from the disk",
       SetSpin, [](const ServerOptions& o) { return std::to_string(o.spin_us_max); }},
      {"drain-timeout", "RINGJOURNAL_DRAIN_TIMEOUT", "DURATION", SettingKind::kText,
       "Wait of a stopping server for sessions and checkpoints, with unit (ns, us, ms, s, m, h)",
       FormatDurationNs(defaults.drain_timeout_ns), "shorter than a service manager's patience",
       SetDrainTimeout,
       [](const ServerOptions& o) { return FormatDurationNs(o.drain_timeout_ns); }},
      {"log-level", "RINGJOURNAL_LOG_LEVEL", "LEVEL", SettingKind::kText,
       std::string("Least level that is logged: ") + kLogLevelNames,
       LogLevelText(defaults.log_level), "starts, stops and everything unusual", SetLogLevel,
       [](const ServerOptions& o) { return std::string(LogLevelText(o.log_level)); }},
  };
}

std::vector<Setting> MakeSettings() {
  std::vector<Setting> all = StorageSettings();
  for (const std::vector<Setting>& more :
       {NetworkSettings(), ClusterSettings(), EtcdAccessSettings(), LoadSettings()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace

const std::vector<Setting>& Settings() {
  static const std::vector<Setting>& all = *new std::vector<Setting>(MakeSettings());
  return all;
}

int FindSetting(const std::string& key) {
  const std::vector<Setting>& all = Settings();
  for (size_t i = 0; i < all.size(); ++i) {
    if (key == all[i].key) return static_cast<int>(i);
  }
  return -1;
}

ServerOptions DefaultOptions(unsigned uid) {
  ServerOptions options;
  options.ring_dir = "/dev/shm/ringjournal-" + std::to_string(uid);
  return options;
}

}  // namespace ringjournal
