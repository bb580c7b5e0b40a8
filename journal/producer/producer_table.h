// Producers: named client identities that append, each with its own consecutive numbering.
#ifndef JOURNAL_PRODUCER_PRODUCER_TABLE_H_
#define JOURNAL_PRODUCER_PRODUCER_TABLE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/types.h"
#include "proto/entry.pb.h"

namespace ringjournal {

// What the log says of one producer.
struct ProducerState {
  ProducerId id;
  uint32_t epoch = 0;
  Sequence last_sequence;  // 0: nothing appended yet
  Lsn last_lsn;            // of last_sequence
  Index last_index;        // of the entry that holds it
  std::string name;
  uint64_t client_instance = 0;  // who opened it last; 0: not known
  // The journal's generation and the producer epoch of the first opening in the unbroken row of
  // those by client_instance. A newest opening alone does not tell what happened before it: one
  // that was late may stand behind somebody else's.
  Epoch since;
};

// As snapshots and answers have it.
void WriteProducer(const ProducerState& producer, v1::Producer* out);

// Position of a producer in the table; stable while the table lives.
using ProducerSlot = uint32_t;

// What an append with a sequence means.
enum class SequenceVerdict {
  kNext,        // last + 1: accept
  kApplied,     // all of it is at or below last: a duplicate
  kOutOfOrder,  // above last + 1, or it overlaps last without being a whole duplicate
};

// The table of one journal: a function of the entries alone (replication.md section 9). Producers
// are only added, in the order of their ids.
class ProducerTable {
 public:
  ProducerTable() = default;
  ProducerTable(ProducerTable&&) = default;  // by_name_ points into producers_, which stay in place
  ProducerTable& operator=(ProducerTable&&) = default;
  ProducerTable(const ProducerTable& other);
  ProducerTable& operator=(const ProducerTable& other) { return *this = ProducerTable(other); }

  // Takes a producer-open entry into account: index and generation are that entry's own.
  void ApplyOpen(const v1::ProducerOpen& open, Index index, uint32_t generation);
  // Takes an entry with transactions into account.
  void ApplyAppend(ProducerSlot slot, Sequence first, uint32_t count, Index index, Lsn first_lsn);

  std::optional<ProducerSlot> FindByName(std::string_view name) const;
  std::optional<ProducerSlot> FindById(ProducerId id) const;
  // In the order of their names: those that begin with `prefix` and are not below `from`, `limit`
  // at most. Takes time for what it returns, however many there are.
  std::vector<ProducerSlot> ListByName(std::string_view prefix, std::string_view from,
                                       size_t limit) const;
  const ProducerState& at(ProducerSlot slot) const { return producers_[slot]; }
  size_t size() const { return producers_.size(); }

  SequenceVerdict Judge(ProducerSlot slot, Sequence first, uint32_t count) const;

  void WriteTo(v1::StateSnapshot* snapshot) const;
  // Appends the bytes that this adds to a serialised snapshot, without an object for each producer:
  // of 100,000 they are four fifths of the time.
  void AppendTo(std::string* snapshot_bytes) const;
  static ProducerTable ReadFrom(const v1::StateSnapshot& snapshot);

 private:
  void Add(ProducerState state);

  // Grows without moving anything: neither a pause nor twice the memory with the 100,000th.
  std::deque<ProducerState> producers_;
  std::map<std::string_view, ProducerSlot> by_name_;  // names of producers_
};

}  // namespace ringjournal

#endif  // JOURNAL_PRODUCER_PRODUCER_TABLE_H_
