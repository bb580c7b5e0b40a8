// The state of a run; world.cc moves time, world_faults.cc breaks things.
#ifndef TESTS_SIM_WORLD_STATE_H_
#define TESTS_SIM_WORLD_STATE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace ringjournal::sim {

inline constexpr int64_t kMs = 1'000'000;
inline constexpr int64_t kSecond = 1'000 * kMs;
inline constexpr char kJournal[] = "ledger";

// Owns everything in one run. One thread.
class World {
 public:
  explicit World(const RunOptions& options);

  RunResult Run();

 private:
  // faults and processes (world_faults.cc)
  void StartProcess();
  void Crash();
  void EndProcess();
  void SetCrash();
  void RandomFaults();
  void ApplyRestartMutants();
  void SettleConfig();
  void DamageRings();
  void DamageDisk();
  void KeepImages();
  bool RestoreImage();
  void FollowDrain();
  void ForgiveDisk();
  // time (world.cc)
  void Turn();
  bool Act(uint64_t pick);
  void Advance(bool idle);
  int64_t NextDeadline() const;
  void MakeClients();
  bool AllDone() const;
  void Heal();
  void FinalChecks();
  void CheckDisks();
  NodeContext MakeNodeContext();
  PeerContext MakePeerContext();
  LogModel* model() { return models_.empty() ? nullptr : models_.begin()->second.get(); }
  SimNode* node() { return node_.get(); }

  RunOptions options_;
  Random random_;
  Report report_;
  Machine machine_;
  Plan plan_;
  CrashClock crash_clock_;
  std::map<ConnectionNumber, Link*> links_;
  ConnectionNumber next_connection_ = 1;
  std::map<JournalId, std::unique_ptr<LogModel>> models_;
  std::map<JournalId, Damage> damage_;
  std::unique_ptr<OperatorPeer> operator_;
  std::vector<std::unique_ptr<Appender>> appenders_;
  std::vector<std::unique_ptr<TailReader>> tail_readers_;
  std::unique_ptr<TailReader> last_reader_;
  std::vector<Peer*> peers_;
  std::unique_ptr<SimNode> node_;
  uint64_t starts_ = 0;
  Time now_{kSecond, 1'700'000'000 * kSecond};
  int64_t start_at_ns_ = 0;
  bool healing_ = false;
  int64_t healed_at_ns_ = 0;
  int64_t full_until_ns_ = 0;
  bool draining_ = false;
  bool unservable_ = false;  // the disk was damaged beyond use: the run ends
  // Rings as they were at the end of a process, and how many processes had served by then.
  std::map<JournalId, std::string> images_;
  uint64_t images_served_ = 0, served_ = 0;
  RunResult result_;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_WORLD_STATE_H_
