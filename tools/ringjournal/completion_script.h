// Shell completion from the tree of commands, so that it knows every command and option there is.
#ifndef TOOLS_RINGJOURNAL_COMPLETION_SCRIPT_H_
#define TOOLS_RINGJOURNAL_COMPLETION_SCRIPT_H_

#include <string>

#include "CLI/CLI.hpp"

namespace ringjournal::cli {

enum class Shell { kBash, kZsh, kFish };

// A script for the shell to read. Commands of `root` and theirs, options with their parents', and
// the words of options whose type name is a list of them ("text|json"); file names elsewhere.
std::string CompletionScript(const CLI::App& root, Shell shell);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_COMPLETION_SCRIPT_H_
