// Sizes and durations: what is read is printed in a form that reads back.
#include "journal/base/check.h"
#include "journal/base/units.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {

std::string Decode(ByteSpan input) {
  const std::string_view text = AsView(input);
  const absl::StatusOr<uint64_t> bytes = ParseBytes(text);
  if (bytes.ok()) {
    const absl::StatusOr<uint64_t> again = ParseBytes(FormatBytes(*bytes));
    RJ_CHECK(again.ok() && *again == *bytes);
  }
  const absl::StatusOr<int64_t> ns = ParseDurationNs(text);
  if (ns.ok()) {
    RJ_CHECK(*ns >= 0);
    const absl::StatusOr<int64_t> again = ParseDurationNs(FormatDurationNs(*ns));
    RJ_CHECK(again.ok() && *again == *ns);
  }
  RJ_CHECK(!(bytes.ok() && ns.ok()));  // no unit stands for both
  return bytes.ok() ? "bytes" : ns.ok() ? "duration" : "refused";
}

std::vector<std::string> Seeds() {
  return {"64KiB",
          "0B",
          "16777215TiB",
          "16777216TiB",
          "5ms",
          "0s",
          "2562047h",
          "2562048h",
          "5",
          "5MB",
          "-1s",
          "1.5s",
          "",
          " 5s",
          "99999999999999999999B"};
}

}  // namespace ringjournal::fuzz
