#include "server/config/risks.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

using limits::kGiB;
using limits::kMiB;
using ::testing::HasSubstr;

// A configuration and a machine without any risk; each test breaks one thing.
class Risks : public ::testing::Test {
 protected:
  Risks() {
    options.data_dir = "/data";
    options.ring_dir = "/shm/r";
    options.listen.port = 7000;
    options.node = kNodeAlone;
    facts.data_dir = {"/data", true, true, true, false, 100 * kGiB, 50 * kGiB};
    facts.ring_dir = {"/shm", false, true, true, true, 16 * kGiB, 16 * kGiB};
    facts.memory_bytes = 32 * kGiB;
    facts.open_files_max = 100000;
    facts.processors = 8;
  }
  // The only finding that is no PASS.
  Finding Only() {
    Finding only;
    for (const Finding& finding : FindRisks(options, facts)) {
      if (finding.severity == Severity::kPass) continue;
      EXPECT_EQ(only.check, "") << "a second one: " << finding.sentence;
      EXPECT_NE(finding.mend, "");
      only = finding;
    }
    return only;
  }
  void ExpectOnly(Severity severity, const std::string& check, const std::string& sentence,
                  const std::string& mend) {
    const Finding finding = Only();
    EXPECT_EQ(finding.severity, severity);
    EXPECT_EQ(finding.check, check);
    EXPECT_THAT(finding.sentence, HasSubstr(sentence));
    EXPECT_THAT(finding.mend, HasSubstr(mend));
  }
  v1::JournalConfig* AddJournal(const std::string& name, bool memory_only) {
    if (!facts.document) facts.document.emplace().add_nodes()->set_node("node1");
    v1::JournalConfig* journal = facts.document->add_journals();
    journal->set_name(name);
    journal->add_members("node1");
    journal->mutable_settings()->set_memory_only(memory_only);
    return journal;
  }

  ServerOptions options;
  MachineFacts facts;
};

TEST_F(Risks, AnOrdinaryMachineHasNone) { EXPECT_EQ(Only().check, ""); }

TEST_F(Risks, ListeningBeyondLoopback) {
  options.listen.host = "0.0.0.0";
  options.allow_remote = true;
  ExpectOnly(Severity::kWarn, "listen", "whoever connects may read and append", "127.0.0.1");
}

TEST_F(Risks, AllowRemoteWithoutUse) {
  options.allow_remote = true;
  ExpectOnly(Severity::kWarn, "listen", "hide a later mistake", "take allow-remote out");
}

TEST_F(Risks, APortThatNobodyKnows) {
  options.listen.port = 0;
  ExpectOnly(Severity::kWarn, "listen", "only the log says which", "--address-file");
  options.address_file = "f";
  EXPECT_EQ(Only().check, "");
}

TEST_F(Risks, SharedMemoryThatIsTooSmall) {
  facts.ring_dir.bytes_total = facts.ring_dir.bytes_free = 64 * kMiB;
  ExpectOnly(Severity::kWarn, "ring-dir", "64MiB, less than ring-total (8GiB)", "--shm-size");
}

TEST_F(Risks, SharedMemoryThatIsFull) {
  facts.ring_dir.bytes_free = 10 * kMiB;
  ExpectOnly(Severity::kWarn, "ring-dir", "10MiB free, less than one ring", "ring ls");
}

TEST_F(Risks, RingsOnADisk) {
  facts.ring_dir.in_memory = false;
  ExpectOnly(Severity::kWarn, "ring-dir", "not in memory", "/dev/shm");
}

TEST_F(Risks, DataInMemory) {
  facts.data_dir.in_memory = true;
  ExpectOnly(Severity::kWarn, "data-dir", "level disk means nothing", "on a disk");
}

TEST_F(Risks, AFullDisk) {
  facts.data_dir.bytes_free = kMiB;
  ExpectOnly(Severity::kWarn, "data-dir", "less than one segment", "make room");
}

TEST_F(Risks, PlacesThatCannotBeUsedFail) {
  facts.data_dir.writable = false;
  ExpectOnly(Severity::kFail, "data-dir", "may not write", "chown");
  facts.data_dir.writable = true;
  facts.ring_dir.is_directory = false;
  ExpectOnly(Severity::kFail, "ring-dir", "is no directory", "--ring-dir");
}

TEST_F(Risks, RingsThatMakeTheMachineSwap) {
  facts.memory_bytes = 12 * kGiB;
  ExpectOnly(Severity::kWarn, "ring-total", "more than half", "--ring-total 6GiB");
}

TEST_F(Risks, MoreSessionsThanFiles) {
  facts.open_files_max = 1024;
  ExpectOnly(Severity::kWarn, "sessions-max", "1024 files", "ulimit -n 10256");
}

TEST_F(Risks, SpinningOnFewProcessors) {
  options.spin_us_max = 10;
  EXPECT_EQ(Only().check, "");
  facts.processors = 2;
  ExpectOnly(Severity::kWarn, "spin-us", "only 2 processors", "--spin-us 0");
}

TEST_F(Risks, AStopThatDoesNotWait) {
  options.drain_timeout_ns = 1000000;
  ExpectOnly(Severity::kWarn, "drain-timeout", "unknown outcomes", "10s");
}

TEST_F(Risks, AMemoryOnlyJournalOfOneNode) {
  AddJournal("kept", false);
  EXPECT_EQ(Only().check, "");
  v1::JournalConfig* journal = AddJournal("quick", true);
  ExpectOnly(Severity::kWarn, "journal quick", "memory-only and has one node", "replay quick");
  journal->add_members("node2");
  EXPECT_EQ(Only().check, "");
}

TEST_F(Risks, AnotherNodesDataDirectory) {
  AddJournal("kept", false);
  options.node = "node2";
  ExpectOnly(Severity::kFail, "node", "is of node node1, not of node2", "--node node1");
}

TEST_F(Risks, AConfigDocumentThatCannotBeRead) {
  facts.document_problem = "both slots are damaged";
  ExpectOnly(Severity::kFail, "document", "both slots", "see");
}

TEST(Findings, AreLinesWithTheWorstVerdict) {
  const Finding findings[] = {{Severity::kPass, "kernel", "good", ""},
                              {Severity::kFail, "limits", "too low", "ulimit -n 5"}};
  EXPECT_EQ(FindingsText(findings),
            "PASS  kernel         good\n"
            "FAIL  limits         too low\n"
            "                     mend: ulimit -n 5\n");
  EXPECT_EQ(WorstOf(findings), Severity::kFail);
  EXPECT_EQ(WorstOf({}), Severity::kPass);
}

TEST(MachineFacts, OfAPlaceThatIsNotThereAreItsParents) {
  const std::string folder = testing::TempDir();
  const PlaceFacts facts = ReadPlaceFacts(folder + "/not/there");
  EXPECT_FALSE(facts.is_there);
  EXPECT_TRUE(facts.is_directory);
  EXPECT_TRUE(facts.writable);
  EXPECT_GT(facts.bytes_total, 0u);
  EXPECT_TRUE(ReadPlaceFacts("relative/not/there").is_directory);
  EXPECT_FALSE(ReadPlaceFacts("/dev/null").is_directory);
  EXPECT_FALSE(ReadPlaceFacts("/dev/null/below").is_directory);
}

}  // namespace
}  // namespace ringjournal
