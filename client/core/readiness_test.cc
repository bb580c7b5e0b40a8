// What a leader's answer says about a failure of its node.
#include <string>
#include <vector>

#include "client/core/readiness_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// The answer of n1, which leads `orders` with n2 and n3 in sync.
class ReadinessTest : public ::testing::Test {
 protected:
  ReadinessTest() {
    v1::JournalConfig& config = *reply.mutable_config();
    config.set_name("orders");
    config.set_generation(2);
    config.set_epoch(7);
    config.mutable_leader()->set_node("n1");
    for (const char* node : {"n1", "n2", "n3"}) {
      config.add_members(node);
      config.add_isr()->set_node(node);
    }
    config.set_min_isr(1);
    config.set_target_copies(2);
    config.set_degraded_policy(v1::DEGRADED_POLICY_DISK);
    reply.mutable_stats()->set_role(v1::JOURNAL_ROLE_LEADER);
    SetMarks(1, 70, 90, 100);
    for (const char* node : {"n2", "n3"}) {
      v1::CopyStatus& copy = *reply.mutable_stats()->add_copies();
      copy.set_node(node);
      copy.set_in_sync(true);
      copy.set_follows(true);
      copy.set_held_lsn(100);
    }
  }

  void SetMarks(uint64_t oldest, uint64_t durable, uint64_t committed, uint64_t end) {
    reply.mutable_watermarks()->mutable_oldest()->set_lsn(oldest);
    reply.mutable_watermarks()->mutable_durable()->set_lsn(durable);
    reply.mutable_watermarks()->mutable_committed()->set_lsn(committed);
    reply.mutable_watermarks()->mutable_end()->set_lsn(end);
  }
  v1::CopyStatus& copy(int i) { return *reply.mutable_stats()->mutable_copies(i); }
  // The leader has dropped the last node of the in-sync set, which it does not hear any more.
  void DropLast() {
    const int last = reply.config().isr_size() - 1;
    reply.mutable_config()->mutable_isr()->RemoveLast();
    copy(last - 1).set_in_sync(false);
    copy(last - 1).set_follows(false);
  }
  void SetLag(int i, uint64_t lsns, uint64_t bytes, uint64_t ms) {
    copy(i).set_held_lsn(100 - lsns);
    copy(i).set_lag_lsns(lsns);
    copy(i).set_lag_bytes(bytes);
    copy(i).set_lag_ms(ms);
  }
  JournalReadiness Readiness() const { return ReadinessOf(reply); }

  v1::JournalReply reply;
};

TEST_F(ReadinessTest, WithEveryCopyInSyncAnyBackupTakesOver) {
  const JournalReadiness r = Readiness();
  EXPECT_TRUE(r.ready);
  EXPECT_EQ(r.verdict,
            "Ready: n2 or n3 would take over journal orders from n1, and nothing acknowledged as "
            "replicated would be lost.");
  EXPECT_EQ(r.journal, "orders");
  EXPECT_EQ(r.leader, "n1");
  EXPECT_EQ(r.last_leader, "");
  EXPECT_EQ(r.epoch, (Epoch{2, 7}));
  EXPECT_THAT(r.next_leaders, ElementsAre("n2", "n3"));
  EXPECT_EQ(r.copies_in_sync, 3u);
  EXPECT_EQ(r.copies_wanted, 3u);
  EXPECT_EQ(r.copies_below_wanted(), 0u);
  EXPECT_EQ(r.copies_target, 2u);
  EXPECT_EQ(r.copies_min, 1u);
  EXPECT_FALSE(r.degraded);
  EXPECT_EQ(r.degraded_policy, DegradedPolicy::kDisk);
}

TEST_F(ReadinessTest, WatermarksSayWhatIsInOneMemoryOnlyAndWhatIsOnNoDisk) {
  const JournalReadiness r = Readiness();
  EXPECT_EQ(r.in_leader_memory_only, 10u);
  EXPECT_EQ(r.not_on_leader_disk, 20u);
  EXPECT_EQ(r.transactions_kept, 100u);
  SetMarks(41, 100, 90, 100);  // the disk may be ahead of what is committed
  EXPECT_EQ(Readiness().not_on_leader_disk, 0u);
  EXPECT_EQ(Readiness().transactions_kept, 60u);
  SetMarks(101, 100, 100, 100);  // all of it was trimmed
  EXPECT_EQ(Readiness().transactions_kept, 0u);
  SetMarks(1, 0, 0, 0);
  EXPECT_EQ(Readiness().transactions_kept, 0u);
  reply.mutable_config()->mutable_settings()->set_memory_only(true);
  EXPECT_EQ(Readiness().not_on_leader_disk, std::nullopt);
  EXPECT_TRUE(Readiness().memory_only);
}

TEST_F(ReadinessTest, TheCopyThatHoldsMoreStandsFirst) {
  SetLag(0, 12, 1040, 3);
  const JournalReadiness r = Readiness();
  EXPECT_THAT(r.next_leaders, ElementsAre("n3", "n2"));
  EXPECT_EQ(r.copies[0].node, "n3");
  EXPECT_EQ(r.copies[0].lag_transactions, 0u);
  EXPECT_TRUE(r.copies[1].lag_known);
  EXPECT_EQ(r.copies[1].lag_transactions, 12u);
  EXPECT_EQ(r.copies[1].lag_bytes, 1040u);
  EXPECT_EQ(r.copies[1].lag_ms, 3u);
}

TEST_F(ReadinessTest, ACopyThatHasNotSaidWhatItHoldsHasNoLagAndStandsLast) {
  copy(0).set_held_lsn(0);
  copy(0).set_lag_lsns(100);
  SetLag(1, 50, 5000, 9);
  const JournalReadiness r = Readiness();
  EXPECT_THAT(r.next_leaders, ElementsAre("n3", "n2"));
  EXPECT_FALSE(r.copies[1].lag_known);
  EXPECT_EQ(r.copies[1].lag_transactions, 0u);
}

TEST_F(ReadinessTest, OneCopyOutOfSyncIsMissingAndDoesNotLead) {
  DropLast();
  const JournalReadiness r = Readiness();
  EXPECT_TRUE(r.ready);
  EXPECT_THAT(r.verdict, AllOf(StartsWith("Ready, with fewer copies than wanted: 2 of 3 copies in "
                                          "sync, n3 is missing; n2 would take over"),
                               Not(HasSubstr("instead of"))));
  EXPECT_EQ(r.copies_below_wanted(), 1u);
  EXPECT_FALSE(r.degraded) << "two are the target";
  EXPECT_THAT(r.next_leaders, ElementsAre("n2"));
  EXPECT_FALSE(r.copies[1].in_sync);
  EXPECT_FALSE(r.copies[1].follows);
}

TEST_F(ReadinessTest, BelowTheTargetReplicatedMeansFewerCopies) {
  reply.mutable_config()->set_target_copies(3);
  DropLast();
  EXPECT_TRUE(Readiness().degraded);
  EXPECT_THAT(Readiness().verdict,
              HasSubstr("`replicated` is 2 copies instead of 3, and waits for the leader's disk"));
  reply.mutable_config()->set_degraded_policy(v1::DEGRADED_POLICY_MEMORY);
  EXPECT_EQ(Readiness().degraded_policy, DegradedPolicy::kMemory);
  EXPECT_THAT(Readiness().verdict, AllOf(HasSubstr("instead of 3; n2"), StartsWith("Ready")));
  reply.mutable_config()->set_degraded_policy(v1::DEGRADED_POLICY_BLOCK);
  EXPECT_FALSE(Readiness().ready);
  EXPECT_THAT(Readiness().verdict,
              HasSubstr("appends to journal orders wait already: 2 in sync, and the degraded "
                        "policy is to wait below 3"));
}

TEST_F(ReadinessTest, WhereAFailureWouldLeaveTooFewItIsNotReady) {
  reply.mutable_config()->set_min_isr(2);
  EXPECT_TRUE(Readiness().ready) << "two are left";
  DropLast();
  EXPECT_FALSE(Readiness().ready);
  EXPECT_THAT(Readiness().verdict,
              HasSubstr("n2 would take over journal orders, and appends would wait then: 1 in "
                        "sync, and min_isr is 2"));
  DropLast();
  EXPECT_THAT(Readiness().verdict, HasSubstr("wait already: 1 in sync, and min_isr is 2"));
}

TEST_F(ReadinessTest, UnderThePolicyBlockTheTargetMustBeLeft) {
  reply.mutable_config()->set_degraded_policy(v1::DEGRADED_POLICY_BLOCK);
  EXPECT_TRUE(Readiness().ready);
  DropLast();
  EXPECT_FALSE(Readiness().ready);
  EXPECT_THAT(Readiness().verdict, HasSubstr("would wait then: 1 in sync, and the degraded"));
}

TEST_F(ReadinessTest, WithTheLeaderAloneInSyncNobodyTakesOver) {
  DropLast();
  DropLast();
  const JournalReadiness r = Readiness();
  EXPECT_FALSE(r.ready);
  EXPECT_THAT(r.verdict,
              HasSubstr("nobody would take over journal orders: it has 1 of 3 copies in sync, that "
                        "of its leader n1, without which it stands still; n2 and n3 are missing"));
  EXPECT_THAT(r.next_leaders, IsEmpty());
  EXPECT_EQ(r.copies_below_wanted(), 2u);
  EXPECT_TRUE(r.degraded);
}

TEST_F(ReadinessTest, WhoIsInSyncAndNotHeardIsNotCountedOn) {
  copy(1).set_follows(false);
  EXPECT_TRUE(Readiness().ready);
  EXPECT_THAT(Readiness().verdict, StartsWith("Ready, but n3 is in sync and not heard"));
  EXPECT_THAT(Readiness().next_leaders, ElementsAre("n2"));
  reply.mutable_stats()->mutable_copies()->DeleteSubrange(0, 1);  // n2 has not followed yet
  EXPECT_FALSE(Readiness().ready);
  EXPECT_THAT(Readiness().verdict, HasSubstr("not known whether anybody would take over journal "
                                             "orders: n2 and n3 are in sync, but n1 hears"));
}

TEST_F(ReadinessTest, ABackupThatIsFarBehindIsTold) {
  reply.mutable_stats()->add_laggards("n3");
  copy(0).set_catches_up(true);
  const JournalReadiness r = Readiness();
  EXPECT_TRUE(r.ready);
  EXPECT_THAT(r.verdict, StartsWith("Ready, but n3 is far behind; n2 or n3 would"));
  EXPECT_FALSE(r.copies[0].far_behind);
  EXPECT_TRUE(r.copies[0].catches_up);
  EXPECT_TRUE(r.copies[1].far_behind);
  EXPECT_FALSE(r.copies[1].catches_up);
}

TEST_F(ReadinessTest, OfTheOnlyCopyItIsSaidWhatGoesWithIt) {
  v1::JournalConfig& config = *reply.mutable_config();
  config.mutable_members()->DeleteSubrange(1, 2);
  config.mutable_isr()->DeleteSubrange(1, 2);
  config.set_target_copies(1);
  reply.mutable_stats()->clear_copies();
  EXPECT_FALSE(Readiness().ready);
  EXPECT_FALSE(Readiness().degraded);
  EXPECT_THAT(Readiness().verdict,
              AllOf(StartsWith("Not ready: nobody would take over journal orders: n1 has the only "
                               "copy"),
                    HasSubstr("what is not on its disk is lost")));
  config.mutable_settings()->set_memory_only(true);
  EXPECT_THAT(Readiness().verdict, HasSubstr("everything is lost"));
}

TEST_F(ReadinessTest, WhoOnlyWasTheLeaderIsNone) {
  for (v1::JournalRole role : {v1::JOURNAL_ROLE_BACKUP, v1::JOURNAL_ROLE_NONE}) {
    reply.mutable_stats()->set_role(role);
    const JournalReadiness r = Readiness();
    EXPECT_FALSE(r.ready);
    EXPECT_THAT(r.verdict, StartsWith("Not ready: journal orders has no leader that answers (n1 "
                                      "led it last)"));
    EXPECT_EQ(r.leader, "");
    EXPECT_EQ(r.last_leader, "n1");
    EXPECT_THAT(r.next_leaders, IsEmpty());
    EXPECT_EQ(r.in_leader_memory_only, 0u);
    EXPECT_EQ(r.transactions_kept, 0u);
    EXPECT_EQ(r.not_on_leader_disk, std::nullopt);
    EXPECT_FALSE(r.memory_only);
    EXPECT_EQ(r.copies.size(), 3u);
  }
  reply.mutable_config()->clear_leader();
  EXPECT_THAT(Readiness().verdict, HasSubstr("no leader that answers, so nothing"));
}

}  // namespace
}  // namespace ringjournal::client
