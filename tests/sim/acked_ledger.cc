#include "tests/sim/acked_ledger.h"

#include <algorithm>

namespace ringjournal::sim {

using client::Level;
using client::LsnRange;

// What the session that lives holds from there on, neighbours joined.
std::vector<LsnRange> AckedLedger::TakeFrom(Lsn first_lsn, uint32_t generation) {
  std::vector<LsnRange> held;
  for (Held& acked : acked_) {
    if (acked.taken_back || acked.of_ended_session || acked.generation >= generation) continue;
    if (acked.range.first == Lsn(0)) {
      acked.taken_back = true;  // nobody knows where it stood
      continue;
    }
    if (acked.range.last < first_lsn) continue;
    acked.taken_back = true;
    Lsn first = std::max(acked.range.first, first_lsn);
    if (!held.empty() && held.back().last.next() == first) {
      held.back().last = acked.range.last;
    } else {
      held.push_back({first, acked.range.last});
    }
  }
  return held;
}

void AckedLedger::TakeBack(const client::LossNotice& notice, const Losses& losses) {
  auto is_it = [&](const v1::LossReport& loss) {
    return loss.generation() == notice.generation && Lsn(loss.first_lsn()) == notice.first_lsn;
  };
  if (std::none_of(losses.begin(), losses.end(), is_it)) {
    report_->Violation("loss notice: ", name_, " is told of a loss from LSN ",
                       notice.first_lsn.value(), " in generation ", notice.generation,
                       ", which no stored report says");
  }
  const std::vector<LsnRange> held = TakeFrom(notice.first_lsn, notice.generation);
  if (held != notice.held || !notice.held_is_complete) {
    report_->Violation("loss notice: ", name_, " is told that it holds ", notice.held.size(),
                       " ranges at or above LSN ", notice.first_lsn.value(), ", it holds ",
                       held.size());
  }
  if (held.empty()) {
    report_->Violation("loss notice: ", name_, " is told of a loss that takes nothing from it");
  }
}

void AckedLedger::EndSession() {
  for (Held& acked : acked_) acked.of_ended_session = true;
}

void AckedLedger::CheckTold(uint32_t generation, const Losses& losses) {
  if (generation <= checked_generation_) return;
  checked_generation_ = generation;
  for (const v1::LossReport& loss : losses) {
    if (loss.generation() > generation) continue;
    for (const Held& acked : acked_) {
      if (acked.taken_back || acked.of_ended_session) continue;
      if (acked.generation >= loss.generation()) continue;
      if (acked.range.last < Lsn(loss.first_lsn())) continue;
      report_->Violation("I11: ", name_, " goes on in generation ", generation,
                         " and was not told that LSN ", acked.range.last.value(),
                         " is above the loss from ", loss.first_lsn());
      return;
    }
  }
}

// Told of at the next open only, which may not have come; or nobody knows where it stood.
bool AckedLedger::MayBeLost(const Acked& acked, const Losses& losses) {
  return std::any_of(losses.begin(), losses.end(), [&](const v1::LossReport& loss) {
    bool above = acked.range.last >= Lsn(loss.first_lsn()) || acked.range.last == Lsn(0);
    return loss.generation() > acked.generation && above;
  });
}

void AckedLedger::CheckFinal(const PayloadLedger& payloads, const Losses& losses) const {
  for (const Held& acked : acked_) {
    bool vanishes = received_may_vanish_ && acked.level == Level::kReceived;
    if (acked.taken_back || vanishes) continue;
    for (uint32_t i = 0; i < acked.count; ++i) {
      const uint64_t counter = acked.first_counter + i;
      if (payloads.Holds(client_, counter) || MayBeLost(acked, losses)) continue;
      report_->Violation("acknowledged: payload ", client_, ".", counter,
                         " was acknowledged at level ", std::string(client::LevelName(acked.level)),
                         " and is not in the journal");
      return;
    }
  }
}

}  // namespace ringjournal::sim
