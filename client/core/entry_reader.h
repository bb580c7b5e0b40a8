// Verifies a run of entries and walks its transactions.
#ifndef CLIENT_CORE_ENTRY_READER_H_
#define CLIENT_CORE_ENTRY_READER_H_

#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "client/read_transaction.h"
#include "journal/base/bytes.h"
#include "journal/format/append_scan.h"
#include "journal/format/entry_layout.h"

namespace ringjournal::client {

// Knows where the log stands and checks that each entry continues it: nothing changed, nothing
// missing, nothing twice. Bytes belong to the caller and outlive their use. One owner, no threads.
class EntryReader {
 public:
  // Starts on a run of serialised Entries. It continues the run before, unless Restart was called.
  void SetRun(ByteSpan run) { rest_ = run; }
  // The next entry comes from a new Read: it may be the last one again (the reader asked from
  // inside it), or skip control entries.
  void Restart();
  // The log was cut back: nothing known about it holds any more.
  void Forget();

  // What comes must continue an entry that was read before, by whomever: the journal is at
  // `next_lsn` behind (or inside) the entry `index` with that chain hash.
  void Expect(Index index, Lsn next_lsn, uint64_t chain, Epoch epoch);
  // The next whole entry, control records too, verified. For who takes entries as they are; not
  // to be mixed with Next. False: as there.
  bool NextRecord(RecordView* view, absl::Status* error);

  // The next transactions, as many as `into` holds and one run has, each of an entry that was
  // verified as a whole. Their number; 0: the run is used up, or *error is set.
  size_t Next(std::span<ReadTransaction> into, absl::Status* error);

 private:
  bool NextEntry(absl::Status* error);
  size_t Walk(std::span<ReadTransaction> into);
  bool TakeRecord(RecordView* view, absl::Status* error);
  void SkipFraming();
  std::string CheckContinuity(const RecordView& view);

  ByteSpan rest_;
  bool known_ = false;      // log_ says where the log stands
  bool restarted_ = false;  // the next entry is the first of a Read
  LogPosition log_;         // behind the newest entry
  EntryHeader header_;      // of the entry being walked
  TransactionCursor cursor_{ByteSpan()};
  Lsn lsn_;  // of its next transaction
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_ENTRY_READER_H_
