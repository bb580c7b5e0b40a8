#include "io/net_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "io/test_peer.h"

namespace ringjournal::io {
namespace {

using ::testing::HasSubstr;

NetLoop::Options Small(uint32_t connections_max = 100) {
  return {.connections_max = connections_max};
}

TEST(NetLoopTest, ConnectsToAnotherLoopAndBackBothWays) {
  TestLoop server(Small()), client(Small());
  Address address = server.Listen();
  ConnectionId id = *client.loop->Connect(address);
  client.loop->Send(id, AsBytes("queued before "), AsBytes("the connect"));
  ASSERT_TRUE(server.Until([&] {
    client.Turn(0);
    return !server.accepted.empty() && server.Accepted(0).received.size() == 25;
  }));
  EXPECT_EQ(server.Accepted(0).received, "queued before the connect");
  EXPECT_EQ(client.Of(id).connect_result, 0);
  EXPECT_EQ(client.loop->PeerAddress(id)->ToString(), address.ToString());
  server.loop->Send(server.accepted[0], AsBytes("answer"));
  ASSERT_TRUE(client.Until([&] { return client.Of(id).received == "answer"; }));
}

TEST(NetLoopTest, ListensOnIPv6) {
  TestLoop server(Small());
  auto address = server.loop->Listen(*Address::Parse("[::1]:0"));
  ASSERT_TRUE(address.ok()) << address.status();
  auto peer = server.Join(*address);
  peer->Write("six");
  EXPECT_TRUE(server.Until([&] { return server.Accepted(0).received == "six"; }));
}

TEST(NetLoopTest, RefusedConnectIsReportedAndTheConnectionGone) {
  Address nobody;
  {
    TestLoop server(Small());
    nobody = server.Listen();
  }
  TestLoop client(Small());
  ConnectionId id = *client.loop->Connect(nobody);
  ASSERT_TRUE(client.Until([&] { return client.Of(id).closed; }));
  EXPECT_EQ(client.Of(id).connected, 1);
  EXPECT_EQ(client.Of(id).connect_result, -ECONNREFUSED);
  EXPECT_EQ(client.loop->stats().connections, 0u);
}

TEST(NetLoopTest, PortInUseIsAClearError) {
  TestLoop first(Small()), second(Small());
  Address address = first.Listen();
  auto refused = second.loop->Listen(address);
  ASSERT_EQ(refused.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(address.ToString()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("choose another port"));
}

TEST(NetLoopTest, ForeignAddressIsAClearError) {
  TestLoop loop(Small());
  auto refused = loop.loop->Listen(*Address::Parse("192.0.2.1:0"));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("no network interface"));
}

TEST(NetLoopTest, TooManyConnectionsForTheFileLimitAreRefusedAtTheStart) {
  auto loop = NetLoop::Create({.connections_max = limits::kLoopConnectionsMax});
  ASSERT_EQ(loop.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(loop.status().message()), HasSubstr("LimitNOFILE"));
}

TEST(NetLoopTest, PausedConnectionTakesNothingFromTheSocket) {
  TestLoop server(Small());
  auto peer = server.Join(server.Listen());
  ConnectionId id = server.accepted[0];
  server.loop->PauseReceive(id);
  server.Turn();  // the cancel is done
  peer->Write("kept in the kernel");
  for (int i = 0; i < 20; ++i) server.Turn();
  EXPECT_EQ(server.Of(id).received, "");
  server.loop->ResumeReceive(id);
  ASSERT_TRUE(server.Until([&] { return server.Of(id).received == "kept in the kernel"; }));
}

TEST(NetLoopTest, WhatStillArrivesAfterAPauseIsBounded) {
  TestLoop server(Small());
  auto peer = server.Join(server.Listen());
  std::string much(32 << 20, 'm');
  size_t written = 0;
  // As much as the two sockets take before the loop looks at it.
  while (size_t n = peer->Write(std::string_view(much).substr(written))) written += n;
  ASSERT_GT(written, 3u << 20) << "the sockets take too little for this test";
  server.on_event = [&](const Event& event) {
    if (event.kind == Event::Kind::kReceived) server.loop->PauseReceive(event.connection);
  };
  for (int i = 0; i < 30; ++i) {
    server.Turn();
    peer->Write(much);
  }
  EXPECT_LE(server.Accepted(0).received.size(),
            limits::kReceiveAheadBytesMax + limits::kReceiveBufferBytes);
}

TEST(NetLoopTest, ScarceBuffersNeverMakeATurnWaitWhileBytesAreThere) {
  NetLoop::Options options = Small();
  options.buffers = {.count = 1, .bytes = 16, .allow_incremental = false};
  TestLoop server(options);
  Address address = server.Listen();
  std::vector<std::unique_ptr<TestPeer>> peers;
  peers.reserve(40);
  for (int i = 0; i < 40; ++i) peers.push_back(server.Join(address));
  for (auto& peer : peers) peer->Write(std::string(100, 'b'));
  int64_t start = MonotonicNs();
  auto complete = [&] {
    for (ConnectionId id : server.accepted) {
      if (server.Of(id).received.size() < 100) return false;
    }
    return true;
  };
  while (!complete()) server.Turn(10'000'000'000);
  EXPECT_LT(MonotonicNs() - start, 9'000'000'000);
  EXPECT_GT(server.loop->stats().starved, 0u);
}

TEST(NetLoopTest, ConnectionsBeyondTheLimitAreClosedAtOnce) {
  TestLoop server(Small(2));
  Address address = server.Listen();
  auto first = server.Join(address), second = server.Join(address);
  TestPeer third(address);
  ASSERT_TRUE(server.Until([&] {
    third.Read();
    return third.ended || third.error != 0;
  }));
  EXPECT_EQ(server.loop->stats().refused, 1u);
  EXPECT_FALSE(server.loop->Connect(address).ok());
  server.loop->Close(server.accepted[0]);
  ASSERT_TRUE(server.Until([&] { return server.Accepted(0).closed; }));
  auto fourth = server.Join(address);
  fourth->Write("welcome");
  ASSERT_TRUE(server.Until([&] { return server.Accepted(2).received == "welcome"; }));
}

TEST(NetLoopTest, AcceptingGoesOnWhenDescriptorsAreFreeAgain) {
  TestLoop server(Small());
  rlimit saved = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &saved), 0);
  // Room for the listener, one accepted connection, and three peers.
  rlimit tight = saved;
  FileDescriptor lowest(dup(0));
  tight.rlim_cur = static_cast<rlim_t>(lowest.get()) + 3;
  std::vector<std::unique_ptr<TestPeer>> peers;
  lowest.Reset();
  Address address = server.Listen();
  peers.push_back(std::make_unique<TestPeer>(address));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  ASSERT_TRUE(server.Until([&] { return server.accepted.size() == 1; }));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &saved), 0);
  peers.push_back(std::make_unique<TestPeer>(address));
  peers.push_back(std::make_unique<TestPeer>(address));
  // The limit was sampled when accepting was armed, so it still holds.
  ASSERT_TRUE(server.Until([&] { return server.loop->stats().accept_pauses > 0; }));
  server.loop->Close(server.accepted[0]);
  ASSERT_TRUE(server.Until([&] { return server.accepted.size() == 3; }));
  peers[2]->Write("in");
  ASSERT_TRUE(server.Until(
      [&] { return server.Accepted(1).received + server.Accepted(2).received == "in"; }));
}

TEST(NetLoopTest, StoppedAcceptingRefusesNewAndKeepsOldConnections) {
  TestLoop server(Small());
  Address address = server.Listen();
  auto peer = server.Join(address);
  server.loop->StopAccepting();
  server.Turn();
  server.Turn();
  EXPECT_FALSE(TestPeer(address).connected());
  peer->Write("still here");
  ASSERT_TRUE(server.Until([&] { return server.Accepted(0).received == "still here"; }));
  EXPECT_TRUE(server.loop->Listen(address).ok());
}

TEST(NetLoopTest, TellsWhichListenerAcceptedAndStopsOneAlone) {
  TestLoop server(Small());
  Address first = server.Listen(), second = server.Listen();
  std::vector<uint64_t> listeners;
  server.on_event = [&](const Event& event) {
    if (event.kind == Event::Kind::kAccepted) listeners.push_back(event.token);
  };
  auto one = server.Join(second), other = server.Join(first);
  EXPECT_THAT(listeners, ::testing::ElementsAre(1, 0));
  server.loop->StopAccepting(0);
  server.Turn();
  server.Turn();
  EXPECT_FALSE(TestPeer(first).connected());
  auto third = server.Join(second);
  EXPECT_THAT(listeners, ::testing::ElementsAre(1, 0, 1));
  one->Write("still here");
  ASSERT_TRUE(server.Until([&] { return server.Accepted(0).received == "still here"; }));
}

TEST(NetLoopTest, BatchesAreBounded) {
  TestLoop server(Small(600));
  Address address = server.Listen();
  std::vector<std::unique_ptr<TestPeer>> peers;
  peers.reserve(400);
  for (int i = 0; i < 400; ++i) peers.push_back(std::make_unique<TestPeer>(address));
  size_t accepted = 0, largest = 0;
  while (accepted < 400) {
    size_t events = server.loop->Turn({.timeout_ns = 1'000'000'000}).size();
    accepted += events;
    largest = std::max(largest, events);
  }
  EXPECT_LE(largest, limits::kTurnEventsMax);
  std::string much(100'000, 'm');
  for (auto& peer : peers) peer->Write(much);
  for (size_t received = 0; received < 400 * 50'000;) {
    size_t bytes = 0;
    for (const Event& event : server.loop->Turn({.timeout_ns = 1'000'000'000})) {
      bytes += event.bytes.size();
    }
    // One receive may go over.
    EXPECT_LE(bytes, limits::kTurnReceivedBytes + limits::kReceiveBufferBytes);
    received += bytes;
  }
}

TEST(NetLoopTest, WakeFromAnotherThreadEndsTheWait) {
  TestLoop loop(Small());
  for (int i = 0; i < 50; ++i) {
    int seen = loop.wakes;
    std::thread other([&] { loop.loop->Wake(); });
    int64_t start = MonotonicNs();
    while (loop.wakes == seen) loop.Turn(10'000'000'000);
    EXPECT_LT(MonotonicNs() - start, 5'000'000'000);
    other.join();
  }
}

TEST(NetLoopTest, ManyWakesBeforeATurnGiveOneEvent) {
  TestLoop loop(Small());
  for (int i = 0; i < 100; ++i) loop.loop->Wake();
  loop.Turn(1'000'000'000);
  EXPECT_EQ(loop.wakes, 1);
  loop.Turn(0);
  EXPECT_EQ(loop.wakes, 1);
}

TEST(NetLoopTest, WakeIsSeenWhileSpinning) {
  TestLoop loop(Small());
  std::thread other([&] { loop.loop->Wake(); });
  int64_t start = MonotonicNs();
  std::span<const Event> events;
  while (events.empty()) {
    events = loop.loop->Turn({.timeout_ns = 10'000'000'000, .spin_ns = 10'000'000'000});
  }
  EXPECT_LT(MonotonicNs() - start, 5'000'000'000);
  other.join();
}

TEST(NetLoopTest, TurnWithoutWorkReturnsAfterItsTimeout) {
  TestLoop loop(Small());
  for (int64_t spin : {0, 1'000'000, 10'000'000}) {
    int64_t start = MonotonicNs();
    EXPECT_TRUE(loop.loop->Turn({.timeout_ns = 3'000'000, .spin_ns = spin}).empty());
    int64_t took = MonotonicNs() - start;
    EXPECT_GE(took, 2'900'000) << spin;
    EXPECT_LT(took, 1'000'000'000) << spin;
  }
}

TEST(NetLoopTest, LoopMadeInOneThreadRunsInAnother) {
  TestLoop server(Small());
  Address address = server.Listen();
  std::thread runner([&] {
    auto peer = server.Join(address);
    peer->Write("from the thread");
    EXPECT_TRUE(server.Until([&] { return server.Accepted(0).received == "from the thread"; }));
  });
  runner.join();
}

}  // namespace
}  // namespace ringjournal::io
