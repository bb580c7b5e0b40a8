#include "tools/ringjournal/completion_script.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace ringjournal::cli {
namespace {

// An option as it is typed, with the words that may follow it.
struct OptionWords {
  std::vector<std::string> names;  // "--level", "-o"
  std::string help;
  std::vector<std::string> values;  // empty: free text, or none
  bool takes_value = false;
};

struct Command {
  std::string path;  // "" for the program, "/journal/create"
  std::string help;
  std::vector<std::pair<std::string, std::string>> subcommands;  // name, help
  std::vector<OptionWords> options;
};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

OptionWords WordsOf(const CLI::Option& option) {
  OptionWords words;
  for (const std::string& name : option.get_lnames()) words.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) words.names.push_back("-" + name);
  words.help = FirstLine(option.get_description());
  words.takes_value = option.get_items_expected_min() > 0;
  const std::string type = option.get_type_name();
  if (type.find('|') != std::string::npos) words.values = absl::StrSplit(type, '|');
  return words;
}

// Options of a command stand for those of its parents too, as the parser takes them.
void AddOptions(const CLI::App* app, std::vector<OptionWords>* options) {
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      OptionWords words = WordsOf(*option);
      const auto same = [&](const OptionWords& known) { return known.names == words.names; };
      if (words.names.empty() || std::any_of(options->begin(), options->end(), same)) continue;
      options->push_back(std::move(words));
    }
  }
}

void Collect(const CLI::App& app, const std::string& path, std::vector<Command>* commands) {
  const std::vector<const CLI::App*> subs =
      app.get_subcommands([](const CLI::App*) { return true; });
  Command command;
  command.path = path;
  command.help = FirstLine(app.get_description());
  for (const CLI::App* sub : subs) {
    command.subcommands.emplace_back(sub->get_name(), FirstLine(sub->get_description()));
  }
  AddOptions(&app, &command.options);
  commands->push_back(std::move(command));
  for (const CLI::App* sub : subs) Collect(*sub, path + "/" + sub->get_name(), commands);
}

std::string Quote(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"'", "'\\''"}}) + "'";
}

// "/append|/journal|/journal/create"
std::string Paths(const std::vector<Command>& commands, const char* between) {
  std::vector<std::string> paths;
  for (const Command& command : commands) {
    if (!command.path.empty()) paths.push_back(command.path);
  }
  return absl::StrJoin(paths, between);
}

std::string AllWords(const Command& command) {
  std::vector<std::string> words;
  for (const auto& [name, help] : command.subcommands) words.push_back(name);
  for (const OptionWords& option : command.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  return absl::StrJoin(words, " ");
}

// The body that bash and zsh share: `at` is the path of commands typed so far, `before` the word
// before the cursor; `offer` takes words.
std::string CaseBody(const std::vector<Command>& commands, const std::string& offer) {
  std::string out = "  case \"$at $before\" in\n";
  for (const Command& command : commands) {
    for (const OptionWords& option : command.options) {
      if (!option.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) {
        patterns.push_back(absl::StrCat("\"", command.path, " ", name, "\""));
      }
      const std::string values = absl::StrJoin(option.values, " ");
      absl::StrAppend(&out, "    ", absl::StrJoin(patterns, "|"), ") ",
                      values.empty() ? "" : absl::StrCat(offer, " ", values, "; "), "return ;;\n");
    }
  }
  absl::StrAppend(&out, "  esac\n  case \"$at\" in\n");
  for (const Command& command : commands) {
    // Where a command must stand, no file can.
    absl::StrAppend(&out, "    \"", command.path, "\") ", offer, " ", AllWords(command),
                    command.subcommands.empty() ? " ;;\n" : "; return ;;\n");
  }
  return absl::StrCat(out, "  esac\n");
}

std::string Bash(const std::vector<Command>& commands) {
  return absl::StrCat(
      "# ringjournal: completion for bash. Use it with: source <(ringjournal completion bash)\n"
      "_ringjournal_offer() { COMPREPLY=($(compgen -W \"$*\" -- \"$word\")); }\n"
      "_ringjournal() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" at=\"\" "
      "i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$at/${COMP_WORDS[i]}\" in\n      ",
      Paths(commands, "|"), ") at=\"$at/${COMP_WORDS[i]}\" ;;\n    esac\n  done\n  COMPREPLY=()\n",
      CaseBody(commands, "_ringjournal_offer"),
      "}\ncomplete -o default -F _ringjournal ringjournal\n");
}

std::string Zsh(const std::vector<Command>& commands) {
  return absl::StrCat(
      "#compdef ringjournal\n"
      "# ringjournal: completion for zsh. Use it with: source <(ringjournal completion zsh)\n"
      "_ringjournal_offer() { compadd -- \"$@\"; }\n"
      "_ringjournal() {\n"
      "  local before=\"${words[CURRENT-1]}\" at=\"\" i\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"$at/${words[i]}\" in\n      ",
      Paths(commands, "|"), ") at=\"$at/${words[i]}\" ;;\n    esac\n  done\n",
      CaseBody(commands, "_ringjournal_offer"),
      "  _files\n}\n"
      "if [ \"$funcstack[1]\" = _ringjournal ]; then _ringjournal; else compdef _ringjournal "
      "ringjournal; fi\n");
}

std::string FishOption(const std::string& at, const OptionWords& option) {
  std::string out = absl::StrCat("complete -c ringjournal -n ", at);
  for (const std::string& name : option.names) {
    absl::StrAppend(&out, name.starts_with("--") ? " -l " : " -s ",
                    name.substr(name.starts_with("--") ? 2 : 1));
  }
  if (option.takes_value) absl::StrAppend(&out, option.values.empty() ? " -r" : " -x");
  if (!option.values.empty())
    absl::StrAppend(&out, " -a ", Quote(absl::StrJoin(option.values, " ")));
  return absl::StrCat(out, " -d ", Quote(option.help), "\n");
}

std::string Fish(const std::vector<Command>& commands) {
  std::string out = absl::StrCat(
      "# ringjournal: completion for fish. Use it with: ringjournal completion fish | source\n"
      "function __ringjournal_at\n  set -l at ''\n  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$at/$word\"\n      case ",
      Paths(commands, " "),
      "\n        set at \"$at/$word\"\n    end\n  end\n  test \"$at\" = \"$argv[1]\"\nend\n");
  for (const Command& command : commands) {
    const std::string at = Quote(absl::StrCat("__ringjournal_at \"", command.path, "\""));
    for (const auto& [name, help] : command.subcommands) {
      absl::StrAppend(&out, "complete -c ringjournal -f -n ", at, " -a ", name, " -d ", Quote(help),
                      "\n");
    }
    for (const OptionWords& option : command.options) out += FishOption(at, option);
  }
  return out;
}

}  // namespace

std::string CompletionScript(const CLI::App& root, Shell shell) {
  std::vector<Command> commands;
  Collect(root, "", &commands);
  switch (shell) {
    case Shell::kBash:
      return Bash(commands);
    case Shell::kZsh:
      return Zsh(commands);
    case Shell::kFish:
      break;
  }
  return Fish(commands);
}

}  // namespace ringjournal::cli
