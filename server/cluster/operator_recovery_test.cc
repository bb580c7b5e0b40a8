#include "server/cluster/operator_recovery.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;
using testing_document::Add;

// A journal of a, b, c that was led by a, alone in its isr, in epoch 3. The request says that a is
// gone; b is asked.
class OperatorsRecovery : public testing::Test {
 protected:
  OperatorsRecovery() {
    config_.set_epoch(3);
    config_.set_generation(1);
    for (const char* node : {"a", "b", "c"}) config_.add_members(node);
    config_.add_recovery_set("a");
    Add(config_.mutable_complete(), "a", 1);
    Add(config_.mutable_isr(), "a", 1);
    *config_.mutable_leader() = config_.isr(0);
    in_.config = &config_;
    in_.self = "b";
    in_.logs = {{"b", Log(3, 10)}, {"c", Log(3, 8)}};
    request_.lost = {"a"};
  }
  static v1::LogAnswer Log(uint32_t epoch, uint64_t end) {
    v1::LogAnswer log;
    log.set_source(v1::LOG_SOURCE_LIVE);
    log.set_content_incarnation(1);
    log.set_last_generation(1);
    log.set_last_epoch(epoch);
    log.set_end_index(end);
    log.set_disk_is_whole(true);
    return log;
  }
  std::string Refusal() { return JudgeRecovery(in_, request_, answering_).refusal; }
  std::string Leader() { return JudgeRecovery(in_, request_, answering_).leader; }

  v1::JournalConfig config_;
  RecoveryInput in_;
  RecoverRequest request_;
  std::set<std::string> answering_;
};

TEST_F(OperatorsRecovery, TheGreatestLogOfThoseLeftLeads) {
  EXPECT_EQ(Refusal(), "");
  EXPECT_EQ(Leader(), "b");
  in_.logs["c"] = Log(3, 11);
  EXPECT_EQ(Leader(), "c");
  in_.logs["b"] = Log(4, 1);
  EXPECT_EQ(Leader(), "b") << "a later epoch is greater than a longer log";
}

TEST_F(OperatorsRecovery, IsRefusedWhileANamedNodeAnswers) {
  answering_ = {"a"};
  EXPECT_THAT(Refusal(), HasSubstr("a answers and cannot be declared lost"));
  EXPECT_EQ(Leader(), "");
}

TEST_F(OperatorsRecovery, WhoIsInSyncAndNotNamedIsListed) {
  Add(config_.mutable_isr(), "c", 1);
  EXPECT_THAT(Refusal(), HasSubstr("c may hold every committed entry and is not"));
  request_.lost = {"c"};
  EXPECT_THAT(Refusal(), HasSubstr("a may hold every committed entry (the leader among them)"));
  request_.lost = {"a", "c"};
  EXPECT_EQ(Refusal(), "");
}

TEST_F(OperatorsRecovery, WhoIsAskedAndInSyncLeadsByItself) {
  Add(config_.mutable_isr(), "b", 1);
  EXPECT_THAT(Refusal(), HasSubstr("node b is in sync"));
}

TEST_F(OperatorsRecovery, AMemoryThatHoldsEverythingLeadsByItself) {
  config_.clear_leader();
  config_.clear_isr();
  Add(config_.mutable_complete(), "c", 1);
  EXPECT_THAT(Refusal(), HasSubstr("the memory of c holds every committed entry"));
  in_.logs["c"].set_content_incarnation(2);
  EXPECT_EQ(Refusal(), "");
}

TEST_F(OperatorsRecovery, ADiskOfTheRecoverySetIsReadOrNamed) {
  config_.add_recovery_set("c");
  in_.logs.erase("c");
  EXPECT_THAT(Refusal(), HasSubstr("the log of c may hold what was acknowledged"));
  request_.lost.insert("c");
  EXPECT_EQ(Refusal(), "");
  EXPECT_EQ(Leader(), "b");
}

// What was acknowledged at disk_quorum may be on a and c.
TEST_F(OperatorsRecovery, AQuorumOfDisksIsReadOrNamed) {
  in_.logs.erase("c");
  EXPECT_THAT(Refusal(), HasSubstr("whole logs of 2 members must be looked at, 1 has answered"));
  EXPECT_THAT(Refusal(), HasSubstr("start c"));
  request_.lost.insert("c");
  EXPECT_EQ(Refusal(), "");
}

TEST_F(OperatorsRecovery, AnEmptiedDiskThatAnsweredIsNobodyToWaitFor) {
  in_.logs["c"].set_disk_is_whole(false);
  EXPECT_EQ(Refusal(), "");
}

TEST_F(OperatorsRecovery, ARequestThatMakesNoSenseIsRefused) {
  request_.lost = {"a", "d"};
  EXPECT_THAT(Refusal(), HasSubstr("the journal has nothing on d"));
  request_.lost = {"a", "b"};
  EXPECT_THAT(Refusal(), HasSubstr("node b is declared lost and answers this very request"));
  request_.lost = {};
  EXPECT_THAT(Refusal(), HasSubstr("no node is declared lost"));
  request_.lost = {"a"};
  config_.set_epoch(0);
  EXPECT_THAT(Refusal(), HasSubstr("was never led"));
}

TEST_F(OperatorsRecovery, TheReportMustNotStartBelowTheBound) {
  v1::LossReport report;
  report.set_first_lsn(70);
  request_.accept_from_lsn = 70;
  EXPECT_EQ(WhyLosesTooMuch(request_, report), "");
  request_.accept_from_lsn = 71;
  EXPECT_THAT(WhyLosesTooMuch(request_, report), HasSubstr("accept a loss from LSN 70 on"));
}

}  // namespace
}  // namespace ringjournal
