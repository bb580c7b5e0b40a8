// One server process: config store, start procedure, shard; its effects carried out one by one.
#ifndef TESTS_SIM_SIM_NODE_H_
#define TESTS_SIM_SIM_NODE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/config_store/local_file.h"
#include "server/session/shard.h"
#include "server/start/journal_start.h"
#include "tests/sim/crash_clock.h"
#include "tests/sim/link.h"
#include "tests/sim/log_model.h"
#include "tests/sim/machine.h"
#include "tests/sim/mutants.h"

namespace ringjournal::sim {

// What the node needs of the world around it.
struct NodeContext {
  Machine* machine;
  Random* random;
  Report* report;
  CrashClock* crash;
  Mutant mutant = Mutant::kNone;
  std::map<ConnectionNumber, Link*>* links;
  std::map<JournalId, std::unique_ptr<LogModel>>* models;
  std::map<JournalId, Damage>* damage;
};

// The model of a journal, made at first sight.
LogModel* ModelOf(const NodeContext& context, const JournalId& id);
// Tells the models of every loss report that they have not seen. What a crash may do to a journal
// is used up by its report: another loss needs another crash.
void NoteLosses(const NodeContext& context, const v1::ConfigDocument& document);

// Lives from a process start to its end. It dies at the boundary that the crash clock names: then
// `dead()`, and nothing more is carried out. Destroying it frees the process's own memory only.
class SimNode {
 public:
  explicit SimNode(const NodeContext& context) : c_(context) {}

  // Registers, recovers each journal, serves. False: it died on the way, or cannot serve.
  bool Start(Time now, uint64_t start_number);
  // One event and its effects.
  void Step(const ShardEvent& event, Time now);
  // Answers of the config store and of the shared memory, if any wait. False: none.
  bool AnswerBackground(Time now);

  bool serving() const { return shard_ != nullptr && !dead_; }
  bool dead() const { return dead_; }
  // The start got as far as serving.
  bool started() const { return shard_ != nullptr; }
  // Why a journal whose disk was damaged is not served; nothing was changed then.
  const std::string& refusal() const { return refusal_; }
  // A failed disk write stops the process; not a crash.
  const std::string& fatal() const { return fatal_; }
  const Shard& shard() const { return *shard_; }
  // When the next EndOfBatch is due.
  int64_t deadline_ns() const;
  bool in_batch() const { return in_batch_; }
  const Replica* FindReplica(const std::string& name) const;

 private:
  class Storage;
  bool Boundary(const char* where);
  bool OpenConfig();
  bool Register(uint64_t start_number);
  bool StartJournals(Time now);
  bool StartOne(const v1::JournalConfig& config, Time now, Shard* shard);
  absl::StatusOr<v1::ConfigDocument> ChangeConfig(v1::ConfigDocument next);
  void Die();
  bool PollConfig(std::vector<ConfigCompletion>* completions);
  void Observe();
  void StepAndDieInside(const ShardEvent& event, Time now);
  void Carry(const ShardEffects& effects);
  bool CarrySends(const ShardEffects& effects);
  bool CarryConnections(const ShardEffects& effects);
  bool CarryStorage(const ShardEffects& effects);
  bool CarryRings(const ShardEffects& effects);
  void SaveRings();
  void RestoreRings();

  NodeContext c_;
  std::unique_ptr<LocalFileStore> store_;
  v1::ConfigDocument document_;
  Incarnation incarnation_;
  std::unique_ptr<Shard> shard_;
  std::map<JournalNumber, JournalId> numbers_;
  std::vector<RingAnswer> ring_answers_;
  std::map<JournalId, std::string> saved_rings_;
  ShardEffects effects_;
  bool dead_ = false;
  bool in_batch_ = false;  // something happened since the last EndOfBatch
  std::string fatal_, refusal_;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_SIM_NODE_H_
