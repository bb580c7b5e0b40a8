#include "server/config/flags.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "server/config/listen_address.h"
#include "server/config/nearest_word.h"
#include "server/config_store/document_checks.h"

namespace ringjournal {
namespace {

// Takes one value into the options, or says what is wrong with it.
using Setter = std::function<absl::Status(const std::string& value, ServerOptions* options)>;

struct Flag {
  const char* name;         // "--data-dir"
  const char* environment;  // "RINGJOURNAL_DATA_DIR"
  const char* placeholder;  // "DIR"
  std::string help;         // meaning, unit, default
  Setter set;
};

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

absl::Status SetText(const std::string& value, std::string* out) {
  if (value.empty()) return absl::InvalidArgumentError("it is empty; give a value");
  *out = value;
  return absl::OkStatus();
}

absl::Status SetListen(const std::string& value, ServerOptions* options) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress(value);
  if (!address.ok()) return address.status();
  options->listen = *address;
  return absl::OkStatus();
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

std::vector<Flag> StorageFlags() {
  const ServerOptions defaults;
  return {
      {"--data-dir", "RINGJOURNAL_DATA_DIR", "DIR",
       "Directory of segments and configuration. Required",
       [](const std::string& v, ServerOptions* o) { return SetText(v, &o->data_dir); }},
      {"--ring-dir", "RINGJOURNAL_RING_DIR", "DIR",
       "Directory of the rings' shared memory, on tmpfs. Default: /dev/shm/ringjournal-UID",
       [](const std::string& v, ServerOptions* o) { return SetText(v, &o->ring_dir); }},
      {"--ring-total", "RINGJOURNAL_RING_TOTAL", "SIZE",
       "Limit of all rings together, with unit (B, KiB, MiB, GiB, TiB). Default: " +
           FormatBytes(defaults.ring_bytes_total_max),
       SetRingTotal},
  };
}

std::vector<Flag> ServiceFlags() {
  const ServerOptions defaults;
  return {
      {"--listen", "RINGJOURNAL_LISTEN", "HOST:PORT",
       "Address for clients; port 0 is a free one. Default: " + ListenAddressText(defaults.listen),
       SetListen},
      {"--address-file", "RINGJOURNAL_ADDRESS_FILE", "FILE",
       "Write the address here once clients are accepted. Default: not written",
       [](const std::string& v, ServerOptions* o) { return SetText(v, &o->address_file); }},
      {"--node", "RINGJOURNAL_NODE", "NAME",
       "Stable name of this node in the cluster. Default: " + defaults.node, SetNode},
      {"--sessions-max", "RINGJOURNAL_SESSIONS_MAX", "COUNT",
       "Client sessions at one time. Default: " + std::to_string(defaults.sessions_max),
       SetSessions},
      {"--spin-us", "RINGJOURNAL_SPIN_US", "MICROSECONDS",
       "Poll this long before sleeping; lowers latency, takes a core. Default: " +
           std::to_string(defaults.spin_us_max),
       SetSpin},
      {"--drain-timeout", "RINGJOURNAL_DRAIN_TIMEOUT", "DURATION",
       "Wait of a stopping server, with unit (ns, us, ms, s, m, h). Default: " +
           FormatDurationNs(defaults.drain_timeout_ns),
       SetDrainTimeout},
      {"--log-level", "RINGJOURNAL_LOG_LEVEL", "LEVEL",
       std::string("Least level that is logged: ") + kLogLevelNames + ". Default: info",
       SetLogLevel},
  };
}

FlagsResult Mistake(std::string text) {
  FlagsResult result;
  result.exit_code = kExitUsage;
  result.standard_error = "ringjournald: " + std::move(text) + "\n";
  return result;
}

FlagsResult Print(std::string text) {
  FlagsResult result;
  result.standard_out = std::move(text);
  return result;
}

// The arguments that no flag took.
std::string UnknownArgument(const std::string& argument, const std::vector<Flag>& flags) {
  if (!argument.starts_with("-")) {
    return "the argument \"" + argument +
           "\" belongs to no flag; ringjournald takes flags only, see --help";
  }
  std::vector<std::string> names = {"--allow-remote", "--help", "--version"};
  for (const Flag& flag : flags) names.push_back(flag.name);
  const std::string name = argument.substr(0, argument.find('='));
  const std::string nearest = NearestWord(name, names);
  std::string text = "there is no flag " + name;
  return text.append(nearest.empty() ? "; see --help" : "; did you mean " + nearest + "?");
}

absl::Status CheckTogether(const ServerOptions& options) {
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError(
        "no data directory is given; name one with --data-dir DIR or RINGJOURNAL_DATA_DIR");
  }
  if (!IsLoopback(options.listen) && !options.allow_remote) {
    return absl::InvalidArgumentError(
        "--listen " + ListenAddressText(options.listen) +
        " is reachable from other machines, but this version has neither TLS nor authentication: "
        "whoever connects may read and append. Listen on 127.0.0.1, or add --allow-remote if the "
        "network is trusted");
  }
  return absl::OkStatus();
}

// The values as they were given, one per flag; filled by CLI11.
struct RawFlags {
  std::vector<std::string> values;
  bool allow_remote = false;
  bool version = false;
};

void Declare(const std::vector<Flag>& flags, RawFlags* raw, CLI::App* app) {
  raw->values.resize(flags.size());
  for (size_t i = 0; i < flags.size(); ++i) {
    app->add_option(flags[i].name, raw->values[i], flags[i].help)
        ->envname(flags[i].environment)
        ->type_name(flags[i].placeholder);
  }
  app->add_flag("--allow-remote", raw->allow_remote,
                "Listen on a non-loopback address although there is no TLS and no authentication "
                "yet. Default: off")
      ->envname("RINGJOURNAL_ALLOW_REMOTE");
  app->add_flag("--version", raw->version, "Print the version and exit");
  app->set_help_flag("--help,-h", "Print this help and exit");
  app->allow_extras();  // so that an unknown flag gets our own message
}

FlagsResult Convert(const std::vector<Flag>& flags, const RawFlags& raw, const CLI::App& app,
                    const ProcessFacts& facts) {
  FlagsResult result;
  ServerOptions& options = result.options;
  options.allow_remote = raw.allow_remote;
  options.ring_dir = "/dev/shm/ringjournal-" + std::to_string(facts.uid);
  for (size_t i = 0; i < flags.size(); ++i) {
    if (app.get_option(flags[i].name)->empty()) continue;
    const absl::Status status = flags[i].set(raw.values[i], &options);
    if (!status.ok()) {
      return Mistake(std::string(flags[i].name) + " (or " + flags[i].environment +
                     "): " + std::string(status.message()));
    }
  }
  const absl::Status together = CheckTogether(options);
  if (!together.ok()) return Mistake(std::string(together.message()));
  result.run = true;
  return result;
}

}  // namespace

FlagsResult ParseServerFlags(std::span<const char* const> arguments, const ProcessFacts& facts) {
  CLI::App app("ringjournald: an in-memory message journaling server", "ringjournald");
  std::vector<Flag> flags = StorageFlags();
  std::vector<Flag> service = ServiceFlags();
  flags.insert(flags.end(), service.begin(), service.end());
  RawFlags raw;
  Declare(flags, &raw, &app);
  // CLI11 takes them last first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return Print(app.help());
  } catch (const CLI::ParseError& error) {
    return Mistake(std::string(error.what()) + "; see --help");
  }
  if (!app.remaining().empty()) return Mistake(UnknownArgument(app.remaining().front(), flags));
  if (raw.version) return Print("ringjournald " + facts.version + "\n");
  return Convert(flags, raw, app, facts);
}

}  // namespace ringjournal
