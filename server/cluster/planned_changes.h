// What somebody has asked the leader of a journal to change: who leads, and who is a member.
#ifndef SERVER_CLUSTER_PLANNED_CHANGES_H_
#define SERVER_CLUSTER_PLANNED_CHANGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/cluster/leader_side.h"
#include "server/config_store/document_edits.h"

namespace ringjournal {

// One change at a time, on the leader, in its epoch (replication.md section 6). Pure; one thread.
//
// Handover: appends wait; once the target holds everything, and everything is committed, the
// document is changed. Until then a time-out ends it, and this node leads on. From then on it says
// nothing until it is known what became of the change.
// Membership: who is added becomes a member, and in sync by the leader's ordinary rule. Who is
// removed leaves the in-sync set first; then the disks of those who stay must hold what was
// acknowledged with its disk; then it leaves the members.
class PlannedChanges {
 public:
  // `context` outlives it.
  explicit PlannedChanges(JournalContext* context) : c_(context) {}

  // ---- asked, of a node that leads and serves; on an error nothing has begun ----
  // `target`: a node's name; empty: the best in-sync backup. InvalidArgument: it cannot be;
  // FailedPrecondition: not now.
  // `stays`: this node follows afterwards; else it stops, and leaves the in-sync set in the same
  // change, so that nobody waits for it.
  absl::Status MoveLeader(const LeaderSide& leader, const std::string& target, bool stays);
  // Anybody would do, and there is somebody.
  bool HasTarget(const LeaderSide& leader) const { return ChooseTarget(leader, "").has_value(); }
  absl::Status AddMember(const v1::ConfigDocument& document, const std::string& node);
  absl::Status RemoveMember(LeaderSide* leader, const v1::ConfigDocument& document,
                            const std::string& node);
  // It will not be followed up. What is on its way may still come true.
  void GiveUp(LeaderSide* leader, const std::string& why);

  bool active() const { return kind_ != Kind::kNone; }
  // How it ended; told once, after active().
  std::optional<absl::Status> TakeOutcome() { return std::exchange(outcome_, std::nullopt); }
  // Nothing may be appended: a handover is under way.
  bool holds_appends() const { return kind_ == Kind::kMoveLeader; }
  // A handover that has just been asked for and whose target does not hold everything yet: others
  // wait for it, so that one change moves them all.
  bool gathers() const;
  const std::string& node() const { return node_; }

  // ---- the leader's turns ----
  // In every batch; null: it leads no more.
  void AfterBatch(LeaderSide* leader);
  bool wants_change() const { return active() && ready_ && !out_at_.has_value(); }
  // The next step's change of the document, applied to `next`. Where it drops a backup from the
  // in-sync set, *drop says so, for the leader to count it until the outcome is known.
  absl::Status Edit(v1::ConfigDocument* next, const Claim& claim, std::optional<IsrChange>* drop);
  // What Edit does, for the log.
  std::string Describe() const;
  // Edit failed: the rules forbid it.
  void Forbidden(LeaderSide* leader, const absl::Status& why);
  // The change was sent on its way; or it never will be applied.
  void Proposed() { out_at_ = c_->config_version; }
  void Refused(LeaderSide* leader);
  int64_t deadline_ns() const;

 private:
  enum class Kind { kNone, kMoveLeader, kAddMember, kRemoveMember };
  absl::Status Begin(Kind kind, const std::string& node, int64_t wait_ms);
  absl::Status Busy() const;
  void End(LeaderSide* leader, absl::Status outcome);
  void EndWithEpoch();
  bool TimeIsOver() const;

  // handover.cc
  std::optional<NodeLife> ChooseTarget(const LeaderSide& leader, const std::string& node) const;
  absl::Status WhyNoTarget(const LeaderSide& leader, const std::string& node) const;
  void FollowHandover(LeaderSide* leader);
  // membership.cc
  void FollowAdd(LeaderSide* leader);
  void FollowRemoval(LeaderSide* leader);
  bool DisksHoldAll(const LeaderSide& leader);

  JournalContext* c_;
  Kind kind_ = Kind::kNone;
  std::string node_;  // target, or the member
  NodeLife life_;     // of the target, or of the one that leaves while it is in sync
  Epoch epoch_;       // of the leader that was asked
  int64_t deadline_ns_ = 0;
  bool stays_ = true;
  bool ready_ = false;              // the next step's change may be proposed
  std::optional<uint64_t> out_at_;  // a change that expects this version is on its way
  std::optional<Index> floor_;      // what is below was acknowledged while the leaving disk counted
  std::optional<absl::Status> outcome_;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_PLANNED_CHANGES_H_
