#include "server/config_store/document_edits.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;
using namespace testing_document;  // NOLINT: the language of these tests

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// The document is valid, and it may follow `before`.
void ExpectLegal(const v1::ConfigDocument& before, v1::ConfigDocument after) {
  after.set_version(before.version() + 1);
  EXPECT_EQ(Message(ValidateDocument(after)), "");
  EXPECT_EQ(Message(ValidateChange(before, after)), "");
}

// `edit` fails with `code` and `text`, and leaves the document as it was.
template <class Edit>
void ExpectRefused(v1::ConfigDocument document, absl::StatusCode code, const std::string& text,
                   Edit edit) {
  const v1::ConfigDocument before = document;
  const absl::Status status = edit(&document);
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(Message(status), HasSubstr(text));
  EXPECT_TRUE(MessageDifferencer::Equals(before, document)) << document.DebugString();
}

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

TEST(RegisterNode, ARestartedBackupLeavesTheIsrAndCompleteFollowsBecauseThereIsALeader) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  Start(&document, "n2");
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(Text(journal.isr()), "n1/1 n3/1");
  EXPECT_EQ(Text(journal.complete()), "n1/1 n3/1");
  EXPECT_EQ(Text(journal.recovery_set()), "n1 n2 n3");  // a restart does not shrink it
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
  const auto with = [](Registration registration) {
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

// ---- journals ----

TEST(CreateJournal, ANewJournalIsInGenerationOneAndWasNeverLed) {
  v1::ConfigDocument document = ClusterOf({"n1", "n2", "n3"});
  const v1::ConfigDocument before = document;
  const v1::JournalConfig& journal = *AddJournal(&document, 1);
  EXPECT_EQ(journal.generation(), 1u);
  EXPECT_EQ(journal.epoch(), 0u);
  EXPECT_FALSE(journal.has_leader());
  EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_LEADERLESS);
  EXPECT_EQ(Text(journal.members()), "n1 n2 n3");
  EXPECT_EQ(journal.min_isr(), 1u);
  EXPECT_EQ(journal.target_copies(), 2u);
  EXPECT_EQ(journal.degraded_policy(), v1::DEGRADED_POLICY_DISK);
  ExpectLegal(before, document);
}

TEST(CreateJournal, AOneMemberJournalIsNotDegradedForWantOfASecondCopy) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  EXPECT_EQ(AddJournal(&document, 1)->target_copies(), 1u);
}

TEST(CreateJournal, RefusesWhatCannotBeAndLeavesTheDocumentAlone) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  AddJournal(&document, 1);
  const JournalSpec good = {.id = Id(2), .name = "orders", .members = {"n1"}};
  const auto with = [](JournalSpec spec) {
    return [spec](v1::ConfigDocument* d) { return CreateJournal(d, spec); };
  };
  const auto refused = [&](absl::StatusCode code, const char* text, auto change) {
    JournalSpec spec = good;
    change(&spec);
    ExpectRefused(document, code, text, with(spec));
  };
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  const auto kExists = absl::StatusCode::kAlreadyExists;
  refused(kExists, "named \"journal1\" exists", [](JournalSpec* s) { s->name = "journal1"; });
  refused(kExists, "applied before", [](JournalSpec* s) { s->id = Id(1); });
  refused(kInvalid, "not allowed", [](JournalSpec* s) { s->name = "../x"; });
  refused(kInvalid, "needs a member", [](JournalSpec* s) { s->members.clear(); });
  refused(kInvalid, "no such node is registered", [](JournalSpec* s) { s->members = {"n9"}; });
  refused(kInvalid, "twice", [](JournalSpec* s) { s->members = {"n1", "n1"}; });
  refused(kInvalid, "more copies", [](JournalSpec* s) { s->min_isr = 2; });
  refused(kInvalid, "more copies", [](JournalSpec* s) { s->target_copies = 2; });
  refused(kInvalid, "power of two", [](JournalSpec* s) { s->settings.set_ring_bytes(1000000); });
  EXPECT_TRUE(CreateJournal(&document, good).ok());
}

TEST(CreateJournal, TheNumberOfJournalsIsLimited) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  JournalSpec spec = {.members = {"n1"}};
  for (uint32_t i = 0; i < limits::kJournalsPerNodeMax; ++i) {
    spec.id.bytes[0] = static_cast<uint8_t>(i);
    spec.id.bytes[1] = static_cast<uint8_t>(i >> 8);
    spec.name = std::string("j").append(std::to_string(i));
    ASSERT_TRUE(CreateJournal(&document, spec).ok()) << i;
  }
  spec.id = Id(0xff);
  spec.name = "one-more";
  EXPECT_EQ(CreateJournal(&document, spec).code(), absl::StatusCode::kResourceExhausted);
}

TEST(RemoveJournal, TakesOutTheOneWithThatIdOnly) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  AddJournal(&document, 1);
  AddJournal(&document, 2);
  ASSERT_TRUE(RemoveJournal(&document, Id(1)).ok());
  ASSERT_EQ(document.journals_size(), 1);
  EXPECT_EQ(document.journals(0).name(), "journal2");
  ExpectRefused(document, absl::StatusCode::kNotFound, "was removed before",
                [](v1::ConfigDocument* d) { return RemoveJournal(d, Id(1)); });
}

TEST(SetJournal, ChangesTheNamedSettingsAndNoOthers) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  v1::JournalConfig* journal = AddJournal(&document, 1);
  journal->mutable_settings()->set_retention_bytes(77);
  journal->mutable_settings()->set_memory_only(true);
  v1::JournalSettings wanted;
  wanted.set_ring_bytes(1 << 20);
  wanted.set_retention_bytes(88);  // not named
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(SetJournal(&document, {Id(1), wanted, {"ring_bytes", "memory_only"}, "c"}).ok());
  EXPECT_EQ(journal->settings().ring_bytes(), 1u << 20);
  EXPECT_EQ(journal->settings().retention_bytes(), 77u);
  EXPECT_FALSE(journal->settings().memory_only());
  EXPECT_EQ(journal->change_id(), "c");
  ExpectLegal(before, document);
}

TEST(SetJournal, RefusesUnknownNamesAndValuesOutOfRange) {
  v1::ConfigDocument document = ClusterOf({"n1"});
  AddJournal(&document, 1);
  v1::JournalSettings wanted;
  wanted.set_segment_bytes(5);
  const auto with = [&](const JournalId& id, std::vector<std::string> fields) {
    return [=](v1::ConfigDocument* d) { return SetJournal(d, {id, wanted, fields, "c"}); };
  };
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  ExpectRefused(document, kInvalid, "choose one of ring_bytes, segment_bytes",
                with(Id(1), {"segment_bites"}));
  ExpectRefused(document, kInvalid, "choose from 1048576 to", with(Id(1), {"segment_bytes"}));
  ExpectRefused(document, kInvalid, "no setting is named", with(Id(1), {}));
  ExpectRefused(document, absl::StatusCode::kNotFound, "list the journals",
                with(Id(9), {"ring_bytes"}));
}

// ---- leaders ----

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
  Start(&document, "n3");  // leaves isr and `complete`, since n1 leads on
  Start(&document, "n1");
  Start(&document, "n2");
  const RingIncarnations first = {.content = Incarnation(1), .claim = Incarnation(0)};
  ExpectRefused(document, absl::StatusCode::kFailedPrecondition, "not known to hold",
                [&](v1::ConfigDocument* d) {
                  return LeadAfterMemoryRecovery(d, ClaimOf(1, "n3", Incarnation(2)), first);
                });
  EXPECT_TRUE(LeadAfterMemoryRecovery(&document, ClaimOf(1, "n2", Incarnation(2)), first).ok());
}

TEST(LeadAfterMemoryRecovery, IsRefusedWhileAReplicaIsInSync) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n1");
  ExpectRefused(document, absl::StatusCode::kFailedPrecondition, "n2/1 is in sync",
                [&](v1::ConfigDocument* d) {
                  return LeadAfterMemoryRecovery(d, ClaimOf(1, "n1", Incarnation(2)),
                                                 {.content = Incarnation(1)});
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
