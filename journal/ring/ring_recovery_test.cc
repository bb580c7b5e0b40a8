#include "journal/ring/ring_recovery.h"

#include <string>

#include "gtest/gtest.h"
#include "journal/ring/test_ring.h"

namespace ringjournal {
namespace {

TEST(InspectRing, AFreshRingIsIntactAndEmpty) {
  TestRing t(64 * 1024);
  RingInspection found = t.Inspect();
  EXPECT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.position.next_index, Index(1));
  EXPECT_EQ(found.oldest_entry.index, Index(1));
}

// A crash right after the cas that names this ring must not leave one that counts for nobody.
TEST(InspectRing, AFreshRingNamesTheIncarnationThatClaimsIt) {
  TestRing t(64 * 1024);
  Ring::Create(t.memory.memory(), TestRing::Identity(), t.State(), Incarnation(9));
  EXPECT_EQ(t.Inspect().claim_incarnation, Incarnation(9));
  EXPECT_EQ(t.Inspect().content_incarnation, Incarnation(0));
}

TEST(InspectRing, AWrappedRingComesBackAsItWas) {
  TestRing t(64 * 1024);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(t.AppendWithSnapshots(300, 2));
  t.ring.RaiseAckedEnd();
  t.ring.set_content_incarnation(Incarnation(5));
  t.ring.set_claim_incarnation(Incarnation(6));
  RingInspection found = t.Inspect();
  ASSERT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.position.next_index, Index(1001));
  EXPECT_EQ(found.position.chain, t.position.chain);
  EXPECT_EQ(found.content_incarnation, Incarnation(5));
  EXPECT_EQ(found.claim_incarnation, Incarnation(6));
  Ring adopted = Ring::Adopt(t.memory.memory(), found);
  EXPECT_EQ(adopted.end().index, Index(1001));
  EXPECT_EQ(adopted.oldest().index, t.ring.oldest().index);
  auto place = adopted.Find(Index(990));
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(adopted.Record(*place).header.index, Index(990));
}

TEST(InspectRing, ARecordThatWasNeverPublishedLeavesNoTrace) {
  TestRing t(64 * 1024);
  t.Append(100, 1);
  std::string before = t.memory.Image();
  t.Append(100, 1);
  // The kill came after body and header, before the store of `end`.
  t.memory.memory().control()->ends[0].end =
      reinterpret_cast<const RingControl*>(before.data())->ends[0].end;
  RingInspection found = t.Inspect();
  EXPECT_EQ(found.verdict, RingVerdict::kIntact);
  EXPECT_EQ(found.position.next_index, Index(2));
}

TEST(InspectRing, ATornTailAboveAckedEndIsCutAndBelowItIsNotIntact) {
  TestRing t(64 * 1024);
  t.Append(100, 1);
  t.ring.RaiseAckedEnd();
  t.Append(100, 1);
  uint64_t second = t.ring.Find(Index(2))->offset.value();
  t.memory.memory().data[second + 150] ^= std::byte{1};
  RingInspection found = t.Inspect();
  ASSERT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.position.next_index, Index(2));
  EXPECT_NE(found.end, found.stated_end);
  t.ring.RaiseAckedEnd();
  EXPECT_EQ(t.Inspect().verdict, RingVerdict::kNotIntact);
  t.memory.memory().data[second + 150] ^= std::byte{1};
  EXPECT_EQ(t.Inspect().verdict, RingVerdict::kIntact);
}

TEST(InspectRing, AnotherJournalGenerationBootOrVersionIsNotOurs) {
  TestRing t(64 * 1024);
  RingIdentityValues id = TestRing::Identity();
  id.journal.bytes[5] = 1;
  EXPECT_EQ(InspectRing(t.memory.memory(), &id).verdict, RingVerdict::kForeign);
  id = TestRing::Identity();
  id.generation = 2;
  EXPECT_EQ(InspectRing(t.memory.memory(), &id).verdict, RingVerdict::kForeign);
  id = TestRing::Identity();
  id.boot[0] = 1;
  EXPECT_EQ(InspectRing(t.memory.memory(), &id).verdict, RingVerdict::kStale);
  t.memory.memory().control()->identity.layout_version = 2;
  EXPECT_EQ(t.Inspect().verdict, RingVerdict::kNewerVersion);
  t.memory.memory().control()->identity.magic = 0;
  EXPECT_EQ(t.Inspect().verdict, RingVerdict::kAbsent);
  t.memory.memory().control()->identity.magic = 12345;
  EXPECT_EQ(t.Inspect().verdict, RingVerdict::kForeign);
}

TEST(InspectRing, OneDamagedSnapshotSlotLeavesTheOther) {
  TestRing t(64 * 1024);
  for (int i = 0; i < 10; ++i) t.Append(100, 1);
  t.Snapshot();
  size_t slot_bytes = SnapshotSlotBytes(TestRing::kProducers);
  std::byte* newer = t.memory.memory().snapshot_slot(0, slot_bytes);
  newer[kSnapshotSlotHeaderBytes] ^= std::byte{4};
  RingInspection found = t.Inspect();
  EXPECT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.snapshot.next_index(), 1u);
  t.memory.memory().snapshot_slot(1, slot_bytes)[kSnapshotSlotHeaderBytes] ^= std::byte{4};
  EXPECT_EQ(t.Inspect().verdict, RingVerdict::kNotIntact);
}

// Soak, seed 10222917: a bit of a sequence that had been struck out was changed, and the state of a
// log that had been cut came back.
TEST(InspectRing, ASnapshotThatACutTookAwayStaysAwayWhateverBitChanges) {
  TestRing t(64 * 1024);
  t.Append(100, 1);
  t.Append(100, 1);
  t.Snapshot();
  t.TruncateTo(*t.ring.Find(Index(2)));
  for (int i = 0; i < 4; ++i) t.Append(200, 1);
  const size_t slot_bytes = SnapshotSlotBytes(TestRing::kProducers);
  for (int slot : {0, 1}) {
    for (size_t bit = 0; bit < kSnapshotSlotHeaderBytes * 8; ++bit) {
      std::byte* byte = t.memory.memory().snapshot_slot(slot, slot_bytes) + bit / 8;
      *byte ^= static_cast<std::byte>(1 << bit % 8);
      const RingInspection found = t.Inspect();
      *byte ^= static_cast<std::byte>(1 << bit % 8);
      if (found.verdict == RingVerdict::kNotIntact) continue;  // the only one that is left
      ASSERT_EQ(found.verdict, RingVerdict::kIntact) << bit << found.reason;
      ASSERT_EQ(found.snapshot.next_index(), 1u) << slot << " " << bit;
      ASSERT_EQ(found.position.next_index, Index(6)) << slot << " " << bit << found.reason;
    }
  }
}

TEST(InspectRing, ASnapshotToWhichTheRecordsDoNotLeadMakesTheRingUnusable) {
  TestRing t(64 * 1024);
  t.Append(100, 1);
  v1::StateSnapshot other = t.State();
  other.set_chain(other.chain() + 1);
  const size_t slot_bytes = SnapshotSlotBytes(TestRing::kProducers);
  ASSERT_TRUE(WriteSnapshotSlot(t.memory.memory().snapshot_slot(0, slot_bytes), slot_bytes, 2,
                                t.ring.end().offset.value(), other.SerializeAsString()));
  const RingInspection found = t.Inspect();
  EXPECT_EQ(found.verdict, RingVerdict::kNotIntact);
  EXPECT_EQ(found.reason, "the records do not lead to the state snapshot");
}

// What a flip of one byte of the file may lead to, by where it lies.
class FlippedRing : public testing::Test {
 protected:
  FlippedRing() : t(64 * 1024) {
    for (int i = 0; i < 220; ++i) t.AppendWithSnapshots(200 + static_cast<size_t>(i), 1);
    t.ring.RaiseAckedEnd();
    t.ring.set_content_incarnation(Incarnation(5));
    t.Append(77, 1);  // above acked_end
    image = t.memory.Image();
  }
  RingInspection Flip(size_t at, int bit) {
    t.memory.memory().head[at] ^= static_cast<std::byte>(1 << bit);
    RingInspection found = t.Inspect();
    t.memory.memory().head[at] ^= static_cast<std::byte>(1 << bit);
    return found;
  }
  // Position of a data byte in the stream of records, if it belongs to one.
  bool RingOffsetOf(size_t at, uint64_t* offset) const {
    uint64_t size = t.memory.memory().data_bytes, oldest = t.ring.oldest().offset.value();
    uint64_t place = at - t.memory.memory().head_bytes;
    *offset = oldest + ((place - oldest) & (size - 1));
    return *offset < t.ring.end().offset.value();
  }
  TestRing t;
  std::string image;
};

TEST_F(FlippedRing, EveryByteOfEveryRecordHasItsVerdict) {
  ASSERT_GT(t.ring.oldest().index, Index(1));
  uint64_t last = t.ring.Find(Index(221))->offset.value();
  size_t head = t.memory.memory().head_bytes;
  for (size_t at = head; at < image.size(); ++at) {
    RingInspection found = Flip(at, static_cast<int>(at % 8));
    uint64_t offset = 0;
    if (!RingOffsetOf(at, &offset)) {
      ASSERT_EQ(found.verdict, RingVerdict::kIntact) << at;
      ASSERT_EQ(found.position.next_index, Index(222)) << at;
    } else if (offset >= last) {
      ASSERT_EQ(found.verdict, RingVerdict::kIntact) << at;  // the cut tail was promised to nobody
      ASSERT_EQ(found.position.next_index, Index(221)) << at;
    } else {
      ASSERT_EQ(found.verdict, RingVerdict::kNotIntact) << at << " " << found.reason;
    }
  }
}

TEST_F(FlippedRing, EveryByteOfTheIdentityHasItsVerdict) {
  for (size_t at = 0; at < sizeof(RingIdentity); ++at) {
    RingVerdict verdict = Flip(at, static_cast<int>(at % 8)).verdict;
    RingVerdict expected = at < 8    ? RingVerdict::kForeign
                           : at < 12 ? RingVerdict::kNewerVersion
                                     : RingVerdict::kNotIntact;
    EXPECT_EQ(verdict, expected) << at;
  }
}

}  // namespace
}  // namespace ringjournal
