#include "tools/ringjournal/usage.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

constexpr char kOfEveryCommand[] =
    "Of every command:\n"
    "  --server HOST:PORT          The server's address [the variable RINGJOURNAL_SERVER]\n"
    "  -o,--output-format text|json\n"
    "`ringjournal --help` lists the commands and what the exit codes mean.\n";

// Without the program's name: "journal create".
std::string PathOf(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "";
  std::string before = PathOf(*app.get_parent());
  return before.empty() ? app.get_name() : absl::StrCat(before, " ", app.get_name());
}

const CLI::App* Walk(const CLI::App& root, const std::vector<std::string>& words,
                     std::string* unknown) {
  const CLI::App* app = &root;
  for (const std::string& word : words) {
    const CLI::App* next = FindCommand(*app, word);
    if (next == nullptr) {
      *unknown = word;
      return app;
    }
    app = next;
  }
  return app;
}

int RunHelp(const Context& context, const CLI::App& root, const std::vector<std::string>& words) {
  std::string unknown;
  const CLI::App* app = Walk(root, words, &unknown);
  if (!unknown.empty()) {
    const std::string nearest = Nearest(unknown, CommandNames(*app));
    return context.FailUsage(
        absl::StrCat("there is no command '", unknown, "'",
                     nearest.empty() ? "" : absl::StrCat("; did you mean '", nearest, "'?")));
  }
  std::fputs(HelpOf(*app).c_str(), stdout);
  return kExitOk;
}

// The other end of the pipe is closed.
bool NobodyReads(int fd) {
  pollfd p = {.fd = fd, .events = 0};
  return poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
}

}  // namespace

std::string HelpFormatter::make_footer(const CLI::App* app) const {
  std::string footer = CLI::Formatter::make_footer(app);
  if (app->get_parent() == nullptr) return footer;
  if (!footer.empty() && !footer.ends_with('\n')) footer += '\n';
  return footer + kOfEveryCommand;
}

std::string HelpOf(const CLI::App& app) {
  const std::string path = PathOf(app);
  return app.get_formatter()->make_help(
      &app, path.empty() ? "ringjournal" : absl::StrCat("ringjournal ", path),
      CLI::AppFormatMode::Normal);
}

void RegisterHelp(CLI::App& app, Context& context, const std::string& version) {
  const std::string line = absl::StrCat("ringjournal ", version);
  app.set_version_flag("--version", line, "Print the version");
  app.add_subcommand("version", "Print the version")->callback([&context, version, line] {
    context.command = "version";
    context.needs_server = false;
    context.action = [&context, version, line] {
      std::puts(context.json() ? absl::StrCat("{\"version\":\"", version, "\"}").c_str()
                               : line.c_str());
      return kExitOk;
    };
  });
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Print the help of a command, as --help behind it");
  help->add_option("COMMAND", *words, "Such as: journal create");
  help->callback([&app, &context, words] {
    context.command = "help";
    context.needs_server = false;
    context.action = [&app, &context, words] { return RunHelp(context, app, *words); };
  });
}

std::string UsageHint(const CLI::App& root, const std::vector<std::string>& arguments) {
  const std::string path = CommandPath(root, arguments);
  const std::vector<std::string> words = absl::StrSplit(path, ' ', absl::SkipEmpty());
  std::string unknown;
  const CLI::App* app = Walk(root, words, &unknown);
  std::string hint;
  const std::vector<std::string> names = CommandNames(*app);
  if (!path.empty() && !names.empty()) {
    hint = absl::StrCat("`ringjournal ", path, "` has: ", absl::StrJoin(names, ", "), "\n");
  }
  return absl::StrCat(hint, "Try `ringjournal ", path, path.empty() ? "" : " ", "--help`.\n");
}

int FinishStdout(int code) {
  std::cout.flush();
  const bool written = std::ferror(stdout) == 0 && std::cout.good();
  errno = 0;
  if (std::fflush(stdout) == 0 && written) return code;
  // A block that was refused earlier is not tried again, and its errno is gone.
  if (errno == EPIPE || (errno == 0 && NobodyReads(STDOUT_FILENO))) {
    return code == kExitOk ? kExitPipeClosed : code;
  }
  std::fprintf(stderr, "ringjournal: error: cannot write the output: %s; check the space there\n",
               errno != 0 ? std::strerror(errno) : "not all of it was taken");
  return code == kExitOk ? kExitFailure : code;
}

}  // namespace ringjournal::cli
