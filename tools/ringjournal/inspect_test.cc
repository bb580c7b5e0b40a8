#include "tools/ringjournal/inspect.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "journal/base/check.h"
#include "journal/segment/test_segment.h"
#include "tools/ringjournal/exit_codes.h"

namespace ringjournal::cli {
namespace {

namespace fs = std::filesystem;

class InspectTest : public testing::Test {
 protected:
  InspectTest() {
    std::string pattern = testing::TempDir() + "/inspect-XXXXXX";
    RJ_CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }
  ~InspectTest() override { fs::remove_all(root_); }

  void Write(const TestSegment& segment) {
    std::ofstream file(root_ + "/" + segment.name.ToFileName(), std::ios::binary);
    file.write(segment.bytes.data(), static_cast<std::streamsize>(segment.bytes.size()));
  }
  int Run(bool headers = false, bool as_json = false) {
    out_.str("");
    err_.str("");
    return RunInspect({{root_}, headers, as_json}, out_, err_);
  }
  bool Says(const std::string& text) const { return out_.str().find(text) != std::string::npos; }

  std::string root_;
  std::ostringstream out_, err_;
};

TEST_F(InspectTest, SaysWhatASegmentHolds) {
  TestLog log;
  TestSegment first(&log, {Incarnation(1), 1});
  first.Group({10, 20}, 0).Close();
  TestSegment second(&log, {Incarnation(1), 2});
  second.Group({10}, 0).Close();
  Write(second);
  Write(first);
  EXPECT_EQ(Run(), kExitOk) << out_.str() << err_.str();
  EXPECT_TRUE(Says("entries 1..2")) << out_.str();
  EXPECT_TRUE(Says("entries 3..3")) << out_.str();
  EXPECT_LT(out_.str().find("entries 1..2"), out_.str().find("entries 3..3"));
  EXPECT_FALSE(Says("GAP"));
  EXPECT_FALSE(Says("     entry 1 "));
}

TEST_F(InspectTest, HeadersAreALineEach) {
  TestLog log;
  TestSegment segment(&log, {Incarnation(1), 1});
  segment.Group({10, 20}, 0).Close();
  Write(segment);
  EXPECT_EQ(Run(true), kExitOk);
  EXPECT_TRUE(Says("     entry 1  LSN 1..1  TRANSACTIONS")) << out_.str();
  EXPECT_TRUE(Says("     entry 2  LSN 2..2  TRANSACTIONS")) << out_.str();
  EXPECT_EQ(Run(true, true), kExitOk);
  EXPECT_TRUE(Says("\"headers\":[{\"kind\":\"TRANSACTIONS\",\"index\":\"1\"")) << out_.str();
}

TEST_F(InspectTest, AMissingSegmentIsAGapWithItsEntriesAndLsns) {
  TestLog log;
  TestSegment first(&log, {Incarnation(1), 1});
  first.Group({10}, 0).Close();
  log.Record(5);  // in a segment that is not there
  log.Record(5);
  TestSegment third(&log, {Incarnation(1), 3});
  third.Group({10}, 0).Close();
  SegmentDetails a, b;
  a.report = {.journal = "j", .first_index = 1, .end_index = 2, .first_lsn = 1, .end_lsn = 2};
  b.report = {.journal = "j", .first_index = 4, .end_index = 5, .first_lsn = 4, .end_lsn = 5};
  std::vector<SegmentGap> gaps = FindGaps({a, b});
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].first_index, 2u);
  EXPECT_EQ(gaps[0].end_index, 4u);
  EXPECT_EQ(gaps[0].end_lsn, 4u);
  b.report.journal = "another";
  EXPECT_TRUE(FindGaps({a, b}).empty());
  Write(first);
  Write(third);
  EXPECT_EQ(Run(), kExitDamaged) << out_.str();
}

TEST_F(InspectTest, NothingToInspectIsAFailure) {
  EXPECT_EQ(Run(), kExitFailure);
  EXPECT_NE(err_.str().find("found no segment"), std::string::npos);
}

}  // namespace
}  // namespace ringjournal::cli
