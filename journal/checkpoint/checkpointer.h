// Checkpointing: makes a journal's entries durable in segments, group by group.
#ifndef JOURNAL_CHECKPOINT_CHECKPOINTER_H_
#define JOURNAL_CHECKPOINT_CHECKPOINTER_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/base/aligned_buffer.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"
#include "journal/checkpoint/segment_catalog.h"
#include "journal/checkpoint/storage_op.h"
#include "journal/ring/ring.h"
#include "journal/segment/group_builder.h"
#include "proto/entry.pb.h"

namespace ringjournal {

struct CheckpointerOptions {
  JournalId journal;
  Incarnation incarnation;  // of this process: makes segment names unique
  uint64_t segment_bytes = limits::kSegmentBytesDefault;
  uint64_t checkpoint_bytes = limits::kCheckpointBytesDefault;
  int64_t checkpoint_interval_ns = int64_t{limits::kCheckpointIntervalMsDefault} * 1000 * 1000;
};

// What one look at the journal tells the checkpointer.
struct CheckpointInput {
  Time now;
  Watermark committed;
  bool disk_waiter = false;  // somebody waits for a disk level: do not gather any longer
  bool flush = false;        // write all there is (on demand)
  bool close = false;        // likewise, then the closing group; nothing is appended any more
};

// Copies records from the ring into staging buffers and asks for them to be written: at most
// kGroupsInFlightMax groups at a time, one while it merely keeps up with waiters, so that
// everything appended meanwhile joins the next group. A new segment begins at a boundary that was
// set while the derived state before it was at hand. One thread; pure.
class Checkpointer {
 public:
  explicit Checkpointer(const CheckpointerOptions& options);

  // The first entry to be written is that at `place`, in a new segment that `state` describes.
  // Called once; `on_disk` are the segments that hold what is older.
  void Start(const RingPlace& place, const v1::StateSnapshot& state, SegmentCatalog on_disk);

  // Sizes and intervals that may change while it runs; id and incarnation stay.
  void ApplyOptions(const CheckpointerOptions& options) { options_ = options; }

  // True when a record of so many bytes, appended next, might not fit the room that was made for
  // the segment it would go to: SetBoundary is to be called before it. Writes beyond that room
  // would meet a full disk where an acknowledgement waits for them already.
  bool boundary_due(const Ring& ring, size_t record_bytes) const;
  // Larger records are not for this journal's segments.
  size_t record_bytes_max() const { return options_.segment_bytes / 4; }
  // Entries from the ring's end on go to a new segment; `state` is the derived state there.
  void SetBoundary(const Ring& ring, const v1::StateSnapshot& state);

  // The log was cut: entries from `place` on are gone, `state` is the derived state there. Nothing
  // of a segment is edited: where cut entries may stand on disk, a new segment starts at the cut
  // and, opened later, wins from there (formats.md). What was durable above the cut no longer is.
  void Truncate(const RingPlace& place, const v1::StateSnapshot& state);

  // The log begins anew at `place`, which `state` describes: nothing that was written before
  // belongs to it. Those segments are removed, the oldest first, and only then a new one is opened,
  // as a recovery that found both would take what lies between for a hole and stop there. Until its
  // description is durable nothing is. Not once the closing group is out.
  void BeginAnew(const RingPlace& place, const v1::StateSnapshot& state);

  // Emits what is due. Call once per batch and at every `deadline`.
  void Flush(const Ring& ring, const CheckpointInput& input, std::vector<StorageOp>* ops);
  // Takes an answer. Empty, or why the process must stop: a failed write is never retried
  // (replication.md section 9, "Disk").
  std::string Done(const StorageDone& done, Time now);
  // True for tokens of this object.
  bool Owns(uint32_t token) const { return token < kTokenEnd; }

  // Removes segments whose entries all lie below `oldest`: the next Flush calls ask for it, file by
  // file.
  void Trim(Index oldest);

  // When to call Flush again although nothing happens; INT64_MAX: no need.
  int64_t deadline_ns() const;
  // The last entry that is durable, with all before it.
  Watermark durable() const { return durable_; }
  // Everything in the ring has been written and confirmed, and no buffer of this object is in the
  // kernel's hands.
  bool idle(const Ring& ring) const {
    return durable_.index.next() == ring.end().index && in_flight() == 0;
  }
  // The last segment is closed: who reads it can tell damage in its last groups from a torn tail.
  bool closed() const { return closing_ && in_flight() == 0; }
  // Whether what is appended now has a segment to go to. False from a segment's end until the next
  // one is open: who needs the disk then waits before it is accepted, since the disk may turn out
  // to be full.
  bool segment_at_hand() const {
    return boundaries_.empty() || (boundaries_.size() == 1 && opening_ == Opening::kReady);
  }
  // First entry that is in no segment of the catalog yet. What stands in the newest one from there
  // on was cut from the log, and must not be read.
  Index end_of_newest_segment() const {
    return boundaries_.empty() ? Index(UINT64_MAX) : boundaries_.front().place.index;
  }
  // The disk is full: disk levels are refused until space returns.
  bool storage_full() const;

  const SegmentCatalog& catalog() const { return catalog_; }
  uint64_t entry_bytes_written() const { return entry_bytes_written_; }
  uint64_t disk_bytes_written() const { return disk_bytes_written_; }

  static constexpr uint32_t kTokenEnd = 64;

 private:
  enum Token : uint32_t { kSpareToken = 0, kOpenToken = 1, kRemoveToken = 2, kGroupToken = 8 };

  struct Boundary {
    RingPlace place;
    v1::StateSnapshot state;
    uint64_t description_bytes = 0;  // of the segment that begins here, about
  };
  // One write in flight and its staging buffer.
  struct Group {
    AlignedBuffer staging;
    bool touched = false;
    enum class State { kFree, kInFlight, kFailed, kDone } state = State::kFree;
    ByteSpan bytes;
    int64_t file = -1;
    uint64_t offset = 0;
    Watermark last;
  };
  struct OpenFile {
    int64_t file = -1;
    std::string name;
    uint64_t counter = 0;
    Index base;
    RingOffset base_offset;
    uint64_t offset = 0;          // where the next group goes
    uint64_t durable_offset = 0;  // below it everything is synced
  };

  static uint64_t DescriptionBytes(const v1::StateSnapshot& state);
  void OpenNext(std::vector<StorageOp>* ops);
  bool ClearOld(std::vector<StorageOp>* ops);
  void CloseCurrent(std::vector<StorageOp>* ops);
  void RemoveNext(std::vector<StorageOp>* ops);
  void PrepareSpare(std::vector<StorageOp>* ops);
  bool SwitchSegment(std::vector<StorageOp>* ops);
  void WriteDescription(const v1::StateSnapshot& state, std::vector<StorageOp>* ops);
  void WriteGroup(const Ring& ring, const RingPlace& limit, Watermark committed,
                  std::vector<StorageOp>* ops);
  void DropOpening(std::vector<StorageOp>* ops);
  void WriteClosingGroup(Watermark committed, std::vector<StorageOp>* ops);
  GroupInfo NextGroup(Watermark committed) const;
  bool GroupIsDue(uint64_t pending_bytes, const CheckpointInput& input) const;
  RingPlace GroupEnd(const Ring& ring, const RingPlace& limit) const;
  RingPlace CurrentLimit(const Ring& ring) const;
  void Emit(Group* group, std::vector<StorageOp>* ops);
  void RetryFailed(std::vector<StorageOp>* ops);
  bool has_failed_group() const;
  bool spare_is_due() const;
  int64_t group_due_at_ns() const { return pending_since_ns_ + options_.checkpoint_interval_ns; }
  // The next entry to be written belongs to a segment that is not open yet.
  bool at_boundary() const {
    return !boundaries_.empty() && boundaries_.front().place.index == submitted_.index;
  }
  void EnsureStaging(Group* group, size_t bytes);
  std::string RemovalDone(const StorageDone& done, Time now);
  void SettleDone();
  std::string StorageFailed(const char* what, int64_t result, Time now);
  Group* GroupAt(uint64_t number) { return &groups_[number % groups_.size()]; }
  uint32_t in_flight() const { return static_cast<uint32_t>(next_group_ - first_group_); }

  CheckpointerOptions options_;
  SegmentCatalog catalog_;
  std::deque<Boundary> boundaries_;  // segments to be opened, in order
  OpenFile current_, next_;
  enum class Opening { kNo, kWaiting, kReady } opening_ = Opening::kNo;
  bool opening_is_stale_ = false;  // for a boundary that a truncation took away
  enum class Spare { kNone, kPreparing, kReady } spare_ = Spare::kNone;
  uint64_t next_counter_ = 0;
  uint64_t spare_counter_ = 0;
  std::string spare_name_;
  std::deque<std::string> doomed_;  // files to be removed, in this order
  bool clearing_ = false;           // all old segments go before a new one is opened
  bool removing_ = false;           // the first of them is on its way
  bool recycling_ = false;          // likewise, to become the spare
  int64_t remove_again_at_ns_ = 0;  // the first of them could not be removed; 0: no failure
  RingPlace submitted_;             // first record not yet in a group
  Watermark durable_;
  std::array<Group, limits::kGroupsInFlightMax> groups_;
  uint64_t first_group_ = 0, next_group_ = 0;  // numbers of the groups in flight
  int64_t pending_since_ns_ = 0;               // 0: nothing pending
  bool closing_ = false;                       // the closing group has been handed out
  bool spare_refused_ = false;                 // the disk was full; tried again at retry_at_ns_
  int64_t now_ns_ = 0;                         // of the latest Flush
  int64_t retry_at_ns_ = 0;
  uint64_t entry_bytes_written_ = 0, disk_bytes_written_ = 0;
};

}  // namespace ringjournal

#endif  // JOURNAL_CHECKPOINT_CHECKPOINTER_H_
