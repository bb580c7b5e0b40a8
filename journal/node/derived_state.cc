#include "journal/node/derived_state.h"

#include "absl/strings/str_cat.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "journal/format/control.h"

namespace ringjournal {

DerivedState DerivedState::ReadFrom(const v1::StateSnapshot& s) {
  DerivedState state;
  state.position_ = {
      Index(s.next_index()), Lsn(s.next_lsn()), s.chain(), {s.generation(), s.epoch()}};
  state.log_time_ns_ = s.log_time_ns();
  state.oldest_ = {Index(s.oldest_index()), Lsn(s.oldest_lsn())};
  state.writer_ = ReadWriter(s.writer(), {s.writer_generation(), s.writer_epoch()});
  state.sealed_ = s.sealed();
  state.history_.assign(s.history().begin(), s.history().end());
  state.producers_ = ProducerTable::ReadFrom(s);
  return state;
}

void DerivedState::WriteTo(v1::StateSnapshot* s) const {
  s->Clear();
  WriteHead(s);
  if (!Mutated(Mutant::kDedupNotInSnapshot)) producers_.WriteTo(s);
  WriteTail(s);
}

void DerivedState::Serialize(v1::StateSnapshot* scratch, std::string* out) const {
  out->clear();
  scratch->Clear();
  WriteHead(scratch);
  scratch->AppendToString(out);
  if (!Mutated(Mutant::kDedupNotInSnapshot)) producers_.AppendTo(out);
  scratch->Clear();
  WriteTail(scratch);
  scratch->AppendToString(out);
}

void DerivedState::WriteHead(v1::StateSnapshot* s) const {
  s->set_next_index(position_.next_index.value());
  s->set_next_lsn(position_.next_lsn.value());
  s->set_chain(position_.chain);
  s->set_generation(position_.epoch.generation);
  s->set_epoch(position_.epoch.epoch);
  s->set_log_time_ns(log_time_ns_);
  s->set_oldest_lsn(oldest_.lsn.value());
  s->set_oldest_index(oldest_.index.value());
  if (!Mutated(Mutant::kWriterNotInSnapshot)) {
    s->set_writer_generation(writer_.epoch.generation);
    s->set_writer_epoch(writer_.epoch.epoch);
  }
  for (const v1::EpochHistory& h : history_) *s->add_history() = h;
}

void DerivedState::WriteTail(v1::StateSnapshot* s) const {
  s->set_sealed(sealed_);
  if (writer_.epoch == Epoch() || Mutated(Mutant::kWriterNotInSnapshot)) return;
  WriteWriter(writer_, s->mutable_writer());
}

uint64_t DerivedState::Hash() const {
  v1::StateSnapshot scratch;
  std::string bytes;
  Serialize(&scratch, &bytes);
  return ChainHash(0, AsBytes(bytes));
}

absl::Status DerivedState::Apply(const RecordView& view) {
  const EntryHeader& h = view.header;
  if (!IsKnownKind(h.kind)) {
    return absl::UnimplementedError(absl::StrCat("entry ", h.index.value(), " is of kind ", h.kind,
                                                 ", which needs a newer version of ringjournal"));
  }
  LogPosition moved = position_;
  std::string wrong = moved.Advance(view);
  if (!wrong.empty()) {
    return absl::DataLossError(absl::StrCat("entry ", h.index.value(), ": ", wrong));
  }
  if (h.writer != writer_.epoch) {
    return absl::DataLossError(absl::StrCat("entry ", h.index.value(), " is of writer epoch ",
                                            WriterText(h.writer), ", the log has come to ",
                                            WriterText(writer_.epoch)));
  }
  absl::Status status =
      h.kind == v1::ENTRY_KIND_TRANSACTIONS ? ApplyTransactions(h) : ApplyControl(view);
  if (!status.ok()) return status;
  NoteEpoch(h);
  position_ = moved;
  log_time_ns_ = h.log_time_ns;
  return absl::OkStatus();
}

void DerivedState::ApplyOwnAppend(const EntryHeader& h, uint64_t chain, ProducerSlot slot) {
  producers_.ApplyAppend(slot, h.first_sequence, h.count, h.index, h.first_lsn);
  position_.next_index = h.index.next();
  position_.next_lsn = h.next_lsn();
  position_.chain = chain;
  log_time_ns_ = h.log_time_ns;
}

absl::Status DerivedState::ApplyTransactions(const EntryHeader& h) {
  std::optional<ProducerSlot> slot = producers_.FindById(h.producer_id);
  if (!slot.has_value()) {
    return absl::DataLossError(absl::StrCat("entry ", h.index.value(), " names producer ",
                                            h.producer_id.value(), ", which was never opened"));
  }
  if (producers_.Judge(*slot, h.first_sequence, h.count) != SequenceVerdict::kNext) {
    return absl::DataLossError(
        absl::StrCat("entry ", h.index.value(), " does not continue its producer's sequence"));
  }
  producers_.ApplyAppend(*slot, h.first_sequence, h.count, h.index, h.first_lsn);
  return absl::OkStatus();
}

absl::Status DerivedState::ApplyControl(const RecordView& view) {
  v1::ControlRecord record;
  if (!DecodeControlBody(view.body, &record)) {
    return absl::DataLossError(
        absl::StrCat("the control record of entry ", view.header.index.value(), " does not parse"));
  }
  switch (view.header.kind) {
    case v1::ENTRY_KIND_PRODUCER_OPEN:
      producers_.ApplyOpen(record.producer_open(), view.header.index, view.header.epoch.generation);
      break;
    case v1::ENTRY_KIND_TRIM:
      oldest_ = {Index(record.trim().first_index()), Lsn(record.trim().first_lsn())};
      break;
    case v1::ENTRY_KIND_WRITER_FENCE:
      return ApplyFence(record.writer_fence(), view);
    case v1::ENTRY_KIND_SEAL:
      sealed_ = true;
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status DerivedState::ApplyFence(const v1::WriterFence& fence, const RecordView& view) {
  const EntryHeader& h = view.header;
  const Epoch epoch{fence.writer_generation(), fence.writer_epoch()};
  const bool is_long = fence.claimant().size() > limits::kWriterClaimantBytesMax;
  if (is_long || epoch <= writer_.epoch || epoch.generation != h.epoch.generation) {
    return absl::DataLossError(
        absl::StrCat("the fence at entry ", h.index.value(), " grants ", WriterText(epoch),
                     " behind ", WriterText(writer_.epoch), " in generation ", h.epoch.generation));
  }
  writer_ = {epoch, fence.claimant(), fence.nonce(), h.log_time_ns, h.index, h.first_lsn, h.chain};
  return absl::OkStatus();
}

void DerivedState::NoteEpoch(const EntryHeader& h) {
  if (h.epoch == position_.epoch && !history_.empty()) return;
  v1::EpochHistory* entry = &history_.emplace_back();
  entry->set_generation(h.epoch.generation);
  entry->set_epoch(h.epoch.epoch);
  entry->set_first_index(h.index.value());
  if (history_.size() > limits::kEpochHistoryMax) history_.erase(history_.begin());
}

}  // namespace ringjournal
