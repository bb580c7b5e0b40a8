// Positions that are searched for: by Read and by Locate.
#include "gtest/gtest.h"
#include "server/session/test_server.h"

namespace ringjournal {
namespace {

constexpr ConnectionNumber kOne = 1;

class ShardSeek : public testing::Test {
 protected:
  void SetUp() override {
    t.Open(kOne, "p");
    for (uint64_t i = 1; i <= 200; ++i) Append(i);
    t.SettleFor(100);
    t.Take(kOne);
    RJ_CHECK(t.replica().ring().oldest().first_lsn > Lsn(50));
  }
  // Id "t-N" at LSN N, so large that the ring holds the last few only.
  void Append(uint64_t i) {
    v1::ClientMessage m;
    m.mutable_append()->set_request_id(i);
    m.mutable_append()->set_first_sequence(i);
    m.mutable_append()->add_transactions()->set_payload(std::string(1000, 'x'));
    m.mutable_append()->mutable_transactions(0)->set_id("t-" + std::to_string(i));
    t.Send(kOne, m);
    t.SettleFor(20);
  }
  v1::ServerMessage Locate(const v1::Position& position) {
    v1::ClientMessage m;
    m.mutable_locate()->set_request_id(7);
    *m.mutable_locate()->mutable_position() = position;
    t.Send(kOne, m);
    SettleReads();
    return t.TakeLast(kOne);
  }
  // The driver goes on at once as long as there is more to read.
  void SettleReads() {
    t.Settle();
    for (int i = 0; i < 1000 && t.shard().has_more_to_read(); ++i) t.Settle();
  }
  // First LSN that the read delivers, and the LSN it ended at.
  std::pair<uint64_t, uint64_t> Read(const v1::Position& from, const v1::Position* until) {
    v1::ClientMessage m;
    m.mutable_read()->set_request_id(8);
    *m.mutable_read()->mutable_from() = from;
    if (until != nullptr) *m.mutable_read()->mutable_until() = *until;
    m.mutable_read()->set_credit_bytes(limits::kReadCreditBytesMax);
    t.Send(kOne, m);
    SettleReads();
    uint64_t first = 0, end = 0;
    for (const v1::ServerMessage& message : t.Take(kOne)) {
      if (message.has_read_data() && first == 0) {
        first = message.read_data().entries().entries(0).first_lsn();
      }
      if (message.has_read_end()) end = message.read_end().next_lsn();
    }
    return {first, end};
  }
  TestServer t;
};

TEST_F(ShardSeek, LocateAnswersAnIdOnDiskAndInTheRing) {
  for (uint64_t lsn : {3u, 100u, 200u}) {
    v1::Position position;
    position.set_transaction_id("t-" + std::to_string(lsn));
    v1::ServerMessage reply = Locate(position);
    EXPECT_EQ(reply.locate_reply().request_id(), 7u);
    EXPECT_EQ(reply.locate_reply().lsn(), lsn);
    EXPECT_EQ(reply.locate_reply().watermarks().end().lsn(), 200u);
  }
}

TEST_F(ShardSeek, AnUnknownIdAndAnUnopenedSessionAreTypedErrors) {
  v1::Position position;
  position.set_transaction_id("unknown");
  v1::ServerMessage reply = Locate(position);
  EXPECT_EQ(reply.error().code(), v1::ERROR_CODE_TRANSACTION_NOT_FOUND);
  EXPECT_EQ(reply.error().request_id(), 7u);
  t.Connect(2);
  v1::ClientMessage m;
  m.mutable_locate()->mutable_position()->set_oldest(true);
  t.Send(2, m);
  t.Settle();
  EXPECT_EQ(t.TakeLast(2).error().code(), v1::ERROR_CODE_NOT_OPEN);
}

TEST_F(ShardSeek, AReadFromAnIdUntilAnIdDeliversJustThat) {
  v1::Position from, until;
  from.set_transaction_id("t-5");
  until.set_transaction_id("t-150");
  EXPECT_EQ(Read(from, &until), std::make_pair(uint64_t{5}, uint64_t{150}));
  EXPECT_EQ(Read(from, nullptr), std::make_pair(uint64_t{5}, uint64_t{201}));
}

TEST_F(ShardSeek, ASearchDoesNotKeepAnAppendWaiting) {
  v1::ClientMessage m;
  m.mutable_locate()->set_request_id(9);
  m.mutable_locate()->mutable_position()->set_transaction_id("t-200");
  t.hold_disk = true;
  t.Send(kOne, m);
  t.EndBatch();
  t.Append(kOne, 201, 10, v1::LEVEL_REPLICATED);
  t.EndBatch();
  std::vector<v1::ServerMessage> messages = t.Take(kOne);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].has_append_reply()) << "while the search waits for the disk";
  t.hold_disk = false;
  SettleReads();
  EXPECT_EQ(t.TakeLast(kOne).locate_reply().lsn(), 200u);
}

TEST_F(ShardSeek, AConnectionThatGoesDuringASearchLeavesNothingBehind) {
  size_t open_before = t.disk.handles();
  v1::ClientMessage m;
  m.mutable_locate()->mutable_position()->set_transaction_id("t-200");
  t.hold_disk = true;
  t.Send(kOne, m);
  t.EndBatch();
  t.Step(ReceiveEnded{kOne, 1});
  t.EndBatch();
  t.hold_disk = false;
  t.Settle();
  EXPECT_TRUE(t.is_closed(kOne));
  EXPECT_EQ(t.disk.handles(), open_before);
}

}  // namespace
}  // namespace ringjournal
