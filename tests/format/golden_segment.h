// The golden segment: small, with everything that a segment can hold, always the same bytes.
#ifndef TESTS_FORMAT_GOLDEN_SEGMENT_H_
#define TESTS_FORMAT_GOLDEN_SEGMENT_H_

#include <string>

namespace ringjournal {

// Built by the production code from fixed values. tests/format/golden/segment_v1.bin holds the
// same; if they differ, the layout changed, which needs a decision record and a new version.
std::string BuildGoldenSegment();
// Its file name.
std::string GoldenSegmentName();

// `length` bytes from `offset` on in hex, sixteen a line, each line with its offset: as in
// docs/formats.md.
std::string HexLines(const std::string& bytes, size_t offset, size_t length);

}  // namespace ringjournal

#endif  // TESTS_FORMAT_GOLDEN_SEGMENT_H_
