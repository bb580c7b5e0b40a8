#include "tools/ringjournal/bench_memory.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/check.h"
#include "journal/base/units.h"
#include "tools/ringjournal/bench_journal.h"
#include "tools/ringjournal/bench_pool.h"
#include "tools/ringjournal/bench_verify.h"
#include "tools/ringjournal/server_process.h"

namespace ringjournal::bench {
namespace {

// A leak of one byte in a hundred transactions would show as more than this over a long run.
constexpr double kGrowthBytesMax = 1024.0 * 1024.0;
// A page counts as resident once it was touched: the ring must have gone round before, and every
// buffer must have been used.
constexpr double kWarmupRings = 1.5;
constexpr double kWarmupShare = 1.0 / 3;

class MemoryRun {
 public:
  MemoryRun(const cli::Context& context, const BenchSettings& settings, uint32_t samples)
      : context_(context), settings_(settings), samples_wanted_(samples) {}

  absl::Status Run() {
    auto pool = MakePool(settings_);
    if (!pool.ok()) return pool.status();
    pool_ = *std::move(pool);
    ServerProcessOptions options;
    options.program = settings_.program;
    options.data_dir = settings_.data_dir;
    options.ring_bytes_total = std::max(limits::kRingBytesTotalDefault, 2 * settings_.ring_bytes);
    auto server = ServerProcess::Start(options);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    auto journal = BenchJournal::Create(server_->address().ToString(), settings_);
    if (!journal.ok()) return journal.status();
    RJ_RETURN_IF_ERROR(Load(&*journal));
    RJ_RETURN_IF_ERROR(Verify(*journal));
    return server_->Stop();
  }

  const std::vector<MemorySample>& samples() const { return samples_; }
  uint64_t compared() const { return compared_; }

  // Samples behind the warm-up.
  std::vector<MemorySample> SteadySamples() const {
    double bytes = static_cast<double>(pool_->run_bytes()) / settings_.batch;
    double warm = std::max(kWarmupRings * static_cast<double>(settings_.ring_bytes) / bytes,
                           kWarmupShare * static_cast<double>(settings_.transactions));
    std::vector<MemorySample> steady;
    for (const MemorySample& s : samples_) {
      if (static_cast<double>(s.transactions) >= warm) steady.push_back(s);
    }
    return steady;
  }

 private:
  absl::Status Load(BenchJournal* journal) {
    LoadGenerator generator(pool_.get(), journal->TakeSockets());
    LoadOptions options;
    options.window = settings_.window;
    options.write_bytes_max = settings_.write_bytes;
    uint64_t appends = settings_.transactions / settings_.batch;
    for (uint32_t i = 0; i < samples_wanted_; ++i) {
      options.appends = appends * (i + 1) / samples_wanted_ - appends * i / samples_wanted_;
      LoadResult part;
      RJ_RETURN_IF_ERROR(generator.Run(options, &part));
      RJ_RETURN_IF_ERROR(Sample(generator.appends_done(0) * settings_.batch, part));
    }
    appends_ = generator.appends_done(0);
    return absl::OkStatus();
  }

  absl::Status Sample(uint64_t transactions, const LoadResult& part) {
    auto memory = ReadResidentMemory(server_->pid());
    if (!memory.ok()) return memory.status();
    samples_.push_back({transactions, *memory});
    context_.Say(absl::StrFormat(
        "%d transactions, %.2f M/s; resident: %d KiB own, %d KiB rings, %d KiB files", transactions,
        part.transactions_per_s() / 1e6, memory->anonymous / 1024, memory->shared / 1024,
        memory->file / 1024));
    return absl::OkStatus();
  }

  absl::Status Verify(const BenchJournal& journal) {
    VerifyOptions options{.journal = journal.name(), .first_lsn = journal.first_lsn()};
    options.appends = {appends_};
    options.last = SafelyKept(settings_);
    auto compared = VerifyJournal(journal.client(), *pool_, options);
    if (!compared.ok()) return compared.status();
    compared_ = *compared;
    return absl::OkStatus();
  }

  const cli::Context& context_;
  const BenchSettings& settings_;
  uint32_t samples_wanted_;
  std::unique_ptr<AppendPool> pool_;
  std::unique_ptr<ServerProcess> server_;
  std::vector<MemorySample> samples_;
  uint64_t appends_ = 0;
  uint64_t compared_ = 0;
};

}  // namespace

double GrowthPerTransaction(const std::vector<MemorySample>& samples) {
  double n = static_cast<double>(samples.size()), x = 0, y = 0;
  for (const MemorySample& s : samples) {
    x += static_cast<double>(s.transactions) / n;
    y += static_cast<double>(s.memory.total()) / n;
  }
  double xx = 0, xy = 0;
  for (const MemorySample& s : samples) {
    double dx = static_cast<double>(s.transactions) - x;
    xx += dx * dx;
    xy += dx * (static_cast<double>(s.memory.total()) - y);
  }
  return xx > 0 ? xy / xx : 0;
}

int RunMemory(const cli::Context& context, const BenchSettings& settings, uint32_t samples) {
  if (settings.connections != 1) {
    return context.FailUsage("the memory run needs one connection, to check what was trimmed");
  }
  MemoryRun run(context, settings, samples);
  if (absl::Status s = run.Run(); !s.ok()) return context.Fail(s);
  std::vector<MemorySample> steady = run.SteadySamples();
  if (steady.size() < 3) {
    return context.FailUsage(absl::StrFormat(
        "only %d samples lie behind the warm-up of %.1f rings; give more --transactions or a "
        "smaller --ring",
        steady.size(), kWarmupRings));
  }
  double per_transaction = GrowthPerTransaction(steady);
  uint64_t over = steady.back().transactions - steady.front().transactions;
  double growth = per_transaction * static_cast<double>(over);
  bool flat = growth < kGrowthBytesMax;
  if (context.json()) {
    std::printf(
        "{\"transactions\":\"%llu\",\"residentBytes\":\"%llu\",\"growthBytes\":%.0f,"
        "\"growthLimitBytes\":%.0f,\"compared\":\"%llu\",\"met\":%s}\n",
        static_cast<unsigned long long>(steady.back().transactions),
        static_cast<unsigned long long>(steady.back().memory.total()), growth, kGrowthBytesMax,
        static_cast<unsigned long long>(run.compared()), flat ? "true" : "false");
    return flat ? cli::kExitOk : cli::kExitFailure;
  }
  std::string line = absl::StrFormat(
      "%d transactions through a ring of %s: resident memory %.1f MiB at the end; fitted growth "
      "%.1f KiB over the last %d transactions (at most %.0f KiB)   %s\n"
      "content: the last %d transactions were read back and are equal\n",
      steady.back().transactions, FormatBytes(settings.ring_bytes),
      static_cast<double>(steady.back().memory.total()) / 1024 / 1024, growth / 1024, over,
      kGrowthBytesMax / 1024, flat ? "PASS" : "MISSED", run.compared());
  std::fputs(line.c_str(), stdout);
  return flat ? cli::kExitOk : cli::kExitFailure;
}

}  // namespace ringjournal::bench
