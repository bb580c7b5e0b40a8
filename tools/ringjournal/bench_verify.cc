#include "tools/ringjournal/bench_verify.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "client/reader.h"

namespace ringjournal::bench {
namespace {

// Follows the load through the journal.
class Comparison {
 public:
  Comparison(const AppendPool& pool, const VerifyOptions& options)
      : pool_(pool), options_(options), next_(options.appends.size(), kUnknown) {
    if (!options.trimmed) std::ranges::fill(next_, 0);
    expected_.resize(pool.options().payload_bytes);
    uint64_t appends = std::accumulate(options.appends.begin(), options.appends.end(), uint64_t{0});
    transactions_ = appends * pool.options().batch;
  }

  Lsn end() const { return Lsn(options_.first_lsn + transactions_); }

  // Takes the next transaction of the journal.
  absl::Status Take(const client::ReadTransaction& t) {
    if (last_.value() != 0 && t.lsn != last_.next()) return Wrong(t.lsn, "LSNs have a hole");
    if (last_.value() == 0 && !options_.trimmed && t.lsn.value() != options_.first_lsn) {
      return Wrong(t.lsn, "it is not the first of the load");
    }
    last_ = t.lsn;
    PayloadMark mark = ReadPayloadMark(t.payload);
    if (mark.connection >= next_.size()) return Wrong(t.lsn, "its payload was never sent");
    if (next_[mark.connection] == kUnknown) Join(mark);
    uint64_t ordinal = next_[mark.connection]++;
    uint64_t batch = pool_.options().batch;
    FillPayload(mark.connection, pool_.PayloadNumber(ordinal / batch, ordinal % batch), expected_);
    if (!std::ranges::equal(t.payload, ByteSpan(expected_))) {
      return Wrong(t.lsn, "its payload is not the one that was sent at this place");
    }
    ++compared_;
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Finish() {
    if (last_.next() != end()) {
      return Wrong(last_, absl::StrCat("the journal ends there, but ", end().value() - 1,
                                       " was acknowledged"));
    }
    for (uint32_t c = 0; c < next_.size(); ++c) {
      if (next_[c] == kUnknown || next_[c] == Sent(c)) continue;
      return Wrong(last_, absl::StrCat("connection ", c, " has ", next_[c], " transactions of ",
                                       Sent(c)));
    }
    return compared_;
  }

 private:
  static constexpr uint64_t kUnknown = UINT64_MAX;

  uint64_t Sent(uint32_t connection) const {
    return options_.appends[connection] * pool_.options().batch;
  }

  // The first kept transaction of a connection in a trimmed journal: the newest one with such a
  // payload that leaves what follows as it was sent. Payloads repeat with the pool, so the place is
  // counted from the end; Finish finds it out if that was wrong.
  void Join(PayloadMark mark) {
    uint64_t period = pool_.options().slots * pool_.options().batch;
    if (pool_.options().encode) period = UINT64_MAX;
    uint64_t kept = options_.appends.size() == 1 ? end() - last_ : 0;
    uint64_t ordinal = Sent(mark.connection) - kept;
    next_[mark.connection] = period == UINT64_MAX || kept == 0 ? mark.number : ordinal;
  }

  absl::Status Wrong(Lsn lsn, const std::string& why) const {
    return absl::DataLossError(absl::StrCat("content check failed at LSN ", lsn.value(), ": ", why,
                                            "; this is a defect, keep the server's data"));
  }

  const AppendPool& pool_;
  const VerifyOptions& options_;
  std::vector<uint64_t> next_;  // of each connection: transactions seen so far
  std::vector<std::byte> expected_;
  uint64_t transactions_ = 0;
  uint64_t compared_ = 0;
  Lsn last_;
};

}  // namespace

absl::StatusOr<uint64_t> VerifyJournal(const client::ClientOptions& client, const AppendPool& pool,
                                       const VerifyOptions& options) {
  Comparison comparison(pool, options);
  client::ReaderOptions read;
  read.journal = options.journal;
  read.from = options.trimmed ? client::Position::Oldest()
                              : client::Position::At(Lsn(options.first_lsn));
  read.until_lsn = comparison.end();
  auto reader = client::Reader::Open(client, read);
  if (!reader.ok()) return reader.status();
  for (;;) {
    client::ReadTransaction t;
    absl::StatusOr<client::ReadStep> step = (*reader)->Next(&t);
    if (!step.ok()) return step.status();
    if (*step == client::ReadStep::kNothingYet) continue;
    if (*step == client::ReadStep::kFinished) return comparison.Finish();
    if (absl::Status s = comparison.Take(t); !s.ok()) return s;
  }
}

}  // namespace ringjournal::bench
