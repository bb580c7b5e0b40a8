// A replica's producers: opening, duplicates, and what became of a sequence.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "journal/node/refusals.h"
#include "journal/node/replica.h"

namespace ringjournal {

namespace {

// Its own openings, of which it never heard, do not end a session: nothing was sent behind them. In
// a later generation that also holds if the log has lost where they began. (Nothing is final there:
// Resolve does not say "never".)
bool IsReplaced(const ProducerState& state, const ProducerOpening& opening) {
  if (opening.before == Epoch() || opening.client_instance == 0) return false;
  if (Mutated(Mutant::kFencedSessionOpensAgain)) return false;
  const bool own = state.client_instance == opening.client_instance;
  if (own && state.since.generation > opening.before.generation) return false;
  return state.since > opening.before;
}

}  // namespace

// For good only where that stays: an opening that is not committed may be lost with this leader.
void Replica::RefuseEndedSession(const ProducerState& state, v1::ErrorReply* refusal) const {
  if (HasReached(v1::LEVEL_REPLICATED, std::max(epoch_start(), newest_open_))) {
    return RefuseFencedProducer(state, refusal);
  }
  RefuseNotYet(absl::StrCat("somebody else is about to open producer \"", state.name, "\""),
               limits::kEpochRetryMs, refusal);
}

bool Replica::OpenProducer(const ProducerOpening& opening, Time now, ProducerHandle* handle,
                           v1::ErrorReply* refusal) {
  // Else a fenced writer that comes again would end the session of the one that took over.
  if (!MayOpen(opening.writer, refusal)) return false;
  const ProducerTable& table = derived_.producers();
  std::optional<ProducerSlot> slot = table.FindByName(opening.name);
  v1::ControlRecord record;
  v1::ProducerOpen* open = record.mutable_producer_open();
  open->set_name(std::string(opening.name));
  open->set_producer_epoch(1);
  open->set_client_instance(opening.client_instance);
  if (slot.has_value()) {
    if (IsReplaced(table.at(*slot), opening)) {
      RefuseEndedSession(table.at(*slot), refusal);
      return false;
    }
    open->set_producer_id(table.at(*slot).id.value());
    open->set_producer_epoch(table.at(*slot).epoch + 1);
  } else if (table.size() >= options_.settings.producers_max()) {
    RefuseProducers(options_.settings.producers_max(), refusal);
    return false;
  }
  if (!AppendControl(v1::ENTRY_KIND_PRODUCER_OPEN, record, now)) {
    RefuseBackPressure(limits::kStorageRetryMs, refusal);
    return false;
  }
  handle->slot = *derived_.producers().FindByName(opening.name);
  handle->epoch = derived_.producers().at(handle->slot).epoch;
  return true;
}

AppendVerdict Replica::AnswerDuplicate(const AppendEnvelope& envelope,
                                       const ProducerState& producer, AppendPlace* place,
                                       v1::ErrorReply* refusal) {
  std::optional<AppendPlace> found = FindSequence(producer, envelope.first_sequence);
  if (found.has_value()) {
    const EntryHeader h = ring_.Record(*ring_.Find(found->index)).header;
    if (h.first_sequence != envelope.first_sequence || h.count != envelope.count) {
      RefuseOtherBoundaries(envelope.first_sequence, envelope.count, h.first_sequence, h.count,
                            producer.last_sequence, refusal);
      return AppendVerdict::kRefused;
    }
  }
  *place = found.value_or(AppendPlace{producer.last_index, Lsn(0), envelope.count, 0, true});
  place->count = envelope.count;
  place->duplicate = true;
  return AppendVerdict::kAccepted;
}

// Where counting says, if the producer is alone and appends one transaction at a time: a thousand
// appends that are sent again after a failover must not each be searched for. Else it looks through
// ever longer stretches before the producer's last entry: a retry is recent.
std::optional<AppendPlace> Replica::FindSequence(const ProducerState& producer,
                                                 Sequence sequence) const {
  const auto place_of = [&](const RingPlace& place) -> std::optional<AppendPlace> {
    const EntryHeader h = ring_.Record(place).header;
    if (h.producer_id != producer.id || h.kind != v1::ENTRY_KIND_TRANSACTIONS) return std::nullopt;
    if (sequence < h.first_sequence || sequence >= h.first_sequence + h.count) return std::nullopt;
    return AppendPlace{h.index, h.first_lsn + (sequence - h.first_sequence), h.count, h.chain,
                       true};
  };
  const uint64_t back = producer.last_sequence - sequence;
  if (sequence <= producer.last_sequence && back < producer.last_index.value()) {
    const std::optional<RingPlace> place = ring_.Find(producer.last_index - back);
    if (place.has_value()) {
      if (std::optional<AppendPlace> found = place_of(*place)) return found;
    }
  }
  Index high = producer.last_index.next();
  for (uint64_t step = 64; high > ring_.oldest().index; step *= 4) {
    uint64_t reach = std::min<uint64_t>(step, high - ring_.oldest().index);
    Index low = high - reach;
    std::optional<RingPlace> place = ring_.Find(low);
    if (!place.has_value()) return std::nullopt;
    for (; place->index < high; place = ring_.Next(*place)) {
      if (std::optional<AppendPlace> found = place_of(*place)) return found;
    }
    high = low;
    if (step > limits::kDuplicateSearchEntriesMax) return std::nullopt;
  }
  return std::nullopt;
}

bool Replica::RaiseProducerEpoch(ProducerSlot slot, Time now) {
  const ProducerState& state = derived_.producers().at(slot);
  v1::ControlRecord record;
  v1::ProducerOpen* open = record.mutable_producer_open();
  open->set_name(state.name);
  open->set_producer_id(state.id.value());
  open->set_producer_epoch(state.epoch + 1);
  return AppendControl(v1::ENTRY_KIND_PRODUCER_OPEN, record, now);
}

bool Replica::Resolve(std::string_view producer, Sequence sequence, bool settle, Time now,
                      v1::ResolveReply* reply, v1::ErrorReply* refusal, Index* true_from,
                      Epoch writer) {
  // To settle ends the producer's open session, which may be that of a newer writer.
  if (settle && !MayOpen(writer, refusal)) return false;
  Index ignored;
  if (true_from == nullptr) true_from = &ignored;
  *true_from = epoch_start();
  reply->set_generation(options_.epoch.generation);
  std::optional<ProducerSlot> slot = derived_.producers().FindByName(producer);
  // After a lossy recovery an absent sequence may be one that was lost, for all we know.
  bool lossy = options_.epoch.generation > 1;
  auto absent =
      lossy ? v1::ResolveReply::OUTCOME_MAY_HAVE_BEEN_LOST : v1::ResolveReply::OUTCOME_NEVER;
  if (!slot.has_value()) {
    if (lossy) {
      reply->set_outcome(absent);
      return true;
    }
    Refuse(
        v1::ERROR_CODE_UNKNOWN_PRODUCER,
        absl::StrCat("no producer \"", std::string(producer), "\" was ever opened on this journal"),
        refusal);
    return false;
  }
  const ProducerState& state = derived_.producers().at(*slot);
  if (sequence <= state.last_sequence) {
    std::optional<AppendPlace> found = FindSequence(state, sequence);
    reply->set_outcome(found ? v1::ResolveReply::OUTCOME_AT_LSN
                             : v1::ResolveReply::OUTCOME_APPLIED_TRIMMED);
    if (found) reply->set_lsn(found->first_lsn.value());
    *true_from = std::max(*true_from, found ? found->index : state.last_index);
    return true;
  }
  if (settle) {
    // "Never" is true only once older epochs of the producer cannot append any more.
    const bool raised = Mutated(Mutant::kNeverWithoutEpoch) || RaiseProducerEpoch(*slot, now);
    if (!raised) {
      RefuseBackPressure(limits::kStorageRetryMs, refusal);
      return false;
    }
    reply->set_outcome(absent);
    *true_from = derived_.position().last().index;
  } else {
    reply->set_outcome(v1::ResolveReply::OUTCOME_NOT_YET);
  }
  return true;
}

}  // namespace ringjournal
