// Writes the golden segment and prints what docs/formats.md shows of it. Only for a new layout:
//   bazel run //tests/format:write_golden -- FILE
#include <cstdio>
#include <fstream>

#include "journal/format/entry_layout.h"
#include "journal/segment/segment_format.h"
#include "tests/format/golden_segment.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "write_golden: name the file to write, and nothing else\n");
    return 2;
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
