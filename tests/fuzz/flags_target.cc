// The command line of ringjournald: arguments divided by line breaks.
#include "journal/base/check.h"
#include "server/config/flags.h"
#include "server/config/settings.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

FlagsResult Parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  static FlagsParser& parser = *new FlagsParser();
  return parser.Parse(pointers, {.version = "1", .uid = 7});
}

}  // namespace

std::string Decode(ByteSpan input) {
  constexpr size_t kInputBytesMax = 4096;
  std::vector<std::string> arguments(1);
  for (char c : AsView(input.first(std::min(input.size(), kInputBytesMax)))) {
    if (c == '\n') {
      arguments.emplace_back();
    } else if (c != '\0') {
      arguments.back().push_back(c);
    }
  }
  const FlagsResult result = Parse(arguments);
  RJ_CHECK(!(result.run && result.check));
  if (result.run || result.check) {
    // Each option shown as a flag gives the same options.
    std::vector<std::string> shown;
    for (const Setting& setting : Settings()) {
      const std::string text = setting.get(result.options);
      if (!text.empty()) shown.push_back(setting.flag() + "=" + text);
    }
    const FlagsResult again = Parse(shown);
    RJ_CHECK(again.run);
    for (const Setting& setting : Settings()) {
      RJ_CHECK(setting.get(again.options) == setting.get(result.options));
    }
    return result.run ? "runs" : "checks";
  }
  if (result.exit_code == 0) return "prints";
  RJ_CHECK(result.exit_code == kExitUsage && result.standard_out.empty());
  RJ_CHECK(result.standard_error.starts_with("ringjournald: "));
  return result.standard_error.find("secret on the command line") != std::string::npos ? "secret"
                                                                                       : "refused";
}

std::vector<std::string> Seeds() {
  return {"",
          "--data-dir=d\n--listen=[::1]:7\n--ring-total\n1GiB\n--node\nn2",
          "--data-dir\nd\n--allow-remote=false\n--spin-us\n5\n--drain-timeout=5s",
          "--data-dir=d\n--check-config",
          "--print-config",
          "--help",
          "--version",
          "--password=x",
          "--data-dir=d\n--listne=x",
          "--data-dir=d\n--data-dir=e",
          "--data-dir=d\n--config=c",
          "-x\n--\n--y"};
}

}  // namespace ringjournal::fuzz
