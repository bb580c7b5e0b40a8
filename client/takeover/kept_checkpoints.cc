#include "client/takeover/kept_checkpoints.h"

#include <algorithm>
#include <tuple>

namespace ringjournal::client {

KeptCheckpoints::KeptCheckpoints(const std::vector<ApplicationCheckpoint>& found, Lsn side_next,
                                 uint32_t generation)
    : expected_(side_next) {
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    if (it->at.epoch.generation == generation) kept_.push_back({it->first_chunk, it->at});
  }
}

// A place behind a gap: the chunks in between are somebody else's, or of a try that failed.
void KeptCheckpoints::OnChunk(Lsn place) {
  if (chunks_++ == 0) first_chunk_ = place;
  if (place != expected_) must_look_ = true;
  expected_ = place == Lsn() ? Lsn() : place.next();
}

void KeptCheckpoints::OnSaved(const Cursor& at) {
  kept_.push_back({first_chunk_, at});
  if (kept_.size() > 2) kept_.erase(kept_.begin());
  std::erase_if(others_, [&](const Place& other) { return !Newer(other.at, at); });
}

void KeptCheckpoints::OnFound(const std::vector<ApplicationCheckpoint>& found) {
  must_look_ = false;
  others_.clear();
  for (const ApplicationCheckpoint& one : found) {
    const bool newer = std::all_of(kept_.begin(), kept_.end(),
                                   [&](const Place& own) { return Newer(one.at, own.at); });
    if (newer) others_.push_back({one.first_chunk, one.at});
  }
}

// An LSN of a generation that was given up may be higher than what stands there since.
bool KeptCheckpoints::Newer(const Cursor& a, const Cursor& b) {
  return std::tie(a.epoch.generation, a.lsn) > std::tie(b.epoch.generation, b.lsn);
}

Lsn KeptCheckpoints::side_from() const {
  if (kept_.size() < 2) return Lsn();
  Lsn from = std::min(kept_[0].first_chunk, kept_[1].first_chunk);
  for (const Place& other : others_) from = std::min(from, other.first_chunk);
  return from;
}

Lsn KeptCheckpoints::journal_from() const {
  if (kept_.size() < 2) return Lsn();
  return std::min(kept_[0].at.lsn, kept_[1].at.lsn).next();
}

}  // namespace ringjournal::client
