// What all sessions share: the pauses between tries, with one node and with several.
#include "client/core/session.h"

#include <algorithm>
#include <string>
#include <vector>

#include "client/core/request_session.h"
#include "client/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

RequestSession StatusSession(const SessionOptions& options) {
  v1::ClientMessage request;
  request.mutable_status();
  return RequestSession(options, request, false);
}

// Fails `tries` connections; returns the pause before each, the first excluded.
std::vector<int64_t> PausesOf(Session* session, int tries) {
  std::vector<int64_t> pauses;
  int64_t now = 1;
  session->Tick(now);
  for (int i = 0; i < tries && !session->stopped(); ++i) {
    EXPECT_TRUE(session->wants_connection());
    session->Disconnected(MakeError(ErrorCode::kCannotConnect, "refused"), now);
    if (session->stopped()) break;
    pauses.push_back(session->deadline_ns() - now);
    now = session->deadline_ns();
    session->Tick(now);
  }
  return pauses;
}

TEST(SessionPauses, DoubleWithJitterFromHalfToTheWholeOfEach) {
  RequestSession session = StatusSession({.seed = 7});
  std::vector<int64_t> pauses = PausesOf(&session, 12);
  ASSERT_EQ(pauses.size(), 12u);
  int64_t nominal = 10 * kMsNs;
  for (int64_t pause : pauses) {
    EXPECT_GE(pause, nominal / 2);
    EXPECT_LE(pause, nominal);
    nominal = std::min(2 * nominal, kSecondNs);
  }
}

TEST(SessionPauses, DependOnTheSeedAndOnNothingElse) {
  RequestSession one = StatusSession({.seed = 7}), same = StatusSession({.seed = 7});
  RequestSession other = StatusSession({.seed = 8});
  std::vector<int64_t> pauses = PausesOf(&one, 8);
  EXPECT_EQ(pauses, PausesOf(&same, 8));
  EXPECT_NE(pauses, PausesOf(&other, 8));
}

TEST(SessionPauses, ComeOnlyAfterEachNodeHasFailed) {
  RequestSession session = StatusSession({.nodes = 3, .seed = 7});
  std::vector<int64_t> pauses = PausesOf(&session, 9);
  ASSERT_EQ(pauses.size(), 9u);
  for (size_t i = 0; i < pauses.size(); ++i) {
    bool round_is_over = i % 3 == 2;
    EXPECT_EQ(pauses[i] > 0, round_is_over) << i;
  }
  EXPECT_LE(pauses[2], 10 * kMsNs);
  EXPECT_GE(pauses[8], 20 * kMsNs);
}

TEST(SessionPauses, WithoutPatienceEachNodeIsTriedOnce) {
  RequestSession session = StatusSession({.retry_for_ns = 0, .nodes = 3});
  EXPECT_THAT(PausesOf(&session, 100), ElementsAre(0, 0));
  EXPECT_TRUE(session.stopped());
  EXPECT_EQ(CodeOf(session.status()), ErrorCode::kCannotConnect);
}

// Connects, is greeted, and is told that another node leads.
void BeSentTo(Session* session, const std::string& address, int64_t now) {
  session->Connected(now);
  v1::ServerMessage greeting, refusal;
  greeting.mutable_hello_reply()->set_protocol(1);
  refusal.mutable_error()->set_code(v1::ERROR_CODE_NOT_LEADER);
  refusal.mutable_error()->mutable_not_leader()->set_leader_address(address);
  for (const v1::ServerMessage& message : {greeting, refusal}) {
    std::string frame(kFrameHeaderBytes, '\0');
    message.AppendToString(&frame);
    Store32(frame.data(), static_cast<uint32_t>(frame.size() - kFrameHeaderBytes));
    session->Received(AsBytes(frame), now);
  }
  session->Disconnected(MakeError(ErrorCode::kNotLeader, "sent away"), now);
}

TEST(SessionLeader, ItsAddressIsGoneToAtOnceAndOnce) {
  RequestSession session = StatusSession({.seed = 7});
  session.Tick(1);
  EXPECT_EQ(session.TakeLeaderAddress(), "");
  BeSentTo(&session, "127.0.0.1:7", 2);
  EXPECT_EQ(session.deadline_ns(), 2) << "no pause";
  session.Tick(2);
  ASSERT_TRUE(session.wants_connection());
  EXPECT_EQ(session.TakeLeaderAddress(), "127.0.0.1:7");
  EXPECT_EQ(session.TakeLeaderAddress(), "");
}

TEST(SessionLeader, NodesThatSendEachOtherClientsAreNotChased) {
  RequestSession session = StatusSession({.seed = 7});
  int64_t now = 1;
  uint32_t at_once = 0, followed = 0;
  for (int i = 0; i < 11; ++i) {
    session.Tick(now);
    ASSERT_TRUE(session.wants_connection());
    followed += !session.TakeLeaderAddress().empty();
    BeSentTo(&session, "127.0.0.1:7", now);
    at_once += session.deadline_ns() == now;
    now = session.deadline_ns();
  }
  EXPECT_EQ(at_once, limits::kClientLeadersFollowedMax);
  // A client that knows one node only would ask it for ever where its leader is.
  EXPECT_EQ(followed, limits::kClientLeadersFollowedMax + 3) << "half of the others, after a pause";
}

TEST(SessionLeader, WithoutPatienceItIsStillGoneToButNotForEver) {
  RequestSession session = StatusSession({.retry_for_ns = 0});
  session.Tick(1);
  for (uint32_t i = 0; i < limits::kClientLeadersFollowedMax; ++i) {
    BeSentTo(&session, "127.0.0.1:7", 1);
    ASSERT_FALSE(session.stopped()) << i << ": " << session.status();
    session.Tick(1);
    EXPECT_EQ(session.TakeLeaderAddress(), "127.0.0.1:7");
  }
  BeSentTo(&session, "127.0.0.1:7", 1);
  EXPECT_TRUE(session.stopped());
  EXPECT_EQ(CodeOf(session.status()), ErrorCode::kNotLeader);
}

TEST(SessionLeader, WithoutPatienceALeaderThatRefusesIsTheEnd) {
  RequestSession session = StatusSession({.retry_for_ns = 0});
  session.Tick(1);
  BeSentTo(&session, "127.0.0.1:7", 1);
  session.Tick(1);
  EXPECT_EQ(session.TakeLeaderAddress(), "127.0.0.1:7");
  session.Disconnected(MakeError(ErrorCode::kCannotConnect, "refused"), 2);
  EXPECT_TRUE(session.stopped());
}

// A session that waits for an answer of one of several nodes.
class SessionSilence : public ::testing::Test {
 protected:
  static constexpr int64_t kBeatNs = 4 * 50 * kMsNs;  // of a session with one request

  SessionSilence() {
    session.Tick(now);
    session.Connected(now);
    v1::ServerMessage greeting;
    greeting.mutable_hello_reply()->set_protocol(1);
    greeting.mutable_hello_reply()->set_heartbeat_interval_ms(50);
    Receive(greeting);
    TakeBytes();
  }
  void Receive(const v1::ServerMessage& message) {
    std::string frame(kFrameHeaderBytes, '\0');
    message.AppendToString(&frame);
    Store32(frame.data(), static_cast<uint32_t>(frame.size() - kFrameHeaderBytes));
    session.Received(AsBytes(frame), now);
  }
  // What the session wants to send.
  size_t TakeBytes() {
    ByteSpan spans[8];
    size_t bytes = 0;
    const size_t n = session.Gather(spans);
    for (size_t i = 0; i < n; ++i) bytes += spans[i].size();
    session.Sent(bytes, now);
    return bytes;
  }
  void PassTime(int64_t ns) {
    for (const int64_t end = now + ns; now < end;) {
      now = std::min(end, session.deadline_ns());
      session.Tick(now);
    }
  }

  int64_t now = 1;
  RequestSession session = StatusSession({.seed = 7});
};

TEST_F(SessionSilence, IsNoticedAfterThreeHeartbeatsWhileAnAnswerIsOwed) {
  PassTime(kBeatNs);
  EXPECT_GT(TakeBytes(), 0u) << "asks whether anybody is there";
  PassTime(2 * kBeatNs - 1);
  EXPECT_FALSE(session.wants_close());
  PassTime(1);
  EXPECT_TRUE(session.wants_close());
  EXPECT_TRUE(session.was_silent());
}

TEST_F(SessionSilence, IsNoneWhileTheNodeSaysThatItWorksOnIt) {
  for (int i = 0; i < 100; ++i) {
    PassTime(2 * kBeatNs);
    v1::ServerMessage heartbeat;
    heartbeat.mutable_heartbeat();
    Receive(heartbeat);
    TakeBytes();
    ASSERT_FALSE(session.wants_close()) << i;
  }
}

}  // namespace
}  // namespace ringjournal::client
