#include "tools/ringjournal/drill_meter.h"

#include <gtest/gtest.h>

#include <string>

#include "client/errors.h"
#include "client/takeover/records.h"
#include "client/transaction.h"

namespace ringjournal::cli {
namespace {

constexpr int64_t kMs = 1'000'000;

class DrillMeterTest : public ::testing::Test {
 protected:
  absl::Status Take(Epoch writer, int64_t now_ms, std::string_view type = "") {
    encoded_.clear();
    client::Transaction transaction;
    transaction.payload = "x";
    transaction.type = type;
    client::EncodeTransaction(transaction, &encoded_);
    client::ReadTransaction t;
    t.lsn = lsn_ = lsn_.next();
    t.writer = writer;
    t.log_time_ns =
        static_cast<uint64_t>((now_ms + 5000 - static_cast<int64_t>(lsn_.value())) * kMs);
    t.encoded = AsBytes(encoded_);
    t.payload = t.encoded.subspan(2, 1);
    return meter_.Take(t, now_ms * kMs);
  }

  std::string encoded_;
  Lsn lsn_{10};
  DrillMeter meter_;
};

constexpr Epoch kOld{1, 3}, kNew{1, 4};

TEST_F(DrillMeterTest, MeasuresFromTheCommandAndFromTheOldWritersLastTransaction) {
  ASSERT_TRUE(Take(kOld, 100).ok());  // 11
  meter_.Begin(110 * kMs);
  ASSERT_TRUE(Take(kOld, 112).ok());  // 12
  EXPECT_FALSE(meter_.switched());
  ASSERT_TRUE(Take(kNew, 130).ok());  // 13
  ASSERT_TRUE(meter_.switched());
  ASSERT_TRUE(Take(kNew, 131).ok());
  const SwitchTimes& times = meter_.result();
  EXPECT_EQ(times.from, kOld);
  EXPECT_EQ(times.to, kNew);
  EXPECT_EQ(times.last, Lsn(12));
  EXPECT_EQ(times.first, Lsn(13));
  EXPECT_EQ(times.taken, 20 * kMs);
  EXPECT_EQ(times.gap, 18 * kMs);
  EXPECT_EQ(times.log_gap, 17 * kMs) << "each log time is 1 ms less behind than the one before";
  EXPECT_EQ(meter_.work(), 4u);
}

TEST_F(DrillMeterTest, WhatTheLibraryWritesIsNoWork) {
  ASSERT_TRUE(Take(kOld, 100).ok());
  meter_.Begin(110 * kMs);
  ASSERT_TRUE(Take(kNew, 120, "ringjournal.v1.OfTomorrow").ok());
  EXPECT_FALSE(meter_.switched()) << "the new writer lives, and serves nobody yet";
  ASSERT_TRUE(Take(kNew, 125, "my.Order").ok());
  ASSERT_TRUE(meter_.switched());
  EXPECT_EQ(meter_.result().gap, 25 * kMs);
  EXPECT_EQ(meter_.work(), 2u);
  EXPECT_EQ(meter_.transactions(), 3u);
}

TEST_F(DrillMeterTest, MeasuresAgainAfterTheNextBegin) {
  ASSERT_TRUE(Take(kOld, 100).ok());
  meter_.Begin(110 * kMs);
  ASSERT_TRUE(Take(kNew, 120).ok());
  meter_.Begin(200 * kMs);
  EXPECT_FALSE(meter_.switched());
  ASSERT_TRUE(Take(kNew, 201).ok());
  EXPECT_FALSE(meter_.switched());
  ASSERT_TRUE(Take({1, 5}, 207).ok());
  ASSERT_TRUE(meter_.switched());
  EXPECT_EQ(meter_.result().from, kNew);
  EXPECT_EQ(meter_.result().taken, 7 * kMs);
}

TEST_F(DrillMeterTest, AHoleIsADefect) {
  ASSERT_TRUE(Take(kOld, 100).ok());
  lsn_ = lsn_.next();
  EXPECT_EQ(client::CodeOf(Take(kOld, 101)), client::ErrorCode::kDamaged);
}

TEST_F(DrillMeterTest, ARepeatIsADefect) {
  ASSERT_TRUE(Take(kOld, 100).ok());
  lsn_ = lsn_.prev();
  EXPECT_EQ(client::CodeOf(Take(kOld, 101)), client::ErrorCode::kDamaged);
}

TEST_F(DrillMeterTest, AnOldWriterBehindANewOneIsADefect) {
  ASSERT_TRUE(Take(kNew, 100).ok());
  EXPECT_EQ(client::CodeOf(Take(kOld, 101)), client::ErrorCode::kDamaged);
}

}  // namespace
}  // namespace ringjournal::cli
