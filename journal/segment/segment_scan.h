// Recovery of one segment: a pure function from a file's bytes to its entries and a verdict.
//
// The tail rule. Groups are written with several writes in flight, so after a crash the blocks of
// those not yet synced may have reached the disk in any order. The scan goes group by group and
// stops at the first thing that is not valid. If that place is known to have been synced (a later
// group of this segment says so in its durable_offset, or the caller knows), it is damage: what
// follows is unknown, nothing is skipped. Otherwise it is a torn tail, which nobody was told is on
// disk: it is cut, and valid entries before it count.
#ifndef JOURNAL_SEGMENT_SEGMENT_SCAN_H_
#define JOURNAL_SEGMENT_SEGMENT_SCAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "journal/base/bytes.h"
#include "journal/format/entry_layout.h"
#include "journal/segment/segment_format.h"

namespace ringjournal {

enum class SegmentVerdict {
  kClosed,          // ends with its closing group
  kOpenEnd,         // whole groups, then unused blocks or the file's end
  kSuperseded,      // valid up to stop_before; what follows belongs to a later segment
  kTornTail,        // cut: what follows was never known to be synced
  kDamaged,         // synced bytes are wrong: unknown from here
  kEmpty,           // nothing but unused blocks: made, never opened
  kBadDescription,  // torn while it was opened, or recycled and not opened yet: holds no entry
  kNotASegment,     // starts with something else
  kForeign,         // of another journal
  kNewerVersion,    // of a layout that this version cannot read
};
// Two or three words: "torn tail".
const char* SegmentVerdictText(SegmentVerdict verdict);

struct ScanOptions {
  // What the file's name says; the description must agree. With it, damage in the description
  // itself can be told from a torn opening.
  std::optional<SegmentName> name;
  // Else the journal may be any.
  std::optional<JournalId> journal;
  // Entries from this one on belong to a later-opened segment and are not looked at.
  std::optional<Index> stop_before;
  // What the caller knows to have been synced: bytes below this offset, …
  uint64_t known_durable_offset = 0;
  // … and entries below this index (a later segment starts there, and a writer describes a segment
  // only when everything before was synced).
  Index known_durable_before;
};

// Where a group starts; a sparse index of the segment.
struct GroupPlace {
  uint64_t offset = 0;
  Index first_index;
  Lsn first_lsn;
};

struct SegmentScan {
  SegmentVerdict verdict = SegmentVerdict::kEmpty;
  std::string sentence;  // the verdict for people: what, where, why, and what to do if anything
  v1::SegmentDescription description;  // if it was readable
  // What the next entry would continue. Before the first entry if there is none; without a readable
  // description only next_index is set, from the name.
  LogPosition position;
  uint64_t end_offset = 0;      // behind the last valid thing; where the damage or the cut is
  uint64_t bytes_lost = 0;      // written bytes from end_offset on, at most; 0 for a clean end
  bool rest_is_unused = false;  // only unused blocks where the scan ended, at a boundary
  // Highest that any valid group header of the segment says, also behind the end.
  Watermark committed;
  uint64_t durable_offset = 0;  // everything below was synced, as far as anything shows
  // Entries below were synced: those of groups that end at or below durable_offset.
  Index durable_before;
  uint64_t groups = 0, entries = 0, transactions = 0;
  uint64_t record_bytes = 0;
  // Wrong bytes in padding that provably held nothing: the next group continues with the next
  // entry. They do not change the verdict, but the disk should be looked at.
  uint64_t padding_damage_bytes = 0;
  std::vector<GroupPlace> group_places;
};

using RecordVisitor = absl::FunctionRef<void(const RecordView&)>;

// Verifies `file`, a whole segment file, and calls `visitor` with each valid entry in order; the
// view points into `file`. One CRC pass over the bodies. Never fails: whatever the bytes are, there
// is a verdict.
SegmentScan ScanSegment(ByteSpan file, const ScanOptions& options, RecordVisitor visitor);

// How many bytes from its start a file is needed for, once nobody writes it any more: whole blocks,
// at most `file_bytes`. Unused blocks behind them may go, and so may all that is behind a closing
// group: a scan of what is left says the same. All of it is needed where it is damaged, where the
// segment that was opened next begins later (`next_begins`), so that entries are missing, and where
// a torn tail may be damage: unless that one begins right behind what is whole. What is wrong is
// evidence.
uint64_t NeededBytes(const SegmentScan& scan, uint64_t file_bytes,
                     std::optional<Index> next_begins);

// The description alone, with the same verdicts; kOpenEnd if it is fine. end_offset is then that of
// the first group.
SegmentScan ScanDescription(ByteSpan file, const ScanOptions& options);

// What can be said about a segment without reading its entries: from group header to group header.
struct SegmentOutline {
  SegmentScan description;  // as of ScanDescription
  uint64_t groups = 0;
  bool closed = false;
  uint64_t end_offset = 0;  // behind the last group that was reached
  Index end_index;          // behind the last whole record of that group, bodies not verified
  Watermark committed;
};
SegmentOutline OutlineSegment(ByteSpan file, const ScanOptions& options);

// What valid group headers of `opener` at or behind block boundary `from` say.
struct LaterGroups {
  bool any = false;
  uint64_t durable_offset = 0;
  Watermark committed;
};
LaterGroups FindLaterGroups(ByteSpan file, uint64_t from, const SegmentOpener& opener);

}  // namespace ringjournal

#endif  // JOURNAL_SEGMENT_SEGMENT_SCAN_H_
