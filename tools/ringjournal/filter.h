// Which transactions a reading command wants.
#ifndef TOOLS_RINGJOURNAL_FILTER_H_
#define TOOLS_RINGJOURNAL_FILTER_H_

#include <regex.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/read_transaction.h"

namespace ringjournal::cli {

struct FilterOptions {
  std::string grep;                // POSIX extended regular expression, on the payload's bytes
  bool ignore_case = false;        // of grep
  bool invert = false;             // what grep does not match
  std::optional<std::string> key;  // the whole key

  bool empty() const { return grep.empty() && !key.has_value(); }
};

// Matches bytes as `grep -E` in the C locale does, zeros included. One thread.
class Filter {
 public:
  // InvalidArgument, with what is wrong in the expression.
  static absl::StatusOr<Filter> Create(const FilterOptions& options);

  bool Matches(const client::ReadTransaction& transaction) const;

 private:
  bool Finds(std::string_view payload) const;

  FilterOptions options_;
  bool is_text_ = false;                  // the expression means itself: a search is faster
  std::shared_ptr<const regex_t> regex_;  // copies share it
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_FILTER_H_
