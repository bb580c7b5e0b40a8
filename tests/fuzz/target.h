// One decoder under fuzzing. Each x_target.cc defines these two for its decoder; fuzz_main.cc
// (libFuzzer), corpus_check.cc (the corpus as a unit test) and write_corpus.cc call them.
#ifndef TESTS_FUZZ_TARGET_H_
#define TESTS_FUZZ_TARGET_H_

#include <string>
#include <vector>

#include "journal/base/bytes.h"

namespace ringjournal::fuzz {

// Decodes any bytes and checks what must hold whatever they are (RJ_CHECK ends the process).
// Returns the verdict in a few words, the same for the same bytes; corpus files are named after it.
std::string Decode(ByteSpan input);

// Inputs to start from, most of them valid: what the production code writes.
std::vector<std::string> Seeds();

// A verdict as part of a file name: "torn tail" -> "torn-tail".
inline std::string Slug(const std::string& verdict) {
  std::string slug;
  for (char c : verdict) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool upper = c >= 'A' && c <= 'Z';
    if (plain || upper) {
      slug.push_back(upper ? static_cast<char>(c + 32) : c);
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.empty() ? "none" : slug;
}

}  // namespace ringjournal::fuzz

#endif  // TESTS_FUZZ_TARGET_H_
