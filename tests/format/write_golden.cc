// Writes golden files; those of the segment, the ring and the messages only for a new layout, the
// fields whenever some were added. `bazel run //tests/format:write_golden -- ` and
//   FILE         the segment; prints what docs/formats.md shows
//   --ring, --messages, --fields   to stdout
#include <cstdio>
#include <fstream>
#include <string_view>

#include "journal/format/entry_layout.h"
#include "journal/segment/segment_format.h"
#include "tests/format/golden_messages.h"
#include "tests/format/golden_ring.h"
#include "tests/format/golden_segment.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(
        stderr,
        "write_golden: name the file to write, --ring, --messages or --fields, and nothing else\n");
    return 2;
  }
  const std::string_view what = argv[1];
  if (what == "--messages") {
    std::fputs(ringjournal::BuildGoldenMessages().c_str(), stdout);
    return 0;
  }
  if (what == "--ring") {
    std::fputs(ringjournal::BuildGoldenRing().c_str(), stdout);
    return 0;
  }
  if (what == "--fields") {
    for (const std::string& line : ringjournal::FieldsOfToday()) std::puts(line.c_str());
    return 0;
  }
  std::string bytes = ringjournal::BuildGoldenSegment();
  std::ofstream file(argv[1], std::ios::binary);
  if (!file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    std::fprintf(stderr, "write_golden: cannot write %s: check the path\n", argv[1]);
    return 1;
  }
  std::printf("%s\n%s\n%s", ringjournal::LayoutTable().c_str(),
              ringjournal::GroupLayoutTable().c_str(),
              ringjournal::HexLines(bytes, 0x1000, 0x200).c_str());
  return 0;
}
