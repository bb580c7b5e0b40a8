#include "journal/node/replica.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "journal/format/control.h"
#include "journal/node/refusals.h"

namespace ringjournal {
namespace {

CheckpointerOptions MakeCheckpointerOptions(const ReplicaOptions& o) {
  CheckpointerOptions out;
  out.journal = o.id;
  out.incarnation = o.incarnation;
  out.segment_bytes = o.settings.segment_bytes();
  // A small ring must be emptied before it is full.
  out.checkpoint_bytes = std::min(o.settings.checkpoint_bytes(), o.settings.ring_bytes() / 8);
  out.checkpoint_interval_ns = int64_t{o.settings.checkpoint_interval_ms()} * 1000 * 1000;
  return out;
}

}  // namespace

Replica::Replica(const ReplicaOptions& options, Ring ring, DerivedState derived,
                 const RingPlace& checkpoint_from, const v1::StateSnapshot& checkpoint_state,
                 SegmentCatalog on_disk)
    : options_(options),
      ring_(std::move(ring)),
      derived_(std::move(derived)),
      checkpointer_(MakeCheckpointerOptions(options)) {
  RJ_CHECK(derived_.position().next_index == ring_.end().index);
  checkpointer_.Start(checkpoint_from, checkpoint_state, std::move(on_disk));
  trim_entry_ = derived_.position().next_index.prev();
}

// Log time is monotone, and one bad clock reading moves it ahead by a bounded amount only, however
// many entries are stamped by it. The first reading of a process is taken as it is: how long nobody
// led is not known.
EntryHeader Replica::NextHeader(Time now) {
  EntryHeader h;
  h.index = derived_.position().next_index;
  h.first_lsn = derived_.position().next_lsn;
  h.epoch = options_.epoch;
  h.writer = derived_.writer().epoch;
  uint64_t last = derived_.log_time_ns();
  if (stamp_monotonic_ns_ != now.monotonic_ns) {
    uint64_t elapsed = static_cast<uint64_t>(now.monotonic_ns - stamp_monotonic_ns_);
    stamp_max_ns_ =
        stamp_monotonic_ns_ == 0 ? UINT64_MAX : last + elapsed + limits::kLogTimeJumpNsMax;
    stamp_monotonic_ns_ = now.monotonic_ns;
  }
  uint64_t stamp = static_cast<uint64_t>(std::max<int64_t>(now.wall_ns, 0));
  h.log_time_ns = std::max(std::min(stamp, stamp_max_ns_), last);
  return h;
}

Index Replica::Reusable() const {
  if (Mutated(Mutant::kOverwritesUncommitted)) return derived_.position().last().index;
  return memory_only() ? committed_.index
                       : std::min(committed_.index, checkpointer_.durable().index);
}

size_t Replica::ControlReserve() const {
  return std::min<uint64_t>(limits::kRingControlReserveBytes, ring_.data_bytes() / 32);
}

AppendVerdict Replica::Append(const AppendEnvelope& envelope, const ProducerHandle& producer,
                              Time now, AppendPlace* place, v1::ErrorReply* refusal) {
  if (!CheckAppend(envelope, producer, refusal)) return AppendVerdict::kRefused;
  const ProducerState& state = derived_.producers().at(producer.slot);
  SequenceVerdict verdict =
      derived_.producers().Judge(producer.slot, envelope.first_sequence, envelope.count);
  if (verdict == SequenceVerdict::kApplied) return AnswerDuplicate(envelope, state, place, refusal);
  if (verdict == SequenceVerdict::kOutOfOrder) {
    RefuseOutOfOrder(envelope.first_sequence, envelope.count, state.last_sequence, refusal);
    return AppendVerdict::kRefused;
  }
  size_t record_bytes = RecordBytes(envelope.body.size());
  if (record_bytes > ring_.record_bytes_max()) {
    RefuseForRing(record_bytes, ring_.record_bytes_max(), refusal);
    return AppendVerdict::kRefused;
  }
  if (!memory_only() && record_bytes > checkpointer_.record_bytes_max()) {
    RefuseForSegment(record_bytes, checkpointer_.record_bytes_max(), refusal);
    return AppendVerdict::kRefused;
  }
  SetBoundaryIfDue(record_bytes);
  // Before the checksum, so that an append which waits is cheap to try again.
  if (envelope.level >= v1::LEVEL_DISK && !checkpointer_.segment_at_hand()) {
    return AppendVerdict::kMustWait;
  }
  std::byte* at = ring_.Reserve(record_bytes, Reusable(), ControlReserve());
  if (at == nullptr) return AppendVerdict::kMustWait;
  uint32_t crc = Crc32c(envelope.body);
  if (envelope.body_crc32c.value_or(crc) != crc) {
    RefuseChecksum(*envelope.body_crc32c, crc, refusal);
    return AppendVerdict::kRefused;
  }
  EntryHeader h = NextHeader(now);
  h.body_crc32c = crc;
  h.body_length = static_cast<uint32_t>(envelope.body.size());
  h.count = envelope.count;
  h.producer_id = state.id;
  h.producer_epoch = producer.epoch;
  h.first_sequence = envelope.first_sequence;
  h.kind = v1::ENTRY_KIND_TRANSACTIONS;
  h.flags = envelope.body_crc32c.has_value() ? 0 : kFlagServerBodyCrc;
  std::memcpy(at + kRecordOverheadBytes, envelope.body.data(), envelope.body.size());
  uint64_t chain = EncodeRecordHead(h, derived_.position().chain, at);
  ring_.Publish(h.index, h.first_lsn, record_bytes);
  derived_.ApplyOwnAppend(h, chain, producer.slot);
  appended_bytes_ += record_bytes;
  *place = {h.index, h.first_lsn, h.count, chain, false};
  return AppendVerdict::kAccepted;
}

bool Replica::CheckAppend(const AppendEnvelope& envelope, const ProducerHandle& producer,
                          v1::ErrorReply* refusal) {
  if (!leads_) {
    if (wants_to_lead_) {
      RefuseEpochWithoutRoom(refusal);
    } else {
      Refuse(v1::ERROR_CODE_NOT_LEADER,
             "this node leads the journal no longer; connect again to find who does", refusal);
    }
    return false;
  }
  const ProducerState& state = derived_.producers().at(producer.slot);
  if (state.epoch != producer.epoch) {
    RefuseEndedSession(state, refusal);
    return false;
  }
  if (!MayWrite(envelope.writer, refusal)) return false;
  if (derived_.sealed()) {
    Refuse(v1::ERROR_CODE_NOT_SUPPORTED, "the journal is sealed and takes no more transactions",
           refusal);
    return false;
  }
  if (envelope.expected_lsn.has_value() && *envelope.expected_lsn != derived_.position().next_lsn) {
    // A retry of an applied append is told so, whatever it expected.
    if (derived_.producers().Judge(producer.slot, envelope.first_sequence, envelope.count) !=
        SequenceVerdict::kApplied) {
      RefuseExpectedLsn(*envelope.expected_lsn, derived_.position().next_lsn, refusal);
      return false;
    }
  }
  return CheckLevel(envelope.level, refusal);
}

bool Replica::CheckLevel(v1::Level level, v1::ErrorReply* refusal) {
  if (level < v1::LEVEL_DISK) return true;
  if (level > v1::LEVEL_DISK_QUORUM) {
    Refuse(v1::ERROR_CODE_LEVEL_NOT_OFFERED,
           absl::StrCat("level ", static_cast<int>(level), " is unknown; levels are 1 to 4"),
           refusal);
    return false;
  }
  if (memory_only()) {
    Refuse(v1::ERROR_CODE_LEVEL_NOT_OFFERED,
           "the journal is memory-only, so no disk level can be reached; append at `replicated`",
           refusal);
    return false;
  }
  if (checkpointer_.storage_full()) {
    RefuseDiskFull(refusal);
    return false;
  }
  return true;
}

bool Replica::AppendControl(v1::EntryKind kind, const v1::ControlRecord& record, Time now) {
  // The first entry of an epoch is its start.
  if (!leads_ && kind != v1::ENTRY_KIND_EPOCH_START) return false;
  std::string body = EncodeControlBody(record);
  size_t record_bytes = RecordBytes(body.size());
  // Clients that reconnect to a full journal again and again must leave room for the next leader.
  size_t headroom = kind == v1::ENTRY_KIND_PRODUCER_OPEN ? ControlReserve() / 2 : 0;
  if (kind == v1::ENTRY_KIND_WRITER_FENCE) headroom = ControlReserve() / 4;
  SetBoundaryIfDue(record_bytes);
  std::byte* at = ring_.Reserve(record_bytes, Reusable(), headroom);
  if (at == nullptr) return false;
  EntryHeader h = NextHeader(now);
  h.kind = kind;
  h.flags = kFlagServerBodyCrc;
  h.body_crc32c = Crc32c(AsBytes(body));
  h.body_length = static_cast<uint32_t>(body.size());
  std::memcpy(at + kRecordOverheadBytes, body.data(), body.size());
  EncodeRecordHead(h, derived_.position().chain, at);
  RecordView view;
  ReadTrustedRecord(at, &view);
  ring_.Publish(h.index, h.first_lsn, record_bytes);
  if (kind == v1::ENTRY_KIND_TRIM) trim_entry_ = h.index;
  if (kind == v1::ENTRY_KIND_PRODUCER_OPEN) newest_open_ = h.index;
  RJ_CHECK(derived_.Apply(view).ok());
  return true;
}

bool Replica::Trim(Lsn before, Time now, v1::ErrorReply* refusal) {
  Lsn next = derived_.position().next_lsn;
  if (before > next) {
    Refuse(v1::ERROR_CODE_BAD_SETTING,
           absl::StrCat("cannot trim before LSN ", before.value(), ": the next LSN is ",
                        next.value(), "; name one at or below it"),
           refusal);
    return false;
  }
  Watermark target = {derived_.position().next_index, next};
  if (before < next) {
    if (std::optional<RingPlace> place = ring_.Find(before)) {
      target = {place->index, place->first_lsn};
    } else if (std::optional<size_t> i = checkpointer_.catalog().Find(before)) {
      const CatalogSegment& segment = checkpointer_.catalog().segments()[*i];
      target = {segment.first_index, segment.first_lsn};
    } else {
      return true;  // older than all that is kept
    }
  }
  if (target.index <= derived_.oldest().index) return true;
  v1::ControlRecord record;
  record.mutable_trim()->set_first_lsn(target.lsn.value());
  record.mutable_trim()->set_first_index(target.index.value());
  if (AppendControl(v1::ENTRY_KIND_TRIM, record, now)) return true;
  RefuseBackPressure(limits::kStorageRetryMs, refusal);
  return false;
}

void Replica::TakeSnapshot() {
  derived_.Serialize(&head_scratch_, &scratch_bytes_);
  ring_.WriteSnapshot(derived_.position().next_index, scratch_bytes_);
}

// Before each entry, not once a batch: a segment must not outgrow the room that was made for it.
void Replica::SetBoundaryIfDue(size_t record_bytes) {
  if (memory_only() || !checkpointer_.boundary_due(ring_, record_bytes)) return;
  derived_.WriteTo(&scratch_);
  checkpointer_.SetBoundary(ring_, scratch_);
}

void Replica::EndOfBatch(Time now, std::vector<StorageOp>* ops) {
  // Before the own end is counted: nothing goes to the disk that a restart might find cut off.
  if (!memory_only() && !stopping_) ApplyRetention(now);
  if (ring_.snapshot_due()) TakeSnapshot();
  CountOwnEnd();
  if (wants_to_lead_ && !leads_) {  // what is committed may have made room
    TryLead(now);
    CountOwnEnd();
  }
  if (memory_only()) return;
  Index durable = checkpointer_.durable().index;
  // Segments go only once the trim itself is as safe as what they held; on a full disk, at once.
  bool safe = durable >= trim_entry_ || checkpointer_.storage_full();
  if (safe && committed_.index >= trim_entry_) {
    checkpointer_.Trim(derived_.oldest().index);
  }
  CheckpointInput input;
  input.now = now;
  input.committed = committed_;
  input.disk_waiter = disk_wanted_ > durable || (wants_to_lead_ && !leads_);
  input.flush = flush_wanted_ > durable;
  input.close = stopping_;
  checkpointer_.Flush(ring_, input, ops);
}

// Whole segments that are over the journal's retention are trimmed, as a control entry.
void Replica::ApplyRetention(Time now) {
  const v1::JournalSettings& s = options_.settings;
  if (!leads_ || held_) return;  // a trim is an entry, so it is the leader's
  if (s.retention_bytes() == 0 && s.retention_age_ms() == 0) return;
  const SegmentCatalog& catalog = checkpointer_.catalog();
  if (catalog.segments().size() < 2) return;
  const CatalogSegment& second = catalog.segments()[1];
  if (second.first_index <= derived_.oldest().index) return;
  uint64_t rest = catalog.total_bytes() - catalog.segments()[0].bytes;
  bool too_large = s.retention_bytes() > 0 && rest >= s.retention_bytes();
  // By log time only: one step of this machine's clock must not take a journal away.
  uint64_t age_ns = s.retention_age_ms() * 1000 * 1000;
  bool too_old = age_ns > 0 && second.first_log_time_ns + age_ns < derived_.log_time_ns();
  v1::ErrorReply ignored;
  if (too_large || too_old) Trim(second.first_lsn, now, &ignored);
}

std::string Replica::OnStorageDone(const StorageDone& done, Time now) {
  return checkpointer_.Done(done, now);
}

int64_t Replica::deadline_ns() const {
  return memory_only() ? INT64_MAX : checkpointer_.deadline_ns();
}

void Replica::NoteDiskWaiter(Index index) { disk_wanted_ = std::max(disk_wanted_, index); }

Index Replica::RequestCheckpoint() {
  flush_wanted_ = derived_.position().next_index.prev();
  return flush_wanted_;
}

void Replica::ApplySettings(const v1::JournalSettings& settings) {
  options_.settings = settings;
  checkpointer_.ApplyOptions(MakeCheckpointerOptions(options_));
}

Marks Replica::marks() const {
  Marks m;
  m.oldest = derived_.oldest();
  Watermark held = {ring_.oldest().index, ring_.oldest().first_lsn};
  if (!memory_only() && !checkpointer_.catalog().segments().empty()) {
    const CatalogSegment& first = checkpointer_.catalog().segments().front();
    held = std::min(held, Watermark{first.first_index, first.first_lsn});
  }
  m.oldest = std::max(m.oldest, held);
  m.durable = memory_only() ? Watermark() : checkpointer_.durable();
  m.committed = committed_;
  m.end = derived_.position().last();
  return m;
}

}  // namespace ringjournal
