#include "server/config/flags.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/listen_address.h"
#include "server/config/nearest_word.h"
#include "server/config/secret_name.h"
#include "server/config/settings.h"

namespace ringjournal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Variables = std::vector<std::pair<std::string, std::string>>;

// What a process would see; every file is `file`.
FlagsResult Parse(const std::vector<const char*>& arguments, const Variables& variables = {},
                  const std::string& file = "") {
  return ParseServerFlags(arguments, {.version = "1.2.3",
                                      .uid = 1000,
                                      .environment = variables,
                                      .read_file = [&](const auto&) { return file; }});
}

// With a data directory, so that only the given flag can be wrong.
FlagsResult ParseWithData(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"--data-dir", "data"});
  return Parse(arguments);
}

void ExpectMistake(const FlagsResult& result, const std::string& text) {
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_EQ(result.standard_out, "");
  EXPECT_THAT(result.standard_error, AllOf(StartsWith("ringjournald: "), HasSubstr(text)));
}

TEST(Flags, OnlyTheDataDirectoryIsRequiredAndEverythingElseHasItsDefault) {
  const FlagsResult result = Parse({"--data-dir", "data"});
  ASSERT_TRUE(result.run) << result.standard_error;
  const ServerOptions& options = result.options;
  EXPECT_EQ(options.data_dir, "data");
  EXPECT_EQ(ListenAddressText(options.listen), "127.0.0.1:0");
  EXPECT_FALSE(options.allow_remote);
  EXPECT_EQ(options.address_file, "");
  EXPECT_EQ(options.ring_dir, "/dev/shm/ringjournal-1000");
  EXPECT_EQ(options.ring_bytes_total_max, uint64_t{8} << 30);
  EXPECT_EQ(options.sessions_max, 10000u);
  EXPECT_EQ(options.spin_us_max, 0u);
  EXPECT_EQ(options.node, "node1");
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
  EXPECT_EQ(options.drain_timeout_ns, 10'000'000'000);
}

TEST(Flags, EachFlagSetsItsOption) {
  const FlagsResult result = Parse({"--data-dir=d",
                                    "--listen",
                                    "[::1]:7000",
                                    "--address-file",
                                    "a",
                                    "--ring-dir",
                                    "r",
                                    "--ring-total",
                                    "512MiB",
                                    "--sessions-max",
                                    "7",
                                    "--spin-us",
                                    "50",
                                    "--node",
                                    "n2",
                                    "--log-level",
                                    "debug",
                                    "--drain-timeout",
                                    "250ms",
                                    "--allow-remote"});
  ASSERT_TRUE(result.run) << result.standard_error;
  const ServerOptions& options = result.options;
  EXPECT_EQ(options.data_dir, "d");
  EXPECT_EQ(options.listen.host, "::1");
  EXPECT_EQ(options.listen.port, 7000);
  EXPECT_EQ(options.address_file, "a");
  EXPECT_EQ(options.ring_dir, "r");
  EXPECT_EQ(options.ring_bytes_total_max, uint64_t{512} << 20);
  EXPECT_EQ(options.sessions_max, 7u);
  EXPECT_EQ(options.spin_us_max, 50u);
  EXPECT_EQ(options.node, "n2");
  EXPECT_EQ(options.log_level, LogLevel::kDebug);
  EXPECT_EQ(options.drain_timeout_ns, 250'000'000);
  EXPECT_TRUE(options.allow_remote);
}

TEST(Flags, TheEnvironmentSetsWhatNoFlagSets) {
  const Variables variables = {{"RINGJOURNAL_DATA_DIR", "from-environment"},
                               {"RINGJOURNAL_DRAIN_TIMEOUT", "3s"},
                               {"RINGJOURNAL_ALLOW_REMOTE", "true"}};
  FlagsResult result = Parse({}, variables);
  ASSERT_TRUE(result.run) << result.standard_error;
  EXPECT_EQ(result.options.data_dir, "from-environment");
  EXPECT_EQ(result.options.drain_timeout_ns, 3'000'000'000);
  EXPECT_TRUE(result.options.allow_remote);
  result = Parse({"--data-dir", "from-flag"}, variables);
  EXPECT_EQ(result.options.data_dir, "from-flag");
  EXPECT_EQ(result.options.drain_timeout_ns, 3'000'000'000);
}

TEST(Flags, AMistakeInTheEnvironmentNamesTheVariable) {
  ExpectMistake(Parse({"--data-dir", "d"}, {{"RINGJOURNAL_RING_TOTAL", "8"}}),
                "RINGJOURNAL_RING_TOTAL: ");
}

TEST(Flags, AFileIsBelowTheEnvironmentAndThatBelowFlagsAndEachValueKnowsItsOrigin) {
  const std::string file = "data-dir = 'f'\nnode = 'f'\nring-dir = 'f'\nallow-remote = true\n";
  const FlagsResult result =
      Parse({"--config", "c.toml", "--node", "flag", "--allow-remote=false"},
            {{"RINGJOURNAL_NODE", "variable"}, {"RINGJOURNAL_RING_DIR", "variable"}}, file);
  ASSERT_TRUE(result.run) << result.standard_error;
  EXPECT_EQ(result.options.data_dir, "f");
  EXPECT_EQ(result.options.ring_dir, "variable");
  EXPECT_EQ(result.options.node, "flag");
  EXPECT_FALSE(result.options.allow_remote);
  const auto origin = [&](const char* key) { return result.origins.at(FindSetting(key)); };
  EXPECT_EQ(origin("data-dir"), "c.toml:1");
  EXPECT_EQ(origin("ring-dir"), "RINGJOURNAL_RING_DIR");
  EXPECT_EQ(origin("node"), "--node");
  EXPECT_EQ(origin("allow-remote"), "--allow-remote");
  EXPECT_EQ(origin("listen"), "default");
}

TEST(Flags, TheFileMayBeNamedByAVariable) {
  const FlagsResult result = Parse({}, {{"RINGJOURNAL_CONFIG", "v.toml"}}, "data-dir = 'f'");
  ASSERT_TRUE(result.run) << result.standard_error;
  EXPECT_EQ(result.origins.at(FindSetting("data-dir")), "v.toml:1");
}

TEST(Flags, AMistakeInTheFileNamesTheLineEvenWhereAFlagWins) {
  const std::string file = "data-dir = 'f'\nring-total = '8'\n";
  ExpectMistake(Parse({"--config", "c.toml", "--ring-total", "1GiB"}, {}, file),
                "c.toml:2: ring-total: \"8\" is not a size: it has no unit");
}

TEST(Flags, AFlagGivenTwiceIsAContradiction) {
  ExpectMistake(Parse({"--data-dir", "a", "--data-dir", "b"}),
                "--data-dir is given twice, as a and as b; keep the one that is meant");
  ExpectMistake(ParseWithData({"--check-config", "--print-config"}), "run it once with each");
}

TEST(Flags, SettingsThatCannotStandTogetherAreRefusedWithWhatMendsIt) {
  for (const char* data : {"/r", "/r/", "/r/d", "/x/../r/d"}) {
    ExpectMistake(Parse({"--data-dir", data, "--ring-dir", "/r"}), "outside of it");
  }
  EXPECT_TRUE(Parse({"--data-dir", "/rd", "--ring-dir", "/r"}).run);
  ExpectMistake(Parse({"--data-dir", "d", "--address-file", "./d/"}), "a file of its own");
  ExpectMistake(Parse({"--config", "c", "--address-file", "./c"}, {}, "data-dir = 'd'"),
                "would overwrite the configuration file");
}

TEST(Flags, ASecretIsRefusedAndNotRepeated) {
  for (const char* flag : {"--password=hunter2", "--auth-token=hunter2", "--tls-key=hunter2",
                           "--SECRET=hunter2", "--client_secret=hunter2"}) {
    const FlagsResult result = ParseWithData({flag});
    ExpectMistake(result, "is refused: a secret on the command line");
    EXPECT_THAT(result.standard_error, Not(HasSubstr("hunter2")));
  }
  EXPECT_FALSE(LooksLikeSecret("--key"));
  EXPECT_FALSE(LooksLikeSecret("--keyboard-layout"));
  EXPECT_FALSE(LooksLikeSecret("--monkey"));
}

TEST(Flags, AVariableThatLooksMisspeltIsToldOf) {
  const FlagsResult result =
      Parse({"--data-dir", "d"},
            {{"RINGJOURNAL_RINGDIR", "x"}, {"RINGJOURNAL_SERVER", "x"}, {"RINGDIR", "x"}});
  ASSERT_TRUE(result.run);
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_THAT(result.notes[0], HasSubstr("did you mean RINGJOURNAL_RING_DIR?"));
}

TEST(Flags, CheckConfigGivesTheOptionsAndDoesNotRun) {
  const FlagsResult result = ParseWithData({"--check-config"});
  EXPECT_TRUE(result.check);
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.options.data_dir, "data");
  ExpectMistake(Parse({"--check-config"}), "no data directory");
}

TEST(Flags, WithoutADataDirectoryTheMessageSaysHowToNameOne) {
  ExpectMistake(Parse({}), "name one with --data-dir DIR, RINGJOURNAL_DATA_DIR");
  ExpectMistake(Parse({"--data-dir", ""}), "--data-dir");
}

TEST(Flags, AnAddressThatOthersReachNeedsAllowRemote) {
  for (const char* address : {"0.0.0.0:7000", "[::]:7000", "10.0.0.1:7000", "[fe80::1]:1"}) {
    ExpectMistake(ParseWithData({"--listen", address}), "neither TLS nor authentication");
    EXPECT_TRUE(ParseWithData({"--listen", address, "--allow-remote"}).run) << address;
  }
  for (const char* address : {"127.0.0.1:7000", "127.9.9.9:0", "[::1]:7000", "localhost:7000"}) {
    EXPECT_TRUE(ParseWithData({"--listen", address}).run) << address;
  }
}

TEST(Flags, ABareNumberIsRefusedWithTheUnits) {
  ExpectMistake(ParseWithData({"--ring-total", "1000"}), "one of B, KiB, MiB, GiB, TiB");
  ExpectMistake(ParseWithData({"--drain-timeout", "10"}), "one of ns, us, ms, s, m, h");
}

TEST(Flags, ValuesOutOfRangeAreRefusedWithTheRange) {
  ExpectMistake(ParseWithData({"--ring-total", "1KiB"}), "give 64KiB or more");
  ExpectMistake(ParseWithData({"--sessions-max", "0"}), "from 1 to 1000000");
  ExpectMistake(ParseWithData({"--sessions-max", "12x"}), "from 1 to 1000000");
  ExpectMistake(ParseWithData({"--sessions-max", "99999999999999999999"}), "from 1 to 1000000");
  ExpectMistake(ParseWithData({"--spin-us", "10001"}), "from 0 to 10000");
  ExpectMistake(ParseWithData({"--spin-us", "50us"}), "without a unit");
  ExpectMistake(ParseWithData({"--drain-timeout", "2h"}), "at most 1h");
  ExpectMistake(ParseWithData({"--node", "a b"}), "letters, digits");
  ExpectMistake(ParseWithData({"--log-level", "loud"}), "trace, debug, info, warn, error");
  ExpectMistake(ParseWithData({"--listen", "7000"}), "the port is missing");
}

TEST(Flags, AnUnknownFlagGetsASuggestionWhereOneIsNear) {
  ExpectMistake(ParseWithData({"--lisen", "127.0.0.1:0"}), "did you mean --listen?");
  ExpectMistake(ParseWithData({"--dat-dir=x"}), "no flag --dat-dir; did you mean --data-dir?");
  ExpectMistake(ParseWithData({"--allow-remot"}), "did you mean --allow-remote?");
  ExpectMistake(ParseWithData({"--frobnicate"}), "no flag --frobnicate; see --help");
  ExpectMistake(ParseWithData({"data"}), "belongs to no flag");
}

TEST(Flags, AParserRemembersNothingOfTheParseBefore) {
  FlagsParser parser;
  const auto parse = [&](const std::vector<const char*>& arguments) {
    return parser.Parse(arguments, {.version = "1", .uid = 7});
  };
  ASSERT_TRUE(parse({"--data-dir", "a", "--allow-remote"}).run);
  EXPECT_EQ(parse({"--help"}).exit_code, 0);
  ExpectMistake(parse({"--bogus", "stray"}), "no flag --bogus");
  ExpectMistake(parse({"--data-dir"}), "--data-dir");
  ExpectMistake(parse({}), "no data directory");
  const FlagsResult last = parse({"--data-dir", "b"});
  ASSERT_TRUE(last.run) << last.standard_error;
  EXPECT_EQ(last.options.data_dir, "b");
  EXPECT_FALSE(last.options.allow_remote);
}

TEST(Flags, AFlagWithoutItsValueIsAMistake) { ExpectMistake(Parse({"--data-dir"}), "--data-dir"); }

TEST(Flags, HelpNamesEveryFlagItsVariableAndTheUnits) {
  const FlagsResult result = Parse({"--help"});
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.standard_error, "");
  for (const Setting& setting : Settings()) {
    EXPECT_THAT(result.standard_out, HasSubstr(setting.flag() + " "));
    EXPECT_THAT(result.standard_out, HasSubstr(setting.environment));
  }
  for (const char* part : {"--version", "--config FILE", "RINGJOURNAL_CONFIG", "--check-config",
                           "--print-config", "KiB, MiB", "ms, s", "8GiB", "10s"}) {
    EXPECT_THAT(result.standard_out, HasSubstr(part));
  }
}

TEST(Flags, VersionIsPrintedWithoutADataDirectory) {
  const FlagsResult result = Parse({"--version"});
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.standard_out, "ringjournald 1.2.3\n");
}

TEST(ListenAddress, RefusesWhatIsNotAnAddressAndAPort) {
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:http", "example.org:80", "::1:80", "[::1]", "[127.0.0.1]:80",
                           "127.1:80", ":80", "[]:80", "127.0.0.1:80 "}) {
    EXPECT_EQ(ParseListenAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(std::string(ParseListenAddress("::1:80").status().message()), HasSubstr("brackets"));
  EXPECT_FALSE(ParseListenAddress(std::string("127.0.0.1\0evil:80", 17)).ok());
}

TEST(ListenAddress, ReadsBackWhatItPrints) {
  for (const char* text : {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:7000", "[2001:db8::1]:1"}) {
    EXPECT_EQ(ListenAddressText(*ParseListenAddress(text)), text);
  }
}

// Optimal string alignment by its definition.
size_t DistanceByDefinition(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const size_t n = a.size(), m = b.size();
  size_t best = DistanceByDefinition(a.substr(0, n - 1), b.substr(0, m - 1));
  if (a[n - 1] == b[m - 1]) return best;
  best = std::min(best, DistanceByDefinition(a.substr(0, n - 1), b));
  best = std::min(best, DistanceByDefinition(a, b.substr(0, m - 1)));
  if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
    best = std::min(best, DistanceByDefinition(a.substr(0, n - 2), b.substr(0, m - 2)));
  }
  return best + 1;
}

TEST(NearestWord, IsTheFirstOfTheNearestByTheDefinitionOfTheDistance) {
  uint32_t state = 1;
  const auto word = [&state](size_t bytes_max) {
    std::string text;
    state = state * 1103515245 + 12345;
    for (size_t left = (state >> 16) % (bytes_max + 1); left > 0; --left) {
      state = state * 1103515245 + 12345;
      text.push_back(static_cast<char>('a' + (state >> 16) % 3));
    }
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    const std::string typed = word(6);
    const std::vector<std::string> words = {word(6), word(6), word(6), word(6)};
    size_t least = std::max<size_t>(1, typed.size() / 3) + 1;
    std::string nearest;
    for (const std::string& w : words) {
      if (DistanceByDefinition(typed, w) >= least) continue;
      least = DistanceByDefinition(typed, w);
      nearest = w;
    }
    EXPECT_EQ(NearestWord(typed, words), nearest) << typed << " " << words[0] << " " << words[1];
  }
}

TEST(NearestWord, IsNearOrNothing) {
  const std::vector<std::string> words = {"append", "tail", "status"};
  EXPECT_EQ(NearestWord("apend", words), "append");
  EXPECT_EQ(NearestWord("tial", words), "tail");
  EXPECT_EQ(NearestWord("sttaus", words), "status");
  EXPECT_EQ(NearestWord("replay", words), "");
  EXPECT_EQ(NearestWord("", words), "");
  EXPECT_EQ(NearestWord(std::string(100000, 'x'), words), "");
}

}  // namespace
}  // namespace ringjournal
