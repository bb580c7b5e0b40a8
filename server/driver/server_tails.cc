// After a start, beside everything else: one journal after the other gives back the room that was
// made ahead in segments of processes that have ended.
#include "server/driver/segment_tails.h"
#include "server/driver/server.h"
#include "server/log/log.h"

namespace ringjournal {
namespace {

std::string NameOf(const v1::ConfigDocument& document, const JournalId& id) {
  for (const v1::JournalConfig& config : document.journals()) {
    if (config.id() == id.view()) return config.name();
  }
  return id.ToHex();
}

}  // namespace

void Server::ShortenNext() {
  if (shortened_ == started_.size() || stop_reading_tails_) return;
  const JournalId id = started_[shortened_++].second;
  auto tails = std::make_shared<std::vector<SegmentTail>>();
  auto cut = [this, id, tails](int64_t) {
    if (tails->empty()) return ShortenNext();
    worker_->Submit([tails] { return CutTails(*tails); },
                    [this, id, tails](int64_t bytes) {
                      LogEvent(LogLevel::kInfo, "segments_shortened",
                               {{"journal", NameOf(document_, id)},
                                {"segments", tails->size()},
                                {"bytes_given_back", bytes}});
                      ShortenNext();
                    });
  };
  tail_worker_->Submit(
      [this, tails, folder = SegmentFolder(id), before = incarnation_]() -> int64_t {
        *tails = FindUnusedTails(folder, before, stop_reading_tails_);
        return 0;
      },
      cut);
}

}  // namespace ringjournal
