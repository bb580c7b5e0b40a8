// The truth about one journal of several nodes, and the checks of every replica against it.
#ifndef TESTS_CLUSTER_SIM_JOURNAL_TRUTH_H_
#define TESTS_CLUSTER_SIM_JOURNAL_TRUTH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/outcome.h"
#include "client/read_transaction.h"
#include "journal/node/replica.h"
#include "proto/config.pb.h"
#include "tests/sim/payload_ledger.h"
#include "tests/sim/report.h"
#include "tests/sim/sim_disk.h"

namespace ringjournal::cluster_sim {

using sim::Report;

inline std::string EpochText(Epoch epoch) {
  return absl::StrCat(epoch.generation, "/", epoch.epoch);
}

// What has happened to a node's memory and disk, as the world did it.
struct NodeWear {
  uint64_t memory_life = 1;  // +1 whenever its rings are lost or damaged
  uint64_t disk_life = 1;    // +1 whenever its segments are
};

// What a writer was told when its claim was granted.
struct WriterGrant {
  uint32_t client = 0;  // whose payloads it will write
  uint64_t nonce = 0;
  Epoch epoch;
  Index index;  // of the fence
  uint64_t chain = 0;
  std::optional<Epoch> replaces = std::nullopt;  // that it named; nullopt: it was forced
};

// Keeps the committed log: the entries that any replica has ever called committed, in order, cut
// only by a reported loss. Everything is compared with it by chain hash, which stands for the whole
// log below, so that a check costs a look-up. Looks at replicas after every step:
//   I1 one leader of an epoch; I2 each live member of the stored in-sync set holds every committed
//   entry; I4 and I5 committed logs agree and commit never falls; I6 a leader that starts holds all
//   that is committed; I8 each payload at most once and each producer's in order;
//   I9 on a fenced journal only the holder of the writer epoch has anything committed;
//   I10, I12 and I14 what clients are told is so; I11 a generation changes only with a loss report
//   that the truth table allows and that says what was lost
// One thread; outlives the replicas that it is shown.
class JournalTruth {
 public:
  JournalTruth(const v1::JournalConfig& config, std::vector<std::string> nodes, Report* report);

  // ---- replicas; `node` is an index into `nodes` ----
  // `known`: the newest document that the node has read.
  void Observe(uint32_t node, Incarnation incarnation, const Replica& replica,
               const v1::ConfigDocument& known);
  // Before its replicas go.
  void OnProcessEnd(uint32_t node);
  // The node has given up its replica: it is a member no more.
  void OnRetired(uint32_t node);
  NodeWear* wear(uint32_t node) { return &wear_[node]; }

  // ---- the config document ----
  void OnConfig(const v1::JournalConfig& before, const v1::JournalConfig& after, int64_t now_ns);

  // ---- clients ----
  // `asked`: the level that the append had asked for.
  void OnAck(const client::AppendReceipt& receipt, client::Level asked, ByteSpan run);
  void OnRead(const client::ReadTransaction& transaction);
  // truth_writers.cc
  void OnGrant(const WriterGrant& grant);
  Epoch newest_grant() const;  // that anybody was told of
  // Who held this writer epoch is told that it is fenced.
  void OnFenced(Epoch held);
  // Where each payload stands, and which will never be there.
  sim::PayloadLedger* payloads() { return &payloads_; }

  // ---- at the end ----
  // Empty, or why the replicas are not one log that everybody holds.
  std::string WhyNotConverged() const;
  // The watermarks of every node that runs, for a failure's message.
  std::string DescribeViews() const;
  // The node's disk has what its replica calls durable, byte for byte.
  void CheckDisk(uint32_t node, sim::SimDisk* disk) const;
  // The same against the replica's own log, after a step in which the node calls more durable and
  // its log may have been cut not long before: a write of what was cut says nothing of what stands
  // there now.
  void CheckDiskAfterCut(uint32_t node, sim::SimDisk* disk);
  // Some replica of a journal without disks has begun anew and has nothing since: a reader may have
  // met it while it led, or still thought so.
  bool AReplicaKeepsNothing() const;

  // The clients' committed transactions up to `last`: who appended which.
  std::map<Lsn, std::pair<uint32_t, uint64_t>> Transactions(Lsn last) const;

  const v1::JournalConfig& config() const { return config_; }
  // First LSN in the leader's ring; 0 while nobody is known to lead.
  Lsn oldest_in_ring() const;
  uint64_t committed() const { return entries_.size(); }
  Lsn next_lsn() const { return position_.next_lsn; }
  // The last that a client has been acknowledged, at `replicated` or above, or has read: whoever
  // asks for the end from now on must be told of it. 0: none.
  Lsn known_lsn() const { return known_lsn_; }
  uint32_t generation() const { return generation_; }
  // 0 while there is none.
  uint64_t newest_record_bytes() const {
    return entries_.empty() ? 0 : entries_.back().record.size();
  }
  uint64_t leaders() const { return leaders_.size(); }
  uint64_t handovers() const { return handovers_; }
  // As they are stored.
  // Whether an operator has declared that node lost in it.
  bool IsLostBy(const v1::LossReport& loss, uint32_t node) const;
  std::vector<v1::LossReport> losses() const {
    return {config_.losses().begin(), config_.losses().end()};
  }

 private:
  struct Entry {
    std::string record;
    EntryHeader header;
    // Nodes that had it when it was committed; and of these whom a document of that epoch had
    // called in sync in the life that had it. Told apart where it matters.
    uint32_t copies = 0, in_sync_copies = 0;
  };
  struct Fence {
    Epoch epoch;
    uint32_t client = 0;
    uint64_t nonce = 0;
    Index index;
    uint64_t chain = 0;
  };
  struct NodeView {
    // What outlives the process.
    NodeView AfterEnd() const {
      NodeView view;
      view.ended = ended;
      view.tail_from = tail_from;
      view.tail = tail;
      view.durable_seen = durable_seen;
      view.durable_max = durable_max;
      view.ended_epoch = replica == nullptr ? ended_epoch : epoch;
      view.durable_before = durable_before;
      view.before_life = before_life;
      return view;
    }
    const Replica* replica = nullptr;  // of the process that lives
    Incarnation incarnation;
    Epoch epoch;
    bool leads = false;
    Index committed, end;
    Index oldest;  // in its ring
    // The ring of the process that ended last: a cas of its may be applied after its death.
    Incarnation ended;
    Index tail_from;
    std::vector<uint64_t> tail;  // chain hashes
    Index durable_seen;          // now, or at the end of the last process
    // Of what is in the log now or was acknowledged: an acknowledgement may be on its way for long.
    Index durable_max;
    Epoch ended_epoch;  // of the process that ended last
    // What was on its disk when that life ended, in the epoch that is led now: the disk may have
    // less since, and the leader cannot know before it knows of a later life.
    Index durable_before;
    Incarnation before_life;
    uint32_t rises_to_check = 0;  // of durable, since the log may have been cut
    bool disk_is_due = false;
  };
  // A node's word that an entry is on its disk, given to a client.
  struct DiskWord {
    Index index;
    uint64_t disk_life = 0;
  };
  struct Fewest {
    Fewest(int m, uint32_t t) : members(m), target(t) {}
    int members;
    std::set<std::pair<std::string, Incarnation>> in_sync;  // that any document of it has named
    int widest = INT32_MAX;  // the in-sync set that any document of the epoch has named, at most
    uint32_t target;
  };
  void NoteWriter(const RecordView& view);
  void NoteFence(const RecordView& view);
  void CutFences(Index next);
  // truth_plans.cc
  void CheckPlanned(const v1::JournalConfig& before, const v1::JournalConfig& after);
  void CheckHandover(const v1::JournalConfig& before, const v1::JournalConfig& after);
  const NodeView* LivingView(const v1::ReplicaId& id) const;
  Fewest FewestIn(Epoch epoch) const;

  Epoch StoredEpoch() const { return {config_.generation(), config_.epoch()}; }
  // truth_disks.cc
  void NoteDurable(Index durable, Epoch epoch, NodeView* view);
  void SettleMark(NodeView* view);
  void SettleMarks(const v1::ConfigDocument& known);
  void NoteCut(const Marks& marks, Epoch epoch, NodeView* view) const;
  using EntryDiffers = std::function<bool(const RecordView& view)>;
  void CompareDisk(uint32_t node, sim::SimDisk* disk, uint64_t replay_bytes,
                   EntryDiffers differs) const;
  void OnLeads(uint32_t node, const NodeView& view);
  static Index FirstOfEpoch(const Replica& replica, Epoch epoch);
  void OnCommitted(uint32_t node, const NodeView& view);
  void Add(uint32_t node, const RecordView& trusted);
  // truth_holders.cc
  enum class Memories { kThatHadIt, kThatAreThere };
  uint32_t InSyncCopiesOf(uint64_t index, Epoch epoch, Memories counted) const;
  bool MemoryIsThere(size_t node, Incarnation life) const;
  void CheckHolders();
  void CheckKeeps(const v1::ReplicaId& member);
  std::string WhyLacks(const Replica& replica, uint64_t index) const;
  void CheckOverwritten(uint32_t node, const Replica& replica, NodeView* view);
  void CheckWaited(const v1::JournalConfig& before, const v1::JournalConfig& after,
                   int64_t now_ns) const;
  void NoteRecoverySet(const v1::JournalConfig& before, const v1::JournalConfig& after);
  void NoteComplete(const v1::JournalConfig& before, const v1::JournalConfig& after);
  void OnLoss(const v1::JournalConfig& before, const v1::JournalConfig& after);
  void CheckLossIsDue(const v1::JournalConfig& before, const v1::LossReport& loss);
  void CheckLossRange(const v1::LossReport& loss, uint64_t kept);
  void CheckDiskWords(const v1::LossReport& loss, uint64_t kept);
  void CheckKeepsMost(const v1::LossReport& loss, const v1::ReplicaId& winner, uint64_t kept);
  bool WasDeclaredLost(Epoch epoch, Index index) const;
  bool Has(const NodeView& view, Incarnation incarnation, uint64_t index) const;
  uint32_t CopiesOf(uint64_t index) const;
  uint64_t KeptBy(const v1::ReplicaId& winner) const;
  void CutTo(Index next);
  void BringBack(uint32_t node, const Ring& ring);
  const Entry* LostBefore(uint64_t index, const RecordView& next) const;
  static bool Precedes(const EntryHeader& header, const RecordView& next);
  uint64_t KeptIn(const Replica& replica) const;
  uint64_t KeptBelow(const Ring& ring) const;
  Lsn LsnBefore(uint64_t index) const;
  Index DurableFloor(const client::AppendReceipt& receipt) const;
  void CheckDiskLevels(const client::AppendReceipt& receipt, client::Level asked);
  void NoteLeadersDisk(const client::AppendReceipt& receipt);
  const Entry* FindLost(Index index, uint64_t chain) const;
  int NodeNamed(std::string_view name) const;

  v1::JournalConfig config_;  // as stored
  std::vector<std::string> nodes_;
  Report* report_;
  sim::PayloadLedger payloads_;
  std::vector<NodeView> views_;
  std::vector<NodeWear> wear_;
  std::vector<DiskWord> disk_words_;
  // By the rules, whatever the document says: whose disks must be looked at, and who is known to
  // hold every committed entry.
  std::set<std::string> recovery_set_;
  std::vector<v1::ReplicaId> complete_;
  int64_t leaderless_ns_ = 0;  // since when nobody leads
  // (node, incarnation) -> the memory_life in which that process served.
  std::map<std::pair<std::string, uint64_t>, uint64_t> memory_of_;
  uint32_t generation_ = 1;
  LogPosition position_;
  std::vector<Entry> entries_;  // entry i stands at i-1
  std::multimap<uint64_t, Entry> lost_;
  std::map<Epoch, std::pair<uint32_t, Incarnation>> leaders_;
  // disk_life of all nodes when the epoch began: an acknowledgement may be on its way while a disk
  // goes.
  std::map<Epoch, std::vector<uint64_t>> disks_of_;
  std::map<Epoch, Index> epoch_starts_;
  std::map<Epoch, Fewest> fewest_;  // members and target_copies, of each epoch
  uint64_t handovers_ = 0;
  Lsn committed_ever_;
  Lsn known_lsn_;
  Index acked_[5];                           // newest acknowledged, by level reached
  Index quorum_word_;                        // newest acknowledged at disk_quorum
  std::vector<uint64_t> quorum_disk_lives_;  // of all nodes then
  std::vector<Fence> fences_;                // of the committed log
  std::map<Epoch, uint32_t> granted_;        // to whom
  Epoch newest_fence_;                       // in any replica's log, ever
  uint32_t newest_generation_ = 1;           // that any replica was of
  int quorum_members_ = 0;                   // the fewest since then
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_JOURNAL_TRUTH_H_
