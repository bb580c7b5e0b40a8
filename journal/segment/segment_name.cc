#include "journal/segment/segment_name.h"

#include "absl/strings/str_format.h"
#include "journal/base/check.h"

namespace ringjournal {
namespace {

constexpr size_t kHexDigits = 32, kNumberDigits = 20, kCounterDigits = 10;
constexpr std::string_view kSuffix = ".seg";
constexpr size_t kNameBytes = kHexDigits + 2 * kNumberDigits + kCounterDigits + 3 + kSuffix.size();

// Takes exactly `digits` decimal digits and the separator behind them.
bool TakeNumber(std::string_view* rest, size_t digits, std::string_view separator, uint64_t* out) {
  uint64_t value = 0;
  for (char c : rest->substr(0, digits)) {
    if (c < '0' || c > '9') return false;
    if (__builtin_mul_overflow(value, uint64_t{10}, &value)) return false;
    if (__builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value)) return false;
  }
  rest->remove_prefix(digits);
  if (!rest->starts_with(separator)) return false;
  rest->remove_prefix(separator.size());
  *out = value;
  return true;
}

}  // namespace

std::string SegmentName::ToFileName() const {
  RJ_CHECK(opener.counter <= kSegmentCounterMax);
  return absl::StrFormat("%s-%020d-%020d-%010d%s", journal.ToHex(), first_index.value(),
                         opener.incarnation.value(), opener.counter,
                         absl::string_view(kSuffix.data(), kSuffix.size()));
}

std::optional<SegmentName> SegmentName::FromFileName(std::string_view file_name) {
  if (file_name.size() != kNameBytes) return std::nullopt;
  SegmentName name;
  uint64_t first_index, incarnation, counter;
  if (!JournalId::FromHex(file_name.substr(0, kHexDigits), &name.journal)) return std::nullopt;
  std::string_view rest = file_name.substr(kHexDigits);
  if (!rest.starts_with('-')) return std::nullopt;
  rest.remove_prefix(1);
  if (!TakeNumber(&rest, kNumberDigits, "-", &first_index) ||
      !TakeNumber(&rest, kNumberDigits, "-", &incarnation) ||
      !TakeNumber(&rest, kCounterDigits, kSuffix, &counter) || first_index == 0) {
    return std::nullopt;
  }
  name.first_index = Index(first_index);
  name.opener = {Incarnation(incarnation), counter};
  return name;
}

}  // namespace ringjournal
