#include "journal/node/snapshot_check.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"

namespace ringjournal {
namespace {

std::string WrongWithHistory(const v1::StateSnapshot& state) {
  if (state.history_size() > static_cast<int>(limits::kEpochHistoryMax)) {
    return absl::StrCat(state.history_size(), " epochs, over the limit of ",
                        limits::kEpochHistoryMax);
  }
  const v1::EpochHistory* before = nullptr;
  for (const v1::EpochHistory& h : state.history()) {
    Epoch epoch{h.generation(), h.epoch()};
    bool rises = before == nullptr || (Epoch{before->generation(), before->epoch()} < epoch &&
                                       before->first_index() < h.first_index());
    if (!rises || h.first_index() == 0 || h.first_index() >= state.next_index()) {
      return "its epochs do not rise up to its end";
    }
    before = &h;
  }
  Epoch last = before == nullptr ? Epoch() : Epoch{before->generation(), before->epoch()};
  return last == Epoch{state.generation(), state.epoch()} ? ""
                                                          : "its epoch is not that of its history";
}

std::string WrongWithProducers(const v1::StateSnapshot& state, uint32_t producers_max) {
  if (static_cast<uint32_t>(state.producers_size()) > producers_max) {
    return absl::StrCat(state.producers_size(), " producers, over the journal's limit of ",
                        producers_max);
  }
  std::set<std::string> names;
  uint64_t last_id = 0;
  for (const v1::Producer& p : state.producers()) {
    bool below = p.id() < state.next_index() && p.last_index() < state.next_index() &&
                 p.last_lsn() < state.next_lsn();
    if (p.id() <= last_id || !below || !names.insert(p.name()).second) {
      return absl::StrCat("producer ", p.id(), " contradicts the others or the log's end");
    }
    last_id = p.id();
  }
  return "";
}

std::string WrongWithWriter(const v1::StateSnapshot& state) {
  const bool held = state.writer_generation() > 0 || state.writer_epoch() > 0;
  if (held != state.has_writer()) return "its writer epoch is nobody's";
  const v1::Writer& writer = state.writer();
  const bool fits = writer.claimant().size() <= limits::kWriterClaimantBytesMax &&
                    writer.index() < state.next_index() && writer.next_lsn() <= state.next_lsn();
  return fits ? "" : "its writer contradicts the log's end, or has too long a name";
}

}  // namespace

std::string WrongWithSnapshot(const v1::StateSnapshot& state, uint32_t producers_max) {
  bool empty = state.next_index() == 0 || state.next_lsn() == 0 || state.oldest_index() == 0 ||
               state.oldest_lsn() == 0;
  if (empty || state.oldest_index() > state.next_index() || state.oldest_lsn() > state.next_lsn()) {
    return "its positions contradict each other";
  }
  std::string wrong = WrongWithHistory(state);
  if (wrong.empty()) wrong = WrongWithWriter(state);
  return wrong.empty() ? WrongWithProducers(state, producers_max) : wrong;
}

}  // namespace ringjournal
