#include "tools/ringjournal/cluster_view.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Three nodes that hold `orders`, led by n1 with everybody in sync.
std::vector<NodeAnswer> ThreeNodes() {
  std::vector<NodeAnswer> nodes(3);
  for (int i = 0; i < 3; ++i) {
    const std::string name = std::string("n") + static_cast<char>('1' + i);
    nodes[i].node.set_node(name);
    nodes[i].node.set_address("127.0.0.1:1");
    nodes[i].answers = true;
    v1::JournalReply* j = nodes[i].status.add_journals();
    j->mutable_config()->set_name("orders");
    j->mutable_config()->set_epoch(1);
    j->mutable_config()->mutable_leader()->set_node("n1");
    for (const char* member : {"n1", "n2", "n3"}) {
      j->mutable_config()->add_members(member);
      j->mutable_config()->add_isr()->set_node(member);
    }
    j->mutable_stats()->set_storage_state("ok");
    j->mutable_stats()->set_role(i == 0 ? v1::JOURNAL_ROLE_LEADER : v1::JOURNAL_ROLE_BACKUP);
  }
  return nodes;
}

v1::JournalReply* JournalOf(NodeAnswer* node) { return node->status.mutable_journals(0); }

void TakeDown(NodeAnswer* node) {
  node->answers = false;
  node->trouble = "refused";
  node->status.Clear();
}

TEST(ClusterVerdict, IsHealthyWithEveryCopyInSync) {
  const ClusterVerdict verdict = JudgeCluster(ThreeNodes());
  EXPECT_TRUE(verdict.healthy);
  EXPECT_EQ(verdict.sentence, "Healthy: 3 nodes, 1 journal, every copy in sync.");
}

TEST(ClusterVerdict, NamesTheCopyThatIsMissingAndWhatReplacesIt) {
  std::vector<NodeAnswer> nodes = ThreeNodes();
  JournalOf(&nodes[0])->mutable_config()->mutable_isr()->RemoveLast();
  const ClusterVerdict verdict = JudgeCluster(nodes);
  EXPECT_FALSE(verdict.healthy);
  EXPECT_THAT(verdict.sentence, AllOf(HasSubstr("2 of 3 copies in sync; n3 is missing"),
                                      HasSubstr("journal members orders --add NODE")));
}

TEST(ClusterVerdict, ALeaderThatIsOnlyWrittenDownIsNone) {
  std::vector<NodeAnswer> nodes = ThreeNodes();
  TakeDown(&nodes[0]);
  EXPECT_THAT(JudgeCluster(nodes).sentence,
              AllOf(HasSubstr("orders has no leader (n1 led it, and does not answer)"),
                    HasSubstr("journal recover orders --lost NODE")));
  for (NodeAnswer& node : nodes) {
    if (node.answers) JournalOf(&node)->mutable_config()->clear_leader();
  }
  EXPECT_THAT(JudgeCluster(nodes).sentence, HasSubstr("orders has no leader, so nothing"));
}

TEST(ClusterVerdict, AFullDiskOfABackupIsToldBeforeAMissingCopy) {
  std::vector<NodeAnswer> nodes = ThreeNodes();
  JournalOf(&nodes[2])->mutable_stats()->set_storage_state("full");
  JournalOf(&nodes[0])->mutable_config()->mutable_isr()->RemoveLast();
  EXPECT_THAT(JudgeCluster(nodes).sentence, HasSubstr("The disk of n3 is full (journal orders)"));
}

TEST(ClusterVerdict, ANodeThatIsDownAndHoldsNothingIsStillTold) {
  std::vector<NodeAnswer> nodes = ThreeNodes();
  nodes.emplace_back();
  nodes.back().node.set_node("n4");
  TakeDown(&nodes.back());
  const ClusterVerdict verdict = JudgeCluster(nodes);
  EXPECT_FALSE(verdict.healthy);
  EXPECT_THAT(verdict.sentence, HasSubstr("n4 does not answer"));
}

TEST(ClusterText, TheNewestLeaderTellsOfTheOthers) {
  std::vector<NodeAnswer> nodes = ThreeNodes();
  v1::JournalReply* newer = JournalOf(&nodes[1]);
  newer->mutable_config()->set_epoch(2);
  newer->mutable_config()->mutable_leader()->set_node("n2");
  newer->mutable_stats()->set_role(v1::JOURNAL_ROLE_LEADER);
  v1::CopyStatus* copy = newer->mutable_stats()->add_copies();
  copy->set_node("n3");
  copy->set_follows(true);
  copy->set_held_lsn(7);
  copy->set_lag_lsns(12);
  copy->set_lag_bytes(4096);
  copy->set_lag_ms(3);
  EXPECT_THAT(ClusterText(nodes),
              AllOf(HasSubstr("orders: led by n2 in epoch 2"),
                    HasSubstr("n3       follows      12 transactions, 4096 B, 3 ms behind")));
}

TEST(ClusterJson, HasWhatEachNodeSaysOfItsOwnDiskAndWhySomeSayNothing) {
  std::vector<NodeAnswer> nodes = ThreeNodes();
  JournalOf(&nodes[1])->mutable_stats()->set_storage_state("full");
  TakeDown(&nodes[2]);
  const std::string json = ClusterJson(nodes);
  const size_t n1 = json.find("{\"node\": \"n1\""), n2 = json.find("{\"node\": \"n2\"");
  const size_t n3 = json.find("{\"node\": \"n3\"");
  ASSERT_TRUE(n1 < n2 && n2 < n3 && n3 != std::string::npos) << json;
  EXPECT_THAT(json.substr(n1, n2 - n1), HasSubstr("\"storageState\": \"ok\""));
  EXPECT_THAT(json.substr(n2, n3 - n2), HasSubstr("\"storageState\": \"full\""));
  EXPECT_THAT(json.substr(n3),
              AllOf(HasSubstr("\"answers\": false"), HasSubstr("\"trouble\": \"refused\"")));
  EXPECT_THAT(json.substr(0, n1),
              AllOf(HasSubstr("The disk of n2 is full"), HasSubstr("\"healthy\": false")));
}

}  // namespace
}  // namespace ringjournal::cli
