// The leader of a journal with several members: who follows, what they have, who is in sync.
#ifndef SERVER_CLUSTER_LEADER_SIDE_H_
#define SERVER_CLUSTER_LEADER_SIDE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "journal/replication/in_sync_set.h"
#include "server/cluster/catch_up.h"
#include "server/cluster/journal_context.h"
#include "server/cluster/laggards.h"

namespace ringjournal {

// A change of the in-sync set that the leader wants.
struct IsrChange {
  enum class Kind {
    kDrop,
    kAdd,
    // The isr as it is, from now on without the life that left it by a restart.
    kGoOnWithout,
  } kind = Kind::kDrop;
  NodeLife backup;
  std::string why;
};

// Made when a won change of the config document is known, before the replica starts to lead, for
// one epoch; forgotten with it. Pure; one thread.
class LeaderSide {
 public:
  explicit LeaderSide(JournalContext* context);
  // Catch-ups go to the context, which keeps what the kernel still writes to.
  ~LeaderSide();

  // The config as it is known now still names this leader and epoch.
  void OnConfig();
  // A change to that isr has been sent on its way.
  void Propose(const IsrChange& change);
  // It will never be applied: refused.
  void Withdraw() { set_.Withdraw(); }

  void OnFollow(PeerConnection* peer, const v1::Follow& follow);
  void OnAck(PeerConnection* peer, const v1::ReplicateAck& ack);
  void OnDown(const PeerConnection& peer);
  // False: the answer is to nobody here.
  bool OnStorageDone(const StorageDone& done);
  // The disk still has to answer to a catch-up.
  bool waits_for_disk() const;

  // Before the replica's EndOfBatch: what it may call committed, and durable on how many.
  void BeforeBatch();
  // After it: entries, commit and heartbeats to the backups.
  void AfterBatch();
  int64_t deadline_ns() const;
  // All members are in sync, follow, and hold and know all that is in the log: until somebody
  // appends, asks or falls silent nothing happens but heartbeats.
  bool IsIdle() const;

  // Nothing was heard for kPeerDeafMs of any other in the isr: it can neither commit nor tell that
  // it is cut off. Not while it is alone.
  bool HearsNobody() const;
  // The epoch's start is committed: this leader may answer for what is in its log (KIP-207).
  bool serving() const;
  std::optional<IsrChange> Wanted(const v1::ConfigDocument& document) const;

  // ---- for planned changes ----
  const InSyncSet& in_sync() const { return set_; }
  // It follows, and was heard of just now.
  bool Follows(const NodeLife& life) const;
  // Its process has said that it is about to end.
  bool IsLeaving(const NodeLife& life) const;
  // The node is on its way out of the members: its disk counts for no acknowledgement any more, and
  // it is not taken back. Empty: nobody is.
  void set_leaving(const std::string& node) { leaving_ = node; }
  // Members beside this one and the leaving one whose disks hold everything up to `index`.
  uint32_t DisksWith(Index index) const;

  // Begins a round of heartbeats, which leave at the end of this batch. It is over once every
  // member of the isr, and of a change that is under way, has answered one: until that moment none
  // of them followed a later leader, so that nobody else had led. At once where there is none.
  uint64_t BeginRound();
  bool RoundIsOver(uint64_t round) const { return set_.RoundOfAll() >= round; }

  // It is marked as far behind, in sync or not.
  bool IsMarked(const NodeLife& life) const;
  // Nodes in sync that are marked as far behind.
  std::vector<std::string> laggards() const;
  // Of each other node that has followed in this epoch, for people. `held_lsn` is 0 where the ring
  // does not reach down to it.
  struct Copy {
    NodeLife life;
    bool in_sync = false, follows = false, catches_up = false;
    Index held;
    Lsn held_lsn;
    uint64_t lag_lsns = 0, lag_bytes = 0;
    int64_t lag_ms = 0;
  };
  std::vector<Copy> Copies() const;
  // What is known of the others of the isr when a drop is decided, in nanoseconds; far_for_ns as in
  // LagWatch.
  struct Standing {
    NodeLife life;
    int64_t silent_ns, stalled_ns, far_for_ns, age_ns;
  };
  std::vector<Standing> Standings() const;
  // The newest change that was proposed; null: none. And how many were.
  const IsrChange* proposed() const { return proposed_ ? &*proposed_ : nullptr; }
  uint64_t proposals() const { return proposals_; }

 private:
  struct Sent {
    Index last;
    RingOffset end;
    int64_t at_ns = 0;
  };
  struct Backup {
    ConnectionNumber connection = 0;  // 0: does not follow now
    uint64_t answered = 0;            // nonce of the FOLLOW that was answered there
    RingPlace next;                   // first that was not sent
    std::deque<Sent> in_flight;
    RingOffset acked_end;
    Index first;  // that it may hold
    Index commit_sent;
    int64_t last_sent_ns = 0;
    int64_t last_heard_ns = 0;
    int64_t progress_ns = 0;  // it held everything, or more than before
    // Entries have waited for it at most since then: it held everything, or more than before, or
    // was sent more after it had acknowledged all that it had been sent.
    int64_t match_ns = 0;
    Index sent_anew_after;          // of the last time that sending was a reason
    int64_t add_not_before_ns = 0;  // backs off after drops
    uint32_t drops = 0;
    LagWatch lag;
    // It gets what the ring no longer holds; `next` and `in_flight` count once that is over.
    std::unique_ptr<CatchUp> catch_up;
    uint64_t sent_in_step = 0;   // bytes that the catch-up had read
    bool segments_fail = false;  // the disk here lacks what it needs
    bool leaving = false;        // its process is about to end in order
  };
  bool IsUpToDate(const NodeLife& life, const Backup& backup) const;
  Index DurableOf(const NodeLife& life) const;
  // Nothing was heard of it for kPeerDeafMs.
  bool HearsNothingOf(const Backup& backup) const;
  std::optional<RingPlace> PlaceAfter(Index last) const;
  bool FillContinue(Index last, v1::FollowOk* ok) const;
  bool FillStateAt(Index common, v1::FollowOk* ok) const;
  bool FillSnapshot(const v1::Follow& follow, v1::FollowOk* ok) const;
  bool MayBeginAtFirst(const PeerConnection& peer, const v1::Follow& follow) const;
  bool IsAnswered(const PeerConnection& peer, const v1::Follow& follow) const;
  void StartSending(PeerConnection* peer, Index first, const RingPlace& next);
  void SendEntries(PeerConnection* peer, Backup* backup);
  void SendRun(PeerConnection* peer, Backup* backup);
  const v1::Replicate& Head(Index first);
  void SendFollowOk(PeerConnection* peer, uint64_t nonce, v1::PeerMessage* message) const;

  // leader_catch_up.cc
  bool BeginCatchUp(PeerConnection* peer, const v1::Follow& follow, Index keeps);
  void StopCatchUp(Backup* backup);
  void EndCatchUp(PeerConnection* peer, Backup* backup);
  void CatchUpTurn(PeerConnection* peer, Backup* backup);
  bool SendFromSegments(PeerConnection* peer, Backup* backup);
  void AnswerFromSegments(PeerConnection* peer, Backup* backup);
  uint64_t CatchUpWindow() const;
  bool MaySend(const PeerConnection& peer, const CatchUp& catch_up) const;
  bool CatchUpIsDue(const Backup& backup) const;
  // leader_laggards.cc
  void LookForLaggards();
  bool OthersAreInTime(const NodeLife& life) const;
  std::string WhyLaggard(const NodeLife& life, const Backup& backup) const;

  bool MayDrop() const;
  bool MayAdd(const NodeLife& life, const Backup& backup, Index needed,
              const v1::ConfigDocument& document) const;
  void NoteLearners();
  std::string WhyDrop(const NodeLife& life) const;
  void ForgetOlderLives();
  JournalContext* c_;
  InSyncSet set_;
  std::map<NodeLife, Backup> backups_;
  // Where it began alone in its isr and in `complete`: every later leader of the generation has its
  // log from this one, so what it held then is committed, whatever min_isr says of what comes.
  Index inherited_;
  int64_t started_ns_;
  uint64_t lease_seq_ = 0;
  bool round_wanted_ = false;  // heartbeats leave at once
  std::optional<IsrChange> proposed_;
  uint64_t proposals_ = 0;
  ReplicationMarks marks_;  // kept for their memory
  v1::Replicate head_;
  uint64_t proposed_at_version_ = 0;
  std::vector<NodeLife> known_isr_;
  std::set<NodeLife> contradicting_;  // whose logs cannot be of this journal's history
  std::string leaving_;
  // Of members that were never in sync: up to where their disks must hold the log first, as what
  // was acknowledged without them may lack a copy among the larger number of members.
  std::map<std::string, Index> learners_;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_LEADER_SIDE_H_
