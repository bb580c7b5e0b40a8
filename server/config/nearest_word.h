// "Did you mean …?" for flags, commands and settings.
#ifndef SERVER_CONFIG_NEAREST_WORD_H_
#define SERVER_CONFIG_NEAREST_WORD_H_

#include <span>
#include <string>
#include <string_view>

namespace ringjournal {

// The candidate that `word` is most likely a misspelling of; empty if none is near. Near is an edit
// distance (insert, delete, replace, swap neighbours) of at most a third of the word's length.
std::string NearestWord(std::string_view word, std::span<const std::string> candidates);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_NEAREST_WORD_H_
