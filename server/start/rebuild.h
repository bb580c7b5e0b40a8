// From the entries on disk to a journal's derived state and, where wanted, to a ring.
#ifndef SERVER_START_REBUILD_H_
#define SERVER_START_REBUILD_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "journal/node/derived_state.h"
#include "journal/recovery/disk_recovery.h"
#include "journal/ring/ring.h"

namespace ringjournal {

// "The journal cannot be served, and nothing was touched."
absl::Status Unusable(const std::string& what);

// Rebuilds the derived state from what the disk holds; with memory, fills a ring too.
class Rebuild : public RecoveryVisitor {
 public:
  // With memory: a new ring of this identity is made there.
  Rebuild(RingMemory* memory, RingIdentityValues identity, Incarnation claim)
      : memory_(memory), identity_(identity), claim_(claim) {}

  void OnStart(const v1::StateSnapshot& state) override;
  void OnEntry(const RecordView& view) override;

  // Why the entries cannot be used, if they cannot.
  const absl::Status& status() const { return status_; }
  const DerivedState& derived() const { return derived_; }
  // Empty without memory, or if the disk held nothing.
  std::optional<Ring>& ring() { return ring_; }

 private:
  void Copy(const RecordView& view);

  RingMemory* memory_;
  RingIdentityValues identity_;
  Incarnation claim_;
  DerivedState derived_;
  std::optional<Ring> ring_;
  absl::Status status_;
};

}  // namespace ringjournal

#endif  // SERVER_START_REBUILD_H_
