#include "tools/ringjournal/parse.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "journal/base/units.h"

namespace ringjournal::cli {
namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// An option whose text must pass `parse`, a function to absl::StatusOr.
template <class T, class Parse>
CLI::Option* AddParsed(CLI::App* app, const std::string& name, T* value, const std::string& help,
                       Parse parse, const std::string& type) {
  CLI::callback_t take = [value, parse, name](const CLI::results_t& texts) {
    auto parsed = parse(texts.back());
    if (!parsed.ok()) throw CLI::ValidationError(name, std::string(parsed.status().message()));
    *value = static_cast<T>(*parsed);
    return true;
  };
  return app->add_option(name, take, help)->type_name(type);
}

const CLI::Option* FindOption(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

std::vector<std::string> OptionNames(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

bool TakesArguments(const CLI::App& app) {
  return std::ranges::any_of(app.get_options(),
                             [](const CLI::Option* option) { return option->get_positional(); });
}

std::string Unknown(const std::string& kind, const std::string& word,
                    const std::vector<std::string>& candidates) {
  std::string nearest = Nearest(word, candidates);
  std::string text = absl::StrCat("unknown ", kind, " '", word, "'");
  return nearest.empty() ? text : absl::StrCat(text, "; did you mean '", nearest, "'?");
}

}  // namespace

CLI::Option* AddBytesOption(CLI::App* app, const std::string& name, uint64_t* bytes,
                            const std::string& help) {
  return AddParsed(
      app, name, bytes, help, [](const std::string& s) { return ParseBytes(s); }, "SIZE");
}

CLI::Option* AddDurationOption(CLI::App* app, const std::string& name, int64_t* duration_ns,
                               const std::string& help) {
  return AddParsed(
      app, name, duration_ns, help, [](const std::string& s) { return ParseDurationNs(s); },
      "DURATION");
}

namespace {

absl::StatusOr<uint64_t> ParseNumber(const std::string& text, NumberRange range) {
  uint64_t value = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && absl::SimpleAtoi(text, &value) && value >= range.min && value <= range.max) {
    return value;
  }
  const bool open = range.max == UINT64_MAX;
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is no number that it takes: write a whole number, ", range.min,
                   open ? " or more" : absl::StrCat(" to ", range.max)));
}

}  // namespace

CLI::Option* AddNumberOption(CLI::App* app, const std::string& name, uint64_t* value,
                             const std::string& help, NumberRange range) {
  return AddParsed(
      app, name, value, help, [range](const std::string& s) { return ParseNumber(s, range); }, "N");
}

CLI::Option* AddNumberOption(CLI::App* app, const std::string& name, uint32_t* value,
                             const std::string& help, NumberRange range) {
  range.max = std::min<uint64_t>(range.max, UINT32_MAX);
  return AddParsed(
      app, name, value, help, [range](const std::string& s) { return ParseNumber(s, range); }, "N");
}

CLI::Option* AddAcceptLossOption(CLI::App* app, uint32_t* generation) {
  return AddNumberOption(app, "--accept-loss", generation,
                         "Generation whose loss report you have read and accept")
      ->type_name("GENERATION");
}

namespace {

// "1.3"
absl::StatusOr<Epoch> ParseEpochPair(const std::string& text) {
  constexpr NumberRange kHalf{0, UINT32_MAX};
  const size_t dot = text.find('.');
  if (dot != std::string::npos) {
    const auto generation = ParseNumber(text.substr(0, dot), kHalf);
    const auto number = ParseNumber(text.substr(dot + 1), kHalf);
    if (generation.ok() && number.ok()) {
      return Epoch{static_cast<uint32_t>(*generation), static_cast<uint32_t>(*number)};
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "'", text, "' is no pair of numbers such as 1.3, as `ringjournal writer show` says it"));
}

}  // namespace

std::string EpochPairText(Epoch epoch) { return absl::StrCat(epoch.generation, ".", epoch.epoch); }

CLI::Option* AddEpochOption(CLI::App* app, const std::string& name, std::optional<Epoch>* epoch,
                            const std::string& help) {
  return AddParsed(
      app, name, epoch, help, [](const std::string& s) { return ParseEpochPair(s); }, "G.N");
}

CLI::Option* AddPositionOption(CLI::App* app, const std::string& name,
                               std::optional<client::Position>* position, const std::string& help) {
  return AddParsed(
      app, name, position, help, [](const std::string& s) { return ParsePosition(s); }, "POSITION");
}

CLI::Option* AddFormatOption(CLI::App* app, std::optional<OutputSpec>* spec) {
  return AddParsed(
      app, "--format", spec,
      "lines: payload and newline; delimited: varint length and payload; json; raw; or your own "
      "[lines]",
      [](const std::string& s) { return OutputSpec::Parse(s); }, "FORMAT");
}

CLI::Option* AddPaceOption(CLI::App* app, Pace* pace, const std::string& help) {
  return AddParsed(
      app, "--pace", pace, help, [](const std::string& s) { return Pace::Parse(s); },
      "original|xN|max");
}

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(word.size() / 2, 1) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = EditDistance(word, candidate);
    bool begins = word.size() >= 2 && std::string_view(candidate).starts_with(word);
    if (begins) distance = 1;
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

const CLI::App* FindCommand(const CLI::App& app, const std::string& word) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->check_name(word)) return sub;
  }
  return nullptr;
}

namespace {

// Goes through the words as the parser does. *path: the command that they choose; *unknown: what
// the parser does not know, if there is such a word.
void Follow(const CLI::App& root, const std::vector<std::string>& arguments, std::string* path,
            std::string* unknown) {
  const CLI::App* app = &root;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--") return;
    if (word.starts_with("--")) {
      size_t equals = word.find('=');
      std::string name = word.substr(0, equals);
      const CLI::Option* option = FindOption(app, name);
      if (option == nullptr) {
        *unknown = Unknown("option", name, OptionNames(app));
        return;
      }
      if (equals == std::string::npos && option->get_items_expected_min() > 0) ++i;
      continue;
    }
    if (word.size() > 1 && word[0] == '-') {
      const CLI::Option* option = FindOption(app, word.substr(0, 2));
      if (option != nullptr && word.size() == 2 && option->get_items_expected_min() > 0) ++i;
      continue;
    }
    std::vector<std::string> names = CommandNames(*app);
    if (names.empty()) continue;  // an argument of the command
    const CLI::App* chosen = FindCommand(*app, word);
    if (chosen == nullptr && TakesArguments(*app)) continue;  // `checkpoint J` beside `... now`
    if (chosen == nullptr) {
      *unknown = Unknown("command", word, names);
      return;
    }
    app = chosen;
    absl::StrAppend(path, path->empty() ? "" : " ", app->get_name());
  }
}

}  // namespace

std::string CommandPath(const CLI::App& root, const std::vector<std::string>& arguments) {
  std::string path, unknown;
  Follow(root, arguments, &path, &unknown);
  return path;
}

std::string ExplainUnknown(const CLI::App& root, const std::vector<std::string>& arguments) {
  std::string path, unknown;
  Follow(root, arguments, &path, &unknown);
  return unknown;
}

}  // namespace ringjournal::cli
