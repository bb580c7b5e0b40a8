// Fenced journals: only the holder of the writer epoch appends.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/node/test_node.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

v1::JournalSettings FencedSettings() {
  v1::JournalSettings settings = SmallSettings();
  settings.set_fenced(true);
  return settings;
}

// A leader of a journal that begins without any fence, and takes the setting then.
class Writers : public testing::Test {
 protected:
  Writers() {
    t.replica->ApplySettings(FencedSettings());
    t.Batch();
  }

  bool Claim(const std::string& who, uint64_t nonce, std::optional<Epoch> replaces) {
    t.refusal.Clear();
    const bool granted = t.replica->AcquireWriter({who, nonce, replaces, ""}, t.now, &t.refusal);
    t.Batch();  // it is committed
    return granted;
  }
  // Opens the producer as that writer, and appends one transaction. False: refused.
  bool OpenAs(Epoch writer) {
    t.refusal.Clear();
    return t.replica->OpenProducer({.name = "producer", .writer = writer}, t.now, &t.producer,
                                   &t.refusal);
  }
  AppendVerdict AppendAs(Epoch writer) {
    t.refusal.Clear();
    const std::string run = TestRun({"a"});
    AppendEnvelope envelope;
    envelope.first_sequence = Sequence(next_);
    envelope.level = v1::LEVEL_REPLICATED;
    envelope.count = 1;
    envelope.body = AsBytes(run);
    envelope.writer = writer;
    const AppendVerdict verdict =
        t.replica->Append(envelope, t.producer, t.now, &t.place, &t.refusal);
    next_ += verdict == AppendVerdict::kAccepted;
    return verdict;
  }
  const WriterState& writer() const { return t.replica->derived().writer(); }

  TestReplica t;
  uint64_t next_ = 1;
};

TEST_F(Writers, NobodyAppendsBeforeThereIsAWriter) {
  EXPECT_EQ(AppendAs(Epoch()), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
  EXPECT_THAT(t.refusal.message(), HasSubstr("nobody is its writer yet"));
  EXPECT_FALSE(OpenAs({1, 1})) << "which nobody was granted here";
}

TEST_F(Writers, TheHolderAppendsAndTheLogSaysUnderWhichEpoch) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  EXPECT_EQ(writer().epoch, (Epoch{1, 1}));
  EXPECT_EQ(writer().claimant, "engine-a");
  ASSERT_TRUE(OpenAs({1, 1}));
  EXPECT_EQ(AppendAs({1, 1}), AppendVerdict::kAccepted);
  const RingPlace place = *t.replica->ring().Find(t.place.index);
  EXPECT_EQ(t.replica->ring().Record(place).header.writer, (Epoch{1, 1}));
  EXPECT_EQ(AppendAs(Epoch()), AppendVerdict::kRefused) << "who says nothing is not the writer";
  EXPECT_THAT(t.refusal.message(), HasSubstr("only its writer may append"));
}

TEST_F(Writers, AFenceEndsTheOneBeforeForGoodAndSaysWhoCame) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  ASSERT_TRUE(OpenAs({1, 1}));
  ASSERT_EQ(AppendAs({1, 1}), AppendVerdict::kAccepted);
  ASSERT_TRUE(Claim("engine-b", 6, Epoch{1, 1}));
  EXPECT_EQ(AppendAs({1, 1}), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
  EXPECT_EQ(t.refusal.fenced().by(), "engine-b");
  EXPECT_EQ(t.refusal.fenced().writer_generation(), 1u);
  EXPECT_EQ(t.refusal.fenced().writer_epoch(), 2u);
  EXPECT_EQ(t.refusal.fenced().since_ns(), writer().since_ns);
  EXPECT_THAT(t.refusal.message(), HasSubstr("read up to the fence before LSN 2"));
  EXPECT_FALSE(OpenAs({1, 1})) << "opening would end the session of the one that took over";
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
  ASSERT_TRUE(OpenAs({1, 2}));
  EXPECT_EQ(AppendAs({1, 2}), AppendVerdict::kAccepted);
}

TEST_F(Writers, AClaimThatNamesAnotherEpochIsRefusedWithTheHolder) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  const Index end = t.replica->marks().end.index;
  EXPECT_FALSE(Claim("engine-b", 6, Epoch()));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_WRITER_HELD);
  EXPECT_EQ(t.refusal.fenced().by(), "engine-a");
  EXPECT_EQ(t.refusal.fenced().writer_epoch(), 1u);
  EXPECT_THAT(t.refusal.message(), HasSubstr("held by \"engine-a\" since 2023-11-14T"));
  EXPECT_FALSE(Claim("engine-b", 6, Epoch{1, 2}));
  EXPECT_EQ(t.replica->marks().end.index, end);
  EXPECT_TRUE(Claim("engine-b", 6, std::nullopt)) << "by force";
  EXPECT_EQ(writer().epoch, (Epoch{1, 2}));
}

TEST_F(Writers, NothingIsRefusedForGoodBecauseOfAFenceThatIsNotCommitted) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  ASSERT_TRUE(OpenAs({1, 1}));
  t.refusal.Clear();
  ASSERT_TRUE(t.replica->AcquireWriter({"engine-b", 6, Epoch{1, 1}, ""}, t.now, &t.refusal));
  EXPECT_EQ(AppendAs({1, 1}), AppendVerdict::kRefused) << "older epochs are refused at once";
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_NOT_YET);
  EXPECT_THAT(t.refusal.message(), HasSubstr("a claim of \"engine-b\" is about to be granted"));
  t.refusal.Clear();
  EXPECT_FALSE(t.replica->AcquireWriter({"engine-c", 7, Epoch{1, 1}, ""}, t.now, &t.refusal));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_NOT_YET);
  t.Batch();
  EXPECT_EQ(AppendAs({1, 1}), AppendVerdict::kRefused);
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
}

// Who was granted it elsewhere is right, and this leader is of the past.
TEST_F(Writers, ALaterEpochThanAnyThatIsKnownIsSentElsewhere) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  EXPECT_FALSE(OpenAs({1, 2}));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_THAT(t.refusal.message(), HasSubstr("knows of no writer epoch after 1.1"));
  EXPECT_FALSE(OpenAs({2, 1}));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_UNAVAILABLE);
}

TEST_F(Writers, OnlyTheHolderMakesNeverFinal) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  ASSERT_TRUE(OpenAs({1, 1}));
  ASSERT_TRUE(Claim("engine-b", 6, Epoch{1, 1}));
  ASSERT_TRUE(OpenAs({1, 2}));
  v1::ResolveReply reply;
  const auto settle = [&](Epoch writer) {
    t.refusal.Clear();
    return t.replica->Resolve("producer", Sequence(9), true, t.now, &reply, &t.refusal, nullptr,
                              writer);
  };
  EXPECT_FALSE(settle({1, 1})) << "it would end the session of the one that took over";
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_FENCED);
  EXPECT_FALSE(settle(Epoch()));
  EXPECT_EQ(AppendAs({1, 2}), AppendVerdict::kAccepted);
  EXPECT_TRUE(settle({1, 2}));
  EXPECT_EQ(reply.outcome(), v1::ResolveReply::OUTCOME_NEVER);
}

TEST_F(Writers, TheSameClaimAgainIsGrantedTheSameAndNothingIsAppended) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  const Index end = t.replica->marks().end.index;
  EXPECT_TRUE(Claim("engine-a", 5, Epoch()));
  EXPECT_EQ(writer().epoch, (Epoch{1, 1}));
  EXPECT_EQ(t.replica->marks().end.index, end);
  EXPECT_FALSE(Claim("engine-a", 6, Epoch())) << "another claim of somebody of that name";
  ASSERT_TRUE(Claim("engine-b", 7, Epoch{1, 1}));
  EXPECT_FALSE(Claim("engine-a", 5, Epoch())) << "it was granted, and is over";
}

TEST_F(Writers, AWriterEpochEndsWithItsGeneration) {
  ASSERT_TRUE(Claim("engine-a", 5, Epoch()));
  ASSERT_TRUE(OpenAs({1, 1}));
  t.replica->StepDown();
  t.replica->set_epoch({2, 2}, 9);
  t.replica->LeaderStart(t.now);
  t.Batch();
  EXPECT_FALSE(t.replica->writer_holds());
  EXPECT_EQ(AppendAs({1, 1}), AppendVerdict::kRefused);
  EXPECT_THAT(t.refusal.message(), HasSubstr("which ended writer epoch 1.1"));
  EXPECT_FALSE(Claim("engine-a", 5, Epoch())) << "the claim of before is over, too";
  EXPECT_THAT(t.refusal.message(), HasSubstr("ended with its generation: claim with that"));
  ASSERT_TRUE(Claim("engine-a", 6, Epoch{1, 1}));
  EXPECT_EQ(writer().epoch, (Epoch{2, 1}));
  ASSERT_TRUE(OpenAs({2, 1}));
  EXPECT_EQ(AppendAs({2, 1}), AppendVerdict::kAccepted);
}

TEST_F(Writers, AClaimWithoutANameOrNonceOrWithTooLongWordsIsRefused) {
  EXPECT_FALSE(Claim("", 5, Epoch()));
  EXPECT_THAT(t.refusal.message(), HasSubstr("name has 0 bytes; give 1 to 64"));
  EXPECT_FALSE(Claim(std::string(limits::kWriterClaimantBytesMax + 1, 'x'), 5, Epoch()));
  EXPECT_FALSE(Claim("engine-a", 0, Epoch()));
  EXPECT_THAT(t.refusal.message(), HasSubstr("no nonce"));
  EXPECT_FALSE(Claim("\xff", 5, Epoch()));
  EXPECT_THAT(t.refusal.message(), HasSubstr("no UTF-8"));
  EXPECT_FALSE(Claim("engine\x1b[2J", 5, Epoch()));
  EXPECT_THAT(t.refusal.message(), HasSubstr("control characters"));
  WriterClaim claim{"engine-a", 5, Epoch(), std::string(limits::kWriterReasonBytesMax + 1, 'x')};
  t.refusal.Clear();
  EXPECT_FALSE(t.replica->AcquireWriter(claim, t.now, &t.refusal));
  EXPECT_THAT(t.refusal.message(), HasSubstr("at most 200 are kept"));
  EXPECT_EQ(writer().epoch, Epoch());
}

TEST_F(Writers, AStateSnapshotTellsWhoWrites) {
  ASSERT_TRUE(Claim(std::string(limits::kWriterClaimantBytesMax, 'e'), 5, Epoch()));
  v1::StateSnapshot state;
  t.replica->derived().WriteTo(&state);
  const DerivedState again = DerivedState::ReadFrom(state);
  EXPECT_EQ(again.writer().epoch, writer().epoch);
  EXPECT_EQ(again.writer().claimant, writer().claimant);
  EXPECT_EQ(again.writer().nonce, 5u);
  EXPECT_EQ(again.writer().index, writer().index);
  EXPECT_EQ(again.writer().next_lsn, writer().next_lsn);
  EXPECT_EQ(again.writer().chain, writer().chain);
  EXPECT_EQ(again.Hash(), t.replica->derived().Hash());
}

TEST(WritersOfOpenJournals, AJournalThatIsNotFencedHasNoWriter) {
  TestReplica t;
  EXPECT_FALSE(t.replica->AcquireWriter({"engine-a", 5, Epoch(), ""}, t.now, &t.refusal));
  EXPECT_EQ(t.refusal.code(), v1::ERROR_CODE_NOT_SUPPORTED);
  EXPECT_THAT(t.refusal.message(), HasSubstr("journal set JOURNAL --fenced yes"));
  EXPECT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
}

// A backup believes nobody that an entry is of another writer than its fence says.
TEST(WritersOfBackups, AnEntryOfAnotherWriterEpochIsNoContinuation) {
  TestReplica t;
  v1::StateSnapshot state;
  t.replica->derived().WriteTo(&state);
  ASSERT_EQ(t.AppendNext(10), AppendVerdict::kAccepted);
  const RecordView entry = t.replica->ring().Record(*t.replica->ring().Find(t.place.index));
  EXPECT_TRUE(DerivedState::ReadFrom(state).Apply(entry).ok());
  state.set_writer_generation(1);
  state.set_writer_epoch(3);
  const absl::Status applied = DerivedState::ReadFrom(state).Apply(entry);
  EXPECT_THAT(applied.message(), HasSubstr("is of writer epoch 0.0, the log has come to 1.3"));
}

}  // namespace
}  // namespace ringjournal
