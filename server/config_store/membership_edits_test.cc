#include <string>

#include "gtest/gtest.h"
#include "server/config_store/cluster_edits.h"
#include "server/config_store/edit_assertions.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using testing_document::AddJournal;
using testing_document::ClaimOf;
using testing_document::ClusterOf;
using testing_document::ExpectLegal;
using testing_document::ExpectRefused;
using testing_document::Id;
using testing_document::Start;
using testing_document::Text;
using testing_document::ThreeInSync;

constexpr auto kNotNow = absl::StatusCode::kFailedPrecondition;

// Journal 1 on n1 alone, which leads it; n2 is registered.
v1::ConfigDocument AloneWithASpareNode() {
  v1::ConfigDocument document = ClusterOf({"n1"});
  AddJournal(&document, 1);
  RJ_CHECK(LeadNew(&document, ClaimOf(1, "n1", Incarnation(1))).ok());
  Start(&document, "n2");
  return document;
}

TEST(AddMember, TheNewMemberHoldsNothingYetAndTwoCopiesBecomeTheTarget) {
  v1::ConfigDocument document = AloneWithASpareNode();
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(AddMember(&document, Id(1), "n2", "grow").ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(Text(journal.members()), "n1 n2");
  EXPECT_EQ(Text(journal.isr()), "n1/1");
  EXPECT_EQ(Text(journal.recovery_set()), "n1");
  EXPECT_EQ(journal.target_copies(), 2u);
  EXPECT_EQ(journal.epoch(), 1u);
  EXPECT_EQ(journal.change_id(), "grow");
  EXPECT_EQ(Text(journal.learners()), "n2") << "until it is in sync";
  ExpectLegal(before, document);
  const v1::ConfigDocument grown = document;
  ASSERT_TRUE(ExpandIsr(&document, ClaimOf(1, "n1", Incarnation(1)), {"n2", Incarnation(1)}).ok());
  ExpectLegal(grown, document);
  EXPECT_EQ(document.journals(0).learners_size(), 0);
}

TEST(RemoveMember, ALearnerLeavesTheLearnersToo) {
  v1::ConfigDocument document = AloneWithASpareNode();
  ASSERT_TRUE(AddMember(&document, Id(1), "n2", "grow").ok());
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(RemoveMember(&document, Id(1), "n2", "shrink").ok());
  EXPECT_EQ(document.journals(0).learners_size(), 0);
  ExpectLegal(before, document);
}

TEST(AddMember, ATargetThatCouldHaveBeenHigherIsTheUsersOwn) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n4");
  document.mutable_journals(0)->set_target_copies(1);
  ASSERT_TRUE(AddMember(&document, Id(1), "n4", "grow").ok());
  EXPECT_EQ(document.journals(0).target_copies(), 1u);
}

TEST(AddMember, RefusesNodesThatAreUnknownOrMembers) {
  const v1::ConfigDocument document = AloneWithASpareNode();
  const auto refused = [&](absl::StatusCode code, const char* text, uint8_t id, const char* node) {
    ExpectRefused(document, code, text,
                  [&](v1::ConfigDocument* d) { return AddMember(d, Id(id), node, "grow"); });
  };
  refused(absl::StatusCode::kInvalidArgument, "start it first", 1, "n9");
  refused(absl::StatusCode::kAlreadyExists, "member already", 1, "n1");
  refused(absl::StatusCode::kNotFound, "list the journals", 9, "n2");
}

TEST(RemoveMember, ANodeOutOfTheIsrLeavesMembersAndRecoverySet) {
  v1::ConfigDocument document = ThreeInSync();
  document.mutable_journals(0)->set_target_copies(3);
  Start(&document, "n2");  // out of the isr, still in recovery_set
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(RemoveMember(&document, Id(1), "n2", "shrink").ok());
  const v1::JournalConfig& journal = document.journals(0);
  EXPECT_EQ(Text(journal.members()), "n1 n3");
  EXPECT_EQ(Text(journal.recovery_set()), "n1 n3");
  EXPECT_EQ(Text(journal.isr()), "n1/1 n3/1");
  EXPECT_EQ(journal.target_copies(), 2u);
  EXPECT_EQ(journal.change_id(), "shrink");
  ExpectLegal(before, document);
}

TEST(RemoveMember, ANameOfTheDocumentItselfMayBeGiven) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n2");
  ASSERT_TRUE(RemoveMember(&document, Id(1), document.journals(0).members(1), "shrink").ok());
  EXPECT_EQ(Text(document.journals(0).members()), "n1 n3");
  EXPECT_EQ(Text(document.journals(0).recovery_set()), "n1 n3");
}

TEST(RemoveMember, ReplicasInSyncTheLastMemberAndMinIsrAreKept) {
  v1::ConfigDocument document = ThreeInSync();
  const auto refused = [](const v1::ConfigDocument& d, absl::StatusCode code, const char* text,
                          const char* node) {
    ExpectRefused(d, code, text,
                  [&](v1::ConfigDocument* x) { return RemoveMember(x, Id(1), node, "shrink"); });
  };
  refused(document, kNotNow, "hand the journal over", "n1");
  refused(document, kNotNow, "drop it from the in-sync set", "n2");
  refused(document, absl::StatusCode::kNotFound, "not a member", "n9");
  document.mutable_journals(0)->set_min_isr(3);
  Start(&document, "n2");
  refused(document, kNotNow, "2 members would be left, and min_isr is 3", "n2");
  v1::ConfigDocument unled = ClusterOf({"n1"});
  AddJournal(&unled, 1);
  refused(unled, kNotNow, "0 members would be left", "n1");
}

TEST(RemoveMember, WithoutALeaderWhoMayHoldTheLastCopyStays) {
  v1::ConfigDocument document = ThreeInSync();
  ASSERT_TRUE(ShrinkIsr(&document, ClaimOf(1, "n1", Incarnation(1)), {"n3", Incarnation(1)}).ok());
  Start(&document, "n2");
  ASSERT_TRUE(GoOnWithoutRestarted(&document, ClaimOf(1, "n1", Incarnation(1))).ok());
  ASSERT_EQ(Text(document.journals(0).complete()), "n1/1");
  ASSERT_EQ(Text(document.journals(0).recovery_set()), "n1 n2");
  Start(&document, "n1");  // stays in `complete`
  for (const char* node : {"n1", "n2"}) {
    ExpectRefused(document, kNotNow, "wait until it has one",
                  [&](v1::ConfigDocument* d) { return RemoveMember(d, Id(1), node, "shrink"); });
  }
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(RemoveMember(&document, Id(1), "n3", "shrink").ok());
  EXPECT_EQ(Text(document.journals(0).members()), "n1 n2");
  ExpectLegal(before, document);
}

// The leader that asks for it goes on without the memory of its last process, too.
TEST(RemoveMember, WhoHasRestartedLeavesCompleteAsWell) {
  v1::ConfigDocument document = ThreeInSync();
  Start(&document, "n3");
  const v1::ConfigDocument before = document;
  ASSERT_TRUE(RemoveMember(&document, Id(1), "n3", "shrink").ok());
  EXPECT_EQ(Text(document.journals(0).complete()), "n1/1 n2/1");
  ExpectLegal(before, document);
}

}  // namespace
}  // namespace ringjournal
