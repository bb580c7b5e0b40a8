// The configuration file of ringjournald, as it is read at a start with --config.
#include <span>

#include "journal/base/check.h"
#include "server/config/config_file.h"
#include "server/config/print_config.h"
#include "server/config/settings.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

// As a start with nothing but --config; the command line costs more than all the rest.
absl::Status Read(const std::string& content, ServerOptions* options) {
  *options = DefaultOptions(7);
  auto settings = ParseConfigFile(content, "c.toml");
  if (!settings.ok()) return settings.status();
  for (const FileSetting& s : *settings) {
    RJ_RETURN_IF_ERROR(Settings()[s.setting].set(s.text, options));
  }
  return CheckTogether(*options, "c.toml");
}

}  // namespace

std::string Decode(ByteSpan input) {
  const std::string content(AsView(input));
  ServerOptions options, again;
  const absl::Status status = Read(content, &options);
  if (!status.ok()) {
    const std::string said(status.message());
    RJ_CHECK(!said.empty());
    if (said.find("this is not TOML") != std::string::npos) return "not TOML";
    if (said.find("there is no setting") != std::string::npos) return "unknown setting";
    if (said.find(" here; write") != std::string::npos) return "wrong type";
    if (said.find("no data directory") != std::string::npos) return "no data directory";
    return "wrong value";
  }
  // What is printed reads back to the same.
  const std::vector<std::string> origins(Settings().size(), "here");
  const std::string printed = PrintConfig(options, origins, "1");
  RJ_CHECK(Read(printed, &again).ok());
  for (const Setting& setting : Settings()) {
    RJ_CHECK(setting.get(again) == setting.get(options));
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
