#include "journal/node/snapshot_check.h"

#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

v1::StateSnapshot GoodState() {
  TestReplica replica;
  replica.Open("another");
  for (int i = 0; i < 3; ++i) replica.AppendNext(10);
  replica.replica->set_epoch({1, 2}, 2);
  replica.replica->LeaderStart(replica.now);
  v1::StateSnapshot state;
  replica.replica->derived().WriteTo(&state);
  return state;
}

TEST(SnapshotCheck, WhatAReplicaWritesPassesFromTheFirstEntryOn) {
  v1::StateSnapshot empty;
  DerivedState().WriteTo(&empty);
  EXPECT_EQ(WrongWithSnapshot(empty, 8), "");
  EXPECT_EQ(WrongWithSnapshot(GoodState(), 8), "");
  EXPECT_EQ(WrongWithSnapshot(GoodState(), 2), "");
}

TEST(SnapshotCheck, EachContradictionHasItsReason) {
  struct Case {
    const char* reason;
    std::function<void(v1::StateSnapshot*)> spoil;
  } cases[] = {
      {"positions contradict", [](auto* s) { s->set_next_index(0); }},
      {"positions contradict", [](auto* s) { s->set_next_lsn(0); }},
      {"positions contradict", [](auto* s) { s->set_oldest_index(0); }},
      {"positions contradict", [](auto* s) { s->set_oldest_lsn(0); }},
      {"positions contradict", [](auto* s) { s->set_oldest_index(s->next_index() + 1); }},
      {"positions contradict", [](auto* s) { s->set_oldest_lsn(s->next_lsn() + 1); }},
      {"epochs do not rise", [](auto* s) { s->mutable_history()->SwapElements(0, 1); }},
      {"epochs do not rise", [](auto* s) { s->mutable_history(0)->set_first_index(0); }},
      {"epochs do not rise", [](auto* s) { s->mutable_history(1)->set_first_index(1); }},
      {"epochs do not rise", [](auto* s) { s->mutable_history(1)->set_epoch(1); }},
      {"epochs do not rise",
       [](auto* s) { s->mutable_history(1)->set_first_index(s->next_index()); }},
      {"not that of its history", [](auto* s) { s->set_epoch(3); }},
      {"not that of its history", [](auto* s) { s->clear_history(); }},
      {"over the limit of",
       [](auto* s) {
         for (uint32_t i = 0; i < limits::kEpochHistoryMax; ++i) s->add_history();
       }},
      {"3 producers, over the journal's limit of 2", [](auto* s) { s->add_producers(); }},
      {"contradicts", [](auto* s) { s->mutable_producers()->SwapElements(0, 1); }},
      {"contradicts", [](auto* s) { s->mutable_producers(0)->set_id(0); }},
      {"contradicts", [](auto* s) { s->mutable_producers(1)->set_name(s->producers(0).name()); }},
      {"contradicts", [](auto* s) { s->mutable_producers(1)->set_id(s->next_index()); }},
      {"contradicts", [](auto* s) { s->mutable_producers(0)->set_last_index(s->next_index()); }},
      {"contradicts", [](auto* s) { s->mutable_producers(0)->set_last_lsn(s->next_lsn()); }},
  };
  int n = 0;
  for (const Case& c : cases) {
    v1::StateSnapshot state = GoodState();
    c.spoil(&state);
    std::string wrong = WrongWithSnapshot(state, 2);
    EXPECT_NE(wrong.find(c.reason), std::string::npos) << n << ": " << wrong;
    ++n;
  }
}

}  // namespace
}  // namespace ringjournal
