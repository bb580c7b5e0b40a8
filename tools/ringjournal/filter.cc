#include "tools/ringjournal/filter.h"

#include "absl/strings/str_cat.h"
#include "journal/base/bytes.h"
#include "journal/format/append_scan.h"

namespace ringjournal::cli {
namespace {

constexpr uint32_t kKeyField = 3;  // Transaction.key

}  // namespace

absl::StatusOr<Filter> Filter::Create(const FilterOptions& options) {
  Filter filter;
  filter.options_ = options;
  filter.is_text_ =
      !options.ignore_case && options.grep.find_first_of(".[]{}()\\*+?|^$") == std::string::npos;
  if (options.grep.empty() || filter.is_text_) return filter;
  auto regex = std::make_unique<regex_t>();
  int flags = REG_EXTENDED | REG_NOSUB | (options.ignore_case ? REG_ICASE : 0);
  if (int error = regcomp(regex.get(), options.grep.c_str(), flags); error != 0) {
    char text[200];
    regerror(error, regex.get(), text, sizeof text);
    return absl::InvalidArgumentError(
        absl::StrCat("--grep '", options.grep, "' is no regular expression: ", text,
                     "; write it as for `grep -E`, with \\ before a character that means itself"));
  }
  filter.regex_ = {regex.release(), [](regex_t* r) {
                     regfree(r);
                     delete r;
                   }};
  return filter;
}

bool Filter::Finds(std::string_view payload) const {
  if (is_text_) return payload.find(options_.grep) != std::string_view::npos;
  regmatch_t range = {.rm_so = 0, .rm_eo = static_cast<regoff_t>(payload.size())};
  return regexec(regex_.get(), payload.data(), 1, &range, REG_STARTEND) == 0;
}

bool Filter::Matches(const client::ReadTransaction& transaction) const {
  if (options_.key && AsView(TransactionField(transaction.encoded, kKeyField)) != *options_.key) {
    return false;
  }
  return options_.grep.empty() || Finds(AsView(transaction.payload)) != options_.invert;
}

}  // namespace ringjournal::cli
