// The truth about one journal, and the checks of the log against it.
#ifndef TESTS_SIM_LOG_MODEL_H_
#define TESTS_SIM_LOG_MODEL_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client/outcome.h"
#include "client/read_transaction.h"
#include "journal/format/entry_layout.h"
#include "journal/node/replica.h"
#include "proto/config.pb.h"
#include "tests/sim/machine.h"
#include "tests/sim/payload_ledger.h"
#include "tests/sim/report.h"

namespace ringjournal::sim {

// An entry as it was published.
struct ModelEntry {
  std::string record;
  EntryHeader header;
};

// What a simulated crash did to what the journal stands on.
struct Damage {
  bool memory_lost = false;     // or damaged: the ring need not come back
  bool memory_damaged = false;  // the ring may come back without what nobody was told of
  bool disk_damaged = false;    // synced bytes were changed: disk levels may be lost, if reported
  bool inside_step = false;     // the process died inside a Step: entries nobody saw may exist
};

// Knows every entry that the leader published, in order, and keeps those that a recovery lost
// apart. Checks, each as it becomes visible:
//   - indexes, LSNs, chain and log time go on without a hole; no record is ever changed
//   - each producer's payloads stand in the order of appending, none twice
//   - what was acknowledged or read is in the log that the next process serves, or lies at or above
//     a reported loss; a loss is reported exactly, and never without a loss of memory
//   - acknowledgements and reads say what the log says; ring, disk and reads hold the same bytes
class LogModel {
 public:
  LogModel(const JournalId& id, Report* report) : id_(id), report_(report), payloads_(report) {}

  // ---- the leader ----
  void Observe(const Replica& replica);
  // A start has won the config change that stores this loss.
  void OnLoss(const v1::LossReport& loss, const Damage& damage, Machine* machine);
  // A start has succeeded; the replica has appended its epoch start and nothing else.
  void OnStarted(const Replica& replica, const Damage& damage);
  // Whether the config says that the journal was stopped in order: then the next start loses
  // nothing.
  void set_stopped_in_order(bool stopped) { stopped_in_order_ = stopped; }
  // Synced bytes were changed once: what only they held may be gone from the disk for good.
  void NoteDiskDamage() { disk_was_damaged_ = true; }
  bool disk_was_damaged() const { return disk_was_damaged_; }
  // Empty, or what the disk lacks of what the leader calls durable. Bytes that differ are a
  // violation.
  std::string CheckDisk(const Replica& replica, Machine* machine);

  // ---- clients ----
  void OnAck(const client::AppendReceipt& receipt, ByteSpan run);
  void OnRead(const client::ReadTransaction& transaction);
  // Where each payload stands, and which will never be there.
  PayloadLedger* payloads() { return &payloads_; }

  const JournalId& id() const { return id_; }
  const std::vector<ModelEntry>& entries() const { return entries_; }
  const std::vector<v1::LossReport>& losses() const { return losses_; }
  uint32_t generation() const { return generation_; }
  Lsn next_lsn() const { return position_.next_lsn; }
  // First LSN that the leader holds, and that its ring holds.
  Lsn oldest_held() const { return oldest_held_; }
  Lsn oldest_in_ring() const { return oldest_in_ring_; }
  // Newest acknowledged entry, and the newest acknowledged as on disk.
  Index acked() const { return acked_; }

 private:
  void Add(const RecordView& trusted);
  void CompareRing(const Replica& replica);
  void CheckLoss(const v1::LossReport& loss, const Damage& damage, const Machine& machine);
  void CutTo(Index next, bool was_loss);
  const ModelEntry* FindByChain(Index index, uint64_t chain, bool* lost) const;
  const ModelEntry* FindByEpoch(Index index, Epoch epoch, bool* lost) const;
  Lsn LsnBefore(Index index) const;

  JournalId id_;
  Report* report_;
  uint32_t generation_ = 1;
  LogPosition position_;
  std::vector<ModelEntry> entries_;  // entry i stands at i-1
  std::multimap<uint64_t, ModelEntry> lost_;
  PayloadLedger payloads_;
  std::vector<v1::LossReport> losses_;
  Lsn committed_, committed_ever_, oldest_held_, oldest_in_ring_;
  Index durable_claimed_;
  Index acked_, acked_on_disk_, seen_;
  bool stopped_in_order_ = false;
  bool disk_was_damaged_ = false;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_LOG_MODEL_H_
