// What `ringjournal diff` says.
#ifndef TOOLS_RINGJOURNAL_DIFF_TEXT_H_
#define TOOLS_RINGJOURNAL_DIFF_TEXT_H_

#include <string>

#include "tools/ringjournal/diff_compare.h"

namespace ringjournal::cli {

// The two sides as the user named them, and why each begins and ends where it does.
struct DiffNames {
  std::string a, b;
  std::string a_bounds, b_bounds;
};

// Several lines for people, or one line of JSON with 64-bit integers as strings.
std::string DiffText(const DiffResult& result, const DiffNames& names);
std::string DiffJson(const DiffResult& result, const DiffNames& names);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DIFF_TEXT_H_
