#include "server/start/agreeing_state.h"

#include <cstring>

#include "gtest/gtest.h"
#include "server/start/test_load.h"

namespace ringjournal {
namespace {

RecordView RecordOf(TestNode* n, Index index) {
  const Ring& ring = n->replica()->ring();
  return ring.Record(*ring.Find(index));
}

DerivedState StateBehind(TestNode* n, Index last) {
  DerivedState state;
  for (Index i(1); i <= last; i = i.next()) RJ_CHECK(state.Apply(RecordOf(n, i)).ok());
  return state;
}

// A ring with the node's entries [first, last].
Ring RingOf(TestNode* n, TestRingMemory* memory, Index first, Index last) {
  v1::StateSnapshot snapshot;
  StateBehind(n, first.prev()).WriteTo(&snapshot);
  Ring ring =
      Ring::Create(memory->memory(), {{}, {}, 1, SmallSettings().producers_max()}, snapshot);
  for (Index i = first; i <= last; i = i.next()) {
    RecordView view = RecordOf(n, i);
    std::memcpy(ring.Reserve(view.record.size(), i), view.record.data(), view.record.size());
    ring.Publish(i, view.header.first_lsn, view.record.size());
  }
  return ring;
}

// Two logs with the first six entries in common.
struct TwoLogs {
  TwoLogs() : memory(SmallSettings().ring_bytes(), SmallSettings().producers_max()) {
    Lead(&a, 21);
    b.Fork(&a, Index(6));
    while (b.replica()->marks().end.index < Index(21)) b.Append(90);
  }
  // Ring: `first` to 15 of log a. Disk: log `disk` from 1 to `last`.
  AgreeingState Compare(Index first, TestNode* disk, Index last) {
    ring.emplace(RingOf(&a, &memory, first, Index(15)));
    AgreeingState state(&*ring, StateBehind(&a, Index(15)).position());
    v1::StateSnapshot empty;
    DerivedState().WriteTo(&empty);
    state.OnStart(empty);
    for (Index i(1); i <= last; i = i.next()) state.OnEntry(RecordOf(disk, i));
    EXPECT_TRUE(state.status().ok());
    return state;
  }
  TestNode a, b;
  TestRingMemory memory;
  std::optional<Ring> ring;
};

TEST(AgreeingState, OneLogJoinsWhereTheDiskEnds) {
  TwoLogs logs;
  for (uint64_t first : {1, 4, 10, 11}) {
    AgreeingState state = logs.Compare(Index(first), &logs.a, Index(10));
    EXPECT_TRUE(state.joins()) << first;
    EXPECT_FALSE(state.cut());
    EXPECT_EQ(state.derived().position().next_index, Index(11));
  }
  EXPECT_FALSE(logs.Compare(Index(12), &logs.a, Index(10)).joins()) << "entry 11 is nowhere";
}

TEST(AgreeingState, ADiskThatReachesFurtherIsCutAtTheEndOfTheRing) {
  TwoLogs logs;
  AgreeingState state = logs.Compare(Index(4), &logs.a, Index(20));
  EXPECT_TRUE(state.joins());
  EXPECT_TRUE(state.cut());
  EXPECT_EQ(state.derived().position().next_index, Index(16));
}

TEST(AgreeingState, AnotherLogAgreesUpToTheForkIfTheRingReachesBackThatFar) {
  TwoLogs logs;
  for (uint64_t last : {8, 20}) {
    AgreeingState state = logs.Compare(Index(3), &logs.b, Index(last));
    EXPECT_TRUE(state.joins());
    EXPECT_TRUE(state.cut());
    EXPECT_EQ(state.derived().position().next_index, Index(7));
  }
}

// The numbers fit, but the entries below the ring's oldest are others.
TEST(AgreeingState, AForkBelowTheRingsOldestDoesNotJoin) {
  TwoLogs logs;
  for (uint64_t last : {9, 10, 20}) {
    EXPECT_FALSE(logs.Compare(Index(10), &logs.b, Index(last)).joins()) << last;
  }
}

TEST(AgreeingState, AnEmptyRingJoinsTheVeryLogThatItContinues) {
  TwoLogs logs;
  EXPECT_TRUE(logs.Compare(Index(16), &logs.a, Index(15)).joins());
  EXPECT_FALSE(logs.Compare(Index(16), &logs.b, Index(15)).joins());
}

TEST(AgreeingState, AStartThatIsNotTheRingsSendsForOlderSegments) {
  TwoLogs logs;
  logs.ring.emplace(RingOf(&logs.a, &logs.memory, Index(1), Index(15)));
  for (TestNode* disk : {&logs.a, &logs.b}) {
    for (uint64_t base : {5, 10, 18}) {
      AgreeingState state(&*logs.ring, StateBehind(&logs.a, Index(15)).position());
      v1::StateSnapshot start;
      StateBehind(disk, Index(base)).WriteTo(&start);
      state.OnStart(start);
      bool same = base == 5 || (disk == &logs.a && base == 10);
      EXPECT_EQ(state.differs_from_start(), !same) << base;
      EXPECT_EQ(state.joins(), same) << base;
    }
  }
}

}  // namespace
}  // namespace ringjournal
