// Words that messages share.
#ifndef TOOLS_RINGJOURNAL_WORDS_H_
#define TOOLS_RINGJOURNAL_WORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace ringjournal::cli {

// "1 transaction", "2 transactions".
inline std::string Counted(uint64_t count, std::string_view noun) {
  return absl::StrCat(count, " ", std::string(noun), count == 1 ? "" : "s");
}

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_WORDS_H_
