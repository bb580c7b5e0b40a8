#include "client/core/node_choice.h"

#include "client/core/session.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

constexpr int64_t kFirstNs = limits::kNodeTriedMs * kMsNs;
constexpr int64_t kMostNs = limits::kSilentNodeMs * kMsNs;

TEST(NodeChoice, TakesThoseThatWereGivenInTurn) {
  NodeChoice choice({"a:1", "b:1"});
  EXPECT_EQ(choice.Choose("", 1), "a:1");
  choice.Lost(false, 2);
  EXPECT_EQ(choice.Choose("", 3), "b:1");
  EXPECT_FALSE(choice.redirected());
  EXPECT_EQ(choice.Choose("", 4), "a:1");
}

TEST(NodeChoice, GoesToTheLeaderThatIsNamedAndThenOnWhereItWas) {
  NodeChoice choice({"a:1", "b:1"});
  EXPECT_EQ(choice.Choose("", 1), "a:1");
  EXPECT_EQ(choice.Choose("z:9", 2), "z:9");
  EXPECT_TRUE(choice.redirected());
  EXPECT_EQ(choice.Choose("", 3), "b:1");
}

TEST(NodeChoice, PassesOverALeaderThatWasSilentUntilItsTimeIsOver) {
  NodeChoice choice({"a:1", "b:1"});
  choice.Choose("z:9", 1);
  choice.Lost(true, 10);
  EXPECT_EQ(choice.Choose("z:9", 11), "a:1");
  EXPECT_EQ(choice.Choose("y:9", 12), "y:9") << "another one is gone to";
  EXPECT_EQ(choice.Choose("z:9", 10 + kFirstNs - 1), "b:1");
  EXPECT_EQ(choice.Choose("z:9", 10 + kFirstNs), "z:9");
}

// A leader that was paused for a moment and leads on must not be missed for seconds; one that stays
// frozen must not be waited for again and again.
TEST(NodeChoice, PassesOverALeaderForLongerEachTimeThatItIsSilentAgain) {
  NodeChoice choice({"a:1", "b:1"});
  choice.Choose("z:9", 1);
  int64_t now_ns = 10;
  for (int64_t avoided_ns : {kFirstNs, kMostNs, kMostNs}) {
    choice.Lost(true, now_ns);
    EXPECT_NE(choice.Choose("z:9", now_ns + avoided_ns - 1), "z:9") << avoided_ns;
    now_ns += avoided_ns;
    EXPECT_EQ(choice.Choose("z:9", now_ns), "z:9") << avoided_ns;
  }
  now_ns += kMostNs;
  choice.Lost(true, now_ns);
  EXPECT_EQ(choice.Choose("z:9", now_ns + kFirstNs), "z:9") << "it had answered for long";
}

TEST(NodeChoice, PassesOverAGivenOneThatWasSilentWhereThereIsAnother) {
  NodeChoice choice({"a:1", "b:1", "c:1"});
  choice.Choose("", 1);
  choice.Choose("b:1", 2);
  choice.Lost(true, 10);
  EXPECT_EQ(choice.Choose("", 11), "c:1");
  EXPECT_EQ(choice.Choose("", 12), "a:1");
  EXPECT_EQ(choice.Choose("", 13), "c:1");
  NodeChoice alone({"a:1"});
  alone.Choose("", 1);
  alone.Lost(true, 2);
  EXPECT_EQ(alone.Choose("", 3), "a:1");
}

TEST(NodeChoice, WaitsLessForOneOfSeveral) {
  NodeChoice alone({"a:1"}), several({"a:1", "b:1"});
  alone.Choose("", 1);
  several.Choose("", 1);
  EXPECT_EQ(alone.ConnectTimeout(5 * kSecondNs), 5 * kSecondNs);
  EXPECT_EQ(several.ConnectTimeout(5 * kSecondNs), limits::kNodeTriedMs * kMsNs);
  EXPECT_EQ(several.ConnectTimeout(kMsNs), kMsNs);
  alone.Choose("z:9", 2);
  EXPECT_EQ(alone.ConnectTimeout(5 * kSecondNs), limits::kNodeTriedMs * kMsNs);
}

}  // namespace
}  // namespace ringjournal::client
