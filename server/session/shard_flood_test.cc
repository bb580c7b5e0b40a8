// Requests faster than they can be answered: what one session may pile up, and in which order it is
// answered.
#include "gtest/gtest.h"
#include "server/session/test_server.h"

namespace ringjournal {
namespace {

constexpr ConnectionNumber kOne = 1, kTwo = 2;

std::string CreateFrame(const std::string& name, const v1::JournalSettings& settings) {
  v1::ClientMessage m;
  m.mutable_journal_create()->set_name(name);
  *m.mutable_journal_create()->mutable_settings() = settings;
  return FrameOf(m);
}

// Six bytes ask for ten thousand: without a limit one turn's requests would fill the memory.
TEST(Flood, RepliesLeaveBeforeMoreRequestsAreWorkedOff) {
  TestServer t;
  t.Connect(kOne);
  t.EndBatch();
  t.Take(kOne);
  v1::ClientMessage describe;
  describe.mutable_describe()->set_request_id(1);
  std::string burst;
  for (int i = 0; i < 1000; ++i) burst += FrameOf(describe);
  t.Send(kOne, burst);
  EXPECT_TRUE(t.is_paused(kOne));
  size_t replies = 0;
  for (int batches = 0; replies < 1000 && batches < 100; ++batches) {
    t.EndBatch();
    size_t bytes = 0;
    for (const v1::ServerMessage& m : t.Take(kOne)) {
      bytes += m.ByteSizeLong();
      ++replies;
    }
    EXPECT_LE(bytes, limits::kSendBufferPauseBytes + 64 * limits::kKiB);
    const bool due = t.shard().deadline_ns() <= t.now.monotonic_ns;
    EXPECT_TRUE(due || replies == 1000) << "it would sleep with work to do";
  }
  EXPECT_EQ(replies, 1000u);
  t.EndBatch();
  EXPECT_FALSE(t.is_paused(kOne));
}

TEST(Flood, WhatIsSentBehindAChangeOfTheConfigIsAnsweredBehindIt) {
  TestServer t;
  t.Connect(kOne);
  v1::ClientMessage list;
  list.mutable_journal_list()->set_request_id(7);
  t.Send(kOne, CreateFrame("ledger", t.settings) + OpenFrame("p") + FrameOf(list));
  t.Settle();
  const std::vector<v1::ServerMessage> messages = t.Take(kOne);
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_TRUE(messages[1].has_journal_reply());
  EXPECT_TRUE(messages[2].has_open_reply());
  EXPECT_EQ(messages[3].journal_list_reply().journals_size(), 1);
}

TEST(Flood, RingsThatAreBeingMadeCountTowardsTheLimitOfMemory) {
  TestServer t;
  v1::JournalSettings large = t.settings;
  for (ConnectionNumber c : {kOne, kTwo}) t.Connect(c);
  large.set_ring_bytes(limits::kRingBytesTotalDefault / 2);
  t.ring_error = "no such memory in a test";
  t.Send(kOne, CreateFrame("first", large));
  t.Send(kTwo, CreateFrame("second", large));
  t.EndBatch();
  EXPECT_EQ(t.TakeLast(kTwo).error().code(), v1::ERROR_CODE_LIMIT);
}

TEST(Flood, TwoWhoOpenAJournalIfThereIsNoneBothGetIt) {
  TestServer t;
  v1::ClientMessage open;
  open.mutable_open()->set_journal("ledger");
  open.mutable_open()->set_create(true);
  for (ConnectionNumber c : {kOne, kTwo}) t.Connect(c);
  t.ring_producers = limits::kProducersMaxDefault;
  for (ConnectionNumber c : {kOne, kTwo}) t.Send(c, open);
  t.Settle();
  for (ConnectionNumber c : {kOne, kTwo}) EXPECT_TRUE(t.TakeLast(c).has_open_reply());
}

// A change that waits behind another one, and whose session is gone, would pile up with each
// reconnect.
TEST(Flood, AChangeOfASessionThatIsGoneIsNotBegun) {
  TestServer t;
  t.Open(kOne, "p");
  v1::ClientMessage change;
  v1::JournalSet* set = change.mutable_journal_set();
  set->set_name("ledger");
  set->add_fields("checkpoint_interval_ms");
  set->mutable_settings()->set_checkpoint_interval_ms(50);
  t.Send(kOne, change);
  t.Connect(kTwo);
  set->mutable_settings()->set_checkpoint_interval_ms(77);
  t.Send(kTwo, change);
  t.Step(ReceiveEnded{kTwo, ECONNRESET});
  t.Settle();
  EXPECT_TRUE(t.TakeLast(kOne).has_journal_reply());
  EXPECT_EQ(t.config().settings().checkpoint_interval_ms(), 50u);
}

TEST(Flood, OneSessionWaitsForSoManyCheckpoints) {
  TestServer t;
  t.Open(kOne, "p");
  t.hold_disk = true;
  t.Append(kOne, 1, 10, v1::LEVEL_REPLICATED);
  v1::ClientMessage checkpoint;
  checkpoint.mutable_checkpoint()->set_name("ledger");
  for (uint32_t i = 0; i < limits::kCheckpointWaitsPerSessionMax; ++i) t.Send(kOne, checkpoint);
  t.EndBatch();
  t.Take(kOne);
  t.Send(kOne, checkpoint);
  t.EndBatch();
  EXPECT_EQ(t.TakeLast(kOne).error().code(), v1::ERROR_CODE_LIMIT);
}

// A search that has not found its position yet must not answer once more behind the end.
TEST(Removal, AReadHasOneEnd) {
  TestServer t;
  t.Open(kOne, "p");
  v1::ClientMessage read, remove;
  read.mutable_read()->set_request_id(5);
  read.mutable_read()->mutable_from()->set_oldest(true);
  read.mutable_read()->mutable_until()->set_transaction_id("nobody's");
  remove.mutable_journal_remove()->set_name("ledger");
  t.Send(kOne, FrameOf(read) + FrameOf(remove));
  while (t.AnswerOne()) continue;
  t.Settle();
  int ends = 0;
  for (const v1::ServerMessage& m : t.Take(kOne)) {
    ends += m.read_end().request_id() == 5 || m.error().request_id() == 5 ? 1 : 0;
  }
  EXPECT_EQ(ends, 1);
}

}  // namespace
}  // namespace ringjournal
