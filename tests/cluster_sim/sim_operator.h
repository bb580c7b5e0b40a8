// A simulated operator: moves leaders, adds and removes members and journals, through the protocol
// of clients.
#ifndef TESTS_CLUSTER_SIM_SIM_OPERATOR_H_
#define TESTS_CLUSTER_SIM_SIM_OPERATOR_H_

#include <memory>
#include <string>

#include "client/core/request_session.h"
#include "tests/cluster_sim/sim_client.h"

namespace ringjournal::cluster_sim {

// One request at a time, from node to node until one leads. One thread.
class SimOperator : public SimClient {
 public:
  SimOperator(const ClientEnvironment& environment, HostNumber host);

  // Only while not busy. Gives up after `patience_ns` without progress.
  void MoveLeader(const std::string& journal, const std::string& target, int64_t patience_ns);
  void AddMember(const std::string& journal, const std::string& node, int64_t patience_ns);
  void RemoveMember(const std::string& journal, const std::string& node, int64_t patience_ns);
  // A small one in memory, led by whoever is asked first.
  void CreateJournal(const std::string& journal, int64_t patience_ns);
  void RemoveJournal(const std::string& journal, int64_t patience_ns);

  bool busy() const { return session_ != nullptr && !told_; }
  bool done() const override { return !busy(); }
  // What was asked last, and how it ended.
  const std::string& asked() const { return asked_; }
  const absl::Status& outcome() const { return outcome_; }
  uint64_t succeeded() const { return succeeded_; }

 protected:
  client::Session* session() const override { return session_.get(); }
  int64_t Work() override { return INT64_MAX; }
  void Check() override;

 private:
  void Ask(v1::ClientMessage request, std::string what, int64_t patience_ns);

  std::unique_ptr<client::RequestSession> session_;
  bool told_ = true;
  std::string asked_;
  absl::Status outcome_;
  uint64_t succeeded_ = 0;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_OPERATOR_H_
