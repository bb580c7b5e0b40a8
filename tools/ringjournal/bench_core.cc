#include "tools/ringjournal/bench_core.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/check.h"
#include "tools/ringjournal/bench_load.h"

namespace ringjournal::bench {
namespace {

constexpr uint64_t kAppendsPerBatch = 64;
constexpr size_t kPayloadBytes = 128;

std::string RunOf(uint32_t batch) {
  v1::Entry entry;
  for (uint32_t i = 0; i < batch; ++i) {
    entry.add_transactions()->set_payload(
        std::string(kPayloadBytes, static_cast<char>('a' + i % 26)));
  }
  return entry.SerializeAsString();
}

std::string NameOf(uint32_t producer) {
  return absl::StrFormat("%0*d", static_cast<int>(limits::kProducerNameBytesMax), producer);
}

double PerCall(int64_t ns, uint64_t calls) {
  return static_cast<double>(ns) / static_cast<double>(std::max<uint64_t>(calls, 1));
}

absl::Status Wrong(uint64_t lsn, const std::string& what) {
  return absl::DataLossError(absl::StrCat("an append that must get LSN ", lsn, ": ", what));
}

}  // namespace

std::vector<ProducerSlot> ScatteredSlots(uint32_t producers) {
  std::vector<ProducerSlot> slots(producers);
  std::iota(slots.begin(), slots.end(), 0);
  std::mt19937 random(1);
  for (uint32_t i = producers; i > 1; --i) std::swap(slots[i - 1], slots[random() % i]);
  return slots;
}

absl::StatusOr<std::unique_ptr<CoreLeader>> CoreLeader::Create(uint32_t producers,
                                                               uint64_t ring_bytes) {
  auto memory = io::SharedRing::CreateAnonymous(RingHeadBytes(producers), ring_bytes);
  if (!memory.ok()) return memory.status();
  std::unique_ptr<CoreLeader> leader(new CoreLeader(*std::move(memory)));
  leader->Start(producers);
  if (absl::Status s = leader->OpenAll(producers); !s.ok()) return s;
  return leader;
}

void CoreLeader::Start(uint32_t producers) {
  ReplicaOptions options;
  options.id.bytes.fill(7);
  options.epoch = {1, 1};
  options.incarnation = Incarnation(1);
  options.settings.set_ring_bytes(memory_.data_bytes());
  options.settings.set_memory_only(true);
  options.settings.set_producers_max(producers);
  const RingMemory memory{memory_.head(), memory_.head_bytes(), memory_.data(),
                          memory_.data_bytes()};
  v1::StateSnapshot state;
  DerivedState().WriteTo(&state);
  Ring ring = Ring::Create(memory, {options.id, {}, 1, producers}, state, options.incarnation);
  const RingPlace start = ring.end();
  replica_ = std::make_unique<Replica>(options, std::move(ring), DerivedState(), start, state,
                                       SegmentCatalog());
  replica_->LeaderStart(now_);
}

absl::Status CoreLeader::OpenAll(uint32_t producers) {
  handles_.resize(producers);
  last_.resize(producers, 0);
  v1::ErrorReply refusal;
  const int64_t begin_ns = ThreadCpuNs();
  for (uint32_t i = 0; i < producers; ++i) {
    ProducerHandle handle;
    if (!replica_->OpenProducer({NameOf(i), i + 1}, now_, &handle, &refusal)) {
      return absl::InternalError(refusal.message());
    }
    handles_[handle.slot] = handle;
    if (i % kAppendsPerBatch == 0) replica_->EndOfBatch(now_, &ops_);
  }
  replica_->EndOfBatch(now_, &ops_);
  open_ns_ = PerCall(ThreadCpuNs() - begin_ns, producers);
  return absl::OkStatus();
}

AppendEnvelope CoreLeader::EnvelopeOf(ProducerSlot slot, uint32_t batch) const {
  AppendEnvelope envelope;
  envelope.first_sequence = Sequence(last_[slot] + 1);
  envelope.count = batch;
  envelope.level = v1::LEVEL_REPLICATED;
  envelope.body = AsBytes(run_);
  return envelope;
}

absl::StatusOr<double> CoreLeader::Append(const std::vector<ProducerSlot>& order, uint64_t appends,
                                          uint32_t batch) {
  if (run_batch_ != batch) run_ = RunOf(run_batch_ = batch);
  AppendPlace place;
  v1::ErrorReply refusal;
  size_t at = 0;
  const int64_t begin_ns = ThreadCpuNs();
  for (uint64_t i = 0; i < appends; ++i) {
    const ProducerSlot slot = order[at];
    if (++at == order.size()) at = 0;
    const AppendVerdict verdict =
        replica_->Append(EnvelopeOf(slot, batch), handles_[slot], now_, &place, &refusal);
    if (verdict != AppendVerdict::kAccepted || place.duplicate) {
      return Wrong(lsn_ + 1, refusal.message());
    }
    if (place.first_lsn != Lsn(lsn_ + 1)) return Wrong(lsn_ + 1, "it got another one");
    lsn_ += batch;
    last_[slot] += batch;
    if (i % kAppendsPerBatch == 0) replica_->EndOfBatch(now_, &ops_);
  }
  replica_->EndOfBatch(now_, &ops_);
  return PerCall(ThreadCpuNs() - begin_ns, appends);
}

absl::StatusOr<double> CoreLeader::JudgeOnly(const std::vector<ProducerSlot>& order,
                                             uint64_t appends, uint32_t batch) {
  ProducerTable table = replica_->derived().producers();
  std::vector<uint64_t> last = last_;
  size_t at = 0;
  uint64_t lsn = lsn_, refused = 0;
  const auto turn = [&](const auto& judge) {
    const int64_t begin_ns = ThreadCpuNs();
    for (uint64_t i = 0; i < appends; ++i) {
      const ProducerSlot slot = order[at];
      if (++at == order.size()) at = 0;
      judge(slot, Sequence(last[slot] + 1));
      lsn += batch;
      last[slot] += batch;
    }
    return PerCall(ThreadCpuNs() - begin_ns, appends);
  };
  const double with = turn([&](ProducerSlot slot, Sequence first) {
    refused += table.at(slot).epoch != handles_[slot].epoch;
    refused += table.Judge(slot, first, batch) != SequenceVerdict::kNext;
    table.ApplyAppend(slot, first, batch, Index(lsn), Lsn(lsn + 1));
  });
  // What the loop itself costs.
  const double without =
      turn([&](ProducerSlot, Sequence first) { refused += first == Sequence(0); });
  if (refused > 0) return Wrong(lsn, "the table does not continue");
  return std::max(with - without, 0.0);
}

absl::Status CoreLeader::ResendLast(uint32_t batch) {
  const LogPosition before = replica_->derived().position();
  for (ProducerSlot slot = 0; slot < handles_.size(); ++slot) {
    if (last_[slot] < batch) continue;
    AppendEnvelope envelope = EnvelopeOf(slot, batch);
    envelope.first_sequence = Sequence(last_[slot] - batch + 1);
    AppendPlace place;
    v1::ErrorReply refusal;
    const AppendVerdict verdict =
        replica_->Append(envelope, handles_[slot], now_, &place, &refusal);
    const Lsn last = replica_->derived().producers().at(slot).last_lsn;
    const bool right = place.first_lsn == Lsn(0) || place.first_lsn + (batch - 1) == last;
    if (verdict != AppendVerdict::kAccepted || !place.duplicate || !right) {
      return Wrong(last.value(), "sent again, it is not answered as the duplicate that it is");
    }
  }
  const bool same = before.next_index == replica_->derived().position().next_index;
  return same ? absl::OkStatus() : Wrong(lsn_, "duplicates were added to the log");
}

absl::Status CoreLeader::Verify() const {
  const Ring& ring = replica_->ring();
  Lsn next = ring.oldest().first_lsn;
  for (RingPlace place = ring.oldest(); place.index < ring.end().index; place = ring.Next(place)) {
    const EntryHeader h = ring.Record(place).header;
    if (h.first_lsn != next) return Wrong(next.value(), "a hole or a repeat in the ring");
    next = h.next_lsn();
  }
  return next == Lsn(lsn_ + 1) ? absl::OkStatus() : Wrong(lsn_, "the ring ends elsewhere");
}

double CoreLeader::SnapshotNs() {
  constexpr int kTimes = 3;
  const int64_t begin_ns = ThreadCpuNs();
  for (int i = 0; i < kTimes; ++i) replica_->OfferSnapshot();
  return PerCall(ThreadCpuNs() - begin_ns, kTimes);
}

uint64_t CoreLeader::SnapshotBytes() const {
  v1::StateSnapshot state;
  replica_->derived().WriteTo(&state);
  return state.ByteSizeLong();
}

}  // namespace ringjournal::bench
