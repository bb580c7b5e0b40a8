#include "server/config_store/document_checks.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;
using testing_document::Add;
using testing_document::AddJournal;
using testing_document::ThreeInSync;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

using Damage = std::function<void(v1::ConfigDocument*, v1::JournalConfig*)>;

// A document that is valid until `damage` is done to it.
void ExpectInvalid(const std::string& rule, const Damage& damage) {
  v1::ConfigDocument document = ThreeInSync();
  ASSERT_EQ(Message(ValidateDocument(document)), "");
  damage(&document, document.mutable_journals(0));
  EXPECT_EQ(ValidateDocument(document).code(), absl::StatusCode::kFailedPrecondition) << rule;
  EXPECT_THAT(Message(ValidateDocument(document)), HasSubstr(rule));
}

TEST(ValidateDocument, FindsEveryBrokenRuleOfTheDocument) {
  using D = v1::ConfigDocument;
  using J = v1::JournalConfig;
  ExpectInvalid("versions start at 1", [](D* d, J*) { d->set_version(0); });
  ExpectInvalid("cluster_id has 16 bytes", [](D* d, J*) { d->set_cluster_id("short"); });
  ExpectInvalid("node's name", [](D* d, J*) { d->mutable_nodes(0)->set_node("a b"); });
  ExpectInvalid("listed twice", [](D* d, J*) { *d->add_nodes() = d->nodes(0); });
  ExpectInvalid("incarnations start", [](D* d, J*) { d->mutable_nodes(0)->set_incarnation(0); });
  ExpectInvalid("above kIncarnationMax", [](D* d, J*) {
    d->mutable_nodes(0)->set_incarnation(limits::kIncarnationMax + 1);
  });
  ExpectInvalid("ids are unique", [](D* d, J* j) {
    const J copy = *j;
    *d->add_journals() = copy;
  });
  ExpectInvalid("names are unique", [](D* d, J*) { AddJournal(d, 2)->set_name("journal1"); });
}

TEST(ValidateDocument, FindsEveryBrokenRuleOfAJournal) {
  using D = v1::ConfigDocument;
  using J = v1::JournalConfig;
  ExpectInvalid("an id has 16", [](D*, J* j) { j->set_id("x"); });
  ExpectInvalid("name is not valid", [](D*, J* j) { j->set_name(".."); });
  ExpectInvalid("generations start", [](D*, J* j) { j->set_generation(0); });
  ExpectInvalid("has a member", [](D*, J* j) { j->clear_members(); });
  ExpectInvalid("member is listed once", [](D*, J* j) { j->add_members("n1"); });
  ExpectInvalid("members are registered", [](D*, J* j) { j->add_members("n9"); });
  ExpectInvalid("`complete` is within the members",
                [](D*, J* j) { Add(j->mutable_complete(), "n4", 1); });
  ExpectInvalid("recovery_set is within the members", [](D*, J* j) { j->add_recovery_set("n4"); });
  ExpectInvalid("min_isr", [](D*, J* j) { j->set_min_isr(0); });
  ExpectInvalid("min_isr", [](D*, J* j) { j->set_min_isr(4); });
  ExpectInvalid("target_copies", [](D*, J* j) { j->set_target_copies(0); });
  ExpectInvalid("target_copies", [](D*, J* j) { j->set_target_copies(4); });
  ExpectInvalid("writer floor", [](D*, J* j) { j->set_writer_floor_generation(2); });
  ExpectInvalid("its loss report", [](D*, J* j) { j->set_generation(2); });
  ExpectInvalid("order of their generations", [](D*, J* j) {
    j->set_generation(2);
    j->add_losses()->set_generation(7);
  });
}

TEST(ValidateDocument, FindsEveryBrokenRuleOfLeaderAndIsr) {
  using D = v1::ConfigDocument;
  using J = v1::JournalConfig;
  ExpectInvalid("in the isr once", [](D*, J* j) { Add(j->mutable_isr(), "n2", 1); });
  ExpectInvalid("isr is within the members", [](D* d, J* j) {
    d->add_nodes()->set_node("n4");
    d->mutable_nodes(3)->set_incarnation(1);
    Add(j->mutable_isr(), "n4", 1);
  });
  ExpectInvalid("current incarnations", [](D* d, J*) { d->mutable_nodes(1)->set_incarnation(2); });
  ExpectInvalid("isr is within `complete`", [](D*, J* j) { j->mutable_complete()->RemoveLast(); });
  ExpectInvalid("within recovery_set", [](D*, J* j) { j->mutable_recovery_set()->RemoveLast(); });
  ExpectInvalid("leader is in the isr", [](D*, J* j) { j->mutable_leader()->set_incarnation(9); });
  ExpectInvalid("before the first epoch", [](D*, J* j) { j->set_epoch(0); });
  ExpectInvalid("names a replica", [](D*, J* j) {
    j->clear_leader();
    j->clear_isr();
    j->clear_complete();
    j->set_state(v1::JOURNAL_STATE_LEADERLESS);
  });
  ExpectInvalid("ACTIVE means", [](D*, J* j) { j->clear_leader(); });
  ExpectInvalid("ACTIVE or SEALED", [](D*, J* j) { j->set_state(v1::JOURNAL_STATE_LEADERLESS); });
  ExpectInvalid("nobody is in sync", [](D*, J* j) { j->set_state(v1::JOURNAL_STATE_RECOVERING); });
  ExpectInvalid("nobody is in sync", [](D*, J* j) {
    j->clear_leader();
    j->set_state(v1::JOURNAL_STATE_RECOVERING);
  });
  ExpectInvalid("that it was led",
                [](D* d, J*) { AddJournal(d, 2)->set_state(v1::JOURNAL_STATE_RECOVERING); });
  ExpectInvalid("not known", [](D*, J* j) { j->set_state(v1::JOURNAL_STATE_UNKNOWN); });
  ExpectInvalid("not known", [](D*, J* j) { j->set_state(static_cast<v1::JournalState>(77)); });
}

// A legal next version of a journal in generation 2 until `damage` is done to it.
void ExpectIllegalChange(const std::string& rule, const Damage& damage) {
  v1::ConfigDocument before = ThreeInSync();
  v1::JournalConfig* journal = before.mutable_journals(0);
  journal->set_epoch(5);
  journal->set_generation(2);
  journal->add_losses()->set_generation(2);
  journal->set_writer_floor_generation(2);
  journal->mutable_commit_hint()->set_index(3);
  journal->mutable_commit_hint()->set_lsn(30);
  v1::ConfigDocument after = before;
  after.set_version(before.version() + 1);
  ASSERT_EQ(Message(ValidateChange(before, after)), "");
  damage(&after, after.mutable_journals(0));
  EXPECT_EQ(ValidateChange(before, after).code(), absl::StatusCode::kFailedPrecondition) << rule;
  EXPECT_THAT(Message(ValidateChange(before, after)), HasSubstr(rule));
}

TEST(ValidateChange, FindsEveryStepBack) {
  using D = v1::ConfigDocument;
  using J = v1::JournalConfig;
  ExpectIllegalChange("rise by one", [](D* d, J*) { d->set_version(d->version() + 1); });
  ExpectIllegalChange("rise by one", [](D* d, J*) { d->set_version(d->version() - 1); });
  ExpectIllegalChange("cluster_id", [](D* d, J*) { d->set_cluster_id("fedcba9876543210"); });
  ExpectIllegalChange("feature level", [](D* d, J*) { d->set_feature_level(0); });
  ExpectIllegalChange("feature level", [](D* d, J*) { d->set_feature_level(2); });
  ExpectIllegalChange("stays registered", [](D* d, J*) { d->mutable_nodes()->RemoveLast(); });
  ExpectIllegalChange("incarnations never",
                      [](D* d, J*) { d->mutable_nodes(0)->set_incarnation(0); });
  ExpectIllegalChange("epochs never", [](D*, J* j) { j->set_epoch(4); });
  ExpectIllegalChange("commit hint", [](D*, J* j) { j->mutable_commit_hint()->set_index(2); });
  ExpectIllegalChange("commit hint", [](D*, J* j) { j->clear_commit_hint(); });
  ExpectIllegalChange("writer floor", [](D*, J* j) { j->set_writer_floor_generation(1); });
  ExpectIllegalChange("stay as they are", [](D*, J* j) { j->mutable_losses(0)->set_first_lsn(8); });
  ExpectIllegalChange("one by one", [](D*, J* j) {
    j->set_generation(1);
    j->clear_losses();
  });
}

TEST(ValidateChange, ALeaderAnEpochAndAGenerationComeTogether) {
  using D = v1::ConfigDocument;
  using J = v1::JournalConfig;
  const auto lose_leader = [](J* j) {
    j->clear_leader();
    j->set_state(v1::JOURNAL_STATE_LEADERLESS);
  };
  ExpectIllegalChange("needs a higher epoch",
                      [](D*, J* j) { j->mutable_leader()->set_node("n2"); });
  ExpectIllegalChange("needs a higher epoch",
                      [](D*, J* j) { j->mutable_leader()->set_incarnation(2); });
  ExpectIllegalChange("has a leader", [&](D*, J* j) {
    lose_leader(j);
    j->set_epoch(6);
  });
  ExpectIllegalChange("one by one", [](D*, J* j) {
    j->set_epoch(6);
    j->set_generation(4);
  });
  ExpectIllegalChange("new epoch too", [](D*, J* j) { j->set_generation(3); });
  ExpectIllegalChange("`complete` changes", [&](D*, J* j) {
    lose_leader(j);
    j->mutable_complete()->RemoveLast();
  });
  // A leader alone makes it smaller, and to the isr; a registration never.
  ExpectIllegalChange("`complete` changes", [](D*, J* j) { Add(j->mutable_complete(), "n1", 9); });
  ExpectIllegalChange("a registration leaves `complete` alone", [](D* d, J* j) {
    d->mutable_nodes(2)->set_incarnation(d->nodes(2).incarnation() + 1);
    j->mutable_isr()->RemoveLast();
    *j->mutable_complete() = j->isr();
  });
  ExpectIllegalChange("recovery_set changes", [&](D*, J* j) {
    lose_leader(j);
    j->mutable_recovery_set()->RemoveLast();
  });
}

// A legal next epoch of a journal of which n3 is not in sync, until `damage` is done to it.
void ExpectIllegalLeader(const std::string& rule, const Damage& damage) {
  v1::ConfigDocument before = ThreeInSync();
  v1::JournalConfig* journal = before.mutable_journals(0);
  for (auto* set : {journal->mutable_isr(), journal->mutable_complete()}) set->RemoveLast();
  v1::ConfigDocument after = before;
  after.set_version(before.version() + 1);
  after.mutable_journals(0)->set_epoch(6);
  ASSERT_EQ(Message(ValidateChange(before, after)), "");
  damage(&after, after.mutable_journals(0));
  EXPECT_THAT(Message(ValidateChange(before, after)), HasSubstr(rule));
}

TEST(ValidateChange, TheInSyncSetGrowsOnlyByALeaderInItsEpoch) {
  using D = v1::ConfigDocument;
  using J = v1::JournalConfig;
  const auto add_third = [](D*, J* j) { Add(j->mutable_isr(), "n3", 1); };
  ExpectIllegalLeader("only a leader adds", add_third);
  ExpectIllegalChange("only a leader adds", [&](D* d, J* j) {
    j->clear_leader();
    d->add_nodes()->set_node("n4");
    Add(j->mutable_isr(), "n4", 1);
  });
}

TEST(ValidateChange, ALeaderThatWasNotInSyncIsAloneAndOfComplete) {
  using D = v1::ConfigDocument;
  using J = v1::JournalConfig;
  const auto lead = [](const char* node) {
    return [node](D*, J* j) { j->mutable_leader()->set_node(node); };
  };
  const auto alone = [](D*, J* j) {
    j->mutable_leader()->set_node("n3");
    j->clear_isr();
    *j->mutable_isr()->Add() = j->leader();
  };
  ExpectIllegalLeader("starts alone", lead("n3"));
  ExpectIllegalLeader("`complete` names a leader", alone);
  const v1::ConfigDocument before = ThreeInSync();
  v1::ConfigDocument after = before;
  after.set_version(before.version() + 1);
  v1::JournalConfig* lossy = after.mutable_journals(0);
  lossy->set_epoch(2);
  lossy->set_generation(2);
  EXPECT_THAT(Message(ValidateChange(before, after)), HasSubstr("starts alone"));
  alone(&after, lossy);
  EXPECT_EQ(Message(ValidateChange(before, after)), "");
}

TEST(ValidateChange, AJournalThatAppearsIsNew) {
  const v1::ConfigDocument before = ThreeInSync();
  v1::ConfigDocument after = before;
  after.set_version(before.version() + 1);
  AddJournal(&after, 2)->set_epoch(1);
  EXPECT_EQ(Message(ValidateChange(before, after)), "");
  after.mutable_journals(1)->set_epoch(2);
  EXPECT_THAT(Message(ValidateChange(before, after)), HasSubstr("a new journal"));
}

TEST(ValidateSettings, ZerosAreDefaultsAndLimitsAreInclusive) {
  v1::JournalSettings settings;
  EXPECT_TRUE(ValidateSettings(settings).ok());
  settings.set_ring_bytes(limits::kRingBytesMin);
  settings.set_segment_bytes(limits::kSegmentBytesMax);
  settings.set_checkpoint_bytes(limits::kRingBytesMin);
  settings.set_producers_max(limits::kProducersMax);
  EXPECT_TRUE(ValidateSettings(settings).ok());
}

TEST(ValidateSettings, EachSettingHasItsRange) {
  const auto refused = [](const char* text, auto change) {
    v1::JournalSettings settings;
    change(&settings);
    EXPECT_EQ(ValidateSettings(settings).code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Message(ValidateSettings(settings)), HasSubstr(text));
  };
  using S = v1::JournalSettings;
  refused("ring_bytes = 32KiB", [](S* s) { s->set_ring_bytes(limits::kRingBytesMin / 2); });
  refused("ring_bytes", [](S* s) { s->set_ring_bytes(limits::kRingBytesMax * 2); });
  refused("choose 64KiB or 128KiB", [](S* s) { s->set_ring_bytes(100000); });
  refused("segment_bytes", [](S* s) { s->set_segment_bytes(limits::kSegmentBytesMax + 1); });
  refused("checkpoint_bytes", [](S* s) { s->set_checkpoint_bytes(limits::kRingBytesDefault + 1); });
  refused("producers_max", [](S* s) { s->set_producers_max(limits::kProducersMax + 1); });
}

TEST(Names, AreLabelsThatFitFilesLogsAndShells) {
  for (const char* name : {"a", "orders", "A-1_b.c", "0"}) {
    EXPECT_TRUE(ValidateJournalName(name).ok()) << name;
    EXPECT_TRUE(ValidateNodeName(name).ok()) << name;
  }
  for (const char* name : {"", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "\xc3\xa4", "a=b"}) {
    EXPECT_EQ(ValidateJournalName(name).code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(ValidateNodeName(name).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_TRUE(ValidateJournalName(std::string(limits::kJournalNameBytesMax, 'x')).ok());
  EXPECT_FALSE(ValidateJournalName(std::string(limits::kJournalNameBytesMax + 1, 'x')).ok());
  EXPECT_THAT(Message(ValidateJournalName("a\nb")), HasSubstr("a?b; use 1 to 100 letters"));
}

}  // namespace
}  // namespace ringjournal
