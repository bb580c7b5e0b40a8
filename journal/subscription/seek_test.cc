#include "journal/subscription/seek.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

constexpr uint32_t kToken = 1000;

class SeekTest : public testing::Test {
 protected:
  // One transaction with an id, and a payload of that size.
  void AppendWithId(const std::string& id, size_t bytes) {
    v1::Append append;
    append.add_transactions()->set_payload(std::string(bytes, 'x'));
    append.mutable_transactions(0)->set_id(id);
    std::string run = append.SerializeAsString();
    AppendEnvelope envelope;
    envelope.first_sequence = Sequence(t.next_sequence++);
    envelope.count = 1;
    envelope.level = v1::LEVEL_REPLICATED;
    envelope.body = AsBytes(run);
    ASSERT_EQ(t.replica->Append(envelope, t.producer, t.now, &t.place, &t.refusal),
              AppendVerdict::kAccepted);
    times_.push_back(static_cast<uint64_t>(t.now.wall_ns));
    t.Settle();
  }
  // So that most of it is on disk only: id "t-N" at LSN N.
  void Fill(size_t segments) {
    while (t.replica->checkpointer().catalog().segments().size() < segments) {
      AppendWithId("t-" + std::to_string(t.next_sequence), 8000);
    }
  }
  // The LSN, or 0 if it failed.
  uint64_t At(const v1::Position& position) {
    Seek seek(position, kToken);
    turns = 0;
    for (;; ++turns) {
      Seek::Kind kind = seek.Next(*t.replica, &t.ops);
      t.disk.Take(&t.ops);
      error = seek.error();
      if (kind == Seek::Kind::kFound) return seek.lsn().value();
      if (kind == Seek::Kind::kFailed) return 0;
      if (kind == Seek::Kind::kMore) continue;
      RJ_CHECK(seek.waits_for_disk());
      seek.OnStorageDone(t.disk.CompleteOne());
    }
  }
  uint64_t AtTime(uint64_t ns) {
    v1::Position position;
    position.set_log_time_ns(ns);
    return At(position);
  }
  uint64_t AtId(const std::string& id) {
    v1::Position position;
    position.set_transaction_id(id);
    return At(position);
  }
  TestReplica t;
  std::vector<uint64_t> times_;  // of LSN 1, 2, …
  v1::ErrorReply error;
  int turns = 0;
};

TEST_F(SeekTest, OldestNewestAndLastAreWhatIsKept) {
  for (int i = 0; i < 10; ++i) AppendWithId("x", 10);
  ASSERT_TRUE(t.replica->Trim(Lsn(4), t.now, &t.refusal));
  t.Settle();
  v1::Position position;
  position.set_oldest(true);
  EXPECT_EQ(At(position), 4u);
  position.set_newest(true);
  EXPECT_EQ(At(position), 11u);
  position.set_last(3);
  EXPECT_EQ(At(position), 8u);
  position.set_last(1000);
  EXPECT_EQ(At(position), 4u);
  position.set_lsn(2);
  EXPECT_EQ(At(position), 2u) << "a read there says that it is trimmed";
}

TEST_F(SeekTest, ATimeIsTheFirstTransactionAtOrAfterItInTheRing) {
  for (int i = 0; i < 10; ++i) AppendWithId("x", 10);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(AtTime(times_[i]), i + 1);
    EXPECT_EQ(AtTime(times_[i] + 1), i + 2);
    EXPECT_EQ(turns, 0) << "by bisection";
  }
  EXPECT_EQ(AtTime(1), 1u);
  EXPECT_EQ(AtTime(UINT64_MAX), 11u);
}

TEST_F(SeekTest, ATimeIsExactAlsoWhereOnlySegmentsHoldIt) {
  Fill(4);
  ASSERT_GT(t.replica->ring().oldest().first_lsn, Lsn(200));
  for (size_t i = 0; i < times_.size(); i += 7) {
    ASSERT_EQ(AtTime(times_[i]), i + 1);
    ASSERT_EQ(AtTime(times_[i] - 1), i + 1);
    EXPECT_LT(turns, 200) << "one segment at most";
  }
  EXPECT_EQ(AtTime(1), 1u);
}

TEST_F(SeekTest, ATimeBelowATrimIsTheOldestThatIsKept) {
  Fill(4);
  ASSERT_TRUE(t.replica->Trim(Lsn(200), t.now, &t.refusal));
  t.Settle();
  uint64_t oldest = t.replica->marks().oldest.lsn.value();
  ASSERT_GT(oldest, 11u);
  EXPECT_EQ(AtTime(times_[10]), oldest);
  EXPECT_EQ(AtTime(times_[oldest - 1]), oldest);
  EXPECT_EQ(AtTime(times_[oldest]), oldest + 1);
}

TEST_F(SeekTest, ATimeBehindDamageLeadsNobodyPastIt) {
  Fill(4);
  const CatalogSegment& segment = t.replica->checkpointer().catalog().segments()[1];
  (*t.disk.files.at(segment.name))[5 * limits::kBlockBytes] ^= 1;
  uint64_t damaged = AtTime(times_[segment.first_lsn.value() + 50]);
  EXPECT_GE(damaged, segment.first_lsn.value());
  EXPECT_LE(damaged, segment.first_lsn.value() + 50);
}

TEST_F(SeekTest, AnIdIsFoundInSegmentsAndInTheRing) {
  Fill(3);
  uint64_t last = t.next_sequence - 1;
  for (uint64_t lsn : {uint64_t{1}, uint64_t{2}, last / 2, last - 1, last}) {
    EXPECT_EQ(AtId("t-" + std::to_string(lsn)), lsn);
  }
}

TEST_F(SeekTest, OfSeveralWithTheIdTheFirstIsFoundAndPayloadsDoNotCount) {
  AppendWithId("a", 10);
  ASSERT_EQ(t.Append(t.next_sequence++, {"the id twice"}), AppendVerdict::kAccepted);
  AppendWithId("twice", 10);
  AppendWithId("twice", 10);
  EXPECT_EQ(AtId("twice"), 3u);
}

TEST_F(SeekTest, AnUnknownIdIsATypedErrorThatNamesWhatWasSearched) {
  Fill(2);
  EXPECT_EQ(AtId("no such id"), 0u);
  EXPECT_EQ(error.code(), v1::ERROR_CODE_TRANSACTION_NOT_FOUND);
  EXPECT_NE(error.message().find("no such id"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("from LSN 1 to "), std::string::npos) << error.message();
}

TEST_F(SeekTest, AnIdBehindDamageIsFoundAndAnUnknownOneSaysWhatWasNotSearched) {
  Fill(4);
  uint64_t last = t.next_sequence - 1;
  const CatalogSegment& segment = t.replica->checkpointer().catalog().segments()[1];
  (*t.disk.files.at(segment.name))[5 * limits::kBlockBytes] ^= 1;
  EXPECT_EQ(AtId("t-" + std::to_string(last)), last);
  EXPECT_EQ(AtId("no such id"), 0u);
  EXPECT_NE(error.message().find("not searched"), std::string::npos) << error.message();
}

TEST_F(SeekTest, IdsOverTheLimitAndEmptyPositionsAreRefused) {
  EXPECT_EQ(AtId(std::string(limits::kPositionIdBytesMax + 1, 'x')), 0u);
  EXPECT_EQ(error.code(), v1::ERROR_CODE_TOO_LARGE);
  EXPECT_EQ(At(v1::Position()), 0u);
  EXPECT_EQ(error.code(), v1::ERROR_CODE_MALFORMED);
}

}  // namespace
}  // namespace ringjournal
