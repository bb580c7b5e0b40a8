// A ring that gets a new generation or begins anew, and what a kill at any store leaves of it.
#include <random>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "journal/ring/test_ring.h"
#include "journal/ring/test_stores.h"

namespace ringjournal {
namespace {

RingVerdict VerdictFor(const TestRing& t, uint32_t generation) {
  RingIdentityValues id = TestRing::Identity();
  id.generation = generation;
  return InspectRing(t.memory.memory(), &id).verdict;
}

// Of the log that is far above the one that a test ring holds.
v1::StateSnapshot StateAt(uint64_t next_index) {
  v1::StateSnapshot state;
  state.set_next_index(next_index);
  state.set_next_lsn(next_index * 3);
  state.set_chain(next_index * 1'000'003);
  return state;
}

StoreWatch WatchHead(const TestRing& t) {
  return {t.memory.memory().head, t.memory.memory().head_bytes};
}

TEST(RingIdentity, ARingOfANewGenerationIsForeignToTheOldOneAndLosesNothing) {
  TestRing t(64 * 1024);
  for (int i = 0; i < 5; ++i) t.Append(100, 1);
  for (uint32_t generation : {2u, 3u, 0xffffffffu, 4u, 1u}) {
    uint32_t before = t.ring.generation();
    t.ring.set_generation(generation);
    EXPECT_EQ(t.ring.generation(), generation);
    EXPECT_EQ(VerdictFor(t, generation), RingVerdict::kIntact) << generation;
    EXPECT_EQ(VerdictFor(t, before), RingVerdict::kForeign) << generation;
  }
  EXPECT_EQ(t.Inspect().position.next_index, Index(6));
}

// The identity must stay under its CRC: a flip of any bit of a new generation is damage.
TEST(RingIdentity, DamageToANewGenerationIsSeen) {
  TestRing t(64 * 1024);
  t.ring.set_generation(77);
  for (size_t at = offsetof(RingIdentity, generation); at < sizeof(RingIdentity); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      t.memory.memory().head[at] ^= static_cast<std::byte>(1 << bit);
      EXPECT_EQ(VerdictFor(t, 77), RingVerdict::kNotIntact) << at << " " << bit;
      t.memory.memory().head[at] ^= static_cast<std::byte>(1 << bit);
    }
  }
  EXPECT_EQ(VerdictFor(t, 77), RingVerdict::kIntact);
}

TEST(RingIdentity, AKillAtAnyStoreFindsTheOldGenerationOrTheNew) {
  TestRing t(64 * 1024);
  t.Append(100, 1);
  std::mt19937 random(11);
  for (int i = 0; i < 50; ++i) {
    uint32_t before = t.ring.generation(), after = static_cast<uint32_t>(random());
    if (after == before) continue;
    size_t stores = WatchHead(t).Run([&] { t.ring.set_generation(after); },
                                     [&] {
                                       bool old = VerdictFor(t, before) == RingVerdict::kIntact;
                                       bool now = VerdictFor(t, after) == RingVerdict::kIntact;
                                       EXPECT_NE(old, now);
                                     });
    EXPECT_GE(stores, 1u);
    EXPECT_EQ(VerdictFor(t, after), RingVerdict::kIntact);
  }
}

TEST(RingBeginAnew, TheRingIsEmptyAtTheStateAndGoesOnFromThere) {
  TestRing t(64 * 1024);
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(t.AppendWithSnapshots(300, 2));
  t.ring.RaiseAckedEnd();
  t.ring.set_content_incarnation(Incarnation(5));
  t.ring.set_claim_incarnation(Incarnation(6));
  v1::StateSnapshot state = StateAt(5000);
  ASSERT_TRUE(t.ring.TakesSnapshot(state));
  t.ring.BeginAnew(state);
  EXPECT_EQ(t.ring.oldest().index, Index(5000));
  EXPECT_EQ(t.ring.end().first_lsn, Lsn(15000));
  EXPECT_EQ(t.ring.used_bytes(), 0u);
  for (uint64_t i : {1u, 399u, 400u, 4999u, 5000u}) EXPECT_FALSE(t.ring.Find(Index(i)).has_value());
  EXPECT_EQ(t.ring.content_incarnation(), Incarnation(0)) << "it counts for nobody";
  EXPECT_EQ(t.ring.claim_incarnation(), Incarnation(0));
  t.position = {Index(5000), Lsn(15000), state.chain(), {}};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(t.AppendWithSnapshots(100 + static_cast<size_t>(i) % 700, 1));
    ASSERT_EQ(t.ring.Find(t.ring.end().index.prev())->index, t.ring.end().index.prev());
    if (i % 100 != 0) continue;
    for (RingPlace p = t.ring.oldest(); p.index < t.ring.end().index; p = t.ring.Next(p)) {
      ASSERT_EQ(t.ring.Find(p.index)->offset, p.offset);
      ASSERT_EQ(t.ring.Find(p.first_lsn)->offset, p.offset);
    }
  }
  RingInspection found = t.Inspect();
  ASSERT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  EXPECT_EQ(found.position.next_index, Index(6000));
  EXPECT_EQ(found.position.chain, t.position.chain);
}

TEST(RingBeginAnew, AStateThatIsTooLargeIsNotTaken) {
  TestRing t(64 * 1024);
  v1::StateSnapshot state = StateAt(10);
  while (state.ByteSizeLong() < SnapshotSlotBytes(TestRing::kProducers)) {
    state.add_producers()->set_name(std::string(200, 'p'));
  }
  EXPECT_FALSE(t.ring.TakesSnapshot(state));
}

// What a process finds whose predecessor was killed at any store: the old log whole, or a ring that
// is not intact, or the new one; and from the first change on it counts for nobody.
TEST(RingBeginAnew, AKillAtAnyStoreLeavesNoMix) {
  std::mt19937 random(3);
  std::set<std::string> seen;
  for (int round = 0; round < 40; ++round) {
    TestRing t(64 * 1024);
    unsigned appends = 1 + random() % 300;
    for (unsigned i = 0; i < appends; ++i) t.AppendWithSnapshots(50 + random() % 800, 1);
    if (random() % 2 == 0) t.ring.RaiseAckedEnd();
    if (random() % 2 == 0) t.Snapshot();  // right where the new log will begin
    t.ring.set_content_incarnation(Incarnation(5));
    t.ring.set_claim_incarnation(Incarnation(6));
    LogPosition old = t.position;
    v1::StateSnapshot state = StateAt(2000);
    auto look = [&] {
      RingInspection found = t.Inspect();
      bool counts =
          found.content_incarnation != Incarnation(0) || found.claim_incarnation != Incarnation(0);
      if (found.verdict != RingVerdict::kIntact) {
        EXPECT_EQ(found.verdict, RingVerdict::kNotIntact) << found.reason;
        seen.insert("not intact");
      } else if (found.position.next_index == Index(2000)) {
        EXPECT_EQ(found.position.chain, state.chain());
        EXPECT_EQ(found.oldest, found.end);
        EXPECT_FALSE(counts);
        seen.insert("the new one");
      } else {
        EXPECT_EQ(found.position.next_index, old.next_index);
        EXPECT_EQ(found.position.chain, old.chain);
        seen.insert(counts ? "the old one" : "the old one, for nobody");
      }
    };
    EXPECT_GT(WatchHead(t).Run([&] { t.ring.BeginAnew(state); }, look), 5u);
    EXPECT_EQ(t.Inspect().position.next_index, Index(2000));
    if (HasFailure()) return;
  }
  EXPECT_EQ(seen.size(), 4u) << "each of them was met";
}

}  // namespace
}  // namespace ringjournal
