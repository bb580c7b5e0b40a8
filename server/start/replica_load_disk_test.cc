// Disks that lack something.
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/start/replica_load.h"
#include "server/start/test_load.h"

namespace ringjournal {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(LoadReplica, AnUnreadableDiskIsAnEmptyReplicaAndIsRepairedByFollowing) {
  TestNode a, b;
  Lead(&a, 21);
  b.LoadAndFollow(&a, Index(21));
  b.Settle();
  b.Kill();
  b.ring.reset();
  const std::set<std::string> before = FileNames(b);
  for (auto& [name, bytes] : b.disk.files) (*bytes)[10] ^= 1;  // in its description
  ASSERT_TRUE(b.Load().ok());
  EXPECT_EQ(b.loaded->content.kind, ContentKind::kNothing) << b.loaded->sentence;
  EXPECT_FALSE(b.loaded->disk_is_whole);
  for (const std::string& name : before) EXPECT_THAT(FileNames(b), Contains(name));
  b.Follow(&a, Index(21));
  b.Settle();
  b.Kill();
  b.ring.reset();
  ASSERT_TRUE(b.Load().ok());
  EXPECT_EQ(b.loaded->content.kind, ContentKind::kDisk) << b.loaded->sentence;
  EXPECT_EQ(b.replica()->derived().position().chain, a.replica()->derived().position().chain);
}

TEST(LoadReplica, ADiskWithDamageServesUpToItAndIsNotWhole) {
  TestNode n;
  Lead(&n, 9);
  n.Settle();
  const uint64_t damage = n.replica()->checkpointer().catalog().total_bytes() + 40;
  for (int i = 0; i < 2; ++i) {
    n.Append(100);
    n.Settle();
  }
  n.Kill();
  n.ring.reset();
  (*n.disk.files.begin()->second)[damage] ^= 1;
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kDisk);
  EXPECT_EQ(n.replica()->marks().end.index, Index(9)) << n.loaded->sentence;
  EXPECT_FALSE(n.loaded->disk_is_whole) << n.loaded->sentence;
}

TEST(LoadReplica, ADiskWithoutItsFrontIsNotWholeAndNothingBelowIsCalledDurable) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  while (n.replica()->checkpointer().catalog().segments().size() < 3) {
    n.Append(8000);
    n.Settle();
  }
  n.Kill();
  n.disk.files.erase(n.disk.files.begin());
  for (bool ring_is_there : {true, false}) {
    if (!ring_is_there) {
      n.Kill();
      n.ring.reset();
    }
    ASSERT_TRUE(n.Load().ok());
    EXPECT_FALSE(n.loaded->disk_is_whole) << n.loaded->sentence;
    EXPECT_GT(n.replica()->options().disk_hole_below, Index(1));
    EXPECT_EQ(n.replica()->options().disk_hole_below,
              n.replica()->checkpointer().catalog().segments()[0].first_index);
  }
}

TEST(LoadReplica, AboveAHoleOfTheDiskTheRingServesAndStartsANewSegment) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  while (n.replica()->checkpointer().catalog().segments().size() < 3) {
    n.Append(8000);
    n.Settle();
  }
  const Index end = n.replica()->marks().end.index;
  n.Kill();
  n.disk.files.clear();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kRing);
  EXPECT_THAT(n.loaded->sentence, HasSubstr("the disk lacks entries"));
  EXPECT_GE(n.replica()->options().disk_hole_below, n.replica()->ring().oldest().index);
  EXPECT_LT(n.replica()->options().disk_hole_below, end) << "the older snapshot saves more";
  n.Settle();
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kDisk);
  EXPECT_EQ(n.replica()->marks().end.index, end) << n.loaded->sentence;
  EXPECT_FALSE(n.loaded->disk_is_whole);
}

TEST(LoadReplica, AMemoryOnlyJournalHasItsRingOrNothing) {
  TestNode n(/*memory_only=*/true);
  Lead(&n, 9);
  n.Kill();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kRing);
  EXPECT_EQ(n.replica()->marks().end.index, Index(9));
  ExpectQuiet(&n);
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kNothing);
  EXPECT_THAT(n.disk.files, IsEmpty());
}

// Fills segments, and trims what is below, until a file is gone or many have been.
void TrimUntilGone(TestNode* n, const std::string& name) {
  v1::ErrorReply refusal;
  for (int i = 0; i < 300 && n->disk.files.count(name) > 0; ++i) {
    if (i % 8 == 7) RJ_CHECK(n->replica()->Trim(n->end_lsn(), n->now, &refusal));
    n->Append(8000);
    n->Settle();
  }
}

void LoadAndLead(TestNode* n) {
  ASSERT_TRUE(n->Load().ok());
  n->replica()->LeaderStart(n->now);
  n->replica()->AllowCommit(Index(UINT64_MAX / 2));
  n->Batch();
}

// A file below a trim holds nothing, but the trim may be cut again.
TEST(LoadReplica, UselessFilesGoWithTheNextTrimNotBefore) {
  TestNode n;
  ASSERT_TRUE(n.Start().ok());
  n.Append(8000);
  n.Settle();
  const std::string trimmed = n.disk.files.begin()->first;
  const std::string bytes = *n.disk.files.begin()->second;
  TrimUntilGone(&n, trimmed);
  ASSERT_EQ(n.disk.files.count(trimmed), 0u);
  // One more segment, so that a description knows of the trim.
  const std::string newest = n.replica()->checkpointer().catalog().segments().back().name;
  while (n.replica()->checkpointer().catalog().segments().back().name == newest) {
    n.Append(8000);
    n.Settle();
  }
  n.Kill();
  n.disk.files[trimmed] = std::make_shared<std::string>(bytes);
  LoadAndLead(&n);
  for (const CatalogSegment& segment : n.replica()->checkpointer().catalog().segments()) {
    EXPECT_NE(segment.name, trimmed);
  }
  EXPECT_EQ(n.disk.files.count(trimmed), 1u);
  TrimUntilGone(&n, trimmed);
  EXPECT_EQ(n.disk.files.count(trimmed), 0u);
}

TEST(LoadReplica, FilesOfAnotherJournalOutliveEveryTrim) {
  TestNode n, other;
  other.mutable_config()->set_id(std::string(16, 'o'));
  Lead(&other, 3);
  other.Settle();
  const std::string foreign = other.disk.files.begin()->first;
  Lead(&n, 9);
  n.Settle();
  n.Kill();
  n.disk.files[foreign] = other.disk.files.begin()->second;
  LoadAndLead(&n);
  n.Settle();
  const std::string own = n.replica()->checkpointer().catalog().segments().back().name;
  TrimUntilGone(&n, own);
  EXPECT_EQ(n.disk.files.count(own), 0u);
  EXPECT_EQ(n.disk.files.count(foreign), 1u);
}

// A bit that changed in memory: the log would have to be given up for a cut of its end.
TEST(LoadReplica, AStateThatACutBeginsWithIsRestoredFromTheDiskIfMemoryLostIt) {
  for (Index cut : {Index(12), Index(15)}) {
    TestNode a, b;
    Lead(&a, 31);
    b.LoadAndFollow(&a, Index(12));
    b.replica()->AllowCommit(Index(12));
    b.Batch();
    b.replica()->OfferSnapshot();  // at what is committed
    b.Follow(&a, Index(21));
    b.replica()->OfferSnapshot();  // above it
    b.Settle();
    b.Kill();
    const RingMemory& memory = b.ring->memory();
    const size_t slot_bytes = (memory.head_bytes - kControlPageBytes) / 2;
    for (int slot : {0, 1}) {
      SnapshotSlotHeader header;
      v1::StateSnapshot state;
      std::byte* bytes = memory.snapshot_slot(slot, slot_bytes);
      ASSERT_TRUE(ReadSnapshotSlot(bytes, slot_bytes, &header, &state));
      if (state.next_index() == 13) bytes[kSnapshotSlotHeaderBytes] ^= std::byte{1};
    }
    ASSERT_TRUE(b.Load().ok());
    EXPECT_EQ(b.loaded->content.kind, ContentKind::kRing) << b.loaded->sentence;
    EXPECT_THAT(b.loaded->notes, Contains(HasSubstr("restored from the disk")));
    EXPECT_EQ(b.replica()->marks().end.index, Index(21));
    absl::Status status = b.replica()->TruncateTo(cut, ChainAt(*a.replica(), cut));
    EXPECT_TRUE(status.ok()) << status;
    b.Follow(&a, Index(31));
    EXPECT_EQ(b.replica()->derived().Hash(), a.replica()->derived().Hash());
  }
}

}  // namespace
}  // namespace ringjournal
