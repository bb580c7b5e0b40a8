// The read path: whole records out of a piece of a segment file, framing stripped.
#ifndef JOURNAL_SEGMENT_RECORD_STREAM_H_
#define JOURNAL_SEGMENT_RECORD_STREAM_H_

#include <cstdint>
#include <string>

#include "journal/base/bytes.h"
#include "journal/format/entry_layout.h"
#include "journal/segment/segment_format.h"

namespace ringjournal {

// What a call to RecordStream::Next found.
struct RecordRun {
  enum class State {
    kRecords,   // `records` holds at least one; call again with the rest
    kNeedMore,  // nothing whole is left: feed bytes from offset() on, need_bytes of them at least
    kEnd,       // the closing group, end_index, or nothing of this segment was written behind
    kDamaged,   // `wrong` says what; nothing from here on can be used
  };
  State state = State::kNeedMore;
  ByteSpan records;        // contiguous whole records, in the caller's chunk
  Index first, end;        // entries [first, end) of them
  Lsn first_lsn, end_lsn;  // their transactions [first_lsn, end_lsn)
  uint64_t need_bytes = 0;
  std::string wrong;
};

// Walks a segment chunk by chunk, for reading what was verified before: header and body CRCs are
// checked and the indexes must follow each other; the chain is the reader's to check. Copies
// nothing and keeps no bytes: what a chunk's end cuts off is fed again. One thread.
//
//   RecordStream stream(opener, offset_of_a_group);
//   while (true) {
//     ByteSpan chunk = read(stream.offset(), n);
//     while (Next(&chunk) is kRecords) use the records;
//   }
class RecordStream {
 public:
  struct Start {
    SegmentOpener opener;  // of the segment: stale blocks of another one are its end
    uint64_t offset = 0;   // the file's start, a group's start, or a record's start
    Index next_index;      // of the first record there; Index(0): whatever it is
    // Entries from this one on stand in a later-opened segment: they are this one's end, whatever
    // its bytes are.
    Index end_index{UINT64_MAX};
    bool verify_bodies = true;
  };
  explicit RecordStream(const Start& start)
      : opener_(start.opener),
        offset_(start.offset),
        next_index_(start.next_index),
        end_index_(start.end_index),
        verify_bodies_(start.verify_bodies) {}

  // Takes bytes from the front of *chunk, which starts at offset() of the file, and moves both. A
  // run ends at the end of its group.
  RecordRun Next(ByteSpan* chunk);

  // Where in the file the next chunk must start.
  uint64_t offset() const { return offset_; }
  // The next record's, once one was seen or Start named it; else Index(0).
  Index next_index() const { return next_index_; }

 private:
  enum class Step { kGoOn, kStop };
  Step SkipFraming(ByteSpan* chunk, RecordRun* run);
  Step TakeGroupHeader(ByteSpan* chunk, RecordRun* run);
  Step TakePadding(ByteSpan* chunk, RecordRun* run);
  Step TakeDescription(ByteSpan* chunk, RecordRun* run);
  void TakeRecords(ByteSpan* chunk, RecordRun* run);
  std::string Accept(const RecordView& view, RecordRun* run);
  void Move(ByteSpan* chunk, uint64_t bytes);
  static Step Needs(uint64_t bytes, RecordRun* run);
  static Step Damaged(std::string wrong, RecordRun* run);
  bool PassOver(std::string wrong);

  SegmentOpener opener_;
  uint64_t offset_ = 0;
  Index next_index_, end_index_;
  bool verify_bodies_ = true;
  uint64_t skip_bytes_ = 0;  // of padding, still to pass over
  uint64_t group_end_ = 0;   // of the group that is being read
  // What is wrong in the group before; harmless if the next group goes on with the next entry.
  std::string doubt_;
};

}  // namespace ringjournal

#endif  // JOURNAL_SEGMENT_RECORD_STREAM_H_
