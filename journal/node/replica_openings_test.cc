// Who opens a producer ends the session before, and a session that somebody else has ended stays
// so.
#include <vector>

#include "gtest/gtest.h"
#include "journal/node/test_node.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

TEST(Openings, AnOlderSessionIsFenced) {
  TestReplica t;
  ProducerHandle newer = t.Open("producer");
  t.Batch();
  EXPECT_EQ(t.Append(1, {"a"}), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
  EXPECT_EQ(t.refusal.fenced().producer_epoch(), newer.epoch);
  EXPECT_EQ(t.refusal.fenced().client_instance(), 0u);
  ASSERT_TRUE(t.replica->OpenProducer({"producer", 77}, t.now, &newer, &t.refusal));
  t.Batch();
  EXPECT_EQ(t.Append(1, {"a"}), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.fenced().client_instance(), 77u) << "who it was, so that it knows itself";
  t.producer = newer;
  EXPECT_EQ(t.Append(1, {"a"}), AppendVerdict::kAccepted);
}

// Who ended it may be lost with this leader.
TEST(Openings, BeforeTheNewOneIsCommittedAnOlderSessionIsToldToAskAgain) {
  TestReplica t;
  ProducerHandle handle;
  ASSERT_TRUE(t.replica->OpenProducer({"producer", 77}, t.now, &handle, &t.refusal));
  EXPECT_EQ(t.Append(1, {"a"}), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_FALSE(t.replica->OpenProducer({"producer", 7, {1, 1}}, t.now, &handle, &t.refusal));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_NOT_YET);
  t.Batch();
  EXPECT_FALSE(t.replica->OpenProducer({"producer", 7, {1, 1}}, t.now, &handle, &t.refusal));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
}

// What a session opens with that has appended under producer epoch 1, after what has happened
// since.
struct Reopening {
  const char* what;
  uint32_t settles;                 // resolves that raised the epoch
  std::vector<uint64_t> opened_by;  // and then these instances
  ProducerOpening with;             // of "other", which instance 7 opened first
  bool refused;
};

TEST(Openings, ASessionThatSomebodyElseHasEndedDoesNotComeBack) {
  for (const Reopening& c : std::vector<Reopening>{
           {"nothing has happened", 0, {}, {"other", 7, {1, 1}}, false},
           {"settled", 1, {}, {"other", 7, {1, 1}}, true},
           {"another session has come", 0, {8}, {"other", 7, {1, 1}}, true},
           {"its own openings, of which it never heard", 0, {7, 7}, {"other", 7, {1, 1}}, false},
           {"settled, and a late opening of its own behind", 1, {7}, {"other", 7, {1, 1}}, true},
           {"another session, and a late one of its own", 0, {8, 7}, {"other", 7, {1, 1}}, true},
           {"it has heard of that late one since", 1, {7}, {"other", 7, {1, 3}}, false},
           {"it comes anew, and sends nothing again", 1, {8}, {"other", 7}, false},
           {"a client that does not say who it is", 1, {}, {"other", 0, {1, 1}}, false},
           {"a log that has forgotten its last opening", 0, {8}, {"other", 7, {1, 9}}, false},
       }) {
    TestReplica t;
    ProducerHandle handle;
    ASSERT_TRUE(t.replica->OpenProducer({"other", 7}, t.now, &handle, &t.refusal));
    v1::ResolveReply reply;
    for (uint32_t i = 0; i < c.settles; ++i) {
      ASSERT_TRUE(t.replica->Resolve("other", Sequence(1), true, t.now, &reply, &t.refusal));
      EXPECT_EQ(reply.outcome(), v1::ResolveReply::OUTCOME_NEVER);
    }
    for (uint64_t instance : c.opened_by) {
      ASSERT_TRUE(t.replica->OpenProducer({"other", instance}, t.now, &handle, &t.refusal));
    }
    t.Batch();
    const Index end = t.replica->ring().end().index;
    EXPECT_EQ(t.replica->OpenProducer(c.with, t.now, &handle, &t.refusal), !c.refused) << c.what;
    if (!c.refused) continue;
    EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED) << c.what;
    EXPECT_EQ(t.replica->ring().end().index, end) << c.what << ": nobody else's session is ended";
  }
}

// After a recovery that has lost openings epochs are given again: of another session, or its own.
TEST(Openings, AnEpochOfAnOlderGenerationIsOlderWhateverItsNumber) {
  for (uint64_t instance : {8, 7}) {
    TestNode t;
    t.Lead({2, 1});
    ProducerHandle handle;
    ASSERT_TRUE(t.replica->OpenProducer({"other", instance}, t.now, &handle, &t.refusal));
    t.Batch();
    t.Commit(t.end());
    const ProducerOpening with{"other", 7, {1, 9}};
    EXPECT_EQ(t.replica->OpenProducer(with, t.now, &handle, &t.refusal), instance == 7);
  }
}

}  // namespace
}  // namespace ringjournal
