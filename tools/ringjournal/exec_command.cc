#include "tools/ringjournal/exec_command.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ringjournal::cli {
namespace {

constexpr char kShell[] = "/bin/sh";
constexpr char kPathWithout[] = "/usr/bin:/bin";

std::vector<std::string> WordsToRun(const std::vector<std::string>& words) {
  if (words.size() > 1) return words;
  return {kShell, "-c", words.front()};
}

}  // namespace

absl::Status CheckCommand(const std::vector<std::string>& words) {
  const std::string program = WordsToRun(words).front();
  if (program.find('/') != std::string::npos) {
    if (access(program.c_str(), X_OK) == 0) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat("cannot run ", program, ": ", strerror(errno)));
  }
  const char* path = std::getenv("PATH");
  const std::string folders = path != nullptr ? path : kPathWithout;
  for (const std::string& folder : std::vector<std::string>(absl::StrSplit(folders, ':'))) {
    const std::string file = absl::StrCat(folder.empty() ? "." : folder, "/", program);
    if (access(file.c_str(), X_OK) == 0) return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("cannot run ", program, ": no folder of PATH has such a program"));
}

absl::Status BecomeCommand(const ExecCommand& command) {
  for (const auto& [name, value] : command.variables) setenv(name.c_str(), value.c_str(), 1);
  for (int signal_number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) signal(signal_number, SIG_DFL);
  std::vector<std::string> words = WordsToRun(command.words);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  return absl::InternalError(absl::StrCat("cannot run ", words.front(), ": ", strerror(errno)));
}

}  // namespace ringjournal::cli
