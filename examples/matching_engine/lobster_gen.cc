// Writes made-up order flow as a LOBSTER message file to stdout: `lobster_gen --help`.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "examples/matching_engine/lobster.h"
#include "examples/matching_engine/order_flow.h"

namespace {

namespace matching = ringjournal::matching;

constexpr int kBadUsage = 2;

constexpr char kUsage[] =
    "usage: lobster_gen --messages N [--seed S]\n"
    "  --messages N  how many lines to write\n"
    "  --seed S      the same seed gives the same lines on every machine; default 1\n"
    "example: lobster_gen --messages 100000 --seed 7 > messages.csv\n";

struct Flags {
  std::optional<uint64_t> messages;
  uint64_t seed = 1;
};

int Refuse(const std::string& what) {
  std::fprintf(stderr, "lobster_gen: %s\n%s", what.c_str(), kUsage);
  return kBadUsage;
}

bool ParseNumber(std::string_view text, uint64_t* number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && rest == end;
}

// Returns 0, or the exit code behind an error that is already told.
int ParseFlags(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (name != "--messages" && name != "--seed") {
      return Refuse("there is no flag \"" + name + "\"");
    }
    uint64_t number = 0;
    if (i + 1 == argc) return Refuse(name + " needs a number behind it");
    if (!ParseNumber(argv[i + 1], &number)) {
      return Refuse(name + " needs a whole number from 0 to 2^64-1, not \"" + argv[i + 1] + "\"");
    }
    if (name == "--seed") flags->seed = number;
    if (name == "--messages") flags->messages = number;
  }
  if (!flags->messages) return Refuse("--messages is missing: how many lines?");
  return 0;
}

int Write(const Flags& flags) {
  matching::OrderFlow flow(flags.seed);
  for (uint64_t i = 0; i < *flags.messages && std::ferror(stdout) == 0; ++i) {
    const std::string line = matching::FormatLobsterLine(flow.Next()) + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
  }
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  std::perror("lobster_gen: the output is cut off: cannot write to stdout");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  Flags flags;
  if (const int code = ParseFlags(argc, argv, &flags); code != 0) return code;
  return Write(flags);
}
