// ringjournal completion bash|zsh|fish: a script for the shell.
#include <cstdio>

#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/completion_script.h"

namespace ringjournal::cli {

void RegisterCompletion(CLI::App& app, Context& context) {
  CLI::App* parent = app.add_subcommand("completion", "Print a completion script for a shell");
  parent->require_subcommand(1);
  parent->footer(
      "Examples:\n  source <(ringjournal completion bash)\n"
      "  ringjournal completion zsh > \"${fpath[1]}/_ringjournal\"\n"
      "  ringjournal completion fish | source\n");
  const struct {
    const char* name;
    Shell shell;
  } shells[] = {{"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}};
  for (const auto& each : shells) {
    CLI::App* sub = parent->add_subcommand(each.name, std::string("For ") + each.name);
    sub->callback([&app, &context, shell = each.shell] {
      context.command = "completion";
      context.needs_server = false;
      context.action = [&app, shell] {
        std::fputs(CompletionScript(app, shell).c_str(), stdout);
        return kExitOk;
      };
    });
  }
}

}  // namespace ringjournal::cli
