// Finds the LSN that a position stands for.
#ifndef JOURNAL_SUBSCRIPTION_SEEK_H_
#define JOURNAL_SUBSCRIPTION_SEEK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/node/replica.h"
#include "journal/subscription/reader.h"
#include "proto/client.pb.h"

namespace ringjournal {

// What the indexes know is answered at once: an LSN, oldest, newest, a count, and a log time inside
// the ring. The rest is read for, one run a turn, so that no search keeps the shard: a log time on
// disk costs one segment at most (the catalog knows the log time before each), a transaction id the
// journal from its oldest transaction up to the one sought. Pure, like Reader; one operation at a
// time. Times and counts refer to what is committed when the search begins.
class Seek {
 public:
  enum class Kind {
    kFound,   // see lsn()
    kMore,    // call Next again
    kWait,    // for the disk
    kFailed,  // see error()
  };

  // `token` marks its storage operations.
  Seek(v1::Position position, uint32_t token) : position_(std::move(position)), token_(token) {}

  // One turn; reads at most a chunk of the ring or a piece of a segment.
  Kind Next(const Replica& replica, std::vector<StorageOp>* ops);
  void OnStorageDone(const StorageDone& done) { reader_->OnStorageDone(done); }
  // Closes what is open. Afterwards only an answer may be outstanding.
  void Stop(std::vector<StorageOp>* ops);

  Lsn lsn() const { return lsn_; }
  const v1::ErrorReply& error() const { return error_; }
  uint32_t token() const { return token_; }
  // The buffer is in the kernel's hands: do not destroy.
  bool waits_for_disk() const { return reader_.has_value() && reader_->waits_for_disk(); }

 private:
  Kind Begin(const Replica& replica);
  Kind Found(Lsn lsn);
  Kind BeginTime(const Replica& replica);
  Kind BeginId(const Replica& replica);
  void Scan(Lsn from);
  Kind OnEnd(const Reader::Turn& turn, std::vector<StorageOp>* ops);
  std::optional<Lsn> Look(ByteSpan run) const;
  std::optional<Lsn> LookForId(const RecordView& view) const;

  v1::Position position_;
  uint32_t token_;
  bool begun_ = false;
  Lsn oldest_, end_;  // [oldest, end) was visible when the search began
  Lsn scan_end_;      // first LSN that the scan need not look at
  Lsn lsn_;
  v1::ErrorReply error_;
  std::string unread_;  // LSNs that could not be searched, for the error
  std::optional<Reader> reader_;
};

}  // namespace ringjournal

#endif  // JOURNAL_SUBSCRIPTION_SEEK_H_
