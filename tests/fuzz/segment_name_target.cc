// Names of segment files: only what ToFileName would have written is accepted.
#include "journal/base/check.h"
#include "journal/segment/segment_name.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {

std::string Decode(ByteSpan input) {
  const std::string_view text = AsView(input);
  const std::optional<SegmentName> name = SegmentName::FromFileName(text);
  if (name) {
    RJ_CHECK(HasSegmentSuffix(text) && name->ToFileName() == text);
    return "segment";
  }
  return HasSegmentSuffix(text) ? "suffix only" : "other";
}

std::vector<std::string> Seeds() {
  SegmentName name;
  for (uint8_t i = 0; i < 16; ++i) name.journal.bytes[i] = static_cast<uint8_t>(17 * i);
  name.first_index = Index(123456789);
  name.opener = {Incarnation(7), kSegmentCounterMax};
  const std::string good = name.ToFileName();
  name.first_index = Index(~uint64_t{0});
  return {good, name.ToFileName(), good.substr(1), "A" + good.substr(1), good + "x", "x.seg", ""};
}

}  // namespace ringjournal::fuzz
