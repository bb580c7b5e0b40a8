// How far the entries on disk are those of the ring.
#ifndef SERVER_START_AGREEING_STATE_H_
#define SERVER_START_AGREEING_STATE_H_

#include "absl/status/status.h"
#include "journal/node/derived_state.h"
#include "journal/recovery/disk_recovery.h"
#include "journal/ring/ring.h"

namespace ringjournal {

// Follows a recovery from disk up to the last entry that ring and disk have in common: a truncation
// cuts the ring at once, and the segments only when a later one is opened at the cut. A chain hash
// binds all entries before it, so one comparison speaks for everything below.
class AgreeingState : public RecoveryVisitor {
 public:
  // `ring` outlives this object. `end`: the position at the ring's end. Entries from `until` on are
  // passed over.
  AgreeingState(const Ring* ring, const LogPosition& end, Index until = Index(UINT64_MAX))
      : ring_(ring), end_(end), until_(until) {}

  void OnStart(const v1::StateSnapshot& state) override;
  void OnEntry(const RecordView& view) override;

  bool started() const { return started_; }
  // Why an entry cannot be used, if one cannot.
  const absl::Status& status() const { return status_; }
  // Before the first entry that is not common.
  const DerivedState& derived() const { return derived_; }
  // The ring goes on exactly where `derived` stands.
  bool joins() const;
  // The disk holds entries behind `derived` that the ring's log does not have.
  bool cut() const { return cut_; }
  // The disk's log was another one from the first entry read on, so that older segments must be
  // looked at.
  bool differs_from_start() const { return differs_from_start_; }

 private:
  bool Contradicts(const LogPosition& position) const;

  const Ring* ring_;
  LogPosition end_;
  Index until_;
  DerivedState derived_;
  bool started_ = false, cut_ = false, differs_from_start_ = false;
  absl::Status status_;
};

}  // namespace ringjournal

#endif  // SERVER_START_AGREEING_STATE_H_
