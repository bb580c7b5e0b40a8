#include "server/config/print_config.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/config_file.h"
#include "server/config/flags.h"
#include "server/config/settings.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

FlagsResult Parse(const std::vector<const char*>& arguments, const std::string& file = "") {
  return ParseServerFlags(
      arguments, {.version = "1.2.3", .uid = 7, .read_file = [&](const auto&) { return file; }});
}

TEST(PrintConfig, ShowsEverySettingWithItsOrigin) {
  const FlagsResult result = Parse({"--config", "c.toml", "--print-config", "--node", "n2"},
                                   "data-dir = 'd'\nspin-us = 3\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.standard_out,
            "# ringjournald 1.2.3: the settings in effect, and where each comes from.\n"
            "data-dir = \"d\"                              # c.toml:1\n"
            "ring-dir = \"/dev/shm/ringjournal-7\"         # default\n"
            "ring-total = \"8GiB\"                         # default\n"
            "listen = \"127.0.0.1:0\"                      # default\n"
            "allow-remote = false                        # default\n"
            "# address-file = \"FILE\"                     # default: not written\n"
            "node = \"n2\"                                 # --node\n"
            "# etcd = \"URLS\"                             # default: none: a node alone\n"
            "cluster = \"default\"                         # default\n"
            "peer-listen = \"127.0.0.1:0\"                 # default\n"
            "# advertise = \"HOST:PORT\"                   # default: the bound address\n"
            "# peer-advertise = \"HOST:PORT\"              # default: the bound address\n"
            "# etcd-ca-file = \"FILE\"                     # default: the system's\n"
            "# etcd-cert-file = \"FILE\"                   # default: none\n"
            "# etcd-key-file = \"FILE\"                    # default: none\n"
            "# etcd-user = \"NAME\"                        # default: none\n"
            "# etcd-password-file = \"FILE\"               # default: none\n"
            "sessions-max = 10000                        # default\n"
            "spin-us = 3                                 # c.toml:2\n"
            "drain-timeout = \"10s\"                       # default\n"
            "log-level = \"info\"                          # default\n");
}

TEST(PrintConfig, IsAFileThatGivesTheSameSettings) {
  const std::vector<const char*> given = {"--data-dir",      "a \"quoted\\\" \tpath",
                                          "--listen",        "[::1]:7",
                                          "--ring-total",    "1000B",
                                          "--drain-timeout", "1500ms",
                                          "--node",          "n-1",
                                          "--sessions-max",  "12",
                                          "--address-file",  "f",
                                          "--log-level",     "warn",
                                          "--allow-remote"};
  const FlagsResult first = Parse(given);
  EXPECT_FALSE(first.run) << "1000B is less than a ring";
  std::vector<const char*> valid = given;
  valid[5] = "100000B";
  const FlagsResult direct = Parse(valid);
  ASSERT_TRUE(direct.run) << direct.standard_error;
  valid.push_back("--print-config");
  const std::string printed = Parse(valid).standard_out;
  const FlagsResult read = Parse({"--config", "c"}, printed);
  ASSERT_TRUE(read.run) << read.standard_error << printed;
  for (const Setting& setting : Settings()) {
    EXPECT_EQ(setting.get(read.options), setting.get(direct.options)) << setting.key;
  }
}

TEST(PrintConfig, WithoutADataDirectoryItIsAFileToStartFrom) {
  const FlagsResult result = Parse({"--print-config"});
  EXPECT_EQ(result.exit_code, 0) << result.standard_error;
  EXPECT_THAT(result.standard_out, HasSubstr("# data-dir = \"DIR\""));
}

TEST(Settings, EachReadsBackWhatItPrintsAndHasItsOwnNames) {
  ServerOptions options = DefaultOptions(7);
  options.data_dir = "d";
  options.address_file = "f";
  options.node = "n1";
  options.etcd = {"http://127.0.0.1:1", "c", "d", "e", "u", "p"};
  options.advertise = "h:1";
  options.peer_advertise = "h:2";
  for (const Setting& setting : Settings()) {
    const std::string text = setting.get(options);
    EXPECT_TRUE(setting.set(text, &options).ok()) << setting.key << " = " << text;
    EXPECT_EQ(setting.get(options), text);
    std::string name = std::string("RINGJOURNAL_") + setting.key;
    for (char& c : name) c = c == '-' ? '_' : static_cast<char>(toupper(c));
    EXPECT_EQ(name, setting.environment);
    EXPECT_EQ(setting.kind == SettingKind::kSwitch, *setting.placeholder == '\0') << setting.key;
  }
}

TEST(ConfigurationPage, HoldsTheTableOfSettings) {
  EXPECT_THAT(ReadFile("docs/configuration.md"), HasSubstr(SettingsTable())) << SettingsTable();
}

// The page's example is a file that is accepted, with every key that exists in it.
TEST(ConfigurationPage, ShowsAFileThatIsValid) {
  const std::string page = ReadFile("docs/configuration.md");
  const size_t from = page.find("```toml\n") + 8;
  const std::string example = page.substr(from, page.find("```", from) - from);
  const FlagsResult result = Parse({"--config", "c"}, example);
  EXPECT_TRUE(result.run) << result.standard_error;
  EXPECT_EQ(ParseConfigFile(example, "c")->size(), Settings().size());
}

}  // namespace
}  // namespace ringjournal
