// The configuration file of ringjournald, as it is read at a start with --config.
#include "journal/base/check.h"
#include "server/config/flags.h"
#include "server/config/settings.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

FlagsResult Read(const std::string& content, std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"--config", "c.toml"});
  return ParseServerFlags(
      arguments, {.version = "1", .uid = 7, .read_file = [&](const auto&) { return content; }});
}

}  // namespace

std::string Decode(ByteSpan input) {
  const std::string content(AsView(input));
  const FlagsResult result = Read(content, {});
  if (!result.run) {
    const std::string& said = result.standard_error;
    RJ_CHECK(result.exit_code == kExitUsage && said.starts_with("ringjournald: "));
    if (said.find("this is not TOML") != std::string::npos) return "not TOML";
    if (said.find("there is no setting") != std::string::npos) return "unknown setting";
    if (said.find(" here; write") != std::string::npos) return "wrong type";
    if (said.find("no data directory") != std::string::npos) return "no data directory";
    return "wrong value";
  }
  // What is printed reads back to the same.
  const FlagsResult printed = Read(content, {"--print-config"});
  RJ_CHECK(printed.exit_code == 0);
  const FlagsResult again = Read(printed.standard_out, {});
  RJ_CHECK(again.run);
  for (const Setting& setting : Settings()) {
    RJ_CHECK(setting.get(again.options) == setting.get(result.options));
  }
  return "accepted";
}

std::vector<std::string> Seeds() {
  return {
      "",
      "data-dir = \"/data\"\nring-dir = '/r'\nring-total = \"1GiB\"\nlisten = \"[::1]:7\"\n"
      "allow-remote = true\naddress-file = 'a'\nnode = 'n'\nsessions-max = 5\nspin-us = 0x10\n"
      "drain-timeout = \"5s\"\nlog-level = \"warn\"\n",
      "data-dir = 'a'\nring_total = '1GiB'\n",
      "data-dir = 'a'\nring-total = 7\n",
      "data-dir = 'a'\nring-total = '7'\n",
      "data-dir = '''\na'''\n",
      "data-dir = \"a\\u00e9\\\"\"\n",
      "[server]\ndata-dir = 'a'\n",
      "data-dir = [1, {a = 2020-01-01T00:00:00Z}]\n",
      "data-dir = 'a'\nlisten = '0.0.0.0:1'\n",
      "data-dir 'a'",
  };
}

}  // namespace ringjournal::fuzz
