// The derived state of a journal: everything that is a function of its entries.
#ifndef JOURNAL_NODE_DERIVED_STATE_H_
#define JOURNAL_NODE_DERIVED_STATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "journal/format/entry_layout.h"
#include "journal/node/writer_state.h"
#include "journal/producer/producer_table.h"
#include "proto/entry.pb.h"

namespace ringjournal {

// State before the entry position.next_index. Applying the same entries to the same state gives the
// same state on every replica, at every recovery. One thread.
class DerivedState {
 public:
  // Before the first entry of a new journal.
  DerivedState() = default;
  static DerivedState ReadFrom(const v1::StateSnapshot& snapshot);
  // Fills *snapshot, which is cleared first; keeps its memory.
  void WriteTo(v1::StateSnapshot* snapshot) const;
  // Its bytes into *out, which is cleared first; `scratch` and *out keep their memory.
  void Serialize(v1::StateSnapshot* scratch, std::string* out) const;
  // XXH3-64 of the serialised snapshot: replicas compare it at every epoch start.
  uint64_t Hash() const;

  // Takes the next entry into account. An error: it does not continue the log, or its kind is
  // unknown, which needs a newer version; the state is then as before.
  absl::Status Apply(const RecordView& view);
  // The same for an entry with transactions that this leader has just written itself.
  void ApplyOwnAppend(const EntryHeader& header, uint64_t chain, ProducerSlot slot);

  const LogPosition& position() const { return position_; }
  const ProducerTable& producers() const { return producers_; }
  uint64_t log_time_ns() const { return log_time_ns_; }
  // First that is kept, by the last trim.
  Watermark oldest() const { return oldest_; }
  // Of a fenced journal.
  const WriterState& writer() const { return writer_; }
  bool sealed() const { return sealed_; }
  const std::vector<v1::EpochHistory>& history() const { return history_; }

 private:
  // What stands before the producers in a serialised snapshot, and behind them.
  void WriteHead(v1::StateSnapshot* snapshot) const;
  void WriteTail(v1::StateSnapshot* snapshot) const;
  absl::Status ApplyTransactions(const EntryHeader& header);
  absl::Status ApplyControl(const RecordView& view);
  absl::Status ApplyFence(const v1::WriterFence& fence, const RecordView& view);
  void NoteEpoch(const EntryHeader& header);

  LogPosition position_;
  uint64_t log_time_ns_ = 0;
  Watermark oldest_{Index(1), Lsn(1)};
  WriterState writer_;
  bool sealed_ = false;
  std::vector<v1::EpochHistory> history_;
  ProducerTable producers_;
};

}  // namespace ringjournal

#endif  // JOURNAL_NODE_DERIVED_STATE_H_
