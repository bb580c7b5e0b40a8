#include "journal/producer/producer_table.h"

#include <algorithm>

#include "journal/base/check.h"

namespace ringjournal {

void ProducerTable::Add(ProducerState state) {
  RJ_CHECK(producers_.empty() || producers_.back().id < state.id);
  by_name_.emplace(state.name, static_cast<ProducerSlot>(producers_.size()));
  producers_.push_back(std::move(state));
}

void ProducerTable::ApplyOpen(const v1::ProducerOpen& open, Index index) {
  if (open.producer_id() == 0) {
    ProducerState state;
    state.id = ProducerId(index.value());
    state.epoch = open.producer_epoch();
    state.name = open.name();
    state.client_instance = open.client_instance();
    Add(std::move(state));
    return;
  }
  std::optional<ProducerSlot> slot = FindById(ProducerId(open.producer_id()));
  RJ_CHECK(slot.has_value());
  producers_[*slot].epoch = open.producer_epoch();
  producers_[*slot].client_instance = open.client_instance();
}

void ProducerTable::ApplyAppend(ProducerSlot slot, Sequence first, uint32_t count, Index index,
                                Lsn first_lsn) {
  ProducerState& p = producers_[slot];
  p.last_sequence = first + (count - 1);
  p.last_lsn = first_lsn + (count - 1);
  p.last_index = index;
}

std::optional<ProducerSlot> ProducerTable::FindByName(std::string_view name) const {
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return std::nullopt;
  return it->second;
}

std::optional<ProducerSlot> ProducerTable::FindById(ProducerId id) const {
  auto it =
      std::lower_bound(producers_.begin(), producers_.end(), id,
                       [](const ProducerState& p, ProducerId wanted) { return p.id < wanted; });
  if (it == producers_.end() || it->id != id) return std::nullopt;
  return static_cast<ProducerSlot>(it - producers_.begin());
}

SequenceVerdict ProducerTable::Judge(ProducerSlot slot, Sequence first, uint32_t count) const {
  Sequence last = producers_[slot].last_sequence;
  if (first == last.next()) return SequenceVerdict::kNext;
  // A retry keeps its batch boundaries, so a duplicate is one as a whole. Sequences start at 1.
  bool whole = first > Sequence(0) && first <= last && count - 1 <= last - first;
  return whole ? SequenceVerdict::kApplied : SequenceVerdict::kOutOfOrder;
}

void WriteProducer(const ProducerState& producer, v1::Producer* out) {
  out->set_id(producer.id.value());
  out->set_epoch(producer.epoch);
  out->set_last_sequence(producer.last_sequence.value());
  out->set_last_lsn(producer.last_lsn.value());
  out->set_last_index(producer.last_index.value());
  out->set_name(producer.name);
  out->set_client_instance(producer.client_instance);
}

void ProducerTable::WriteTo(v1::StateSnapshot* snapshot) const {
  for (const ProducerState& p : producers_) WriteProducer(p, snapshot->add_producers());
}

ProducerTable ProducerTable::ReadFrom(const v1::StateSnapshot& snapshot) {
  ProducerTable table;
  for (const v1::Producer& p : snapshot.producers()) {
    table.Add({ProducerId(p.id()), p.epoch(), Sequence(p.last_sequence()), Lsn(p.last_lsn()),
               Index(p.last_index()), p.name(), p.client_instance()});
  }
  return table;
}

}  // namespace ringjournal
