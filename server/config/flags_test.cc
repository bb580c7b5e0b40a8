#include "server/config/flags.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config/listen_address.h"
#include "server/config/nearest_word.h"

namespace ringjournal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

FlagsResult Parse(const std::vector<const char*>& arguments) {
  return ParseServerFlags(arguments, {.version = "1.2.3", .uid = 1000});
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

// Sets a variable for one test.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~ScopedVariable() { unsetenv(name_); }

 private:
  const char* name_;
};

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
  ScopedVariable data("RINGJOURNAL_DATA_DIR", "from-environment");
  ScopedVariable drain("RINGJOURNAL_DRAIN_TIMEOUT", "3s");
  ScopedVariable remote("RINGJOURNAL_ALLOW_REMOTE", "true");
  FlagsResult result = Parse({});
  ASSERT_TRUE(result.run) << result.standard_error;
  EXPECT_EQ(result.options.data_dir, "from-environment");
  EXPECT_EQ(result.options.drain_timeout_ns, 3'000'000'000);
  EXPECT_TRUE(result.options.allow_remote);
  result = Parse({"--data-dir", "from-flag"});
  EXPECT_EQ(result.options.data_dir, "from-flag");
  EXPECT_EQ(result.options.drain_timeout_ns, 3'000'000'000);
}

TEST(Flags, AMistakeInTheEnvironmentNamesTheVariable) {
  ScopedVariable total("RINGJOURNAL_RING_TOTAL", "8");
  ExpectMistake(ParseWithData({}), "RINGJOURNAL_RING_TOTAL");
}

TEST(Flags, WithoutADataDirectoryTheMessageSaysHowToNameOne) {
  ExpectMistake(Parse({}), "name one with --data-dir DIR or RINGJOURNAL_DATA_DIR");
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

TEST(Flags, AFlagWithoutItsValueIsAMistake) { ExpectMistake(Parse({"--data-dir"}), "--data-dir"); }

TEST(Flags, HelpNamesEveryFlagItsVariableAndTheUnits) {
  const FlagsResult result = Parse({"--help"});
  EXPECT_FALSE(result.run);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.standard_error, "");
  for (const char* part : {"--data-dir",
                           "RINGJOURNAL_DATA_DIR",
                           "--listen",
                           "RINGJOURNAL_LISTEN",
                           "--allow-remote",
                           "RINGJOURNAL_ALLOW_REMOTE",
                           "--address-file",
                           "RINGJOURNAL_ADDRESS_FILE",
                           "--ring-dir",
                           "RINGJOURNAL_RING_DIR",
                           "--ring-total",
                           "RINGJOURNAL_RING_TOTAL",
                           "--sessions-max",
                           "RINGJOURNAL_SESSIONS_MAX",
                           "--spin-us",
                           "RINGJOURNAL_SPIN_US",
                           "--node",
                           "RINGJOURNAL_NODE",
                           "--log-level",
                           "RINGJOURNAL_LOG_LEVEL",
                           "--drain-timeout",
                           "RINGJOURNAL_DRAIN_TIMEOUT",
                           "--version",
                           "KiB, MiB",
                           "ms, s",
                           "8GiB",
                           "10s"}) {
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
}

TEST(ListenAddress, ReadsBackWhatItPrints) {
  for (const char* text : {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:7000", "[2001:db8::1]:1"}) {
    EXPECT_EQ(ListenAddressText(*ParseListenAddress(text)), text);
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
