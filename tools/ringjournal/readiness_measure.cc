#include "tools/ringjournal/readiness_measure.h"

#include <array>

#include "client/reader.h"
#include "io/clock.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {
namespace {

// A leader at work must not notice it.
constexpr uint64_t kBytesMax = 64 * limits::kMiB;
constexpr int64_t kTimeMaxNs = 1'000'000'000;

}  // namespace

absl::StatusOr<ReplayMeasure> MeasureReplay(const client::ClientOptions& options,
                                            const std::string& journal) {
  client::ReaderOptions from_oldest;
  from_oldest.journal = journal;
  from_oldest.from = client::Position::Oldest();
  auto reader = client::Reader::Open(options, from_oldest);
  if (!reader.ok()) return reader.status();
  std::array<client::ReadTransaction, limits::kReadBatchTransactions> batch;
  ReplayMeasure measure;
  const int64_t began_ns = io::MonotonicNs();
  while (measure.ns < kTimeMaxNs && measure.bytes < kBytesMax) {
    size_t taken = 0;
    const auto step = (*reader)->Next(batch, &taken, kTimeMaxNs - measure.ns);
    if (!step.ok()) return step.status();
    if (*step == client::ReadStep::kFinished) break;
    for (size_t i = 0; i < taken; ++i) measure.bytes += batch[i].encoded.size();
    measure.transactions += taken;
    measure.ns = io::MonotonicNs() - began_ns;
  }
  return measure;
}

}  // namespace ringjournal::cli
