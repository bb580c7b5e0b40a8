#include "tools/ringjournal/bench_verify.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "client/reader.h"

namespace ringjournal::bench {
namespace {

constexpr uint64_t kUnknown = UINT64_MAX;

absl::Status Wrong(Lsn lsn, const std::string& why) {
  return absl::DataLossError(absl::StrCat("content check failed at LSN ", lsn.value(), ": ", why,
                                          "; this is a defect, keep the server's data"));
}

}  // namespace

LoadComparison::LoadComparison(const AppendPool& pool, const VerifyOptions& options)
    : pool_(pool), options_(options), next_(options.appends.size(), 0) {
  const AppendPool::Options& o = pool.options();
  period_ = o.encode ? UINT64_MAX : o.slots * o.batch;
  expected_.resize(o.payload_bytes);
  uint64_t appends = std::accumulate(options.appends.begin(), options.appends.end(), uint64_t{0});
  end_ = Lsn(options.first_lsn + appends * o.batch);
  from_ = Lsn(options.first_lsn);
  if (options.last == 0 || options.last >= end_ - from_) return;
  from_ = end_ - options.last;
  std::ranges::fill(next_, kUnknown);
}

absl::Status LoadComparison::Take(Lsn lsn, ByteSpan payload) {
  if (lsn != from_ + compared_) {
    return Wrong(lsn, absl::StrCat("LSN ", (from_ + compared_).value(), " should stand there"));
  }
  PayloadMark mark = ReadPayloadMark(payload);
  if (mark.connection >= next_.size()) return Wrong(lsn, "its payload was never sent");
  uint64_t& next = next_[mark.connection];
  if (next == kUnknown) next = mark.number;
  FillPayload(mark.connection, next, expected_);
  if (!std::ranges::equal(payload, ByteSpan(expected_))) {
    return Wrong(lsn, "its payload is not the one that was sent at this place");
  }
  next = (next + 1) % period_;
  ++compared_;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LoadComparison::Finish() const {
  if (from_ + compared_ != end_) {
    return Wrong(from_ + compared_,
                 absl::StrCat("the journal ends before it, but everything up to ", end_.value() - 1,
                              " was acknowledged"));
  }
  for (uint32_t c = 0; c < next_.size(); ++c) {
    uint64_t sent = options_.appends[c] * pool_.options().batch % period_;
    if (next_[c] == kUnknown || next_[c] == sent) continue;
    return Wrong(end_, absl::StrCat("the stream of connection ", c, " ends at the wrong place"));
  }
  return compared_;
}

absl::StatusOr<uint64_t> VerifyJournal(const client::ClientOptions& client, const AppendPool& pool,
                                       const VerifyOptions& options) {
  LoadComparison comparison(pool, options);
  client::ReaderOptions read;
  read.journal = options.journal;
  read.from = client::Position::At(comparison.from());
  read.until_lsn = comparison.end();
  auto reader = client::Reader::Open(client, read);
  if (!reader.ok()) return reader.status();
  for (;;) {
    client::ReadTransaction t;
    absl::StatusOr<client::ReadStep> step = (*reader)->Next(&t);
    if (!step.ok()) return step.status();
    if (*step == client::ReadStep::kNothingYet) continue;
    if (*step == client::ReadStep::kFinished) return comparison.Finish();
    if (absl::Status s = comparison.Take(t.lsn, t.payload); !s.ok()) return s;
  }
}

}  // namespace ringjournal::bench
