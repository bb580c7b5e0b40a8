// What all sessions share: the pauses between tries, with one node and with several.
#include "client/core/session.h"

#include <algorithm>
#include <vector>

#include "client/core/request_session.h"
#include "client/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

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

}  // namespace
}  // namespace ringjournal::client
