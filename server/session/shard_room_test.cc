// Full rings, full disks, slow peers: what waits, what is refused, and how it goes on.
#include "gtest/gtest.h"
#include "server/session/test_server.h"

namespace ringjournal {
namespace {

constexpr ConnectionNumber kOne = 1, kTwo = 2;

// Appends until the ring takes no more. Returns the sequence that waits.
uint64_t FillRing(TestServer* t, ConnectionNumber c) {
  uint64_t sequence = 0;
  while (!t->is_paused(c)) {
    t->Append(c, ++sequence, 4000, v1::LEVEL_REPLICATED);
    t->EndBatch();
    RJ_CHECK(sequence < 100);
  }
  return sequence;
}

TEST(FullRing, AnAppendWaitsItsReceiveIsPausedAndItGoesOnOnceTheDiskHasMadeRoom) {
  TestServer t;
  t.Open(kOne, "p");
  t.hold_disk = true;
  uint64_t waiting = FillRing(&t, kOne);
  t.Take(kOne);
  t.Append(kOne, waiting + 1, 10, v1::LEVEL_REPLICATED);  // was on its way already
  t.hold_disk = false;
  t.SettleFor(100);
  EXPECT_FALSE(t.is_paused(kOne));
  EXPECT_EQ(t.replica().marks().end.lsn, Lsn(waiting + 1));
  size_t acknowledged = 0;
  for (const v1::ServerMessage& m : t.Take(kOne)) {
    acknowledged += static_cast<size_t>(m.append_reply().results_size());
  }
  EXPECT_EQ(acknowledged, 2u);
}

// Frames that had waited are taken behind the end of the batch: what they are told must be true.
TEST(FullRing, WhatIsResolvedBehindAWaitingAppendIsCommitted) {
  TestServer t;
  t.settings.set_memory_only(true);
  t.Open(kOne, "p");
  uint64_t sequence = 0;
  bool resolved = false;
  for (int i = 0; i < 50 && !resolved; ++i) {
    for (int n = 0; n < 20; ++n) t.Append(kOne, ++sequence, 4000, v1::LEVEL_REPLICATED);
    v1::ClientMessage ask;
    ask.mutable_resolve()->set_producer("p");
    ask.mutable_resolve()->set_sequence(sequence);
    t.Send(kOne, ask);
    for (int batch = 0; batch < 40; ++batch) {
      t.EndBatch();
      for (const v1::ServerMessage& m : t.Take(kOne)) {
        if (!m.has_resolve_reply()) continue;
        resolved = true;
        EXPECT_GE(t.replica().marks().committed.lsn, Lsn(m.resolve_reply().lsn()));
      }
    }
  }
  EXPECT_TRUE(resolved);
}

TEST(FullRing, AfterABoundedWaitTheAppendIsRefusedWithAllBehindItUntilResume) {
  TestServer t;
  t.Open(kOne, "p");
  t.hold_disk = true;
  uint64_t waiting = FillRing(&t, kOne);
  t.Append(kOne, waiting + 1, 10, v1::LEVEL_REPLICATED);
  t.Take(kOne);
  t.Advance(limits::kRingFullWaitMs - 1);
  t.EndBatch();
  EXPECT_TRUE(t.Take(kOne).empty());
  t.Advance(1);
  t.EndBatch();
  std::vector<v1::ServerMessage> messages = t.Take(kOne);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].error().code(), v1::ERROR_CODE_BACK_PRESSURE);
  EXPECT_EQ(messages[0].error().back_pressure().retry_after_ms(), limits::kStorageRetryMs);
  EXPECT_EQ(messages[1].error().code(), v1::ERROR_CODE_BEHIND_REFUSED);
  EXPECT_FALSE(t.is_paused(kOne));
  t.hold_disk = false;
  t.SettleFor(100);
  v1::ClientMessage resume;
  resume.mutable_resume()->set_request_id(1000);
  t.Send(kOne, resume);
  t.Append(kOne, waiting, 4000, v1::LEVEL_REPLICATED);
  t.Settle();
  messages = t.Take(kOne);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].resume_reply().expected_sequence(), waiting);
  EXPECT_EQ(messages[1].append_reply().results(0).first_lsn(), waiting);
}

TEST(FullRing, AnotherSessionStillReadsAndIsAnswered) {
  TestServer t;
  t.Open(kOne, "p");
  t.hold_disk = true;
  FillRing(&t, kOne);
  t.Connect(kTwo);
  t.Send(kTwo, OpenFrame(""));
  v1::ClientMessage read;
  read.mutable_read()->set_request_id(7);
  read.mutable_read()->mutable_from()->set_oldest(true);
  read.mutable_read()->set_credit_bytes(1 << 20);
  t.Send(kTwo, read);
  for (int i = 0; i < 5; ++i) t.EndBatch();
  uint64_t entries = 0;
  for (const v1::ServerMessage& m : t.Take(kTwo)) {
    entries += static_cast<uint64_t>(m.read_data().entries().entries_size());
  }
  EXPECT_GT(entries, 5u);
}

// Nothing but the end of a batch makes room here: no disk answers.
TEST(FullRing, AMemoryOnlyJournalTakesABurstLargerThanItsRingWithoutWaiting) {
  TestServer t;
  t.settings.set_memory_only(true);
  t.Open(kOne, "p");
  std::string burst;
  for (uint64_t i = 1; i <= 60; ++i) {
    v1::ClientMessage m = AppendOf(i, 1, v1::LEVEL_REPLICATED);
    m.mutable_append()->mutable_transactions(0)->set_payload(std::string(4000, 'x'));
    burst += FrameOf(m);
  }
  int64_t start = t.now.monotonic_ns;
  t.Send(kOne, burst);
  t.EndBatch();
  while (t.replica().marks().committed.lsn < Lsn(60)) {
    ASSERT_LE(t.shard().deadline_ns(), start + 10'000'000) << "it would sleep with work to do";
    t.EndBatch();
  }
}

// A session may wait for so many acknowledgements; the batch that sends them makes room.
TEST(FullSession, MoreAppendsThanItMayHaveInFlightAreTakenWithoutWaitingForTime) {
  TestServer t;
  t.settings.set_ring_bytes(32 << 20);
  t.Open(kOne, "p");
  std::string burst;
  constexpr uint64_t kAppends = limits::kAppendsInFlightPerSessionMax + 10;
  for (uint64_t i = 1; i <= kAppends; ++i) burst += FrameOf(AppendOf(i, 1, v1::LEVEL_REPLICATED));
  t.Send(kOne, burst);
  EXPECT_TRUE(t.is_paused(kOne));
  t.EndBatch();
  EXPECT_FALSE(t.is_paused(kOne));
  EXPECT_LE(t.shard().deadline_ns(), t.now.monotonic_ns);
  t.EndBatch();
  EXPECT_EQ(t.replica().marks().committed.lsn, Lsn(kAppends));
}

TEST(FullDisk, DiskLevelsAreRefusedOthersGoOnAndItHeals) {
  TestServer t;
  t.disk.full = true;
  t.Open(kOne, "p");
  t.Append(kOne, 1, 10, v1::LEVEL_DISK);
  t.Settle();
  v1::ServerMessage refused = t.TakeLast(kOne);
  EXPECT_EQ(refused.error().code(), v1::ERROR_CODE_DISK_FULL) << refused.ShortDebugString();
  v1::ClientMessage resume;
  resume.mutable_resume()->set_request_id(1000);
  t.Send(kOne, resume);
  t.Append(kOne, 1, 10, v1::LEVEL_REPLICATED);
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).append_reply().results(0).disk_copies(), 0u);
  t.disk.full = false;
  t.SettleFor(2 * limits::kStorageRetryMs);
  t.Append(kOne, 2, 10, v1::LEVEL_DISK);
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).append_reply().results(0).disk_copies(), 1u);
}

TEST(FullDisk, AFailedWriteStopsTheProcessAndAcknowledgesNothing) {
  TestServer t;
  t.Open(kOne, "p");
  t.disk.write_result = -EIO;
  t.Append(kOne, 1, 10, v1::LEVEL_DISK);
  t.EndBatch();
  ASSERT_TRUE(t.AnswerOne());
  EXPECT_NE(t.fatal.find("ledger"), std::string::npos) << t.fatal;
  EXPECT_TRUE(t.Take(kOne).empty());
}

TEST(Levels, AnAcknowledgementThatWaitsForTheDiskHoldsBackThoseBehindIt) {
  TestServer t;
  t.Open(kOne, "p");
  t.hold_disk = true;
  t.Append(kOne, 1, 10, v1::LEVEL_DISK);
  t.Append(kOne, 2, 10, v1::LEVEL_REPLICATED);
  t.EndBatch();
  EXPECT_TRUE(t.Take(kOne).empty());
  t.hold_disk = false;
  t.Settle();
  v1::ServerMessage reply = t.TakeLast(kOne);
  ASSERT_EQ(reply.append_reply().results_size(), 2);
  EXPECT_EQ(reply.append_reply().results(0).level(), v1::LEVEL_DISK_QUORUM);
}

TEST(Levels, AMemoryOnlyJournalOffersNoDisk) {
  TestServer t;
  t.settings.set_memory_only(true);
  t.Open(kOne, "p");
  t.Append(kOne, 1, 10, v1::LEVEL_DISK_QUORUM);
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).error().code(), v1::ERROR_CODE_LEVEL_NOT_OFFERED);
  v1::ClientMessage m;
  m.mutable_checkpoint()->set_name("ledger");
  t.Send(kOne, m);
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).error().code(), v1::ERROR_CODE_LEVEL_NOT_OFFERED);
}

TEST(SlowPeer, IsPausedThenDroppedAndOthersGoOn) {
  TestServer t;
  t.Open(kOne, "p");
  t.Step(SendQueue{kOne, limits::kSendBufferPauseBytes + 1});
  EXPECT_TRUE(t.is_paused(kOne));
  t.Step(SendQueue{kOne, 0});
  EXPECT_FALSE(t.is_paused(kOne));
  t.Step(SendQueue{kOne, limits::kSendBufferBytesMax + 1});
  EXPECT_TRUE(t.is_closed(kOne));
  t.Connect(kTwo);
  t.Send(kTwo, OpenFrame("q"));
  t.Settle();
  EXPECT_TRUE(t.TakeLast(kTwo).has_open_reply());
}

TEST(SlowPeer, WhoStopsInTheMiddleOfAFrameOrSaysNothingIsDropped) {
  TestServer t;
  t.Open(kOne, "p");
  t.Send(kOne, OpenFrame("q").substr(0, 7));
  t.Step(Accepted{kTwo});
  t.Advance(limits::kHelloTimeoutMs + 1000);
  t.EndBatch();
  EXPECT_TRUE(t.is_closed(kTwo));
  EXPECT_FALSE(t.is_closed(kOne));
  t.Advance(limits::kStalledFrameTimeoutMs);
  t.EndBatch();
  EXPECT_TRUE(t.is_closed(kOne));
}

}  // namespace
}  // namespace ringjournal
