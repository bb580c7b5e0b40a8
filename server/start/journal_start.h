// Bringing one journal back at process start: ring, segments, decision, change of the config
// document.
#ifndef SERVER_START_JOURNAL_START_H_
#define SERVER_START_JOURNAL_START_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "journal/node/replica.h"
#include "journal/recovery/disk_recovery.h"
#include "journal/recovery/start_decision.h"
#include "proto/config.pb.h"

namespace ringjournal {

// One journal's memory and disk, as the start procedure needs them. The driver's is real, the
// simulator's is not.
class JournalStorage {
 public:
  virtual ~JournalStorage() = default;
  virtual absl::StatusOr<std::vector<SegmentFile>> ListSegments() = 0;
  // Synced first: the dead process may have written what it did not live to sync, and what is found
  // whole counts as durable from then on. Valid until the next call on this object.
  virtual absl::StatusOr<ByteSpan> ReadSegment(const SegmentName& name) = 0;
  // A file that never held an entry, or whose entries all stand elsewhere or are trimmed.
  virtual void RemoveSegment(const SegmentName& name) = 0;
  // NotFound if there is no ring file; FailedPrecondition if it has another size. Memory is mapped
  // for the life of the process.
  virtual absl::StatusOr<RingMemory> OpenRing(size_t head_bytes, size_t data_bytes) = 0;
  // Replaces what there is.
  virtual absl::StatusOr<RingMemory> CreateRing(size_t head_bytes, size_t data_bytes) = 0;
};

struct JournalStartInput {
  v1::JournalConfig config;  // after this process was registered
  v1::ConfigDocument document;
  std::string node;
  Incarnation incarnation;
  BootId boot = {};
  Time now;
};

// Compare-and-swap against the document given; returns the one that stands then.
using ConfigChanger =
    absl::FunctionRef<absl::StatusOr<v1::ConfigDocument>(v1::ConfigDocument next)>;

struct JournalStart {
  StartAction action = StartAction::kRefuse;
  std::unique_ptr<Replica> replica;  // leads; null if refused
  v1::JournalConfig config;
  v1::ConfigDocument document;
  std::string sentence;  // what was found and done, for the log
  std::vector<std::string> notes;
};

// replication.md section 7, for a node that is the journal's only member. Writes `claim_inc` before
// the cas of a memory recovery. An error: the journal cannot be served; nothing was deleted.
absl::StatusOr<JournalStart> StartJournal(const JournalStartInput& input, JournalStorage* storage,
                                          ConfigChanger change);

}  // namespace ringjournal

#endif  // SERVER_START_JOURNAL_START_H_
