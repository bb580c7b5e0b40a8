#include "tools/ringjournal/resume_command.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ringjournal::cli {
namespace {

bool Names(const OptionChange& change, const std::string& word) {
  return std::ranges::find(change.names, word) != change.names.end();
}

std::vector<std::string> Without(const std::vector<std::string>& words,
                                 const OptionChange& change) {
  std::vector<std::string> kept;
  for (size_t i = 0; i < words.size(); ++i) {
    if (Names(change, words[i])) {
      if (!change.is_flag) ++i;  // its value
    } else if (!Names(change, words[i].substr(0, words[i].find('=')))) {
      kept.push_back(words[i]);
    }
  }
  return kept;
}

}  // namespace

std::string ShellQuoted(const std::string& word) {
  constexpr char kPlain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,=";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string ResumeCommand(const std::vector<std::string>& arguments,
                          const std::vector<OptionChange>& changes) {
  std::vector<std::string> words = arguments;
  for (const OptionChange& change : changes) words = Without(words, change);
  for (const OptionChange& change : changes) {
    words.push_back(change.names.front());
    if (!change.is_flag) words.push_back(change.value);
  }
  std::string out = "ringjournal";
  for (const std::string& word : words) absl::StrAppend(&out, " ", ShellQuoted(word));
  return out;
}

}  // namespace ringjournal::cli
