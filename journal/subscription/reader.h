// A reader's cursor: from segments to the ring to live, without the reader noticing.
#ifndef JOURNAL_SUBSCRIPTION_READER_H_
#define JOURNAL_SUBSCRIPTION_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/base/aligned_buffer.h"
#include "journal/node/replica.h"
#include "journal/segment/record_stream.h"
#include "proto/client.pb.h"

namespace ringjournal {

// What a read wants, resolved to LSNs.
struct ReadRange {
  Lsn from{1};
  std::optional<Lsn> until;  // first that is not wanted
  bool follow = false;       // at the end wait for more
  bool durable_only = false;
};

// First LSN that the journal is to hold: nobody has trimmed it. What is held may begin later, where
// a segment is missing or unreadable; a reader is told of that and not led past it.
Lsn OldestUntrimmed(const Replica& replica);

// First entry that ring or segments hold, trimmed or not: a trim leaves what shares a segment with
// entries that are kept.
Index FirstHeld(const Replica& replica);

// Delivers whole records, run by run. Never pins the ring: a run points into it (or into the
// reader's own buffer) and is valid until the next call or append only. Pure; disk reads are
// operations whose answers come back through OnStorageDone. One operation at a time.
class Reader {
 public:
  enum class Kind { kRun, kWait, kEnd };
  struct Turn {
    Kind kind = Kind::kWait;
    ByteSpan run;  // whole records; kRun only
    Lsn next;      // first LSN behind the run, or first that was not delivered
    v1::ReadEnd::Reason reason = v1::ReadEnd::REASON_UNKNOWN;
    Lsn resume;  // kEnd by trim or damage: first that can be read; 0: none known
    std::string message;
  };

  // `token` marks this reader's storage operations.
  Reader(const ReadRange& range, uint32_t token)
      : range_(range), token_(token), next_(range.from) {}
  // By entry, for a replica that needs the log itself: everything that is still held from `first`
  // on, control records in front included, and on as it is committed. What a trim has left in a
  // segment counts as held.
  Reader(Index first, uint32_t token) : token_(token), next_index_(first), by_entry_(true) {
    range_.from = Lsn(0);
    range_.follow = true;
  }

  Turn Next(const Replica& replica, size_t bytes_max, std::vector<StorageOp>* ops);
  void OnStorageDone(const StorageDone& done);
  // Closes what is open. Afterwards only an answer may be outstanding.
  void Stop(std::vector<StorageOp>* ops);

  uint32_t token() const { return token_; }
  // The buffer is in the kernel's hands: do not destroy.
  bool waits_for_disk() const { return waiting_; }
  Lsn next() const { return next_; }

 private:
  std::optional<Turn> WhyGone(const Replica& replica) const;
  Turn FromRing(const Replica& replica, size_t bytes_max);
  Turn FromDisk(const Replica& replica, std::vector<StorageOp>* ops);
  Turn Deliver(ByteSpan records, const Watermark& visible);
  Watermark Visible(const Replica& replica) const;
  Turn GoOn(const Replica& replica, const std::string& wrong, std::vector<StorageOp>* ops);
  void ReadMore(const Replica& replica, uint64_t need_bytes, std::vector<StorageOp>* ops);
  Turn Damaged(const Replica& replica, const std::string& what) const;
  bool IsTrimmed(const Marks& marks) const;
  bool IsInRing(const Ring& ring) const;
  // Where the next entry lies; nullopt outside.
  std::optional<RingPlace> FindInRing(const Ring& ring) const;
  std::optional<size_t> FindSegment(const Replica& replica) const;
  Turn End(v1::ReadEnd::Reason reason, std::string message, Lsn resume = Lsn(0)) const;
  bool OpenSegment(const Replica& replica, std::vector<StorageOp>* ops);
  void CloseSegment(std::vector<StorageOp>* ops);
  bool Reached(Lsn lsn) const { return range_.until.has_value() && lsn >= *range_.until; }

  ReadRange range_;
  uint32_t token_;
  Lsn next_;  // by entry: 0 until something was delivered
  // Entry behind the last delivered one; 0: nothing was delivered yet. Control records have no LSN
  // of their own: by LSN alone those in front of a segment's first transaction would be passed
  // over.
  Index next_index_;
  bool by_entry_ = false;
  // ring
  std::optional<RingPlace> place_;
  // disk
  enum class Disk { kClosed, kOpening, kOpen, kFailed } disk_ = Disk::kClosed;
  bool waiting_ = false;
  int64_t file_ = -1;
  std::string segment_name_;
  Index stop_before_;
  int64_t last_result_ = 0;
  AlignedBuffer buffer_;
  size_t asked_ = 0;  // bytes of the read
  size_t filled_ = 0, used_ = 0;
  // What was durable when the buffer was asked for: it may lack what was written since.
  Index durable_at_read_;
  bool at_file_end_ = false;
  bool cut_short_ = false;  // by what is not committed yet
  std::optional<RecordStream> stream_;
};

}  // namespace ringjournal

#endif  // JOURNAL_SUBSCRIPTION_READER_H_
