#include "server/session/receipts.h"

#include <algorithm>
#include <optional>

namespace ringjournal {
namespace {

Epoch EpochOf(const v1::EpochHistory& from) { return {from.generation(), from.epoch()}; }

// The newest epoch up to `bound`, and the first entry behind it: of the next epoch, or the next one
// of all.
struct EpochEnd {
  Epoch epoch;
  Index behind;
};

EpochEnd EndOfEpochUpTo(Epoch bound, const Replica& replica) {
  EpochEnd found{Epoch(), replica.ring().end().index};
  for (const v1::EpochHistory& epoch : replica.derived().history()) {
    if (EpochOf(epoch) > bound) {
      found.behind = Index(epoch.first_index());
      break;
    }
    found.epoch = EpochOf(epoch);
  }
  return found;
}

// Where the entry stands, or the nearest one above it that is still in the ring.
Lsn LsnFrom(Index index, const Ring& ring) {
  index = std::max(index, ring.oldest().index);
  const std::optional<RingPlace> place = ring.Find(index);
  return place.has_value() ? place->first_lsn : ring.end().first_lsn;
}

}  // namespace

ReceiptVerdict JudgeReceipt(const v1::Receipt& receipt, std::string_view journal_id,
                            const Replica& replica) {
  if (receipt.journal_id() != journal_id) return {v1::CONTINUITY_DIVERGED, Lsn(1), Epoch()};
  const Ring& ring = replica.ring();
  const Index index(receipt.index());
  if (index < ring.end().index) {
    const std::optional<RingPlace> place = ring.Find(index);
    if (!place.has_value()) return {v1::CONTINUITY_CANNOT_TELL, Lsn(), Epoch()};
    if (ring.Record(*place).header.chain == receipt.chain()) {
      return {v1::CONTINUITY_CONTINUOUS, Lsn(), Epoch()};
    }
  }
  const EpochEnd end = EndOfEpochUpTo({receipt.generation(), receipt.epoch()}, replica);
  const Lsn behind = LsnFrom(end.behind, ring);
  return {v1::CONTINUITY_DIVERGED, std::min(behind, Lsn(receipt.last_lsn())), end.epoch};
}

void FillVerdict(const ReceiptVerdict& verdict, v1::OpenReply* reply) {
  reply->set_continuity(verdict.continuity);
  reply->set_diverged_lsn(verdict.diverged.value());
  reply->set_common_generation(verdict.common.generation);
  reply->set_common_epoch(verdict.common.epoch);
}

}  // namespace ringjournal
