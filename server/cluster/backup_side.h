// A backup of a journal: follows the leader of one epoch.
#ifndef SERVER_CLUSTER_BACKUP_SIDE_H_
#define SERVER_CLUSTER_BACKUP_SIDE_H_

#include <cstdint>

#include "server/cluster/journal_context.h"

namespace ringjournal {

// Made when the config names a leader that is another node; forgotten at the next epoch. Asks that
// leader where to go on (FOLLOW), truncates, then takes what it sends and acknowledges it. Pure;
// one thread.
class BackupSide {
 public:
  explicit BackupSide(JournalContext* context);

  // The connection to the leader is there, or gone.
  void OnUp() { follow_at_ns_ = 0; }
  void OnDown() { synced_ = false; }

  void OnFollowOk(PeerConnection* peer, const v1::FollowOk& ok);
  void OnReplicate(PeerConnection* peer, const v1::Replicate& head, ByteSpan entries);

  // The process is about to end: the next acknowledgement says so.
  void Leave() { owes_ack_ = true; }

  // After the replica's EndOfBatch: asks and acknowledges.
  void AfterBatch();
  int64_t deadline_ns() const;
  // It follows, and has said all that it has: until the leader sends more, or falls silent, there
  // is nothing to do.
  bool IsIdle() const;

  // Nothing was heard of the leader for the grace time, or its process is known to be gone.
  bool suspects_leader() const;
  // Nothing came from its process for as long as the in-sync set has to elect another one.
  bool leader_is_away() const;
  const NodeLife& leader() const { return leader_; }
  // It holds what the leader holds up to some entry, and is sent what follows.
  bool synced() const { return synced_; }

 private:
  void Heard() { heard_ns_ = c_->now.monotonic_ns; }
  // What a FOLLOW asks about: the answer to an equal one answers this one, too.
  struct Question {
    ConnectionNumber connection = 0;
    Index end;
    uint64_t chain = 0;
    bool needs_snapshot = false;
    friend bool operator==(const Question&, const Question&) = default;
  };
  void SendFollow(PeerConnection* peer);
  void GiveUp(const absl::Status& why);
  void SendAck(PeerConnection* peer);
  absl::Status CutTo(const v1::FollowOk& ok);
  Incarnation NamedLife() const;
  static bool TakesAway(const v1::FollowOk& ok, bool anew, Index end);
  absl::Status CutToCommit(const v1::FollowOk& ok);
  bool FromLeader(const PeerConnection& peer) const { return peer.dialed && peer.life == leader_; }

  JournalContext* c_;
  NodeLife leader_;
  Epoch epoch_;
  // Rising through all that this process is in one epoch: a node may be removed and added again.
  uint64_t nonce_;
  Question asked_;
  bool synced_ = false;
  bool refused_ = false;  // this log is not the leader's: not followed any more in this epoch
  bool needs_snapshot_ = false;
  bool owes_ack_ = false;
  uint64_t lease_seq_ = 0;
  v1::PeerMessage ack_;  // kept for its memory
  Index acked_durable_;
  int64_t heard_ns_;
  int64_t follow_at_ns_ = 0;
  int64_t follow_retry_ms_ = 0;  // doubles up to kPeerRetryMs
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_BACKUP_SIDE_H_
