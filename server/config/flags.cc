#include "server/config/flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "server/config/config_file.h"
#include "server/config/nearest_word.h"
#include "server/config/print_config.h"
#include "server/config/secret_name.h"
#include "server/config/settings.h"

namespace ringjournal {

// The command line as CLI11 has cut it. Values are read by Option::results, untouched.
struct CommandLine {
  CLI::App app{"ringjournald: an in-memory message journaling server", "ringjournald"};
  std::vector<CLI::Option*> options;  // one for each of Settings()
  CLI::Option* config = nullptr;
  CLI::Option* check = nullptr;
  CLI::Option* print = nullptr;
  CLI::Option* version = nullptr;
  std::vector<std::string> names;  // of all flags
};

namespace {

constexpr std::string_view kVariablePrefix = "RINGJOURNAL_";
constexpr char kConfigVariable[] = "RINGJOURNAL_CONFIG";

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

std::string HelpOf(const Setting& setting) {
  return absl::StrCat(setting.meaning, ". Default: ", setting.default_text,
                      ". Variable: ", setting.environment);
}

void Declare(CommandLine* line) {
  CLI::App& app = line->app;
  // Taken as given, so that a flag given twice is seen by us and gets our own message.
  const auto declare = [&app](const std::string& name, const std::string& help,
                              const std::string& placeholder) {
    CLI::Option* option = placeholder.empty() ? app.add_flag(name) : app.add_option(name);
    if (!placeholder.empty()) option->type_name(placeholder);
    return option->description(help)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  for (const Setting& setting : Settings()) {
    line->options.push_back(declare(setting.flag(), HelpOf(setting), setting.placeholder));
  }
  line->config = declare("--config",
                         absl::StrCat("Configuration file in TOML, with one key for each setting "
                                      "below its flag and its variable. Default: none. Variable: ",
                                      kConfigVariable),
                         "FILE");
  line->check =
      declare("--check-config", "Check the configuration and what it risks, and exit", "");
  line->print = declare("--print-config",
                        "Print every setting and where it comes from, as TOML, and exit", "");
  line->version = declare("--version", "Print the version and exit", "");
  app.set_help_flag("--help,-h", "Print this help and exit");
  app.footer(
      "A setting is taken from its flag, else from its variable, else from the file, else from "
      "its default.\n\nExamples:\n  ringjournald --data-dir data\n"
      "  ringjournald --config ringjournald.toml --check-config\n"
      "  ringjournald --config ringjournald.toml --print-config\n");
  app.allow_extras();  // so that an unknown flag gets our own message
  for (const CLI::Option* option : app.get_options()) line->names.push_back(option->get_name());
}

// The arguments that no flag took.
std::string UnknownArgument(const std::string& argument, std::span<const std::string> names) {
  if (!argument.starts_with("-")) {
    return "the argument \"" + argument +
           "\" belongs to no flag; ringjournald takes flags only, see --help";
  }
  const std::string name = argument.substr(0, argument.find('='));
  const std::string nearest = NearestWord(name, names);
  std::string text = "there is no flag " + name;
  return text.append(nearest.empty() ? "; see --help" : "; did you mean " + nearest + "?");
}

// "--listen is given twice, …" for the first flag that is; empty if there is none.
std::string GivenTwice(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const std::vector<std::string>& given = option->results();
    if (given.size() < 2) continue;
    return absl::StrCat(option->get_name(), " is given twice, as ", given[0], " and as ", given[1],
                        "; keep the one that is meant");
  }
  return "";
}

// Fills options layer by layer. Every layer is checked, also where a later one wins.
class Layers {
 public:
  Layers(const CommandLine& line, const ProcessFacts& facts) : line_(line), facts_(facts) {
    result_.options = DefaultOptions(facts.uid);
    result_.origins.assign(Settings().size(), "default");
  }

  absl::Status Take() {
    RJ_RETURN_IF_ERROR(TakeFile());
    RJ_RETURN_IF_ERROR(TakeEnvironment());
    RJ_RETURN_IF_ERROR(TakeFlags());
    ServerOptions& options = result_.options;
    if (options.node.empty() && !options.clustered()) options.node = kNodeAlone;
    return absl::OkStatus();
  }
  FlagsResult& result() { return result_; }
  const std::string& config_path() const { return config_path_; }

 private:
  // `place` is what a mistake names.
  absl::Status Set(size_t i, const std::string& text, const std::string& place,
                   const std::string& origin) {
    const absl::Status status = Settings()[i].set(text, &result_.options);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", std::string(status.message())));
    }
    result_.origins[i] = origin;
    return absl::OkStatus();
  }
  const std::string* Variable(std::string_view name) const {
    for (const auto& [key, value] : facts_.environment) {
      if (key == name) return &value;
    }
    return nullptr;
  }

  absl::Status TakeFile() {
    if (!line_.config->empty()) {
      config_path_ = line_.config->results()[0];
    } else if (const std::string* path = Variable(kConfigVariable)) {
      config_path_ = *path;
    } else {
      return absl::OkStatus();
    }
    if (config_path_.empty()) {
      return absl::InvalidArgumentError("--config: it is empty; give a file, or leave it out");
    }
    if (!facts_.read_file) return absl::InvalidArgumentError("--config: no file can be read here");
    absl::StatusOr<std::string> content = facts_.read_file(config_path_);
    if (!content.ok()) return content.status();
    auto settings = ParseConfigFile(*content, config_path_);
    if (!settings.ok()) return settings.status();
    for (const FileSetting& s : *settings) {
      const std::string origin = absl::StrCat(config_path_, ":", s.line);
      const std::string place = absl::StrCat(origin, ": ", Settings()[s.setting].key);
      RJ_RETURN_IF_ERROR(Set(s.setting, s.text, place, origin));
    }
    return absl::OkStatus();
  }

  absl::Status TakeEnvironment() {
    for (size_t i = 0; i < Settings().size(); ++i) {
      const std::string* value = Variable(Settings()[i].environment);
      if (value == nullptr) continue;
      const std::string name = Settings()[i].environment;
      RJ_RETURN_IF_ERROR(Set(i, *value, name, name));
    }
    for (const auto& [name, value] : facts_.environment) NoteUnknown(name);
    return absl::OkStatus();
  }

  // Other variables of our prefix belong to other programs of ours, unless they look misspelt.
  void NoteUnknown(const std::string& name) {
    if (!name.starts_with(kVariablePrefix) || name == kConfigVariable) return;
    const std::string word = name.substr(kVariablePrefix.size());
    std::vector<std::string> words;
    for (const Setting& setting : Settings()) {
      words.emplace_back(setting.environment + kVariablePrefix.size());
      if (words.back() == word) return;
    }
    const std::string nearest = NearestWord(word, words);
    if (nearest.empty()) return;
    result_.notes.push_back(absl::StrCat("the variable ", name,
                                         " is none of ringjournald's and "
                                         "was ignored; did you mean ",
                                         std::string(kVariablePrefix), nearest, "?"));
  }

  absl::Status TakeFlags() {
    for (size_t i = 0; i < Settings().size(); ++i) {
      if (line_.options[i]->empty()) continue;
      const std::string flag = Settings()[i].flag();
      RJ_RETURN_IF_ERROR(Set(i, line_.options[i]->results()[0], flag, flag));
    }
    return absl::OkStatus();
  }

  const CommandLine& line_;
  const ProcessFacts& facts_;
  FlagsResult result_;
  std::string config_path_;
};

FlagsResult Decide(const CommandLine& line, const ProcessFacts& facts) {
  if (!line.version->empty()) return Print("ringjournald " + facts.version + "\n");
  const bool check = !line.check->empty(), print = !line.print->empty();
  if (check && print) {
    return Mistake(
        "--check-config and --print-config cannot stand together; run it once with each");
  }
  Layers layers(line, facts);
  absl::Status status = layers.Take();
  FlagsResult& result = layers.result();
  // Without a data directory too: what is printed is then a file to start from.
  const bool only_shown = print && result.options.data_dir.empty();
  if (status.ok() && !only_shown) status = CheckTogether(result.options, layers.config_path());
  if (!status.ok()) return Mistake(std::string(status.message()));
  if (print) return Print(PrintConfig(result.options, result.origins, facts.version));
  result.run = !check;
  result.check = check;
  return std::move(result);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> EnvironmentOf(const char* const* environ) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (; environ != nullptr && *environ != nullptr; ++environ) {
    const std::string_view text = *environ;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

FlagsParser::FlagsParser() : line_(std::make_unique<CommandLine>()) { Declare(line_.get()); }
FlagsParser::~FlagsParser() = default;

FlagsResult ParseServerFlags(std::span<const char* const> arguments, const ProcessFacts& facts) {
  return FlagsParser().Parse(arguments, facts);
}

FlagsResult FlagsParser::Parse(std::span<const char* const> arguments, const ProcessFacts& facts) {
  const std::string secret = RefuseSecrets(arguments);
  if (!secret.empty()) return Mistake(secret);
  CommandLine& line = *line_;
  line.app.clear();
  // CLI11 takes them last first, and reports through exceptions, which end here.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    line.app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return Print(line.app.help());
  } catch (const CLI::Error& error) {
    return Mistake(std::string(error.what()) + "; see --help");
  }
  const std::vector<std::string> unknown = line.app.remaining();
  if (!unknown.empty()) return Mistake(UnknownArgument(unknown.front(), line.names));
  const std::string twice = GivenTwice(line.app);
  if (!twice.empty()) return Mistake(twice);
  return Decide(line, facts);
}

}  // namespace ringjournal
