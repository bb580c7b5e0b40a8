#include "server/start/replica_load.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/start/test_load.h"

namespace ringjournal {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(LoadReplica, ANewJournalIsEmptyInANewRingThatCountsForNobody) {
  TestNode n;
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kNothing);
  EXPECT_EQ(n.replica()->marks().end.index, Index(0));
  EXPECT_EQ(n.config().epoch(), 0u) << "the config is left alone";
  EXPECT_EQ(n.ring->memory().control()->content_incarnation, 0u);
  EXPECT_EQ(n.ring->memory().control()->claim_incarnation, 0u);
  ExpectQuiet(&n);
}

TEST(LoadReplica, ARingThatAStartLeftBeforeItLedIsNothing) {
  TestNode n;
  n.StartAndDieBeforeCas();
  ASSERT_NE(n.ring, nullptr);
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kNothing);
  EXPECT_EQ(n.ring->memory().control()->claim_incarnation, 0u);
}

TEST(LoadReplica, AnIntactRingIsALogWhateverItsIncarnations) {
  TestNode n;
  Lead(&n, 9);
  const uint64_t chain = n.replica()->derived().position().chain;
  n.Kill();
  n.ring->memory().control()->content_incarnation = SealWord(77);
  n.ring->memory().control()->claim_incarnation = SealWord(78);
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kRing);
  EXPECT_EQ(n.loaded->content.content_incarnation, Incarnation(77));
  EXPECT_EQ(n.loaded->content.claim_incarnation, Incarnation(78));
  EXPECT_EQ(n.ring->memory().control()->content_incarnation, SealWord(77u)) << "it is not changed";
  EXPECT_EQ(n.ring->memory().control()->claim_incarnation, SealWord(78u));
  EXPECT_EQ(n.replica()->marks().end.index, Index(9));
  EXPECT_EQ(n.replica()->derived().position().chain, chain);
  EXPECT_EQ(n.replica()->options().incarnation, Incarnation(3));
  EXPECT_EQ(n.config().epoch(), 1u);
  ExpectQuiet(&n);
}

TEST(LoadReplica, WithoutARingTheDiskFillsANewOneThatCountsForNobody) {
  TestNode n;
  Lead(&n, 9);
  n.Settle();
  const uint64_t chain = n.replica()->derived().position().chain;
  const Index committed = n.replica()->marks().committed.index;
  n.Append(100);  // not on disk
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kDisk);
  EXPECT_EQ(n.loaded->content.content_incarnation, Incarnation(0));
  EXPECT_EQ(n.loaded->content.claim_incarnation, Incarnation(0));
  EXPECT_EQ(n.ring->memory().control()->content_incarnation, 0u);
  EXPECT_EQ(n.ring->memory().control()->claim_incarnation, 0u);
  EXPECT_TRUE(n.loaded->disk_is_whole);
  EXPECT_EQ(n.loaded->committed_seen.index, committed);
  EXPECT_EQ(n.replica()->marks().end.index, Index(9));
  EXPECT_EQ(n.replica()->marks().durable.index, Index(9));
  EXPECT_EQ(n.replica()->derived().position().chain, chain);
  EXPECT_EQ(n.config().generation(), 1u) << "no recovery: the config is left alone";
  ExpectQuiet(&n);
  n.Kill();
  // A kill may have left it half filled: nobody was told of anything in it.
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kDisk) << n.loaded->sentence;
  EXPECT_EQ(n.replica()->marks().end.index, Index(9));
}

// A process that won a new generation and died before its ring said so: with the claim, or with
// what a later start made of it, the ring counts; of the process before it does not.
TEST(LoadReplica, ARingOfAnOlderGenerationCountsIfItsClaimHasWon) {
  for (uint64_t winner : {2, 3, 4}) {
    TestNode n;
    Lead(&n, 9);
    n.Settle();
    n.Append(100);
    n.Kill();
    n.ring->memory().control()->content_incarnation = SealWord(2);
    n.ring->memory().control()->claim_incarnation = SealWord(3);
    n.mutable_config()->set_generation(4);
    n.mutable_config()->mutable_complete(0)->set_incarnation(winner);
    ASSERT_TRUE(n.Load().ok());
    EXPECT_EQ(n.loaded->content.kind, winner == 4 ? ContentKind::kDisk : ContentKind::kRing)
        << winner << ": " << n.loaded->sentence;
  }
}

TEST(LoadReplica, AnEmptiedNodeIsAnEmptyReplica) {
  TestNode n;
  Lead(&n, 9);
  n.Settle();
  n.Kill();
  n.ring.reset();
  n.disk.files.clear();
  ASSERT_TRUE(n.Load().ok()) << "other members have the entries";
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kNothing);
  EXPECT_FALSE(n.loaded->disk_is_whole);
  EXPECT_EQ(n.replica()->marks().end.index, Index(0));
  ExpectQuiet(&n);
}

TEST(LoadReplica, ARingOfAnotherBootOrGenerationOrWithDamageIsNoLog) {
  using Change = void (*)(TestNode*);
  const Change changes[] = {
      [](TestNode* n) { n->boot.fill(1); },
      [](TestNode* n) {
        n->mutable_config()->set_generation(2);
        n->mutable_config()->mutable_complete(0)->set_incarnation(99);
      },
      [](TestNode* n) {
        const RingMemory& m = n->ring->memory();
        m.data[m.control()->ends[0].end / 2] ^= std::byte{1};
      },
  };
  for (Change change : changes) {
    TestNode n;
    Lead(&n, 9);
    n.Settle();
    n.Append(100);
    n.Kill();
    change(&n);
    ASSERT_TRUE(n.Load().ok());
    EXPECT_EQ(n.loaded->content.kind, ContentKind::kDisk) << n.loaded->sentence;
    EXPECT_EQ(n.replica()->marks().end.index, Index(9));
    ExpectQuiet(&n);
  }
}

TEST(LoadReplica, WhatOnlyTheRingHoldsIsWrittenToTheDiskFromTheDisksEndOn) {
  TestNode n;
  Lead(&n, 9);
  n.Settle();
  for (int i = 0; i < 4; ++i) n.Append(100);
  n.Kill();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.replica()->marks().durable.index, Index(9));
  EXPECT_EQ(n.replica()->options().disk_hole_below, Index(0));
  n.Settle();
  EXPECT_EQ(n.replica()->marks().durable.index, Index(17));
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.replica()->marks().end.index, Index(17)) << n.loaded->sentence;
}

TEST(LoadReplica, ARingWithoutAnySegmentGoesToTheDiskFromItsFirstEntry) {
  TestNode n;
  Lead(&n, 41);
  n.Kill();
  n.disk.files.clear();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.replica()->options().disk_hole_below, Index(0));
  n.Settle();
  n.Kill();
  n.ring.reset();
  ASSERT_TRUE(n.Load().ok());
  EXPECT_EQ(n.loaded->content.kind, ContentKind::kDisk) << n.loaded->sentence;
  EXPECT_TRUE(n.loaded->disk_is_whole);
  EXPECT_EQ(n.replica()->marks().end.index, Index(41));
}

// The disk learns of a truncation only when a segment at the cut is open.
TEST(LoadReplica, WhatWasCutFromTheRingAndStillIsOnDiskIsWrittenAnewFromTheCut) {
  for (bool follows_before_death : {false, true}) {
    TestNode a, b, c;
    Lead(&a, 21);
    c.Fork(&a, Index(12));
    AppendUntil(&c, Index(31));
    b.LoadAndFollow(&a, Index(21));
    b.Settle();
    ASSERT_TRUE(b.replica()->TruncateTo(Index(12), ChainAt(*c.replica(), Index(12))).ok());
    if (follows_before_death) b.Follow(&c, Index(25));
    const Index end = b.replica()->marks().end.index;
    b.Kill();
    ASSERT_TRUE(b.Load().ok());
    EXPECT_EQ(b.loaded->content.kind, ContentKind::kRing) << b.loaded->sentence;
    EXPECT_EQ(b.replica()->marks().end.index, end);
    EXPECT_EQ(b.replica()->marks().durable.index, Index(12));
    EXPECT_THAT(b.loaded->notes, Contains(HasSubstr("entries from 13 on that were cut")));
    b.Follow(&c, Index(31));
    b.Settle();
    b.Kill();
    b.ring.reset();
    ASSERT_TRUE(b.Load().ok());
    EXPECT_EQ(b.loaded->content.kind, ContentKind::kDisk) << b.loaded->sentence;
    EXPECT_TRUE(b.loaded->disk_is_whole);
    EXPECT_EQ(b.replica()->derived().position().chain, c.replica()->derived().position().chain);
  }
}

TEST(LoadReplica, ACutBelowTheNewestSegmentIsFoundInOlderOnes) {
  TestNode a, b, c;
  Lead(&a, 21);
  c.Fork(&a, Index(4));
  c.Append(90);
  b.LoadAndFollow(&a, Index(0));
  for (Index last : {Index(7), Index(14), Index(21)}) {  // each process opens a segment
    ASSERT_TRUE(b.Load().ok());
    b.Follow(&a, last);
    b.Settle();
    b.Kill();
  }
  ASSERT_TRUE(b.Load().ok());
  absl::Status cut = b.replica()->TruncateTo(Index(4), ChainAt(*c.replica(), Index(4)));
  ASSERT_TRUE(cut.ok()) << cut;
  b.Follow(&c, c.replica()->marks().end.index);
  b.Kill();
  ASSERT_TRUE(b.Load().ok());
  EXPECT_EQ(b.replica()->marks().durable.index, Index(4)) << b.loaded->sentence;
  EXPECT_THAT(b.loaded->notes, Contains(HasSubstr("the whole disk was read")));
  for (const CatalogSegment& segment : b.replica()->checkpointer().catalog().segments()) {
    EXPECT_LT(segment.first_index, Index(5)) << "what lies above was cut";
  }
  b.Settle();
  b.Kill();
  b.ring.reset();
  ASSERT_TRUE(b.Load().ok());
  EXPECT_EQ(b.replica()->derived().position().chain, c.replica()->derived().position().chain)
      << b.loaded->sentence;
}

TEST(LoadReplica, ADamagedOrForeignDiskStopsNoIntactRing) {
  for (bool foreign : {false, true}) {
    TestNode n;
    Lead(&n, 9);
    n.Settle();
    n.Append(100);
    n.Kill();
    if (foreign) {
      TestNode other;
      other.mutable_config()->set_id(std::string(16, 'o'));
      Lead(&other, 3);
      other.Settle();
      n.disk.files[other.disk.files.begin()->first] = other.disk.files.begin()->second;
    } else {
      (*n.disk.files.begin()->second)[limits::kBlockBytes + 40] ^= 1;
    }
    const std::set<std::string> before = FileNames(n);
    ASSERT_TRUE(n.Load().ok());
    EXPECT_EQ(n.loaded->content.kind, ContentKind::kRing);
    EXPECT_EQ(n.replica()->marks().end.index, Index(11));
    EXPECT_FALSE(n.loaded->disk_is_whole) << n.loaded->sentence;
    n.Settle();
    for (const std::string& name : before) EXPECT_THAT(FileNames(n), Contains(name));
  }
}

// ---- refusals ----

TEST(LoadReplica, ForeignAndNewerFilesAreForPeopleToLookAtAndStay) {
  using Change = void (*)(TestNode*);
  const Change changes[] = {
      [](TestNode* n) {  // a segment of another journal, no ring
        TestNode other;
        other.mutable_config()->set_id(std::string(16, 'o'));
        Lead(&other, 3);
        other.Settle();
        n->disk.files[other.disk.files.begin()->first] = other.disk.files.begin()->second;
        n->ring.reset();
      },
      [](TestNode* n) { n->ring->memory().control()->identity.layout_version = 99; },
      [](TestNode* n) {  // segments of a journal that was never led
        *n->mutable_config() = TestNode().config();
      },
  };
  const char* const why[] = {"another journal", "newer version", "never had a leader"};
  for (int i = 0; i < 3; ++i) {
    TestNode n;
    Lead(&n, 9);
    n.Settle();
    n.Kill();
    changes[i](&n);
    const std::set<std::string> before = FileNames(n);
    const bool had_ring = n.ring != nullptr;
    absl::Status status = n.Load();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << why[i];
    EXPECT_THAT(std::string(status.message()), HasSubstr(why[i]));
    EXPECT_EQ(FileNames(n), before);
    EXPECT_EQ(n.ring != nullptr, had_ring);
  }
}

}  // namespace
}  // namespace ringjournal
