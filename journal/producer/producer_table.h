// Producers: named client identities that append, each with its own consecutive numbering.
#ifndef JOURNAL_PRODUCER_PRODUCER_TABLE_H_
#define JOURNAL_PRODUCER_PRODUCER_TABLE_H_

#include <cstdint>
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
  // Takes a producer-open entry into account. `index` is that entry's own.
  void ApplyOpen(const v1::ProducerOpen& open, Index index);
  // Takes an entry with transactions into account.
  void ApplyAppend(ProducerSlot slot, Sequence first, uint32_t count, Index index, Lsn first_lsn);

  std::optional<ProducerSlot> FindByName(std::string_view name) const;
  std::optional<ProducerSlot> FindById(ProducerId id) const;
  const ProducerState& at(ProducerSlot slot) const { return producers_[slot]; }
  size_t size() const { return producers_.size(); }

  SequenceVerdict Judge(ProducerSlot slot, Sequence first, uint32_t count) const;

  void WriteTo(v1::StateSnapshot* snapshot) const;
  static ProducerTable ReadFrom(const v1::StateSnapshot& snapshot);

 private:
  void Add(ProducerState state);

  std::vector<ProducerState> producers_;
  std::map<std::string, ProducerSlot, std::less<>> by_name_;
};

}  // namespace ringjournal

#endif  // JOURNAL_PRODUCER_PRODUCER_TABLE_H_
