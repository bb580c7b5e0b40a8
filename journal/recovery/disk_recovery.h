// From the segment files of one journal to one decision: where its log ends on this disk.
//
// Overlaps: of two segments the one opened later, by (incarnation, counter), wins from its base, so
// a segment counts only below the base of every later-opened one. What is left must join exactly:
// index, LSN and chain of each description continue the entries before. Where it does not, or
// synced bytes are damaged, the rest is unknown: nothing behind is used, nothing is deleted.
#ifndef JOURNAL_RECOVERY_DISK_RECOVERY_H_
#define JOURNAL_RECOVERY_DISK_RECOVERY_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "journal/segment/segment_scan.h"

namespace ringjournal {

enum class DiskVerdict {
  kEmpty,         // no segment holds anything
  kClean,         // every byte of the log is whole; nothing was cut
  kTornTail,      // the newest segment was cut at its end, in bytes not known to be synced
  kDamaged,       // synced bytes are wrong: unknown from `damage` on
  kGap,           // a segment is missing in the middle: unknown from there on
  kUnreadable,    // the first segment itself is: no entry can be recovered, though some were there
  kForeign,       // a file belongs to another journal
  kNewerVersion,  // a file has a layout that this version cannot read
};
const char* DiskVerdictText(DiskVerdict verdict);

// One file as found in the directory, in any order.
struct SegmentFile {
  SegmentName name;
  uint64_t size_bytes = 0;
};

// The bytes of files[i], valid until the next call. Best a read-only mapping: of most segments only
// the first blocks are touched. An error counts like damage at the file's start.
using SegmentBytes = absl::FunctionRef<absl::StatusOr<ByteSpan>(size_t i)>;

// Gets what is recovered, in order.
class RecoveryVisitor {
 public:
  virtual ~RecoveryVisitor() = default;
  // Once, before the first entry: the derived state before it.
  virtual void OnStart(const v1::StateSnapshot& state) = 0;
  // A verified entry; the view is valid during the call only.
  virtual void OnEntry(const RecordView& view) = 0;
};

struct DiskRecoveryOptions {
  JournalId journal;
  // Start at the newest segment from which on the files hold so many bytes (framing included), so
  // that a ring of that size can be filled without reading everything. Of older segments only the
  // descriptions are looked at: damage in their entries is found when they are read, or by a
  // recovery of everything. 0: everything.
  uint64_t replay_bytes = 0;
};

// What one file is to the log.
enum class SegmentRole {
  kScanned,      // verified, entry by entry
  kTrusted,      // older than where the replay starts: only its description was read
  kSuperseded,   // later-opened segments hold everything from its base on
  kTrimmed,      // below the oldest entry that the journal keeps
  kUnopened,     // nothing but zeros: never held an entry, and may be removed
  kTornOpening,  // no whole description, and no sign that one was synced: holds nothing that
                 // counts. To be kept unless the verdict is kClean or kTornTail: it may be what is
                 // missing.
  kBeyondEnd,    // above the end of the log: behind damage or a gap
  kRefused,      // foreign or newer
};
const char* SegmentRoleText(SegmentRole role);

struct SegmentFinding {
  SegmentRole role = SegmentRole::kUnopened;
  SegmentVerdict verdict = SegmentVerdict::kEmpty;
  std::string sentence;
  Index first_index, end_index;  // entries [first_index, end_index) of it count
  Lsn first_lsn, end_lsn;
  uint64_t end_offset = 0;
  uint64_t bytes_lost = 0;
  uint64_t padding_damage_bytes = 0;  // provably harmless, but the disk should be looked at
};

// A segment that forms the log, for the read path.
struct UsableSegment {
  size_t file = 0;  // position in `files`
  SegmentName name;
  Index first_index, end_index;  // entries [first_index, end_index) are read from it
  Lsn first_lsn;
  uint64_t size_bytes = 0;  // up to the end of its last entry, if scanned; else of the file
};

struct DamagePlace {
  size_t file = 0;
  uint64_t offset = 0;
  Index first_unknown;
};

struct DiskRecovery {
  DiskVerdict verdict = DiskVerdict::kEmpty;
  std::string sentence;  // for people: what, why, what next
  LogPosition end;       // what the next entry continues; the loss, if any, starts exactly here
  Watermark oldest;      // first index and first LSN that the usable segments hold
  size_t start = 0;      // position in `segments` where the replay started
  v1::StateSnapshot start_state;         // before the first entry of that segment
  std::vector<v1::EpochHistory> epochs;  // up to `end`
  Watermark committed;                   // highest that any group header says; may lie above `end`
  uint64_t bytes_lost = 0;
  std::optional<DamagePlace> damage;     // for kDamaged, kGap, kUnreadable
  std::vector<UsableSegment> segments;   // in the order of their entries
  std::vector<SegmentFinding> findings;  // one for each of `files`
  std::vector<std::string> notes;        // what an operator should know beside the verdict
};

// Never fails: whatever the files are, there is a verdict. `visitor` may be null. Entries are given
// to it as they are verified, hence also those before damage.
DiskRecovery RecoverDisk(std::span<const SegmentFile> files, SegmentBytes bytes,
                         const DiskRecoveryOptions& options, RecoveryVisitor* visitor);

}  // namespace ringjournal

#endif  // JOURNAL_RECOVERY_DISK_RECOVERY_H_
