// What an operator asks of a TestCluster about its journal.
#ifndef SERVER_SESSION_TEST_PLANS_H_
#define SERVER_SESSION_TEST_PLANS_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/session/test_cluster.h"

namespace ringjournal {

// Each is asked of node i, on a connection of its own, which is returned.
inline ConnectionNumber MoveLeader(TestCluster* cluster, size_t i, const std::string& target) {
  v1::ClientMessage m;
  m.mutable_journal_move_leader()->set_request_id(9);
  m.mutable_journal_move_leader()->set_name(TestCluster::kJournal);
  m.mutable_journal_move_leader()->set_target(target);
  return cluster->Ask(i, m);
}

inline ConnectionNumber AddMember(TestCluster* cluster, size_t i, const std::string& node) {
  v1::ClientMessage m;
  m.mutable_journal_add_member()->set_request_id(9);
  m.mutable_journal_add_member()->set_name(TestCluster::kJournal);
  m.mutable_journal_add_member()->set_node(node);
  return cluster->Ask(i, m);
}

inline ConnectionNumber RemoveMember(TestCluster* cluster, size_t i, const std::string& node) {
  v1::ClientMessage m;
  m.mutable_journal_remove_member()->set_request_id(9);
  m.mutable_journal_remove_member()->set_name(TestCluster::kJournal);
  m.mutable_journal_remove_member()->set_node(node);
  return cluster->Ask(i, m);
}

// The only answer on that connection besides the greeting; empty while there is none.
inline v1::ServerMessage AnswerTo(TestCluster* cluster, ConnectionNumber request) {
  std::vector<v1::ServerMessage> answers = cluster->Take(request);
  std::erase_if(answers, [](const auto& m) { return m.has_hello_reply(); });
  EXPECT_LE(answers.size(), 1u);
  return answers.empty() ? v1::ServerMessage() : answers.back();
}

// Three nodes, of which the first leads; a client of producer "p" has had ten appends acknowledged.
class LedgerOfThree : public testing::Test {
 protected:
  LedgerOfThree() : cluster(3) {
    cluster.Run(300);
    c = cluster.OpenReady(0, "p");
    Append(1, 10);
    cluster.Run(20);
    EXPECT_EQ(cluster.TakeAcked(c), 10u);
  }
  void Append(uint64_t from, uint64_t to) {
    for (uint64_t sequence = from; sequence <= to; ++sequence) cluster.Append(0, c, sequence);
  }

  TestCluster cluster;
  ConnectionNumber c = 0;
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_TEST_PLANS_H_
