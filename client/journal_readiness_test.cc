// Who would lead a journal next, asked over a socket.
#include "client/journal_readiness.h"

#include "client/client.h"
#include "client/writer_fixture.h"

namespace ringjournal::client {
namespace {

using JournalReadinessTest = WriterFixture;

TEST_F(JournalReadinessTest, TheLeaderSaysWhatAFailureOfItWouldDo) {
  fake_.AddTransactions({"a", "b", "c"});
  ASSERT_TRUE(Orders().Trim(Lsn(2)).ok());
  auto r = Orders().GetReadiness();
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->leader, "fake");
  EXPECT_EQ(r->transactions_kept, 2u);
  EXPECT_EQ(r->not_on_leader_disk, 3u);
  EXPECT_GT(r->fence_round_trip_ns, 0);
  EXPECT_FALSE(r->ready) << "there is one copy";
  ASSERT_TRUE(Orders().Checkpoint().ok());
  EXPECT_EQ(Orders().GetReadiness()->not_on_leader_disk, 0u);
}

TEST_F(JournalReadinessTest, AnAnswerThatIsLostIsAskedForAgain) {
  const uint64_t before = fake_.counts().requests;
  fake_.LoseAnswerOfRequests();
  EXPECT_TRUE(Orders().GetReadiness().ok());
  EXPECT_EQ(fake_.counts().requests, before + 3) << "twice of any node, once of the leader";
}

TEST_F(JournalReadinessTest, WhatNobodyAnswersIsAnError) {
  fake_.LeaveRequestsUnanswered(true);
  EXPECT_EQ(CodeOf(Orders().GetReadiness(kShort).status()), ErrorCode::kDeadline);
  fake_.LeaveRequestsUnanswered(false);
  fake_.RemoveJournal();
  EXPECT_EQ(CodeOf(Orders().GetReadiness().status()), ErrorCode::kJournalNotFound);
}

}  // namespace
}  // namespace ringjournal::client
