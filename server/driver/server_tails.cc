// After a start, beside everything else: one journal after the other gives back the room that was
// made ahead in segments of processes that have ended.
#include "server/driver/segment_tails.h"
#include "server/driver/server.h"
#include "server/log/log.h"

namespace ringjournal {

// One journal after the other, one file at a time.
void Server::ShortenNext() {
  if (stop_reading_tails_) return;
  if (!older_segments_.empty()) return ShortenOne();
  if (shortened_ == started_.size()) return;
  const JournalId id = started_[shortened_++].second;
  auto found = std::make_shared<std::vector<OlderSegment>>();
  tail_worker_->Submit(
      [id, found, folder = SegmentFolder(id), before = incarnation_]() -> int64_t {
        *found = OlderSegments(folder, id, before);
        return 0;
      },
      [this, found](int64_t) {
        older_segments_ = std::move(*found);
        ShortenNext();
      });
}

// Cut as soon as it is read: of processes that live for a moment each leaves less, too.
void Server::ShortenOne() {
  const OlderSegment segment = std::move(older_segments_.back());
  older_segments_.pop_back();
  auto tail = std::make_shared<std::optional<SegmentTail>>();
  auto cut = [this, tail](int64_t) {
    if (!tail->has_value()) return ShortenNext();
    worker_->Submit([tail] { return CutTail(**tail); },
                    [this, tail](int64_t bytes) {
                      LogEvent(LogLevel::kInfo, "segment_shortened",
                               {{"path", (*tail)->path}, {"bytes_given_back", bytes}});
                      ShortenNext();
                    });
  };
  tail_worker_->Submit(
      [this, tail, segment]() -> int64_t {
        *tail = UnusedTail(segment, stop_reading_tails_);
        return 0;
      },
      cut);
}

}  // namespace ringjournal
