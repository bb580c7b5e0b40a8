// One journal with several members on one node: which role it has, and what it wants changed.
#ifndef SERVER_CLUSTER_REPLICATED_JOURNAL_H_
#define SERVER_CLUSTER_REPLICATED_JOURNAL_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "server/cluster/backup_side.h"
#include "server/cluster/leader_side.h"
#include "server/cluster/operator_recovery.h"
#include "server/cluster/planned_changes.h"
#include "server/cluster/recovery_decision.h"

namespace ringjournal {

// Follows the config document: leader, backup, or neither while nobody leads. All rules that say
// when a replica may cause a change of the document stand here and in the two sides. Pure; one
// thread.
class ReplicatedJournal {
 public:
  // `replica`, `links` and `seats` outlive it, and `clock`, the time of the Step that runs; the
  // replica does not lead.
  ReplicatedJournal(const JournalId& id, const NodeLife& self, Replica* replica, LogOrigin origin,
                    PeerLinks* links, CatchUpSeats* seats, const Time* clock);

  // Every newer document, the first included.
  void OnConfig(const v1::ConfigDocument& document, const v1::JournalConfig& config);
  void OnUp(PeerConnection* peer);
  void OnDown(const PeerConnection& peer);
  void OnFollow(PeerConnection* peer, const v1::Follow& follow);
  void OnFollowOk(PeerConnection* peer, const v1::FollowOk& ok);
  void OnReplicate(PeerConnection* peer, const v1::Replicate& head, ByteSpan entries);
  void OnAck(PeerConnection* peer, const v1::ReplicateAck& ack);
  void OnLogAnswer(const std::string& node, const v1::LogAnswer& log);

  // Of its own disk operations, which read segments for backups.
  static bool OwnsToken(uint32_t token) { return token >= CatchUp::kTokenBase; }
  void OnStorageDone(const StorageDone& done);
  // What is to be asked of the disk; the caller takes it after every batch.
  std::vector<StorageOp>* storage() { return &c_.storage; }
  // A buffer is in the kernel's hands, or about to be: it must not be destroyed.
  bool reads_disk() const;

  // ---- batches ----
  // Where nothing is under way it takes no part in them until something happens to it or its
  // deadline comes: a node may keep thousands of journals, and ends thousands of batches a second.
  // Every event wakes it; whoever appends to its replica, or asks it for anything, calls Wake.
  void Wake() { awake_ = true; }
  bool awake() const { return awake_ || c_.now.monotonic_ns >= sleeps_until_ns_; }
  // Around the replica's EndOfBatch, while it is awake.
  void BeforeBatch();
  void AfterBatch();
  int64_t deadline_ns() const;

  // Cheap: whether EditDocument may have something to do.
  bool WantsChange(const v1::ConfigDocument& document);
  // Applies the change that this replica wants now to a copy of the newest document. False: none.
  // Call Proposed right after the change was sent on its way, and Refused if it was refused.
  bool EditDocument(v1::ConfigDocument* next, const std::string& change_id);
  void Proposed();
  void Refused();

  // What somebody asks, of a journal that is served here: see PlannedChanges.
  absl::Status MoveLeader(const std::string& target, bool stays);
  absl::Status AddMember(const v1::ConfigDocument& document, const std::string& node);
  absl::Status RemoveMember(const v1::ConfigDocument& document, const std::string& node);
  void GiveUpPlan(const std::string& why) {
    Wake();
    planned_.GiveUp(leader_.get(), why);
  }
  PlannedChanges* planned() { return &planned_; }

  // ---- an operator's recovery (replicated_recover.cc), one at a time ----
  // False: another one is under way. What became of it is there to be taken, once, within
  // kRecoverWaitMs.
  bool StartRecovery(RecoverRequest request);
  std::optional<RecoverResult> TakeRecovery();
  // Asks all nodes for their logs.
  bool recovers() const { return operator_ != nullptr && !operator_->result.has_value(); }

  // The process is about to end in order: where it is in sync beside a leader, that one lets it go
  // before it stops to answer; where it is not, it follows nobody any more.
  // False: it was asked before.
  bool Leave();
  // Somebody in sync can take over from this leader now.
  bool has_target() const { return serving() && planned_.HasTarget(*leader_); }
  // Its leader is to let it go, and may: until then it is waited for.
  bool is_leaving() const;

  // The process ends: leads and follows no more, and wants nothing.
  void Stop();

  // Nodes to be connected to.
  void AddWantedPeers(std::set<std::string>* nodes) const;
  // Nodes whose logs must be known now; empty while somebody leads.
  bool wants_probes() const { return (!c_.config.has_leader() && !in_isr_) || recovers(); }
  v1::LogAnswer DescribeLog() const;

  bool leads() const { return leader_ != nullptr; }
  // Appends, reads and openings may be answered.
  bool serving() const { return leader_ != nullptr && leader_->serving(); }
  bool hears_nobody() const { return leader_ != nullptr && leader_->HearsNobody(); }
  // Only while serving().
  LeaderSide* mutable_leader() {
    Wake();
    return leader_.get();
  }
  const JournalContext& context() const { return c_; }
  JournalContext* mutable_context() { return &c_; }
  const LeaderSide* leader() const { return leader_.get(); }
  const BackupSide* backup() const { return backup_.get(); }

 private:
  int64_t DeadlineNow() const;
  bool IsIdle() const;
  void Lead();
  bool EditPlanned(v1::ConfigDocument* next, const Claim& claim);
  bool EditAsLeader(v1::ConfigDocument* next, const Claim& claim);
  bool EditLeaderless(v1::ConfigDocument* next, const Claim& claim);
  bool WantsLeaderless();
  bool MayBeElected() const;
  bool MayDepose() const;
  bool MayLeadFirst() const;
  bool EditFirstLeader(v1::ConfigDocument* next, const Claim& claim);
  bool EditRecovery(v1::ConfigDocument* next, const Claim& claim);
  bool Elect(v1::ConfigDocument* next, const Claim& claim);
  void PrepareClaim();
  Watermark LastCertain(const v1::LogAnswer& log) const;
  v1::LossReport BuildReport(const std::string& leader) const;
  void TurnRecovery();
  int64_t recovery_deadline_ns() const;
  void EndRecovery(RecoverResult result);
  bool RecoveryIsStored();
  void DecideOperatorRecovery();
  v1::LossReport BuildOperatorReport(const std::string& leader) const;
  bool EditOperatorRecovery(v1::ConfigDocument* next, const Claim& claim);
  RecoveryInput MakeRecoveryInput() const;
  bool Try(const absl::Status& edited, const std::string& what);

  struct Answer {
    v1::LogAnswer log;
    int64_t at_ns = 0;
  };
  JournalContext c_;
  PlannedChanges planned_{&c_};
  std::unique_ptr<LeaderSide> leader_;
  std::unique_ptr<BackupSide> backup_;
  Epoch role_epoch_;  // of the role that it has
  bool awake_ = true;
  int64_t sleeps_until_ns_ = 0;  // while it is not
  bool left_ = false;
  bool stopped_ = false;
  bool in_isr_ = false;                         // in its current incarnation
  std::unique_ptr<OperatorRecovery> operator_;  // null: nobody has asked
  std::map<std::string, Answer> answers_;
  int64_t leaderless_since_ns_ = 0;
  std::optional<IsrChange> proposing_;
  bool proposing_planned_ = false;
  int64_t decide_at_ns_ = 0;
  std::string last_wait_;     // why it waits; noted once
  std::string last_failure_;  // why it could not propose; likewise
  // MUTANT kElectionWithoutCas
  bool electing_ = false;
  v1::JournalConfig elected_;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_REPLICATED_JOURNAL_H_
