#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "server/config_store/document_edits.h"
#include "server/config_store/edit_assertions.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using testing_document::AddJournal;
using testing_document::ClusterOf;
using testing_document::ExpectLegal;
using testing_document::ExpectRefused;
using testing_document::Id;
using testing_document::Text;

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
  const auto with = [](const JournalSpec& spec) {
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
  const auto with = [&](const JournalId& id, const std::vector<std::string>& fields) {
    return [=](v1::ConfigDocument* d) { return SetJournal(d, {id, wanted, fields, "c"}); };
  };
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  ExpectRefused(document, kInvalid, "choose one of ring_bytes, segment_bytes",
                with(Id(1), {"segment_bites"}));
  ExpectRefused(document, kInvalid, "choose from 1MiB to", with(Id(1), {"segment_bytes"}));
  ExpectRefused(document, kInvalid, "no setting is named", with(Id(1), {}));
  ExpectRefused(document, absl::StatusCode::kNotFound, "list the journals",
                with(Id(9), {"ring_bytes"}));
}

}  // namespace
}  // namespace ringjournal
