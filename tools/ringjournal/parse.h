// Parts of the command line that CLI11 does not know: positions, sizes, suggestions.
#ifndef TOOLS_RINGJOURNAL_PARSE_H_
#define TOOLS_RINGJOURNAL_PARSE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "client/position.h"
#include "journal/base/types.h"
#include "tools/ringjournal/output.h"
#include "tools/ringjournal/pace.h"
#include "tools/ringjournal/position.h"

namespace ringjournal::cli {

// Adds an option for bytes with a unit ("256MiB") or a duration with one ("10ms"); the parser
// refuses anything else with a sentence.
CLI::Option* AddBytesOption(CLI::App* app, const std::string& name, uint64_t* bytes,
                            const std::string& help);
CLI::Option* AddDurationOption(CLI::App* app, const std::string& name, int64_t* duration_ns,
                               const std::string& help);
// A whole number in a range, in decimal digits; the message of a refusal says the range. CLI11's
// own numbers wrap what is negative and round what is not whole.
struct NumberRange {
  uint64_t min = 1;
  uint64_t max = UINT64_MAX;
};
CLI::Option* AddNumberOption(CLI::App* app, const std::string& name, uint64_t* value,
                             const std::string& help, NumberRange range = {});
CLI::Option* AddNumberOption(CLI::App* app, const std::string& name, uint32_t* value,
                             const std::string& help, NumberRange range = {});
// A pair of numbers such as a writer epoch, "1.3".
CLI::Option* AddEpochOption(CLI::App* app, const std::string& name, std::optional<Epoch>* epoch,
                            const std::string& help);
std::string EpochPairText(Epoch epoch);
// --accept-loss, which commands that may meet a loss have.
CLI::Option* AddAcceptLossOption(CLI::App* app, uint32_t* generation);
// The one grammar of position.h.
CLI::Option* AddPositionOption(CLI::App* app, const std::string& name,
                               std::optional<client::Position>* position, const std::string& help);
CLI::Option* AddFormatOption(CLI::App* app, std::optional<OutputSpec>* spec);
CLI::Option* AddPaceOption(CLI::App* app, Pace* pace, const std::string& help);

// Adds an option that takes one of a few words; the help shows them, and `value` as the default.
template <class T>
CLI::Option* AddChoiceOption(CLI::App* app, const std::string& name,
                             const std::map<std::string, T>& choices, T* value,
                             const std::string& help) {
  std::string words, chosen;
  for (const auto& [word, choice] : choices) {
    words += (words.empty() ? "" : "|") + word;
    if (choice == *value) chosen = word;
  }
  CLI::callback_t take = [=](const CLI::results_t& texts) {
    auto found = choices.find(texts.back());
    if (found == choices.end()) {
      throw CLI::ValidationError(name, "'" + texts.back() + "' is none of " + words);
    }
    *value = found->second;
    return true;
  };
  return app->add_option(name, take, help + " [" + chosen + "]")->type_name(words);
}

// The candidate that was probably meant by `word`; empty if none is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// Names of the commands below `app`, in the order of its help.
std::vector<std::string> CommandNames(const CLI::App& app);
// By its name or another name for it; null if there is none.
const CLI::App* FindCommand(const CLI::App& app, const std::string& word);

// The command that the words choose, such as "journal create"; empty if they name none.
std::string CommandPath(const CLI::App& root, const std::vector<std::string>& arguments);

// "unknown command 'apend'; did you mean 'append'?" for the first argument that the parser does not
// know; empty if there is none.
std::string ExplainUnknown(const CLI::App& root, const std::vector<std::string>& arguments);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_PARSE_H_
