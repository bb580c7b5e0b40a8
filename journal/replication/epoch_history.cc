#include "journal/replication/epoch_history.h"

#include <algorithm>

#include "journal/base/mutants.h"

namespace ringjournal {
namespace {

Epoch EpochOf(const v1::EpochHistory& h) { return {h.generation(), h.epoch()}; }

// Last entry of the epoch at `i`.
Index EndOf(const LogOutline& log, size_t i) {
  return i + 1 < log.epochs.size() ? Index(log.epochs[i + 1].first_index()).prev() : log.end;
}

}  // namespace

std::optional<Index> LastCommonEntry(const LogOutline& a, const LogOutline& b) {
  if (Mutated(Mutant::kCommonPointByEnds)) return std::min(a.end, b.end);
  size_t i = a.epochs.size(), j = b.epochs.size();
  while (i > 0 && j > 0) {
    Epoch ea = EpochOf(a.epochs[i - 1]), eb = EpochOf(b.epochs[j - 1]);
    if (ea > eb) {
      --i;
    } else if (eb > ea) {
      --j;
    } else {
      if (a.epochs[i - 1].first_index() != b.epochs[j - 1].first_index()) return std::nullopt;
      return std::min(EndOf(a, i - 1), EndOf(b, j - 1));
    }
  }
  return Index(0);
}

}  // namespace ringjournal
