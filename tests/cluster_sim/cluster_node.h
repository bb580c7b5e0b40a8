// One node of the simulated cluster: its machine, and one server process after the other on it.
#ifndef TESTS_CLUSTER_SIM_CLUSTER_NODE_H_
#define TESTS_CLUSTER_SIM_CLUSTER_NODE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/session/shard.h"
#include "tests/cluster_sim/journal_truth.h"
#include "tests/cluster_sim/laggard_audit.h"
#include "tests/cluster_sim/network.h"
#include "tests/cluster_sim/node_clock.h"
#include "tests/cluster_sim/sim_config_store.h"
#include "tests/sim/crash_clock.h"
#include "tests/sim/machine.h"

namespace ringjournal::cluster_sim {

// Moments that biased schedules aim at.
enum class Moment {
  kCasSubmitted,  // the node has asked for a change of the config document
  kCasAnswered,   // and has got the answer; nothing else of that step was carried out yet
  kFollowSent,    // it has asked a leader where to go on
  kFollowOkSent,  // it has told a backup where to go on
  kLeads,         // it has begun to lead: its epoch start is in its ring, nowhere else
  kRingMade,      // it has made or rebuilt a ring in its start
};
inline constexpr int kMoments = 6;

class ClusterNode;
using Truths = std::map<JournalId, std::unique_ptr<JournalTruth>>;

// What a node needs of the world around it; all of it outlives the node.
struct NodeEnvironment {
  EventQueue* events;
  Random* random;
  Report* report;
  Network* network;
  SimConfigServer* config;
  Truths* truths;
  // Told of a moment; may set the node's crash clock, but does nothing to it at once.
  std::function<void(ClusterNode*, Moment)> on_moment;
};

struct NodeCounts {
  uint64_t starts = 0, steps = 0, turns = 0, spins = 0;
  uint64_t warm_starts = 0, disk_starts = 0, empty_starts = 0;
};

// Drives a shard as the server's driver does, with virtual time. A process dies at the boundary
// that its crash clock names, or when the world says so. One thread.
class ClusterNode : public EventTarget, public NetworkUser {
 public:
  ClusterNode(const NodeEnvironment& environment, uint32_t number, const NodeClock& clock);
  ~ClusterNode() override;

  // ---- the world's side ----
  // Starts a process, after a while that the node's start script takes.
  void StartIn(int64_t in_ns);
  // The process is killed; memory and disk are as they are. False: there is none; likewise below.
  bool Kill(const std::string& why);
  // The machine loses its memory, and what its disk had not synced. Off until PowerOn.
  bool LoseMachine();
  void PowerOn();
  // Everything on the disk is gone too. Only while the machine is off.
  void LoseDisk();
  void DamageRings();  // only while no process runs; likewise the newest record of each ring
  void DamageTails();
  // The process, or with `suspended` the whole machine, stands still.
  bool PauseUntil(int64_t until_ns, bool suspended);
  // From now on a process that stood still finds all that came meanwhile in one batch, as after one
  // wait for events. Else what had its time first has its batch first.
  void WakeToAll() { wakes_to_all_ = true; }
  bool Drain();
  // The process has drained; or the time for that is over, as for one that runs in earnest: two
  // that drain at once may wait for each other's disks.
  bool WantsToEnd() const;
  void SlowDisk(uint32_t factor) { disk_factor_ = factor; }
  // The next write fails; a process stops itself then.
  void FailNextWrite() { machine_.disk.FailNextWrite(); }
  NodeClock* clock() { return &clock_; }
  sim::CrashClock* crash_clock() { return &crash_; }
  sim::Machine* machine() { return &machine_; }

  // ---- what is visible ----
  const std::string& name() const { return name_; }
  HostNumber host() const { return number_; }
  bool powered() const { return powered_; }
  bool running() const { return store_ != nullptr; }  // a process is there
  bool serving() const { return shard_ != nullptr; }
  bool paused() const { return paused_until_ns_ > env_.events->now_ns(); }
  bool start_planned() const { return start_planned_; }
  bool leads_any() const;
  const Shard* shard() const { return shard_.get(); }
  const Replica* FindReplica(const JournalId& id) const;
  const NodeCounts& counts() const { return counts_; }
  // When one of its processes first asked the config store for the change that stores this report
  // of an operator's recovery; 0: none has.
  int64_t proposed_at_ns(const v1::LossReport& loss) const;
  bool stood_still_since(int64_t since_ns) const { return still_until_ns_ >= since_ns; }

  // ---- EventTarget, NetworkUser ----
  void OnEvent(uint32_t kind, uint64_t arg) override;
  void OnAccepted(EndNumber end, bool peer) override;
  void OnDialed(EndNumber end, int error) override;
  void OnBytes(EndNumber end, ByteSpan bytes) override;
  void OnEnded(EndNumber end, int error) override;
  void OnQueue(EndNumber end, uint64_t queued_bytes) override;
  int64_t paused_until_ns() const override { return paused_until_ns_; }

  static constexpr int64_t kDrainTimeoutNs = int64_t{limits::kDrainTimeoutMs} * kMs;
  static constexpr uint32_t kHintKind = 100;  // for SimConfigServer::Watch

 private:
  class Storage;
  enum Kind : uint32_t { kStart, kTurn, kDisk, kRing, kConfig, kRegisterAgain, kDrain };
  // Events of dead processes are told by their life number.
  uint64_t Arg() const { return life_; }

  // start (node_start.cc)
  void StartProcess();
  void Register();
  void TakeRegistration(ConfigCompletion done);
  void Serve();
  bool LoadJournals(Shard* shard);
  bool LoadOne(const v1::JournalConfig& config, Shard* shard);
  void Refuse(const std::string& why);
  void SaveRings();
  void RestoreRings();

  // serving (cluster_node.cc)
  void EndProcess();
  void OnConfigReady();
  void TakeHint(const v1::ConfigDocument* told);
  void Step(const ShardEvent& event);
  void ObserveReplicas();
  void StopItself();
  void ScheduleTurn();
  void Wake(int64_t at_ns);
  Time Now() const { return clock_.Read(env_.events->now_ns()); }
  bool DeferWhilePaused(uint32_t kind, uint64_t arg);

  // effects (node_effects.cc)
  bool Boundary(const char* where);
  bool Carry(const ShardEffects& effects);
  bool CarrySends(const ShardEffects& effects);
  bool CarryConnections(const ShardEffects& effects);
  bool CarryStorage(const ShardEffects& effects);
  bool CarryRest(const ShardEffects& effects);
  void NoteRecoveries(const v1::ConfigDocument& document);
  void DeleteLeftovers(const JournalId& id);
  void NoteFrames(const ShardEffects::Send& send, EndNumber end);
  ConnectionNumber NumberOf(EndNumber end);
  void Forget(ConnectionNumber number);
  EndNumber EndOf(ConnectionNumber number) const;

  NodeEnvironment env_;
  uint32_t number_;
  std::string name_;
  NodeClock clock_;
  sim::Machine machine_;
  sim::CrashClock crash_;
  bool powered_ = true;
  bool disk_is_known_ = false;  // it has been registered since its disk was empty
  bool start_planned_ = false;
  uint64_t life_ = 0;  // +1 for each process and at its end
  int64_t paused_until_ns_ = 0;
  int64_t still_until_ns_ = 0;  // of this process or one before
  int64_t drain_ends_ns_ = INT64_MAX;
  bool wakes_to_all_ = false;
  std::map<std::pair<std::string, uint64_t>, int64_t> recoveries_;
  uint32_t disk_factor_ = 1;
  bool write_failed_ = false;  // the answer of the step that is under way
  NodeCounts counts_;

  // Of the process.
  std::unique_ptr<SimConfigStore> store_;
  v1::ConfigDocument document_;
  Incarnation incarnation_;
  std::string nonce_;
  std::unique_ptr<Shard> shard_;
  LaggardAudit laggard_audit_;
  ShardEffects effects_;
  bool dying_ = false;  // inside a call that the process does not survive
  bool in_batch_ = false;
  int64_t wake_at_ns_ = INT64_MAX;
  std::map<JournalNumber, JournalId> journals_;
  std::vector<RingAnswer> ring_answers_;
  absl::flat_hash_map<ConnectionNumber, EndNumber> ends_;
  absl::flat_hash_map<EndNumber, ConnectionNumber> numbers_;
  ConnectionNumber next_connection_ = 1;
  std::map<JournalId, std::string> saved_rings_;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_CLUSTER_NODE_H_
