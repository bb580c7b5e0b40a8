// A directed run: the production cluster in virtual time, without chance, broken by a script.
#ifndef TESTS_CLUSTER_SIM_STAGE_H_
#define TESTS_CLUSTER_SIM_STAGE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/cluster_sim/cluster_node.h"
#include "tests/cluster_sim/sim_operator.h"
#include "tests/cluster_sim/stage_client.h"

namespace ringjournal::cluster_sim {

struct StageOptions {
  uint32_t nodes = 3;
  uint32_t min_isr = 1;
  v1::DegradedPolicy policy = v1::DEGRADED_POLICY_DISK;
  bool memory_only = false;
  // How long what is in memory waits for the disk, so that a script can be faster than it.
  uint32_t checkpoint_interval_ms = 100;
  uint64_t seed = 1;  // of delays in the network and in the config store
  bool tracing = false;
};

// Nodes n1, n2, … with one journal, which n1 leads at first, one client that appends, and the
// checkers of JournalTruth. Nothing fails unless it is told to; what is broken stays so until it is
// mended. What happens is told line by line, in the glossary's words. One thread.
class Stage : public EventTarget {
 public:
  // The cluster is set up: n1 leads, all are in sync.
  explicit Stage(const StageOptions& options);
  ~Stage() override;

  // ---- time ----
  void Wait(int64_t ns);
  // False: it did not become true within that time, or a checker found something.
  bool WaitUntil(const std::function<bool()>& done, int64_t within_ns);
  int64_t now_ns() const { return events_.now_ns(); }

  // ---- nodes; `n` counts from 0. False: it was so already. ----
  bool Kill(uint32_t n) { return nodes_[n]->Kill("by the script"); }
  bool Start(uint32_t n);  // a process; the machine is switched on if need be
  bool PowerOff(uint32_t n) { return nodes_[n]->LoseMachine(); }
  void LoseDisk(uint32_t n) { nodes_[n]->LoseDisk(); }  // of a machine that is off
  bool DamageDisk(uint32_t n);                          // a bit of what was synced; process runs on
  bool Pause(uint32_t n, int64_t for_ns);
  // It finds all that came meanwhile in one batch then.
  bool PauseWithOneBatch(uint32_t n, int64_t for_ns);
  bool Drain(uint32_t n) { return nodes_[n]->Drain(); }
  void SlowDisk(uint32_t n, uint32_t factor) { nodes_[n]->SlowDisk(factor); }

  // ---- links; a node is also cut from the config store or the clients by their names ----
  static constexpr HostNumber kStore = 1000, kClients = 1001;
  void Cut(HostNumber a, HostNumber b);
  void CutOff(uint32_t n);  // from all of them
  void Mend(HostNumber a, HostNumber b) { cuts_.erase({a, b}), cuts_.erase({b, a}); }
  void MendAll() { cuts_.clear(), one_way_cuts_.clear(); }
  // What goes from one node to the other only; it arrives once that is mended.
  void CutOneWay(HostNumber from, HostNumber to);
  void MendOneWay(HostNumber from, HostNumber to) { one_way_cuts_.erase({from, to}); }
  // The next change of the document takes effect, and its asker never learns.
  void ForgetNextAnswer() { config_.ForgetNextCas(); }
  // It takes effect so much later; its asker is told `unknown` before.
  void DelayNextChange(int64_t by_ns) { config_.DelayNextCas(by_ns); }

  // ---- clients ----
  void Append(const std::string& name, client::Level level, size_t payload_bytes = 16);
  const AppendFate& FateOf(const std::string& name) { return appender_->FateOf(name); }
  bool all_answered() const { return appender_->done(); }
  // Everything that a reader gets. False: it did not reach an end within that time.
  bool Read(int64_t within_ns, std::vector<std::string>* names);

  // For clients of a script's own; their hosts may be cut like nodes.
  ClientEnvironment MakeClientEnvironment();
  HostNumber TakeHost() { return next_host_++; }
  AppendNames* names() { return &names_; }

  // One request at a time: begun by it, done when it is not busy.
  SimOperator* admin() { return operator_.get(); }
  const std::string& journal() const { return config().name(); }

  // ---- what is visible ----
  const v1::JournalConfig& config() const { return truth_->config(); }
  // The node that the document names and whose process knows; -1: none.
  int leader() const;
  // Empty, or why the replicas are not one log that everybody holds.
  std::string WhyNotInSync() const { return truth_->WhyNotConverged(); }
  std::string violation() const { return report_.violation(); }
  // What has happened since the last call.
  std::vector<std::string> TakeLines() { return std::exchange(lines_, {}); }
  const std::deque<std::string>& trace() const { return report_.lines(); }
  uint32_t nodes() const { return static_cast<uint32_t>(nodes_.size()); }
  ClusterNode* node(uint32_t n) { return nodes_[n].get(); }
  // Null while there is none.
  const Replica* replica(uint32_t n) const { return nodes_[n]->FindReplica(id_); }

  void OnEvent(uint32_t kind, uint64_t arg) override;

 private:
  static constexpr HostNumber kHostsMax = 64;
  enum Kind : uint32_t { kTick };
  // What was last said of a node's process.
  struct Said {
    NodeCounts counts;
    bool running = false;
  };
  void SetUp(const StageOptions& options);
  void MakeJournal(const StageOptions& options);
  bool RunOne();
  void HoldCuts();
  void TellNodes();
  void OnConfigChange(const v1::ConfigDocument& before, const v1::ConfigDocument& after);
  void Say(std::string line) { lines_.push_back(std::move(line)); }

  Random random_;
  Report report_;
  EventQueue events_;
  Network network_;
  SimConfigServer config_;
  Truths truths_;
  JournalTruth* truth_ = nullptr;
  JournalId id_;
  std::vector<std::unique_ptr<ClusterNode>> nodes_;
  std::vector<Said> said_;
  AppendNames names_;
  std::unique_ptr<StageAppender> appender_;
  std::unique_ptr<SimOperator> operator_;
  std::vector<std::unique_ptr<StageReader>> readers_;
  HostNumber next_host_;
  std::set<std::pair<HostNumber, HostNumber>> cuts_;
  std::set<std::pair<HostNumber, HostNumber>> one_way_cuts_;
  std::string last_told_;  // of the document
  std::vector<std::string> lines_;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_STAGE_H_
