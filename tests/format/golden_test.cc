// The formats are frozen: golden bytes, what protoc says of them, and the tables of the docs.
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "journal/segment/segment_scan.h"
#include "tests/format/golden_segment.h"

namespace ringjournal {
namespace {

constexpr char kGolden[] = "tests/format/golden/segment_v1.bin";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path << " is missing";
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string OutputOf(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  std::array<char, 4096> buffer;
  while (size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

TEST(GoldenSegment, TheWriterStillWritesTheseBytes) {
  EXPECT_TRUE(BuildGoldenSegment() == ReadFile(kGolden))
      << "the layout changed: that needs a new layout version, a decision record, golden files";
  EXPECT_EQ(GoldenSegmentName(),
            "00112233445566778899aabbccddeeff-00000000000000000002-00000000000000000003-0000000001"
            ".seg");
}

TEST(GoldenSegment, TheScannerStillReadsThem) {
  std::string bytes = ReadFile(kGolden);
  ScanOptions options;
  options.name = SegmentName::FromFileName(GoldenSegmentName());
  std::vector<uint64_t> lsns;
  SegmentScan scan = ScanSegment(AsBytes(bytes), options, [&](const RecordView& view) {
    lsns.push_back(view.header.first_lsn.value());
  });
  EXPECT_EQ(scan.verdict, SegmentVerdict::kClosed);
  EXPECT_EQ(lsns, (std::vector<uint64_t>{1, 1, 3}));
  EXPECT_EQ(scan.transactions, 2u);
  EXPECT_EQ(scan.position.chain, 2875054457740290022u);
}

// Without the lines of padding, which are long and say nothing.
TEST(GoldenSegment, ProtocPrintsThem) {
  std::istringstream printed(OutputOf(
      "protoc --decode=ringjournal.v1.Entries proto/entry.proto < " + std::string(kGolden)));
  std::string text, line;
  int padding = 0;
  while (std::getline(printed, line)) {
    bool is_padding = line.starts_with("padding:");
    padding += is_padding;
    if (!is_padding) text += line + "\n";
  }
  EXPECT_EQ(text, ReadFile("tests/format/golden/segment_v1.txt"));
  EXPECT_EQ(padding, 4) << "behind the description and in each of three groups";
}

TEST(FormatsPage, HoldsTheLayoutTables) {
  std::string page = ReadFile("docs/formats.md");
  EXPECT_NE(page.find(LayoutTable()), std::string::npos) << LayoutTable();
  EXPECT_NE(page.find(GroupLayoutTable()), std::string::npos) << GroupLayoutTable();
}

// Each line of the worked example is sixteen bytes of the golden file.
TEST(FormatsPage, ShowsTheGoldenBytes) {
  std::string bytes = ReadFile(kGolden);
  std::istringstream page(ReadFile("docs/formats.md"));
  std::string line;
  int shown = 0;
  while (std::getline(page, line)) {
    size_t offset = 0;
    if (std::sscanf(line.c_str(), "%5zx  ", &offset) != 1 || line.size() < 9) continue;
    if (line.find_first_not_of("0123456789abcdef") != 5) continue;
    std::string expected = HexLines(bytes, offset, 16);
    expected.pop_back();
    EXPECT_EQ(line, expected);
    ++shown;
  }
  EXPECT_GE(shown, 10) << "the worked example is gone";
}

}  // namespace
}  // namespace ringjournal
