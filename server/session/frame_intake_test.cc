#include "server/session/frame_intake.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

std::string FrameOfBytes(size_t bytes, char fill) {
  std::string frame;
  AppendFrame(std::string(bytes, fill), &frame);
  return frame;
}

// Frames are taken one at a time while more arrive: what is gone must not be kept in front of what
// comes, or a client that is always a little behind would grow without end.
TEST(FrameIntake, WhatWasTakenWhileMoreArrivesIsNotKept) {
  FrameIntake intake(1 << 20);
  std::string complaint;
  size_t may_take = 0;
  auto take = [&](ByteSpan) {
    if (may_take == 0) return FrameIntake::Taken::kStall;
    --may_take;
    return FrameIntake::Taken::kYes;
  };
  std::string two = FrameOfBytes(1000, 'a') + FrameOfBytes(1000, 'b');
  intake.Feed(AsBytes(kPreface), take, &complaint);
  EXPECT_EQ(intake.Feed(AsBytes(two + two + two), take, &complaint),
            FrameIntake::Outcome::kStalled);
  for (int i = 0; i < 100; ++i) {
    may_take = 2;
    EXPECT_EQ(intake.Retry(take, &complaint), FrameIntake::Outcome::kStalled);
    EXPECT_EQ(intake.Feed(AsBytes(two), take, &complaint), FrameIntake::Outcome::kStalled);
    ASSERT_EQ(intake.buffered_bytes(), intake.waiting_bytes());
    ASSERT_LE(intake.buffered_bytes(), 6 * 1004u);
  }
}

// Every frame is offered in order, whatever is taken when.
TEST(FrameIntake, TheOrderOfFramesSurvivesAnyPattern) {
  for (uint32_t pattern = 0; pattern < 256; ++pattern) {
    FrameIntake intake(1 << 20);
    std::string complaint, taken;
    uint32_t offers = 0;
    auto take = [&](ByteSpan frame) {
      if ((pattern >> (offers++ % 8) & 1) == 0 && offers % 9 != 0) {
        return FrameIntake::Taken::kStall;
      }
      taken.push_back(static_cast<char>(frame[0]));
      return FrameIntake::Taken::kYes;
    };
    std::string bytes(kPreface), wanted;
    for (char c = 'a'; c <= 'z'; ++c) {
      bytes += FrameOfBytes(static_cast<size_t>(c - 'a' + 1), c);
      wanted.push_back(c);
    }
    for (size_t at = 0; at < bytes.size(); at += 37) {
      intake.Feed(AsBytes(bytes).subspan(at, std::min<size_t>(37, bytes.size() - at)), take,
                  &complaint);
      intake.Retry(take, &complaint);
    }
    for (int i = 0; i < 500 && intake.stalled(); ++i) intake.Retry(take, &complaint);
    EXPECT_EQ(taken, wanted) << pattern;
  }
}

}  // namespace
}  // namespace ringjournal
