#include "server/config_store/etcd_document.h"

#include <zstd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "server/config_store/slot_format.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;

v1::ConfigDocument Version(uint64_t version) {
  v1::ConfigDocument document = testing_document::ThreeInSync();
  document.set_version(version);
  return document;
}

EtcdKey Holding(const v1::ConfigDocument& document, int64_t mod_revision) {
  return {.exists = true, .mod_revision = mod_revision, .value = EncodeEtcdValue(document)};
}

class EtcdSeenTest : public ::testing::Test {
 protected:
  EtcdSeenTest() { EXPECT_TRUE(seen_.Admit(Holding(Version(5), 50), 0).ok()); }

  absl::StatusCode CodeOf(const EtcdKey& found) { return Status(found).code(); }
  absl::Status Status(const EtcdKey& found) {
    const absl::Status status = seen_.Admit(found, seen_.version()).status();
    EXPECT_EQ(seen_.version(), 5u) << "nothing bad is taken over";
    return status;
  }
  std::string Message(const EtcdKey& found) { return std::string(Status(found).message()); }

  EtcdSeen seen_{"/the/key"};
};

TEST_F(EtcdSeenTest, ANewerVersionIsTakenOver) {
  ASSERT_TRUE(seen_.Admit(Holding(Version(7), 70), 5).ok());
  EXPECT_EQ(seen_.version(), 7u);
  EXPECT_EQ(seen_.newest().mod_revision, 70);
}

TEST_F(EtcdSeenTest, TheSameDocumentWrittenAgainByHandGivesItsNewRevision) {
  ASSERT_TRUE(seen_.Admit(Holding(Version(5), 51), 5).ok());
  EXPECT_EQ(seen_.newest().mod_revision, 51);
}

TEST_F(EtcdSeenTest, AnAnswerThatWasOvertakenIsAdmittedButNotTakenOver) {
  const auto late = seen_.Admit(Holding(Version(4), 40), 4);  // asked when 4 was the newest
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->document.version(), 4u);
  EXPECT_EQ(seen_.version(), 5u);
}

TEST_F(EtcdSeenTest, ADocumentThatWentBackOrIsGoneIsLossAndSaysWhatToDo) {
  EXPECT_EQ(CodeOf(Holding(Version(4), 60)), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(Holding(Version(4), 60)), HasSubstr("went back to version 4"));
  EXPECT_THAT(Message({}), HasSubstr("(key /the/key) is gone"));
  EXPECT_THAT(Message({}), HasSubstr("seen here: version 5 at revision 50"));
  EXPECT_THAT(Message({}), HasSubstr("Restore etcd"));
}

TEST_F(EtcdSeenTest, AnotherDocumentOfTheSameVersionOrOfAnotherClusterIsLoss) {
  v1::ConfigDocument other = Version(5);
  other.mutable_nodes(0)->set_address("elsewhere:1");
  EXPECT_THAT(Message(Holding(other, 60)), HasSubstr("another one of the same version"));
  v1::ConfigDocument foreign = Version(6);
  foreign.set_cluster_id("fedcba9876543210");
  EXPECT_THAT(Message(Holding(foreign, 60)), HasSubstr("another cluster's"));
}

TEST_F(EtcdSeenTest, EveryFlippedByteAndEveryCutIsDamage) {
  const EtcdKey good = Holding(Version(6), 60);
  for (size_t at = 0; at < good.value.size(); ++at) {
    EtcdKey bad = good;
    bad.value[at] ^= 1;
    EXPECT_FALSE(seen_.Admit(bad, 5).ok()) << at;
    bad.value = good.value.substr(0, at);
    EXPECT_EQ(CodeOf(bad), absl::StatusCode::kDataLoss) << at;
  }
}

TEST_F(EtcdSeenTest, AValueWithoutCompressionIsReadToo) {
  const EtcdKey plain{.exists = true, .mod_revision = 60, .value = EncodeSlot(0, Version(6))};
  ASSERT_TRUE(seen_.Admit(plain, 5).ok());
  EXPECT_EQ(seen_.version(), 6u);
}

TEST_F(EtcdSeenTest, AHundredJournalsAreAnEighthOfTheirSize) {
  v1::ConfigDocument many = Version(6);
  while (many.journals_size() < 100) {
    *many.add_journals() = many.journals(0);
    const std::string number = std::to_string(many.journals_size());
    many.mutable_journals()->rbegin()->set_name("journal-" + number);
    many.mutable_journals()->rbegin()->set_id("0123456789" + std::string(6 - number.size(), 'x') +
                                              number);
  }
  EXPECT_LT(EncodeEtcdValue(many).size() * 8, EncodeSlot(0, many).size());
  ASSERT_TRUE(seen_.Admit(Holding(many, 60), 5).ok());
}

TEST_F(EtcdSeenTest, AFrameThatClaimsMoreThanADocumentMayHaveIsDamage) {
  std::string zeros(2 * kSlotBytes, '\0');
  std::string frame(ZSTD_compressBound(zeros.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), zeros.data(), zeros.size(), 1));
  std::string crc(4, '\0');
  Store32(crc.data(), Crc32c(AsBytes(frame)));
  EXPECT_THAT(Message({.exists = true, .mod_revision = 60, .value = "RJCONFZ1" + crc + frame}),
              HasSubstr("cannot be decompressed"));
}

// An older floor must not hide that the document went back.
TEST_F(EtcdSeenTest, TheSameValueAgainIsTheSameDocument) {
  const auto again = seen_.Admit(Holding(Version(5), 50), 5);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->document.version(), 5u);
  EXPECT_EQ(CodeOf(Holding(Version(4), 50)), absl::StatusCode::kDataLoss);
}

TEST_F(EtcdSeenTest, ADocumentThatBreaksARuleIsDamage) {
  v1::ConfigDocument broken = Version(6);
  broken.mutable_journals(0)->clear_isr();
  EXPECT_THAT(Message(Holding(broken, 60)), HasSubstr("is damaged"));
}

TEST_F(EtcdSeenTest, ANewerFeatureLevelOrLayoutNeedsANewerProgram) {
  v1::ConfigDocument newer = Version(6);
  newer.set_feature_level(kFeatureLevel + 1);
  EXPECT_EQ(CodeOf(Holding(newer, 60)), absl::StatusCode::kUnimplemented);
}

TEST(EtcdSeenAtFirst, AMissingDocumentIsNotFoundAndNoLoss) {
  EtcdSeen seen("/k");
  EXPECT_EQ(seen.Admit({}, 0).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace ringjournal
