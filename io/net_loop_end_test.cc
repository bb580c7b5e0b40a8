// How connections end: reset, half-close, close with bytes in flight, lingering, destruction.
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/net_loop.h"
#include "io/test_peer.h"

namespace ringjournal::io {
namespace {

using ::testing::ElementsAre;

NetLoop::Options Small(uint32_t connections_max = 100) {
  return {.connections_max = connections_max};
}

int OpenDescriptors() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

TEST(NetLoopEndTest, ClosingWhileConnectingGivesClosedOnly) {
  TestLoop server(Small()), client(Small());
  ConnectionId id = *client.loop->Connect(server.Listen());
  client.loop->Close(id);
  ASSERT_TRUE(client.Until([&] { return client.Of(id).closed; }));
  EXPECT_EQ(client.Of(id).connected, 0);
}

TEST(NetLoopEndTest, ResetIsReportedAfterTheBytesBeforeIt) {
  TestLoop server(Small());
  auto peer = server.Join(server.Listen());
  peer->Write("last words");
  ASSERT_TRUE(server.Until([&] { return server.Accepted(0).received == "last words"; }));
  peer->Reset();
  ASSERT_TRUE(server.Until([&] { return !server.Accepted(0).ends.empty(); }));
  EXPECT_THAT(server.Accepted(0).ends, ElementsAre(-ECONNRESET));
  ConnectionId id = server.accepted[0];
  server.loop->Send(id, AsBytes("too late"));
  EXPECT_EQ(server.loop->queued_bytes(id), 0u);
  server.loop->Close(id);
  ASSERT_TRUE(server.Until([&] { return server.Of(id).closed; }));
}

TEST(NetLoopEndTest, WeCanSendMegabytesAfterThePeerHasShutDownItsSide) {
  TestLoop server(Small());
  auto peer = server.Join(server.Listen());
  ConnectionId id = server.accepted[0];
  peer->ShutdownWrite();
  ASSERT_TRUE(server.Until([&] { return !server.Of(id).ends.empty(); }));
  EXPECT_THAT(server.Of(id).ends, ElementsAre(0));
  std::string answer = Pattern(1, 0, 10 << 20);
  server.loop->Send(id, AsBytes(answer));
  EXPECT_GT(server.loop->queued_bytes(id), 0u);
  ASSERT_TRUE(server.Until([&] {
    peer->Read();
    return peer->received.size() == answer.size();
  }));
  EXPECT_TRUE(peer->received == answer);
  EXPECT_EQ(server.Of(id).drained, 1);
  EXPECT_EQ(server.loop->queued_bytes(id), 0u);
}

TEST(NetLoopEndTest, SendToAPeerThatIsGoneAfterHalfCloseIsReportedAsAnError) {
  TestLoop server(Small());
  auto peer = server.Join(server.Listen());
  ConnectionId id = server.accepted[0];
  peer->Close();
  ASSERT_TRUE(server.Until([&] { return !server.Of(id).ends.empty(); }));
  ASSERT_TRUE(server.Until([&] {
    server.loop->Send(id, AsBytes("hello?"));
    return server.Of(id).ends.size() == 2;
  }));
  EXPECT_EQ(server.Of(id).ends[0], 0);
  EXPECT_LT(server.Of(id).ends[1], 0);
}

TEST(NetLoopEndTest, PeerThatVanishesIsNoticedBySendingWhilePaused) {
  TestLoop server(Small());
  auto peer = server.Join(server.Listen());
  ConnectionId id = server.accepted[0];
  server.loop->PauseReceive(id);
  server.Turn();
  peer->Reset();
  ASSERT_TRUE(server.Until([&] {
    server.loop->Send(id, AsBytes("hello?"));
    return !server.Of(id).ends.empty();
  }));
  EXPECT_LT(server.Of(id).ends[0], 0);
}

TEST(NetLoopEndTest, CloseWithSendsInFlightEndsAtOnce) {
  int before = 0;
  TestLoop server(Small());
  Address address = server.Listen();
  {
    auto peer = server.Join(address);
    before = OpenDescriptors();
    ConnectionId id = server.accepted[0];
    server.loop->Send(id, AsBytes(std::string(15 << 20, 'x')));
    server.Turn();
    ASSERT_GT(server.loop->queued_bytes(id), 0u);
    server.loop->Close(id);
    server.loop->Close(id);
    ASSERT_TRUE(server.Until([&] { return server.Of(id).closed; }));
    EXPECT_EQ(OpenDescriptors(), before - 1);
    ASSERT_TRUE(server.Until([&] {
      peer->Read();
      return peer->ended || peer->error != 0;
    }));
  }
}

TEST(NetLoopEndTest, CloseAfterFlushDeliversEverythingAlthoughThePeerKeepsTalking) {
  TestLoop server(Small());
  auto peer = server.Join(server.Listen());
  ConnectionId id = server.accepted[0];
  std::string answer = Pattern(2, 0, 8 << 20);
  server.loop->Send(id, AsBytes(answer));
  server.loop->CloseAfterFlush(id);
  server.loop->Send(id, AsBytes("not any more"));
  std::string noise(10000, 'n');
  ASSERT_TRUE(server.Until([&] {
    if (peer->received.size() < answer.size()) peer->Write(noise);
    peer->Read();
    return peer->ended;
  }));
  EXPECT_EQ(peer->error, 0);
  EXPECT_TRUE(peer->received == answer);
  EXPECT_EQ(server.Of(id).received, "");
  EXPECT_FALSE(server.Of(id).closed);
  peer->Close();
  ASSERT_TRUE(server.Until([&] { return server.Of(id).closed; }));
  EXPECT_THAT(server.Of(id).ends, ElementsAre());
}

TEST(NetLoopEndTest, LingeringEndsWhenThePeerNeverCloses) {
  NetLoop::Options options = Small();
  options.linger_ms = 20;
  TestLoop server(options);
  auto peer = server.Join(server.Listen());
  int64_t start = MonotonicNs();
  server.loop->PauseReceive(server.accepted[0]);
  server.loop->CloseAfterFlush(server.accepted[0]);
  ASSERT_TRUE(server.Until([&] { return server.Accepted(0).closed; }));
  EXPECT_GE(MonotonicNs() - start, 15'000'000);
  EXPECT_LT(MonotonicNs() - start, 5'000'000'000);
}

TEST(NetLoopEndTest, QueueLimitBreaksTheConnection) {
  NetLoop::Options options = Small();
  options.send_queue_bytes_max = 1 << 20;
  TestLoop server(options);
  auto peer = server.Join(server.Listen());
  std::string much(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) server.loop->Send(server.accepted[0], AsBytes(much));
  ASSERT_TRUE(server.Until([&] { return !server.Accepted(0).ends.empty(); }));
  EXPECT_THAT(server.Accepted(0).ends, ElementsAre(-ENOBUFS));
}

TEST(NetLoopEndTest, ThousandsOfConnectionsLeaveNoDescriptorAndNoOperationBehind) {
  TestLoop server(Small(300));
  Address address = server.Listen();
  server.on_event = [&](const Event& event) {
    if (event.kind == Event::Kind::kReceived) server.loop->Send(event.connection, event.bytes);
    if (event.kind == Event::Kind::kReceiveEnded) server.loop->Close(event.connection);
  };
  server.Turn();
  int before = OpenDescriptors();
  uint64_t operations = server.loop->stats().operations_in_flight;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<TestPeer>> peers;
    for (int i = 0; i < 200; ++i) {
      peers.push_back(std::make_unique<TestPeer>(address));
      if (i % 3 != 0) peers.back()->Write("hello");
      if (i % 5 == 0) peers.back()->Reset();
      if (i % 7 == 0) peers.back()->ShutdownWrite();
      if (i % 10 == 0) server.Turn(0);
    }
    peers.clear();
    ASSERT_TRUE(server.Until([&] {
      return server.loop->stats().accepted == 200u * (round + 1u) &&
             server.loop->stats().connections == 0;
    }));
  }
  EXPECT_EQ(OpenDescriptors(), before);
  EXPECT_EQ(server.loop->stats().operations_in_flight, operations);
  EXPECT_EQ(server.loop->stats().refused, 0u);
}

TEST(NetLoopEndTest, IdsOfClosedConnectionsDoNothing) {
  TestLoop server(Small());
  Address address = server.Listen();
  auto first = server.Join(address);
  ConnectionId old = server.accepted[0];
  server.loop->Close(old);
  ASSERT_TRUE(server.Until([&] { return server.Of(old).closed; }));
  auto second = server.Join(address);
  ConnectionId now = server.accepted[1];
  ASSERT_EQ(now.slot, old.slot);
  EXPECT_NE(now, old);
  server.loop->Send(old, AsBytes("nobody gets this"));
  server.loop->PauseReceive(old);
  server.loop->CloseAfterFlush(old);
  server.loop->Close(old);
  EXPECT_FALSE(server.loop->PeerAddress(old).ok());
  server.loop->Send(now, AsBytes("x"));
  second->Write("y");
  ASSERT_TRUE(server.Until([&] {
    second->Read();
    return second->received == "x" && server.Of(now).received == "y";
  }));
  EXPECT_EQ(ConnectionId::FromU64(now.ToU64()), now);
}

TEST(NetLoopEndTest, DestructionEndsEverythingInFlight) {
  int before = OpenDescriptors();
  for (int i = 0; i < 20; ++i) {
    TestLoop server(Small());
    Address address = server.Listen();
    auto peer = server.Join(address), quiet = server.Join(address);
    server.loop->Send(server.accepted[0], AsBytes(std::string(5 << 20, 'x')));
    peer->Write("unread");
    ConnectionId connecting = *server.loop->Connect(address);
    (void)connecting;
    if (i % 2 == 0) server.Turn(0);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace ringjournal::io
