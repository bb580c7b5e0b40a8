// The operator of the simulated cluster: declares machines lost, rightly or in haste.
#ifndef TESTS_CLUSTER_SIM_RECOVERY_OPERATOR_H_
#define TESTS_CLUSTER_SIM_RECOVERY_OPERATOR_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "journal/format/frame.h"
#include "tests/cluster_sim/cluster_node.h"

namespace ringjournal::cluster_sim {

struct OperatorEnvironment {
  EventQueue* events;
  Report* report;
  Network* network;
  Truths* truths;
  const std::vector<std::unique_ptr<ClusterNode>>* nodes;
  const std::set<uint32_t>* gone;  // machines that do not come back by themselves
};

// Asks nodes for recoveries, one at a time, and holds each loss report that names a lost node to
// what was asked: the same nodes, nothing below the bound that was accepted, and nobody declared
// lost who talked to the winner all the time; the truth knows what it must keep. One thread.
class RecoveryOperator : public NetworkUser {
 public:
  RecoveryOperator(const OperatorEnvironment& environment, HostNumber host, uint64_t seed,
                   uint32_t hasty_permille);

  // Looks what there is to do; now and then, while there are faults.
  void Turn();
  // A loss report was stored, and the journal is led from that node now.
  void OnLoss(const v1::LossReport& loss, HostNumber winner);
  uint64_t recoveries() const { return recoveries_; }

  void OnAccepted(EndNumber, bool) override {}
  void OnDialed(EndNumber end, int error) override;
  void OnBytes(EndNumber end, ByteSpan bytes) override;
  void OnEnded(EndNumber end, int error) override;
  void OnQueue(EndNumber, uint64_t) override {}
  int64_t paused_until_ns() const override { return 0; }

 private:
  struct Asked {
    std::set<std::string> lost;
    uint64_t bound = 0;
    bool hasty = false;
  };
  void AskForTheGone(const JournalId& id, JournalTruth* truth);
  void AskInHaste(const JournalId& id, JournalTruth* truth);
  void Ask(const JournalId& id, JournalTruth* truth, const Asked& asked, bool dry_run);
  bool IsServed(const JournalId& id) const;
  uint32_t SomeNode();
  void Take(const v1::ServerMessage& message);
  void HangUp(int64_t pause_ns);
  void CheckSilence(const v1::LossReport& loss, HostNumber winner);

  OperatorEnvironment env_;
  HostNumber host_;
  Random random_;
  uint32_t hasty_permille_;
  std::map<JournalId, int64_t> served_at_ns_;
  std::map<std::string, Asked> asked_;  // by statement
  // Of the request that is out.
  EndNumber end_ = kNoEnd;
  JournalTruth* truth_ = nullptr;
  int64_t asked_at_ns_ = 0;
  v1::JournalRecover request_;
  std::unique_ptr<FrameDecoder> decoder_;
  // What a dry run has said.
  uint64_t bound_ = 0;
  std::string leader_address_;
  int64_t next_at_ns_ = 0;
  uint64_t recoveries_ = 0;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_RECOVERY_OPERATOR_H_
