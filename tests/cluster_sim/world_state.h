// The state of a run; cluster_world.cc moves it on, faults.cc breaks things.
#ifndef TESTS_CLUSTER_SIM_WORLD_STATE_H_
#define TESTS_CLUSTER_SIM_WORLD_STATE_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/cluster_sim/cluster_node.h"
#include "tests/cluster_sim/cluster_world.h"
#include "tests/cluster_sim/recovery_operator.h"
#include "tests/cluster_sim/sim_appender.h"
#include "tests/cluster_sim/sim_engine.h"
#include "tests/cluster_sim/sim_operator.h"
#include "tests/cluster_sim/sim_reader.h"
#include "tests/cluster_sim/sim_settler.h"
#include "tests/cluster_sim/sim_tail.h"
#include "tests/cluster_sim/sim_writer.h"

namespace ringjournal::cluster_sim {

// Owns everything in one run. One thread.
class ClusterWorld : public EventTarget {
 public:
  explicit ClusterWorld(const RunOptions& options);
  ~ClusterWorld() override;
  RunResult Run();
  // After a check has aborted Run: what is known of it.
  RunResult Aborted();
  void OnEvent(uint32_t kind, uint64_t arg) override;

 private:
  enum Kind : uint32_t {
    kTick,
    kNextFault,
    kAimedFault,
    kCutAgain,
    kPowerOn,
    kBackToNormal,
    kNextOperation,
    kCutsOff,
    kGoes,
    kReturns
  };
  static constexpr HostNumber kHostsMax = 32;

  // cluster_world.cc
  void Tick();
  void SetUp();
  void MakeJournals();
  void MakeClients(JournalTruth* truth, uint32_t first_client);
  void MakeWriters(JournalTruth* truth);
  void MakeEngines(JournalTruth* truth);
  bool EverybodyKnows() const;
  void OnConfigChange(const v1::ConfigDocument& before, const v1::ConfigDocument& after);
  void RestartStopped();
  void Heal();
  void CheckEnd();
  std::string WhyNotDone() const;
  void FinalChecks();
  void CheckLastReader(const SimReader& reader, const JournalTruth& truth);
  void Collect();
  NodeEnvironment MakeNodeEnvironment();
  ClientEnvironment MakeClientEnvironment(JournalTruth* truth);

  // operations.cc
  void BeginOperations();
  void NextOperation();
  void ComeAndGo(uint64_t choice);
  void Operate(const v1::JournalConfig& config, uint64_t choice);
  bool LastOperationsAreDone();
  bool AnybodyIsNoMember() const;

  // faults.cc
  void NextFault();
  bool Inject(Fault fault);
  bool InjectIntoNetwork(Fault fault, uint32_t node);
  bool InjectIntoStore(Fault fault, uint32_t node);
  bool InjectIntoDisk(Fault fault, uint32_t node);
  bool InjectIntoProcess(Fault fault, uint32_t node);
  bool InjectIntoAll(Fault fault);
  uint32_t SomeLeader();
  bool KillTwice(uint32_t leader);
  void OnRegistered(const std::string& node);
  void OnMoment(ClusterNode* node, Moment moment);
  bool AimedFault(uint32_t node, uint64_t choice);
  bool MayHappen(const std::string& what);
  void Count(bool did_something) { result_.faults += did_something ? 1 : 0; }
  bool LoseMachine(uint32_t node, bool disk_too);
  bool Isolate(uint32_t node, int64_t until_ns);
  bool BlockBothWays(HostNumber a, HostNumber b, int64_t until_ns);
  int64_t SomeTime(uint64_t max_ms) {
    return static_cast<int64_t>(1 + fault_random_.Skewed(max_ms)) * kMs;
  }
  void RestartLater(uint32_t node);
  void BreakPromise(uint32_t node);

  // gone.cc
  void OnLossStored(const v1::JournalConfig& config);
  bool BeginToGo(uint32_t node);
  bool CutOffAndGo(uint32_t node);
  bool LetGo(uint32_t node);
  void Return(uint32_t node);
  void MakeOperator();

  RunOptions options_;
  // Several streams: a fault that is left out must not change what else the seed decides.
  Random random_;
  Random fault_random_;
  Random operator_random_;
  Report report_;
  Plan plan_;
  EventQueue events_;
  Network network_;
  SimConfigServer config_;
  Truths truths_;
  std::vector<std::unique_ptr<ClusterNode>> nodes_;
  std::vector<std::unique_ptr<History>> histories_;
  std::vector<std::unique_ptr<SimAppender>> appenders_;
  std::vector<std::unique_ptr<SimSettler>> settlers_;
  std::vector<std::unique_ptr<SimReader>> readers_, last_readers_;
  std::unique_ptr<SimOperator> operator_;  // null: none in this run
  bool asked_last_ = false;                // what must succeed
  size_t moved_last_ = 0;                  // journals that were handed over then
  std::vector<std::unique_ptr<SimTail>> tails_;
  std::vector<std::unique_ptr<SimWriter>> writers_;
  std::vector<std::unique_ptr<SimEngine>> engines_;
  std::map<JournalId, std::unique_ptr<TakeoverLedger>> takeovers_;  // of fenced journals
  std::unique_ptr<RecoveryOperator> recovery_operator_;             // null: there is none
  std::set<uint32_t> gone_;
  HostNumber next_host_ = 0;
  enum class Phase { kStarting, kFaults, kHealed, kReading, kDone } phase_ = Phase::kStarting;
  int64_t began_ns_ = 0, healed_at_ns_ = 0;
  uint64_t fault_number_ = 0;              // of the next one, whether it happens or not
  std::set<std::string> dies_registered_;  // nodes that Fault::kTwiceDead has chosen
  RunResult result_;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_WORLD_STATE_H_
