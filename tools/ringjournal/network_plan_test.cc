#include "tools/ringjournal/network_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(NetworkPlan, EachNodeHasAnAddressOfItsOwnOnOneNetwork) {
  EXPECT_EQ(HomeAddress(), "10.77.0.1");
  EXPECT_EQ(NodeAddress(0), "10.77.0.2");
  EXPECT_EQ(NodeAddress(2), "10.77.0.4");
  EXPECT_EQ(NodeAddress(kNetworkNodesMax - 1), "10.77.0.201");
}

TEST(NetworkPlan, ACableLeadsFromTheBridgeIntoTheNamespaceOfTheNode) {
  EXPECT_THAT(BridgeLinks(), HasSubstr("addr add 10.77.0.1/24 dev nodes\n"));
  EXPECT_EQ(CableLinks(1, "/proc/self/fd/3"),
            "link add to-n2 type veth peer name eth0 netns /proc/self/fd/3\n"
            // lint-allow: glossary: the word of ip for the bridge that a port belongs to
            "link set to-n2 master nodes\n"
            "link set to-n2 up\n");
  EXPECT_THAT(NodeLinks(1), HasSubstr("addr add 10.77.0.3/24 dev eth0\nlink set eth0 up\n"));
}

TEST(NetworkPlan, ACutTakesTheWayInTheWayOutOrBothOfThatNodeOnly) {
  const std::string in = "add element bridge cuts in { \"to-n2\" }\n";
  const std::string out = "add element bridge cuts out { \"to-n2\" }\n";
  EXPECT_EQ(CutRules(1, Cut::kIn), in);
  EXPECT_EQ(CutRules(1, Cut::kOut), out);
  EXPECT_EQ(CutRules(1, Cut::kBoth), in + out);
}

TEST(NetworkPlan, WhatIsCutVanishesAndIsNotRefused) {
  EXPECT_THAT(CutTable(), HasSubstr("oifname @in drop\n"));
  EXPECT_THAT(CutTable(), HasSubstr("iifname @out drop\n"));
  EXPECT_THAT(CutTable(), Not(HasSubstr("reject")));
}

TEST(NetworkPlan, HealingEndsEveryCut) {
  EXPECT_EQ(HealRules(), "flush set bridge cuts in\nflush set bridge cuts out\n");
}

}  // namespace
}  // namespace ringjournal
