#include "tools/ringjournal/verify.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "journal/ring/test_ring.h"
#include "journal/segment/test_segment.h"
#include "tools/ringjournal/exit_codes.h"
#include "tools/ringjournal/verify_ring.h"

namespace ringjournal::cli {
namespace {

namespace fs = std::filesystem;

// A directory of its own with what a server would leave there.
class VerifyTest : public testing::Test {
 protected:
  VerifyTest() {
    std::string pattern = testing::TempDir() + "/verify-XXXXXX";
    RJ_CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    fs::create_directories(root_ + "/journals/segments");
  }
  ~VerifyTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream file(root_ + "/" + name, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  void Write(const TestSegment& segment) {
    Write("journals/segments/" + segment.name.ToFileName(), segment.bytes);
  }
  int Run(std::vector<std::string> paths, bool as_json = false) {
    out_.str("");
    err_.str("");
    return RunVerify({std::move(paths), as_json}, out_, err_);
  }
  bool Says(const std::string& text) const { return out_.str().find(text) != std::string::npos; }

  std::string root_;
  std::ostringstream out_, err_;
};

TEST_F(VerifyTest, WhatAKilledServerLeavesIsFine) {
  TestLog log;
  TestSegment first(&log, {Incarnation(1), 1});
  first.Group({10, 20}, 0);
  TestSegment second(&log, {Incarnation(1), 2});
  second.Group({10}, 0).Group({10}, 0).Zeros(8192);
  second.bytes[second.groups[1].offset + 100] ^= 1;
  Write(first);
  Write(second);
  Write("journals/segments/spare-1-1", std::string(4096, '\0'));
  TestRing ring(limits::kRingBytesMin);
  ring.AppendWithSnapshots(100, 1);
  Write("journals/00.ring", ring.memory.Image());
  EXPECT_EQ(Run({root_}), kExitOk) << out_.str() << err_.str();
  EXPECT_TRUE(Says("torn tail at offset 8269")) << out_.str();
  EXPECT_TRUE(Says("entries 1..2, LSNs 1..2"));
  EXPECT_TRUE(Says("3 files, 1 journal with segments: no damage; 1 torn tail,")) << out_.str();
  EXPECT_TRUE(Says("intact: "));
}

TEST_F(VerifyTest, DamageHasItsOwnExitCode) {
  TestLog log;
  TestSegment segment(&log, {Incarnation(1), 1});
  segment.Group({10, 20}, 0).Close();
  segment.bytes[segment.groups[0].offset + 100] ^= 1;
  Write(segment);
  EXPECT_EQ(Run({root_}), kExitDamaged);
  EXPECT_TRUE(Says("BAD  " + root_)) << out_.str();
  EXPECT_TRUE(Says("DAMAGED (1 file)"));
  EXPECT_EQ(Run({root_}, true), kExitDamaged);
  EXPECT_TRUE(Says("\"damaged\":true"));
  EXPECT_TRUE(Says("\"firstIndex\":\"1\""));
}

TEST_F(VerifyTest, AMissingSegmentIsDamage) {
  TestLog log;
  TestSegment first(&log, {Incarnation(1), 1}), second(&log, {Incarnation(1), 2});
  first.Group({10}, 0).Close();
  log.Record(5);  // in a segment that is not there
  TestSegment third(&log, {Incarnation(1), 3});
  third.Group({10}, 0);
  Write(first);
  Write(third);
  EXPECT_EQ(Run({root_}), kExitDamaged);
  EXPECT_TRUE(Says("a segment is missing")) << out_.str();
}

TEST_F(VerifyTest, ADamagedRingIsFound) {
  TestRing ring(limits::kRingBytesMin);
  ring.AppendWithSnapshots(100, 1);
  ring.memory.memory().control()->ends[0].acked_end = ring.ring.end().offset.value();
  std::string image = ring.memory.Image();
  image[image.size() - limits::kRingBytesMin + 50] ^= 1;
  Write("a.ring", image);
  EXPECT_EQ(Run({root_ + "/a.ring"}), kExitDamaged) << out_.str();
  EXPECT_TRUE(Says("not intact")) << out_.str();
  Write("b.ring", image.substr(0, image.size() - 4096));
  EXPECT_EQ(Run({root_ + "/b.ring"}), kExitDamaged);
  EXPECT_TRUE(Says("cut off"));
  Write("c.ring", "GET / HTTP/1.1");
  EXPECT_EQ(Run({root_ + "/c.ring"}), kExitDamaged);
}

TEST_F(VerifyTest, AFileOfAnyNameIsRecognisedByItsBytes) {
  TestLog log;
  TestSegment segment(&log, {Incarnation(1), 1});
  segment.Group({10, 20}, 0).Close();
  Write("copy", segment.bytes);
  EXPECT_EQ(Run({root_ + "/copy"}), kExitOk);
  EXPECT_TRUE(Says("closed in order after entry 2")) << out_.str();
  Write("letter", "Dear Sir or Madam");
  EXPECT_EQ(Run({root_ + "/letter"}), kExitDamaged);
  EXPECT_TRUE(Says("not a segment"));
}

TEST_F(VerifyTest, WhatCannotBeReadIsSaidOnStderr) {
  EXPECT_EQ(Run({root_ + "/nowhere"}), kExitFailure);
  EXPECT_NE(err_.str().find("nowhere"), std::string::npos);
  EXPECT_EQ(Run({root_}), kExitFailure) << "nothing to verify is not success";
  EXPECT_NE(err_.str().find("found no segment"), std::string::npos);
}

TEST_F(VerifyTest, ARingFileCutAtAnyLengthIsCalledCutOff) {
  TestRing ring(limits::kRingBytesMin);
  ring.AppendWithSnapshots(100, 1);
  std::string image = ring.memory.Image();
  Write("a.ring", image);
  std::string path = root_ + "/a.ring";
  ASSERT_EQ(VerifyRingFile(path).verdict, "intact");
  for (size_t length = image.size(); length-- > 0;) {
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(length)), 0);
    FileReport report = VerifyRingFile(path);
    ASSERT_EQ(report.verdict, "cut off") << length;
    ASSERT_TRUE(report.damaged) << length;
  }
}

}  // namespace
}  // namespace ringjournal::cli
