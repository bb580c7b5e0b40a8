#include "server/config_store/cluster_edits.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/config_store/edit_assertions.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using testing_document::AddJournal;
using testing_document::ClaimOf;
using testing_document::ClusterOf;
using testing_document::ExpectLegal;
using testing_document::ExpectRefused;
using testing_document::Message;
using testing_document::Start;
using testing_document::Text;
using testing_document::ThreeInSync;

constexpr auto kNotNow = absl::StatusCode::kFailedPrecondition;

Claim First(const std::string& node) { return ClaimOf(1, node, Incarnation(1)); }
ReplicaName FirstLife(std::string_view node) { return {node, Incarnation(1)}; }

// isr, `complete` and recovery_set, which agree after every change with a leader.
void ExpectInSync(const v1::JournalConfig& journal, const std::string& isr,
                  const std::string& nodes) {
  EXPECT_EQ(Text(journal.isr()), isr);
  EXPECT_EQ(Text(journal.complete()), isr);
  EXPECT_EQ(Text(journal.recovery_set()), nodes);
}

// Adds journals 2.. led by `leader`, each in sync on the nodes named.
void AddLedJournal(v1::ConfigDocument* document, uint8_t fill, const std::string& leader,
                   const std::vector<std::string>& backups) {
  AddJournal(document, fill);
  const Claim claim = ClaimOf(fill, leader, Incarnation(1));
  RJ_CHECK(LeadNew(document, claim).ok());
  for (const std::string& node : backups)
    RJ_CHECK(ExpandIsr(document, claim, FirstLife(node)).ok());
}

// ---- election ----

TEST(Elect, TheElectedLeadsTheNextEpochWithTheLivePartOfTheIsr) {
  v1::ConfigDocument document = ThreeInSync();
  document.mutable_journals(0)->mutable_orderly_stop()->set_node("n1");
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(Elect(&document, First("n2"), std::vector{FirstLife("n1")}).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(journal.epoch(), 2u);
  EXPECT_EQ(journal.generation(), 1u);
  EXPECT_EQ(ReplicaText(journal.leader()), "n2/1");
  ExpectInSync(journal, "n2/1 n3/1", "n2 n3");
  EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_ACTIVE);
  EXPECT_EQ(journal.change_id(), "change");
  EXPECT_FALSE(journal.has_orderly_stop()) << "from now on there may be entries above it";
  ExpectLegal(before, document);
}

TEST(Elect, AfterARestartOfTheLeaderTheRestOfTheIsrGoesOn) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n1");
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(Elect(&document, First("n3"), {}).ok());
  EXPECT_EQ(ReplicaText(document.journals(0).leader()), "n3/1");
  ExpectInSync(document.journals(0), "n2/1 n3/1", "n2 n3");
  ExpectLegal(before, document);
}

TEST(Elect, WhoIsNotKnownToBeDeadStaysInTheIsrAlsoTheOldLeader) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(Elect(&document, First("n2"), {}).ok());
  ExpectInSync(document.journals(0), "n1/1 n2/1 n3/1", "n1 n2 n3");
  ExpectLegal(before, document);
}

TEST(Elect, AnotherLifeOfADeadNodeAndTheElectedItselfStay) {
  v1::ConfigDocument document = ThreeInSync();
  const std::vector<ReplicaName> dead = {FirstLife("n1"), {"n3", Incarnation(7)}, FirstLife("n2")};
  ASSERT_TRUE(Elect(&document, First("n2"), dead).ok());
  ExpectInSync(document.journals(0), "n2/1 n3/1", "n2 n3");
}

TEST(Elect, TheIsrMayFallBelowMinIsrAndASealedJournalStaysSealed) {
  v1::ConfigDocument document = ThreeInSync();
  document.mutable_journals(0)->set_min_isr(2);
  document.mutable_journals(0)->set_state(v1::JOURNAL_STATE_SEALED);
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(Elect(&document, First("n2"), std::vector{FirstLife("n1"), FirstLife("n3")}).ok());
  ExpectInSync(document.journals(0), "n2/1", "n2");
  EXPECT_EQ(document.journals(0).state(), v1::JOURNAL_STATE_SEALED);
  ExpectLegal(before, document);
}

TEST(Elect, OnlyAReplicaInSyncInItsCurrentLifeIsElected) {
  const auto refused = [](const v1::ConfigDocument& document, const char* text,
                          const Claim& claim) {
    ExpectRefused(document, kNotNow, text,
                  [&](v1::ConfigDocument* d) { return Elect(d, claim, {}); });
  };
  v1::ConfigDocument document = ThreeInSync();
  refused(document, "already, in epoch 1", First("n1"));
  Start(&document, "n2");
  refused(document, "another incarnation", First("n2"));
  refused(document, "not in the in-sync set", ClaimOf(1, "n2", Incarnation(2)));
  Start(&document, "stranger");
  refused(document, "not a member", First("stranger"));
  ExpectRefused(
      document, absl::StatusCode::kNotFound, "list the journals",
      [](v1::ConfigDocument* d) { return Elect(d, ClaimOf(9, "n1", Incarnation(1)), {}); });
}

// ---- the other journals of a dead node ----

TEST(ElectForDead, TheElectorTakesWhatItHoldsAndNamesALiveReplicaForTheRest) {
  v1::ConfigDocument document = ThreeInSync();
  AddLedJournal(&document, 2, "n1", {"n3", "n2"});  // holds the elector
  AddLedJournal(&document, 3, "n1", {"n3"});        // does not, but a live one
  AddLedJournal(&document, 4, "n1", {});            // nobody
  AddLedJournal(&document, 5, "n3", {"n1", "n2"});  // not led by the dead
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(Elect(&document, First("n2"), std::vector{FirstLife("n1")}).ok());
  ASSERT_TRUE(
      ElectForDead(&document, First("n2"), FirstLife("n1"), std::vector{FirstLife("n3")}).ok());
  ExpectInSync(document.journals(0), "n2/1 n3/1", "n2 n3");
  EXPECT_EQ(document.journals(0).epoch(), 2u) << "the first journal is elected once";
  EXPECT_EQ(ReplicaText(document.journals(1).leader()), "n2/1");
  ExpectInSync(document.journals(1), "n3/1 n2/1", "n3 n2");
  EXPECT_EQ(document.journals(1).epoch(), 2u);
  EXPECT_EQ(document.journals(1).change_id(), "change");
  EXPECT_EQ(ReplicaText(document.journals(2).leader()), "n3/1");
  ExpectInSync(document.journals(2), "n3/1", "n3");
  EXPECT_EQ(ReplicaText(document.journals(3).leader()), "n1/1");
  EXPECT_EQ(document.journals(3).epoch(), 1u);
  EXPECT_EQ(ReplicaText(document.journals(4).leader()), "n3/1");
  ExpectInSync(document.journals(4), "n3/1 n1/1 n2/1", "n3 n1 n2");
  ExpectLegal(before, document);
}

TEST(ElectForDead, WhoIsNotKnownToLiveIsNotNamedButStaysInSync) {
  v1::ConfigDocument document = ClusterOf({"n1", "n2", "n3", "n4"});
  AddLedJournal(&document, 1, "n1", {"n3", "n4"});
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(ElectForDead(&document, First("n2"), FirstLife("n1"), {}).ok());
  EXPECT_EQ(document.journals(0).epoch(), 1u);
  ASSERT_TRUE(
      ElectForDead(&document, First("n2"), FirstLife("n1"), std::vector{FirstLife("n4")}).ok());
  EXPECT_EQ(ReplicaText(document.journals(0).leader()), "n4/1");
  ExpectInSync(document.journals(0), "n3/1 n4/1", "n3 n4");
  ExpectLegal(before, document);
}

TEST(ElectForDead, ANewLifeOfTheNodeIsNotTheDeadAndTheDeadIsNeverNamed) {
  v1::ConfigDocument document = ThreeInSync();
  ASSERT_TRUE(ElectForDead(&document, First("n2"), {"n1", Incarnation(2)}, {}).ok());
  EXPECT_EQ(ReplicaText(document.journals(0).leader()), "n1/1");
  AddLedJournal(&document, 2, "n1", {});
  ASSERT_TRUE(
      ElectForDead(&document, First("n2"), FirstLife("n1"), std::vector{FirstLife("n1")}).ok());
  EXPECT_EQ(ReplicaText(document.journals(1).leader()), "n1/1") << "alone in sync: nobody else may";
}

TEST(ElectForDead, NamesOfTheDocumentItselfMayBeGiven) {
  v1::ConfigDocument document = ThreeInSync();
  AddLedJournal(&document, 2, "n1", {"n2", "n3"});
  ASSERT_TRUE(
      ElectForDead(&document, First("n2"), AsReplica(document.journals(0).leader()), {}).ok());
  for (const v1::JournalConfig& journal : document.journals()) {
    ExpectInSync(journal, "n2/1 n3/1", "n2 n3");
  }
}

TEST(ElectForDead, AReplacedElectorAndTheDeadItselfElectNobody) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n2");
  ExpectRefused(document, kNotNow, "another incarnation", [](v1::ConfigDocument* d) {
    return ElectForDead(d, First("n2"), FirstLife("n1"), {});
  });
  ExpectRefused(
      document, absl::StatusCode::kInvalidArgument, "hand them over",
      [](v1::ConfigDocument* d) { return ElectForDead(d, First("n1"), FirstLife("n1"), {}); });
}

// ---- handover ----

TEST(HandOver, TheTargetLeadsTheNextEpochWithTheSameIsr) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(HandOver(&document, First("n1"), FirstLife("n3")).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(journal.epoch(), 2u);
  EXPECT_EQ(ReplicaText(journal.leader()), "n3/1");
  ExpectInSync(journal, "n1/1 n2/1 n3/1", "n1 n2 n3");
  EXPECT_EQ(journal.change_id(), "change");
  ExpectLegal(before, document);
}

TEST(HandOver, OnlyTheLeaderHandsOverAndOnlyToAnotherReplicaInSync) {
  v1::ConfigDocument document = ThreeInSync();
  const auto refused = [&](absl::StatusCode code, const char* text, const Claim& leader,
                           const ReplicaName& target) {
    ExpectRefused(document, code, text,
                  [&](v1::ConfigDocument* d) { return HandOver(d, leader, target); });
  };
  refused(kNotNow, "does not lead", First("n2"), FirstLife("n3"));
  refused(absl::StatusCode::kInvalidArgument, "another target", First("n1"), FirstLife("n1"));
  Start(&document, "n3");
  refused(kNotNow, "not in the in-sync set", First("n1"), FirstLife("n3"));
  refused(kNotNow, "not in the in-sync set", First("n1"), {"n3", Incarnation(2)});
}

TEST(HandOver, ALeaderThatStopsLeavesTheIsrInTheSameChangeIfMinIsrAllowsIt) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(HandOver(&document, First("n1"), FirstLife("n3"), false).ok());
  ExpectInSync(document.journals(0), "n2/1 n3/1", "n2 n3");
  ExpectLegal(before, document);
  document = before;
  document.mutable_journals(0)->set_min_isr(3);
  ASSERT_TRUE(HandOver(&document, First("n1"), FirstLife("n3"), false).ok());
  ExpectInSync(document.journals(0), "n1/1 n2/1 n3/1", "n1 n2 n3");
}

// ---- drop and re-add ----

TEST(ShrinkIsr, TheDroppedBackupLeavesIsrCompleteAndRecoverySet) {
  v1::ConfigDocument document = ThreeInSync();
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(ShrinkIsr(&document, First("n1"), FirstLife("n2")).ok());
  ExpectInSync(document.journals(0), "n1/1 n3/1", "n1 n3");
  EXPECT_EQ(document.journals(0).epoch(), 1u);
  EXPECT_EQ(document.journals(0).change_id(), "change");
  ExpectLegal(before, document);
}

TEST(ShrinkIsr, NeverBelowMinIsrNeverTheLeaderAndOnlyByIt) {
  v1::ConfigDocument document = ThreeInSync();
  document.mutable_journals(0)->set_min_isr(2);
  const auto refused = [&](const char* text, const Claim& leader, const ReplicaName& backup) {
    ExpectRefused(document, kNotNow, text,
                  [&](v1::ConfigDocument* d) { return ShrinkIsr(d, leader, backup); });
  };
  refused("does not lead", First("n2"), FirstLife("n3"));
  refused("hand the journal over", First("n1"), FirstLife("n1"));
  refused("nothing is left to do", First("n1"), {"n2", Incarnation(2)});
  ASSERT_TRUE(ShrinkIsr(&document, First("n1"), FirstLife("n3")).ok());
  refused("below min_isr = 2", First("n1"), FirstLife("n2"));
}

TEST(ExpandIsr, ARestartedBackupComesBackInItsNewLifeOnly) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n2");
  const v1::ConfigDocument before = document;
  ExpectRefused(document, kNotNow, "another incarnation",
                [](v1::ConfigDocument* d) { return ExpandIsr(d, First("n1"), FirstLife("n2")); });
  ASSERT_TRUE(ExpandIsr(&document, First("n1"), {"n2", Incarnation(2)}).ok());
  ExpectInSync(document.journals(0), "n1/1 n3/1 n2/2", "n1 n3 n2");
  EXPECT_EQ(document.journals(0).epoch(), 1u);
  ExpectLegal(before, document);
}

TEST(ExpandIsr, RefusesStrangersThoseInSyncAndOtherLeaders) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "stranger");
  const auto refused = [&](const char* text, const Claim& leader, const ReplicaName& backup) {
    ExpectRefused(document, kNotNow, text,
                  [&](v1::ConfigDocument* d) { return ExpandIsr(d, leader, backup); });
  };
  refused("not a member", First("n1"), FirstLife("stranger"));
  refused("already", First("n1"), FirstLife("n2"));
  refused("does not lead", First("n2"), FirstLife("n3"));
}

// ---- recovery ----

v1::ConfigDocument AllRestarted() {
  v1::ConfigDocument document = ThreeInSync();
  for (const char* node : {"n1", "n2", "n3"}) Start(&document, node);
  return document;
}

TEST(BeginRecovery, SaysSoAndLeavesWhatARecoveryNeeds) {
  v1::ConfigDocument document = AllRestarted();
  const v1::ConfigDocument before = document;
  const Claim claim = ClaimOf(1, "n2", Incarnation(2));
  ASSERT_TRUE(BeginRecovery(&document, claim).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_RECOVERING);
  EXPECT_EQ(Text(journal.complete()), "n1/1 n2/1 n3/1");
  EXPECT_EQ(Text(journal.recovery_set()), "n1 n2 n3");
  EXPECT_EQ(journal.epoch(), 1u);
  EXPECT_EQ(journal.change_id(), "change");
  ExpectLegal(before, document);
  ExpectRefused(document, kNotNow, "recovered already",
                [&](v1::ConfigDocument* d) { return BeginRecovery(d, claim); });
  // A ring that turns up ends it without a loss.
  const v1::ConfigDocument recovering = document;
  ASSERT_TRUE(LeadAfterMemoryRecovery(&document, ClaimOf(1, "n3", Incarnation(2)),
                                      {.content = Incarnation(1)})
                  .ok());
  EXPECT_EQ(document.journals(0).state(), v1::JOURNAL_STATE_ACTIVE);
  ExpectLegal(recovering, document);
}

TEST(GoOnWithoutRestarted, TheLeaderCountsWhoHasRestartedNoMoreAndTheRecoverySetStays) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n2");
  ExpectRefused(document, kNotNow, "does not lead",
                [](v1::ConfigDocument* d) { return GoOnWithoutRestarted(d, First("n3")); });
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(GoOnWithoutRestarted(&document, First("n1")).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(Text(journal.isr()), "n1/1 n3/1");
  EXPECT_EQ(Text(journal.complete()), "n1/1 n3/1");
  EXPECT_EQ(Text(journal.recovery_set()), "n1 n2 n3");
  EXPECT_EQ(journal.epoch(), before.journals(0).epoch());
  ExpectLegal(before, document);
}

TEST(Depose, OnlyWhoseMemoryHoldsEveryCommittedEntryMay) {
  v1::ConfigDocument document = ThreeInSync();
  const Claim claim = ClaimOf(1, "n3", Start(&document, "n3"));
  const ReplicaName n1 = FirstLife("n1");
  const RingIncarnations mine = {.content = Incarnation(1), .claim = Incarnation(0)};
  const RingIncarnations claimed = {.content = Incarnation(2), .claim = Incarnation(1)};
  ExpectRefused(document, kNotNow, "may lack committed entries", [&](v1::ConfigDocument* d) {
    return Depose(d, claim, n1, {.content = Incarnation(2), .claim = Incarnation(0)});
  });
  ExpectRefused(document, kNotNow, "re-read who leads",
                [&](v1::ConfigDocument* d) { return Depose(d, claim, FirstLife("n2"), mine); });
  for (const RingIncarnations& held : {mine, claimed}) {
    v1::ConfigDocument next = document;
    ASSERT_TRUE(Depose(&next, claim, n1, held).ok());
    const v1::JournalConfig& journal = next.journals(0);
    EXPECT_FALSE(journal.has_leader());
    EXPECT_EQ(Text(journal.isr()), "n1/1 n2/1") << "who is in sync elects itself";
    EXPECT_EQ(Text(journal.complete()), "n1/1 n2/1 n3/1");
    EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_LEADERLESS);
    ExpectLegal(document, next);
  }
  ASSERT_TRUE(GoOnWithoutRestarted(&document, First("n1")).ok());
  ExpectRefused(document, kNotNow, "may lack committed entries",
                [&](v1::ConfigDocument* d) { return Depose(d, claim, n1, mine); });
}

TEST(BeginRecovery, IsRefusedWhileAReplicaIsInSyncThatNobodyDeclaredLost) {
  v1::ConfigDocument document = ThreeInSync();
  const Claim claim = ClaimOf(1, "n3", Start(&document, "n3"));
  const auto refused = [&](const char* text, const std::vector<ReplicaName>& lost) {
    ExpectRefused(document, kNotNow, text,
                  [&](v1::ConfigDocument* d) { return BeginRecovery(d, claim, lost); });
  };
  refused("n1/1 is in sync", {});
  refused("n2/1 is in sync", {FirstLife("n1")});
  refused("n2/1 is in sync", {FirstLife("n1"), {"n2", Incarnation(2)}});
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(BeginRecovery(&document, claim, std::vector{FirstLife("n1"), FirstLife("n2")}).ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_FALSE(journal.has_leader());
  EXPECT_EQ(Text(journal.isr()), "");
  EXPECT_EQ(Text(journal.complete()), "n1/1 n2/1 n3/1") << "their rings still win";
  EXPECT_EQ(Text(journal.recovery_set()), "n1 n2 n3");
  EXPECT_EQ(journal.state(), v1::JOURNAL_STATE_RECOVERING);
  ExpectLegal(before, document);
}

TEST(BeginRecovery, WhoIsInSyncItselfIsElectedInstead) {
  const std::vector<ReplicaName> all = {FirstLife("n1"), FirstLife("n2"), FirstLife("n3")};
  ExpectRefused(ThreeInSync(), kNotNow, "n2/1 is in sync",
                [&](v1::ConfigDocument* d) { return BeginRecovery(d, First("n2"), all); });
}

TEST(BeginRecovery, ANewJournalHasNothingToRecoverAndASealedOneStaysSealed) {
  v1::ConfigDocument document = AllRestarted();
  AddJournal(&document, 2);
  ExpectRefused(document, kNotNow, "lead it as a new one", [](v1::ConfigDocument* d) {
    return BeginRecovery(d, ClaimOf(2, "n1", Incarnation(2)));
  });
  document.mutable_journals(0)->set_state(v1::JOURNAL_STATE_SEALED);
  ASSERT_TRUE(BeginRecovery(&document, ClaimOf(1, "n1", Incarnation(2))).ok());
  EXPECT_EQ(document.journals(0).state(), v1::JOURNAL_STATE_SEALED);
}

TEST(LeadAfterMemoryRecovery, MayPassByAReplicaInSyncThatDoesNotComeBack) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n1");  // n2 and n3 are in sync, and silent
  const v1::ConfigDocument before = document;
  const Claim claim = ClaimOf(1, "n1", Incarnation(2));
  ASSERT_TRUE(LeadAfterMemoryRecovery(&document, claim, {.content = Incarnation(1)}).ok());
  ExpectInSync(document.journals(0), "n1/2", "n1");
  ExpectLegal(before, document);
}

}  // namespace
}  // namespace ringjournal
