#include "server/config_store/document_edits.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "server/config_store/cluster_edits.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/edit_assertions.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing_document::AddJournal;
using testing_document::ClaimOf;
using testing_document::ClusterOf;
using testing_document::ExpectLegal;
using testing_document::ExpectRefused;
using testing_document::kClusterId;
using testing_document::Message;
using testing_document::Start;
using testing_document::Text;
using testing_document::ThreeInSync;

v1::LossReport Report(uint64_t first_index, uint64_t first_lsn, uint64_t known) {
  v1::LossReport report;
  report.set_first_index(first_index);
  report.set_first_lsn(first_lsn);
  report.set_known_committed_lsn(known);
  report.set_received(v1::LOSS_VERDICT_POSSIBLE);
  report.set_replicated(v1::LOSS_VERDICT_POSSIBLE);
  report.set_disk(v1::LOSS_VERDICT_NONE);
  report.set_disk_quorum(v1::LOSS_VERDICT_NONE);
  report.set_reason("machine lost");
  return report;
}

// Journal 1 of a single node, led, then the node restarts as incarnation 2.
v1::ConfigDocument RestartedAlone() {
  v1::ConfigDocument document = ClusterOf({"n1"});
  AddJournal(&document, 1);
  RJ_CHECK(LeadNew(&document, ClaimOf(1, "n1", Incarnation(1))).ok());
  RJ_CHECK(Start(&document, "n1") == Incarnation(2));
  return document;
}

// ---- process start ----

TEST(RegisterNode, GivesEveryProcessStartTheNextIncarnation) {
  v1::ConfigDocument document = NewDocument(kClusterId);
  EXPECT_EQ(Start(&document, "n1"), Incarnation(1));
  EXPECT_EQ(Start(&document, "n2"), Incarnation(1));
  EXPECT_EQ(Start(&document, "n1"), Incarnation(2));
  EXPECT_EQ(FindNode(document, "n1")->address(), "n1.example:7000");
  EXPECT_EQ(document.nodes_size(), 2);
}

TEST(RegisterNode, TheSameNonceIsTheSameProcessAndChangesNothing) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  const v1::NodeRegistration& n1 = *FindNode(document, "n1");
  EXPECT_EQ(*RegisterNode(&document, {"n1", n1.address(), n1.nonce()}), Incarnation(1));
  EXPECT_TRUE(MessageDifferencer::Equals(before, document));
}

TEST(RegisterNode, ARestartedBackupLeavesTheIsrAndNotComplete) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  Start(&document, "n2");
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(Text(journal.isr()), "n1/1 n3/1");
  EXPECT_EQ(Text(journal.complete()), "n1/1 n2/1 n3/1");  // until the leader goes on without it
  EXPECT_EQ(Text(journal.recovery_set()), "n1 n2 n3");    // a restart does not shrink it
  EXPECT_EQ(ReplicaText(journal.leader()), "n1/1");
  EXPECT_EQ(journal.epoch(), 1u);
  EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_ACTIVE);
  ExpectLegal(before, document);
}

TEST(RegisterNode, ARestartedLeaderLeadsNoMoreAndCompleteIsLeftAlone) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  Start(&document, "n1");
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_FALSE(journal.has_leader());
  EXPECT_EQ(Text(journal.isr()), "n2/1 n3/1");
  EXPECT_EQ(Text(journal.complete()), "n1/1 n2/1 n3/1");
  EXPECT_EQ(Text(journal.recovery_set()), "n1 n2 n3");
  EXPECT_EQ(journal.epoch(), 1u);
  EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_LEADERLESS);
  ExpectLegal(before, document);
}

TEST(RegisterNode, WhenEveryNodeRestartsCompleteStillNamesTheOldIncarnations) {
  v1::ConfigDocument document = ThreeInSync();
  for (const char* node : {"n1", "n2", "n3"}) Start(&document, node);
  EXPECT_EQ(Text(document.journals(0).isr()), "");
  EXPECT_EQ(Text(document.journals(0).complete()), "n1/1 n2/1 n3/1");
  EXPECT_EQ(Message(ValidateDocument(document)), "");
}

TEST(RegisterNode, EveryJournalIsChangedAndASealedOneStaysSealed) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  for (uint8_t fill : {1, 2}) {
    AddJournal(&document, fill);
    ASSERT_TRUE(LeadNew(&document, ClaimOf(fill, "n1", Incarnation(1))).ok());
  }
  document.mutable_journals(1)->set_state(v1::JOURNAL_STATE_SEALED);
  Start(&document, "n1");
  EXPECT_EQ(document.journals(0).state(), v1::JOURNAL_STATE_LEADERLESS);
  EXPECT_EQ(document.journals(1).state(), v1::JOURNAL_STATE_SEALED);
  EXPECT_TRUE(document.journals(0).isr().empty() && document.journals(1).isr().empty());
}

TEST(RegisterNode, RefusesBadNamesMissingNoncesAndTooManyNodes) {
  v1::ConfigDocument document = NewDocument(kClusterId);
  const auto with = [](const Registration& registration) {
    return [registration](v1::ConfigDocument* d) { return RegisterNode(d, registration).status(); };
  };
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  ExpectRefused(document, kInvalid, "name of a node is not allowed", with({"", "a:1", "x"}));
  ExpectRefused(document, kInvalid, "name of a node is not allowed", with({"a b", "a:1", "x"}));
  ExpectRefused(document, kInvalid, "needs a nonce", with({"n1", "a:1", ""}));
  ExpectRefused(document, kInvalid, "needs a nonce", with({"n1", "a:1", std::string(65, 'x')}));
  ExpectRefused(document, kInvalid, "shorter host name", with({"n1", std::string(301, 'a'), "x"}));
  for (uint32_t i = 0; i < limits::kNodesMax; ++i) {
    Start(&document, std::string("n").append(std::to_string(i)));
  }
  ExpectRefused(document, absl::StatusCode::kResourceExhausted, "which is the limit",
                with({"another", "a:1", "x"}));
  EXPECT_EQ(Start(&document, "n0"), Incarnation(2));  // the ones that are there may restart
}

TEST(RegisterNode, WithAnEmptyDiskItIsALearnerOfWhatHasBeenLed) {
  v1::ConfigDocument document = ClusterOf({"n1", "n2"});
  AddJournal(&document, 1);
  AddJournal(&document, 2);
  v1::JournalConfig* led = document.mutable_journals(0);
  led->set_epoch(3);
  const auto start = [&](const char* nonce, bool empty) {
    return RegisterNode(&document,
                        {.node = "n2", .address = "h:1", .nonce = nonce, .empty_disk = empty})
        .status();
  };
  ASSERT_TRUE(start("its disk is there", false).ok());
  EXPECT_EQ(led->learners_size(), 0);
  ASSERT_TRUE(start("its disk is new", true).ok());
  ASSERT_TRUE(start("and once more", true).ok());
  ASSERT_EQ(led->learners_size(), 1);
  EXPECT_EQ(led->learners(0), "n2");
  EXPECT_EQ(document.journals(1).learners_size(), 0) << "nobody can have acknowledged anything";
}

// ---- leaders ----

TEST(RegisterNode, RaisesTheFeatureLevelOnceEveryNodeKnowsAHigherOne) {
  v1::ConfigDocument document = NewDocument("0123456789abcdef");
  const auto start = [&](const char* node, const char* nonce, uint32_t level) {
    return RegisterNode(&document,
                        {.node = node, .address = "h:1", .nonce = nonce, .feature_level = level})
        .status();
  };
  ASSERT_TRUE(start("n1", "1", 1).ok());
  ASSERT_TRUE(start("n2", "1", 1).ok());
  ASSERT_TRUE(start("n1", "2", 3).ok());
  EXPECT_EQ(document.feature_level(), 1u) << "n2 does not know more";
  ASSERT_TRUE(start("n2", "2", 2).ok());
  EXPECT_EQ(document.feature_level(), 2u);
}

TEST(RegisterNode, ANodeThatIsTooOldForTheFeatureLevelDoesNotJoin) {
  v1::ConfigDocument document = NewDocument("0123456789abcdef");
  ASSERT_TRUE(
      RegisterNode(&document, {.node = "n1", .address = "h:1", .nonce = "1", .feature_level = 2})
          .ok());
  const std::string before = document.SerializeAsString();
  absl::Status old =
      RegisterNode(&document, {.node = "n2", .address = "h:1", .nonce = "1", .feature_level = 1})
          .status();
  EXPECT_TRUE(absl::IsFailedPrecondition(old)) << old;
  EXPECT_NE(old.message().find("writes by feature level 2"), absl::string_view::npos) << old;
  EXPECT_EQ(document.SerializeAsString(), before) << "nothing was changed";
}

TEST(LeadNew, TheFirstLeaderStartsEpochOneAloneInSync) {
  v1::ConfigDocument document = ClusterOf({"n1", "n2"});
  AddJournal(&document, 1);
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(LeadNew(&document, ClaimOf(1, "n2", Incarnation(1))).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(journal.epoch(), 1u);
  EXPECT_EQ(journal.generation(), 1u);
  EXPECT_EQ(ReplicaText(journal.leader()), "n2/1");
  EXPECT_EQ(Text(journal.isr()), "n2/1");
  EXPECT_EQ(Text(journal.complete()), "n2/1");
  EXPECT_EQ(Text(journal.recovery_set()), "n2");
  EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_ACTIVE);
  EXPECT_EQ(journal.change_id(), "change");
  ExpectLegal(before, document);
}

TEST(LeadNew, AJournalThatWasEverLedMayHoldEntriesSoItIsRefused) {
  ExpectRefused(RestartedAlone(), absl::StatusCode::kFailedPrecondition, "recover it instead",
                [](v1::ConfigDocument* d) { return LeadNew(d, ClaimOf(1, "n1", Incarnation(2))); });
}

TEST(EveryClaim, OnlyACurrentIncarnationOfAMemberLeadsAndOnlyWhereNobodyDoes) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  AddJournal(&document, 1);
  Start(&document, "n1");
  Start(&document, "stranger");
  const auto kNotNow = absl::StatusCode::kFailedPrecondition;
  const auto claims = [&](const v1::ConfigDocument& d, const char* text, const Claim& claim) {
    ExpectRefused(d, kNotNow, text, [&](v1::ConfigDocument* x) { return LeadNew(x, claim); });
    ExpectRefused(d, kNotNow, text, [&](v1::ConfigDocument* x) {
      return LeadAfterMemoryRecovery(x, claim, {Incarnation(1), Incarnation(1)});
    });
    ExpectRefused(d, kNotNow, text, [&](v1::ConfigDocument* x) {
      return LeadAfterDiskRecovery(x, claim, Report(1, 1, 1));
    });
  };
  claims(document, "another incarnation", ClaimOf(1, "n1", Incarnation(1)));
  claims(document, "another incarnation", ClaimOf(1, "n1", Incarnation(3)));
  claims(document, "another incarnation", ClaimOf(1, "unregistered", Incarnation(1)));
  claims(document, "not a member", ClaimOf(1, "stranger", Incarnation(1)));
  claims(ThreeInSync(), "n1/1 leads it", ClaimOf(1, "n2", Incarnation(1)));
  ExpectRefused(document, absl::StatusCode::kNotFound, "list the journals",
                [](v1::ConfigDocument* d) { return LeadNew(d, ClaimOf(9, "n1", Incarnation(2))); });
}

TEST(LeadAfterMemoryRecovery, RaisesTheEpochKeepsTheGenerationAndStoresNoLoss) {
  v1::ConfigDocument document = RestartedAlone();
  const v1::ConfigDocument before = document;
  const RingIncarnations ring = {.content = Incarnation(1), .claim = Incarnation(0)};
  ASSERT_TRUE(LeadAfterMemoryRecovery(&document, ClaimOf(1, "n1", Incarnation(2)), ring).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(journal.epoch(), 2u);
  EXPECT_EQ(journal.generation(), 1u);
  EXPECT_EQ(journal.losses_size(), 0);
  EXPECT_EQ(ReplicaText(journal.leader()), "n1/2");
  EXPECT_EQ(Text(journal.isr()), "n1/2");
  EXPECT_EQ(Text(journal.complete()), "n1/2");
  EXPECT_EQ(Text(journal.recovery_set()), "n1");
  ExpectLegal(before, document);
}

TEST(LeadAfterMemoryRecovery, ACrashBetweenTheCasAndTheControlPageIsBridgedByTheClaim) {
  v1::ConfigDocument document = RestartedAlone();
  const Claim second = ClaimOf(1, "n1", Incarnation(2));
  ASSERT_TRUE(LeadAfterMemoryRecovery(&document, second, {.content = Incarnation(1)}).ok());
  Start(&document, "n1");  // before it wrote content_inc = 2: the ring says content 1, claim 2
  const Claim third = ClaimOf(1, "n1", Incarnation(3));
  ExpectRefused(document, absl::StatusCode::kFailedPrecondition, "not known to hold",
                [&](v1::ConfigDocument* d) {
                  return LeadAfterMemoryRecovery(d, third, {.content = Incarnation(1)});
                });
  EXPECT_TRUE(LeadAfterMemoryRecovery(&document, third,
                                      {.content = Incarnation(1), .claim = Incarnation(2)})
                  .ok());
}

TEST(LeadAfterMemoryRecovery, NobodyOutsideCompleteWins) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n3");
  ASSERT_TRUE(GoOnWithoutRestarted(&document, ClaimOf(1, "n1", Incarnation(1))).ok());
  Start(&document, "n1");
  Start(&document, "n2");
  const RingIncarnations first = {.content = Incarnation(1), .claim = Incarnation(0)};
  ExpectRefused(document, absl::StatusCode::kFailedPrecondition, "not known to hold",
                [&](v1::ConfigDocument* d) {
                  return LeadAfterMemoryRecovery(d, ClaimOf(1, "n3", Incarnation(2)), first);
                });
  EXPECT_TRUE(LeadAfterMemoryRecovery(&document, ClaimOf(1, "n2", Incarnation(2)), first).ok());
}

TEST(LeadAfterDiskRecovery, IsRefusedWhileAReplicaIsInSync) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n1");
  ExpectRefused(document, absl::StatusCode::kFailedPrecondition, "n2/1 is in sync",
                [&](v1::ConfigDocument* d) {
                  return LeadAfterDiskRecovery(d, ClaimOf(1, "n1", Incarnation(2)),
                                               Report(5, 40, 40));
                });
}

TEST(LeadAfterDiskRecovery, StartsAGenerationWithItsLossReportAndWriterFloor) {
  v1::ConfigDocument document = RestartedAlone();
  const v1::ConfigDocument before = document;
  const Claim claim = ClaimOf(1, "n1", Incarnation(2));
  ASSERT_TRUE(LeadAfterDiskRecovery(&document, claim, Report(5, 40, 40)).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(journal.generation(), 2u);
  EXPECT_EQ(journal.epoch(), 2u);
  EXPECT_EQ(journal.writer_floor_generation(), 2u);
  EXPECT_EQ(journal.writer_floor_epoch(), 0u);
  ASSERT_EQ(journal.losses_size(), 1);
  EXPECT_EQ(journal.losses(0).generation(), 2u);
  EXPECT_EQ(journal.losses(0).first_lsn(), 40u);
  EXPECT_EQ(journal.losses(0).reason(), "machine lost");
  EXPECT_EQ(ReplicaText(journal.leader()), "n1/2");
  EXPECT_EQ(Text(journal.isr()), "n1/2");
  EXPECT_EQ(Text(journal.complete()), "n1/2");
  EXPECT_EQ(Text(journal.recovery_set()), "n1");
  ExpectLegal(before, document);
}

TEST(LeadAfterDiskRecovery, LossReportsPileUpInOrderAndReasonsAreCut) {
  v1::ConfigDocument document = RestartedAlone();
  v1::LossReport report = Report(5, 40, 40);
  report.set_reason(std::string(1000, 'r'));
  ASSERT_TRUE(LeadAfterDiskRecovery(&document, ClaimOf(1, "n1", Incarnation(2)), report).ok());
  Start(&document, "n1");
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(
      LeadAfterDiskRecovery(&document, ClaimOf(1, "n1", Incarnation(3)), Report(3, 20, 20)).ok());
  ASSERT_EQ(document.journals(0).losses_size(), 2);
  EXPECT_EQ(document.journals(0).losses(0).reason().size(), limits::kLossReasonBytesMax);
  EXPECT_EQ(document.journals(0).losses(1).generation(), 3u);
  ExpectLegal(before, document);
}

TEST(LeadAfterDiskRecovery, TheCommitHintBoundsTheReportAndThenFallsBelowTheLoss) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  AddJournal(&document, 1);
  const Claim first = ClaimOf(1, "n1", Incarnation(1));
  ASSERT_TRUE(LeadNew(&document, first).ok());
  ASSERT_TRUE(SetCommitHint(&document, first, {Index(9), Lsn(90)}).ok());
  Start(&document, "n1");
  const Claim second = ClaimOf(1, "n1", Incarnation(2));
  ExpectRefused(
      document, absl::StatusCode::kInvalidArgument, "take the hint into account",
      [&](v1::ConfigDocument* d) { return LeadAfterDiskRecovery(d, second, Report(5, 40, 90)); });
  v1::LossReport report = Report(5, 40, 91);
  report.set_replicated(v1::LOSS_VERDICT_CERTAIN);
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(LeadAfterDiskRecovery(&document, second, report).ok());
  EXPECT_EQ(document.journals(0).commit_hint().index(), 4u);
  EXPECT_EQ(document.journals(0).commit_hint().lsn(), 39u);
  ExpectLegal(before, document);
}

TEST(LeadAfterDiskRecovery, AReportThatSaysTooLittleOrTooMuchIsRefused) {
  const auto refused = [](const char* text, auto change) {
    v1::LossReport report = Report(5, 40, 40);
    change(&report);
    ExpectRefused(RestartedAlone(), absl::StatusCode::kInvalidArgument, text,
                  [&](v1::ConfigDocument* d) {
                    return LeadAfterDiskRecovery(d, ClaimOf(1, "n1", Incarnation(2)), report);
                  });
  };
  refused("has no start", [](v1::LossReport* r) { r->clear_first_index(); });
  refused("has no start", [](v1::LossReport* r) { r->clear_first_lsn(); });
  refused("without a verdict", [](v1::LossReport* r) { r->clear_disk_quorum(); });
  refused("without a verdict", [](v1::LossReport* r) { r->clear_received(); });
  refused("call it possible",
          [](v1::LossReport* r) { r->set_replicated(v1::LOSS_VERDICT_CERTAIN); });
}

TEST(SetCommitHint, OnlyTheLeaderSetsItAndItNeverGoesBack) {
  v1::ConfigDocument document = ThreeInSync();
  const Claim leader = ClaimOf(1, "n1", Incarnation(1));
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(SetCommitHint(&document, leader, {Index(5), Lsn(50)}).ok());
  ExpectLegal(before, document);
  EXPECT_EQ(Text(document.journals(0).complete()), "n1/1 n2/1 n3/1");
  ASSERT_TRUE(SetCommitHint(&document, leader, {Index(5), Lsn(50)}).ok());
  ExpectRefused(document, absl::StatusCode::kInvalidArgument, "cannot go back",
                [&](v1::ConfigDocument* d) {
                  return SetCommitHint(d, leader, {Index(4), Lsn(50)});
                });
  for (const Claim& other : {ClaimOf(1, "n2", Incarnation(1)), ClaimOf(1, "n1", Incarnation(2))}) {
    ExpectRefused(document, absl::StatusCode::kFailedPrecondition, "does not lead",
                  [&](v1::ConfigDocument* d) {
                    return SetCommitHint(d, other, {Index(6), Lsn(60)});
                  });
  }
}

}  // namespace
}  // namespace ringjournal
