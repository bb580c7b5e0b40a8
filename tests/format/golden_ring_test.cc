// The layout of the ring file is frozen: a process of a later version adopts the memory of this
// one.
#include "tests/format/golden_ring.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "journal/ring/test_ring.h"

namespace ringjournal {
namespace {

std::string Golden() {
  std::ifstream file("tests/format/golden/ring_v1.txt", std::ios::binary);
  EXPECT_TRUE(file) << "tests/format/golden/ring_v1.txt is missing";
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

TEST(GoldenRing, IsStillWrittenByteForByte) {
  EXPECT_EQ(BuildGoldenRing(), Golden())
      << "the ring's layout has changed: that needs a new layout version, a decision record and a "
         "golden file";
}

TEST(GoldenRing, IsAdoptedAsItStands) {
  TestRingMemory memory(limits::kRingBytesMin, TestRing::kProducers);
  const std::string file = RingFileOf(Golden(), memory.Image().size());
  ASSERT_NE(file, "");
  memory.Restore(file);
  const RingIdentityValues identity = TestRing::Identity();
  const RingInspection found = InspectRing(memory.memory(), &identity);
  ASSERT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.content_incarnation, Incarnation(4));
  EXPECT_EQ(found.claim_incarnation, Incarnation(3));
  EXPECT_EQ(found.committed, Index(3));
  EXPECT_EQ(found.snapshot.next_index(), 5u);
  EXPECT_EQ(found.older_snapshot_next_index, Index(4));
  const Ring ring = Ring::Adopt(memory.memory(), found);
  EXPECT_EQ(ring.oldest().index, Index(1));
  EXPECT_EQ(ring.end().index, Index(6));
  EXPECT_EQ(ring.end().first_lsn, Lsn(9));
  EXPECT_EQ(ring.Record(*ring.Find(Lsn(4))).header.count, 3u);
}

TEST(GoldenRing, IsTheOneThatTheCodeOfTodayCallsVersion1) {
  EXPECT_EQ(kRingLayoutVersion, 1u) << "golden/ring_v1.txt stays, and the new version gets its own";
}

}  // namespace
}  // namespace ringjournal
