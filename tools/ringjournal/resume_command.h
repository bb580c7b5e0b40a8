// The command line that goes on where this one has stopped.
#ifndef TOOLS_RINGJOURNAL_RESUME_COMMAND_H_
#define TOOLS_RINGJOURNAL_RESUME_COMMAND_H_

#include <string>
#include <vector>

namespace ringjournal::cli {

struct OptionChange {
  std::vector<std::string> names;  // "--from", "--since": all are taken away, the first is put
  std::string value;
  bool is_flag = false;  // takes no value
};

// "ringjournal" and the arguments with the changes made, quoted for a shell.
std::string ResumeCommand(const std::vector<std::string>& arguments,
                          const std::vector<OptionChange>& changes);

// `word` as a shell reads it back.
std::string ShellQuoted(const std::string& word);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_RESUME_COMMAND_H_
