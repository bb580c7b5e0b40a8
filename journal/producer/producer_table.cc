#include "journal/producer/producer_table.h"

#include <algorithm>

#include "journal/base/bytes.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

constexpr uint8_t kTagInSnapshot = v1::StateSnapshot::kProducersFieldNumber << 3 | 2;

// Messages Producer as protobuf writes them: in the order of the numbers, nothing that is zero.
// They go out many at a time: a copy right behind each would wait for its stores.
class ProducerBytes {
 public:
  explicit ProducerBytes(std::string* out) : out_(out) {}
  ~ProducerBytes() { Flush(); }
  ProducerBytes(const ProducerBytes&) = delete;
  ProducerBytes& operator=(const ProducerBytes&) = delete;

  // Its name has at most kProducerNameBytesMax.
  void Add(const ProducerState& p) {
    if (at_ > buffer_ + sizeof buffer_ - kProducerBytesMax) Flush();
    std::byte* begin = at_;
    at_ += 2;
    Fixed64(v1::Producer::kIdFieldNumber, p.id.value());
    Fixed32(v1::Producer::kEpochFieldNumber, p.epoch);
    Fixed64(v1::Producer::kLastSequenceFieldNumber, p.last_sequence.value());
    Fixed64(v1::Producer::kLastLsnFieldNumber, p.last_lsn.value());
    Fixed64(v1::Producer::kLastIndexFieldNumber, p.last_index.value());
    Name(v1::Producer::kNameFieldNumber, p.name);
    Fixed64(v1::Producer::kClientInstanceFieldNumber, p.client_instance);
    Fixed32(v1::Producer::kSinceGenerationFieldNumber, p.since.generation);
    Fixed32(v1::Producer::kSinceEpochFieldNumber, p.since.epoch);
    begin[0] = std::byte{kTagInSnapshot};
    begin[1] = static_cast<std::byte>(at_ - begin - 2);
  }
  void Flush() {
    out_->append(reinterpret_cast<const char*>(buffer_), static_cast<size_t>(at_ - buffer_));
    at_ = buffer_;
  }

 private:
  static constexpr size_t kProducerBytesMax = limits::kProducerStateBytesMax;

  void Fixed64(int field, uint64_t value) {
    if (value == 0) return;
    *at_ = static_cast<std::byte>(field << 3 | 1);
    Store64(at_ + 1, value);
    at_ += 9;
  }
  void Fixed32(int field, uint32_t value) {
    if (value == 0) return;
    *at_ = static_cast<std::byte>(field << 3 | 5);
    Store32(at_ + 1, value);
    at_ += 5;
  }
  void Name(int field, const std::string& name) {
    if (name.empty()) return;
    at_[0] = static_cast<std::byte>(field << 3 | 2);
    at_[1] = static_cast<std::byte>(name.size());
    at_ = std::copy_n(AsBytes(name).data(), name.size(), at_ + 2);
  }

  std::string* out_;
  std::byte buffer_[16 * limits::kKiB];
  std::byte* at_ = buffer_;
};

}  // namespace

ProducerTable::ProducerTable(const ProducerTable& other) {
  for (const ProducerState& p : other.producers_) Add(p);
}

void ProducerTable::Add(ProducerState state) {
  RJ_CHECK(producers_.empty() || producers_.back().id < state.id);
  const auto slot = static_cast<ProducerSlot>(producers_.size());
  producers_.push_back(std::move(state));
  by_name_.emplace(producers_.back().name, slot);
}

void ProducerTable::ApplyOpen(const v1::ProducerOpen& open, Index index, uint32_t generation) {
  if (open.producer_id() == 0) {
    ProducerState state;
    state.id = ProducerId(index.value());
    state.epoch = open.producer_epoch();
    state.name = open.name();
    state.client_instance = open.client_instance();
    state.since = {generation, open.producer_epoch()};
    Add(std::move(state));
    return;
  }
  std::optional<ProducerSlot> slot = FindById(ProducerId(open.producer_id()));
  RJ_CHECK(slot.has_value());
  ProducerState& state = producers_[*slot];
  const bool again = open.client_instance() != 0 && open.client_instance() == state.client_instance;
  if (!again) state.since = {generation, open.producer_epoch()};
  state.epoch = open.producer_epoch();
  state.client_instance = open.client_instance();
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

std::vector<ProducerSlot> ProducerTable::ListByName(std::string_view prefix, std::string_view from,
                                                    size_t limit) const {
  std::vector<ProducerSlot> found;
  for (auto it = by_name_.lower_bound(std::max(prefix, from));
       it != by_name_.end() && found.size() < limit && it->first.starts_with(prefix); ++it) {
    found.push_back(it->second);
  }
  return found;
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
  out->set_since_generation(producer.since.generation);
  out->set_since_epoch(producer.since.epoch);
}

void ProducerTable::WriteTo(v1::StateSnapshot* snapshot) const {
  for (const ProducerState& p : producers_) WriteProducer(p, snapshot->add_producers());
}

void ProducerTable::AppendTo(std::string* snapshot_bytes) const {
  ProducerBytes bytes(snapshot_bytes);
  for (const ProducerState& p : producers_) {
    if (p.name.size() <= limits::kProducerNameBytesMax) {
      bytes.Add(p);
      continue;
    }
    bytes.Flush();  // none that this version would open
    v1::StateSnapshot alone;
    WriteProducer(p, alone.add_producers());
    alone.AppendToString(snapshot_bytes);
  }
}

ProducerTable ProducerTable::ReadFrom(const v1::StateSnapshot& snapshot) {
  ProducerTable table;
  for (const v1::Producer& p : snapshot.producers()) {
    table.Add({ProducerId(p.id()),
               p.epoch(),
               Sequence(p.last_sequence()),
               Lsn(p.last_lsn()),
               Index(p.last_index()),
               p.name(),
               p.client_instance(),
               {p.since_generation(), p.since_epoch()}});
  }
  return table;
}

}  // namespace ringjournal
