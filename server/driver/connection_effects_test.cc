#include "server/driver/connection_effects.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "server/session/test_shard.h"

namespace ringjournal {
namespace {

// An event loop of which the test says what its sockets take.
class FakeLoop {
 public:
  void Send(io::ConnectionId, ByteSpan head, ByteSpan body) { sent += head.size() + body.size(); }
  size_t queued_bytes(io::ConnectionId) const { return queued; }
  void PauseReceive(io::ConnectionId id) { paused[id.ToU64()] = true; }
  void ResumeReceive(io::ConnectionId id) { paused[id.ToU64()] = false; }
  void CloseAfterFlush(io::ConnectionId id) { flushed[id.ToU64()] = true; }
  void Close(io::ConnectionId id) { closed[id.ToU64()] = true; }

  size_t sent = 0;
  size_t queued = 0;
  std::map<ConnectionNumber, bool> paused, flushed, closed;
};

// A shard with one session that has said hello, driven as the server does it.
class ConnectionEffects : public testing::Test {
 protected:
  ConnectionEffects() : shard(Options()) {
    Step(Accepted{kOne});
    Receive(std::string(kPreface) + HelloFrame());
    EndTurn();
  }
  static ShardOptions Options() {
    ShardOptions options;
    options.node = "node1";
    options.incarnation = Incarnation(1);
    return options;
  }
  void Step(const ShardEvent& event) { shard.Step(event, now, &effects); }
  void Receive(const std::string& bytes) { Step(Received{kOne, AsBytes(bytes)}); }
  void EndTurn() {
    Step(EndOfBatch{});
    CarryOutConnections(&effects, &loop, [this](const ShardEvent& event) { Step(event); });
    effects.Clear();
  }
  // A reply leaves, of which the socket leaves so much in the queue.
  void ReplyWithQueue(size_t queued_bytes) {
    loop.queued = queued_bytes;
    v1::ClientMessage heartbeat;
    heartbeat.mutable_heartbeat()->set_nonce(1);
    const size_t before = loop.sent;
    Receive(FrameOf(heartbeat));
    EndTurn();
    ASSERT_GT(loop.sent, before);
  }

  static constexpr ConnectionNumber kOne = 1;
  Time now{1'000'000'000, 1'700'000'000'000'000'000};
  Shard shard;
  ShardEffects effects;
  FakeLoop loop;
};

TEST_F(ConnectionEffects, ASessionThatTakesNothingIsPausedAndInTheEndClosed) {
  ReplyWithQueue(limits::kSendBufferPauseBytes + 1);
  EXPECT_TRUE(loop.paused[kOne]);
  EXPECT_FALSE(loop.closed[kOne]);
  Step(SendQueue{kOne, 0});
  ReplyWithQueue(limits::kSendBufferBytesMax + 1);
  EXPECT_TRUE(loop.closed[kOne]);
}

// The loop tells nothing between here and an empty queue: what is not resumed now never is.
TEST_F(ConnectionEffects, ASessionWhoseQueueIsShortAgainAtASendIsReadAgain) {
  ReplyWithQueue(limits::kSendBufferPauseBytes + 1);
  ASSERT_TRUE(loop.paused[kOne]);
  effects.sends.push_back({kOne, AsBytes(std::string_view("what it was owed")), {}});
  loop.queued = limits::kSendBufferPauseBytes / 2;
  EndTurn();
  EXPECT_FALSE(loop.paused[kOne]);
}

TEST_F(ConnectionEffects, OfAResumeAndAPauseInOneTurnTheLaterCounts) {
  ReplyWithQueue(limits::kSendBufferPauseBytes + 1);
  ASSERT_TRUE(loop.paused[kOne]);
  loop.queued = 0;
  Step(SendQueue{kOne, 0});
  Step(SendQueue{kOne, limits::kSendBufferPauseBytes + 1});
  EndTurn();
  EXPECT_TRUE(loop.paused[kOne]);
}

}  // namespace
}  // namespace ringjournal
