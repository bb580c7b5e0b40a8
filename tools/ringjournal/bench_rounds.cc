#include "tools/ringjournal/bench_rounds.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/check.h"
#include "journal/format/entry_layout.h"
#include "tools/ringjournal/bench_floor.h"
#include "tools/ringjournal/bench_journal.h"
#include "tools/ringjournal/bench_session.h"
#include "tools/ringjournal/bench_verify.h"
#include "tools/ringjournal/server_process.h"

namespace ringjournal::bench {
namespace {

// Of the ring, by a burst that fits: the rest is for the server's own records.
constexpr double kRingShare = 0.85;
constexpr uint64_t kWarmupShare = 8;
// One in flight needs time, not bytes: so many appends give a p99.9 that means something.
constexpr uint64_t kAppendsMax = 100'000;
// While it spins the server must not fall asleep between two appends.
constexpr uint32_t kSpinUs = limits::kSpinUsMax;

uint64_t RecordBytesOf(const BenchSettings& s) {
  return RecordBytes(AppendPool::FrameBytes(s.batch, s.payload_bytes) - kFrameRunAt);
}
// Of each connection.
uint64_t AppendsOf(const BenchSettings& s, uint64_t transactions) {
  uint64_t per_append = uint64_t{s.batch} * s.connections;
  return (transactions + per_append - 1) / per_append;
}

// Warm-up and measured part through one generator. `cpu_pid`: whose CPU time to take; 0: nobody's.
absl::Status RunLoad(const BenchSettings& settings, bool is_floor, pid_t cpu_pid,
                     LoadGenerator* generator, RoundFigures* figures) {
  LoadOptions options;
  options.window = settings.window;
  options.write_bytes_max = settings.write_bytes;
  options.busy_poll = settings.busy_poll;
  options.cumulative_acks = is_floor;
  options.appends = AppendsOf(settings, settings.warmup_transactions);
  LoadResult warmup;
  if (options.appends > 0) RJ_RETURN_IF_ERROR(generator->Run(options, &warmup));
  options.appends = AppendsOf(settings, settings.transactions);
  options.duration_ns = settings.duration_ns;
  int64_t server_cpu_ns = ProcessCpuNs(cpu_pid);
  RJ_RETURN_IF_ERROR(generator->Run(options, &figures->load));
  server_cpu_ns = ProcessCpuNs(cpu_pid) - server_cpu_ns;
  double wall_ns = figures->load.seconds() * 1e9;
  figures->client_cpu = static_cast<double>(figures->load.cpu_ns) / wall_ns;
  figures->server_cpu = cpu_pid > 0 ? static_cast<double>(server_cpu_ns) / wall_ns : -1;
  return absl::OkStatus();
}

absl::StatusOr<RoundFigures> RunFloorRound(const BenchSettings& settings, CpuPair cpus,
                                           AppendPool* pool) {
  FloorOptions options{
      .ring_bytes = settings.ring_bytes, .busy_poll = settings.busy_poll, .cpu = cpus.server};
  auto floor = FloorProcess::Start(options, pool);
  if (!floor.ok()) return floor.status();
  RoundFigures figures;
  {
    std::vector<io::FileDescriptor> sockets;
    for (uint32_t c = 0; c < settings.connections; ++c) {
      auto fd = ConnectSocket((*floor)->address());
      if (!fd.ok()) return fd.status();
      sockets.push_back(*std::move(fd));
    }
    LoadGenerator generator(pool, std::move(sockets));
    RJ_RETURN_IF_ERROR(RunLoad(settings, true, (*floor)->pid(), &generator, &figures));
  }
  absl::StatusOr<FloorReport> report = (*floor)->Finish();
  if (!report.ok()) return report.status();
  figures.compared = report->appends_compared * settings.batch;
  return figures;
}

absl::Status RunJournalLoad(const BenchSettings& settings, const std::string& server, pid_t pid,
                            AppendPool* pool, RoundFigures* figures) {
  absl::StatusOr<BenchJournal> journal = BenchJournal::Create(server, settings);
  if (!journal.ok()) return journal.status();
  VerifyOptions verify{.journal = journal->name(), .first_lsn = journal->first_lsn()};
  {
    LoadGenerator generator(pool, journal->TakeSockets());
    RJ_RETURN_IF_ERROR(RunLoad(settings, false, pid, &generator, figures));
    for (uint32_t c = 0; c < settings.connections; ++c) {
      verify.appends.push_back(generator.appends_done(c));
    }
  }
  verify.last = SafelyKept(settings);
  absl::StatusOr<uint64_t> compared = VerifyJournal(journal->client(), *pool, verify);
  if (!compared.ok()) return compared.status();
  figures->compared = *compared;
  return journal->Remove();
}

absl::StatusOr<RoundFigures> RunServerRound(const BenchSettings& settings, CpuPair cpus,
                                            AppendPool* pool) {
  RoundFigures figures;
  if (!settings.server.empty()) {
    RJ_RETURN_IF_ERROR(RunJournalLoad(settings, settings.server, 0, pool, &figures));
    return figures;
  }
  ServerProcessOptions options;
  options.program = settings.program;
  options.data_dir = settings.data_dir;
  options.ring_bytes_total = std::max(limits::kRingBytesTotalDefault, 2 * settings.ring_bytes);
  options.spin_us = settings.busy_poll ? kSpinUs : 0;
  options.cpu = cpus.server;
  auto server = ServerProcess::Start(options);
  if (!server.ok()) return server.status();
  RJ_RETURN_IF_ERROR(
      RunJournalLoad(settings, (*server)->address().ToString(), (*server)->pid(), pool, &figures));
  RJ_RETURN_IF_ERROR((*server)->Stop());
  return figures;
}

std::string RoundLine(const char* what, uint32_t round, const RoundFigures& figures) {
  return absl::StrFormat("round %d: %-6s %6.2f million transactions/s, p50 %.1f us", round + 1,
                         what, figures.load.transactions_per_s() / 1e6,
                         static_cast<double>(figures.load.latency.PercentileNs(50)) / 1e3);
}

}  // namespace

uint64_t SafelyKept(const BenchSettings& settings) {
  uint64_t bytes = settings.retention_bytes;
  if (settings.memory_only && !settings.fits_ring()) {
    bytes = bytes == 0 ? settings.ring_bytes : std::min(bytes, settings.ring_bytes);
  }
  // Half of it, since trimming goes on while we read.
  return bytes / 2 / RecordBytesOf(settings) * settings.batch;
}

bool BenchSettings::fits_ring() const {
  uint64_t appends = AppendsOf(*this, transactions) + AppendsOf(*this, warmup_transactions);
  return duration_ns == 0 && appends * connections * RecordBytesOf(*this) <=
                                 static_cast<uint64_t>(static_cast<double>(ring_bytes) * 0.95);
}

absl::Status CompleteSettings(BenchSettings* settings) {
  if (settings->transactions == 0 && settings->duration_ns > 0) {
    if (settings->warmup_transactions == 0) settings->warmup_transactions = settings->batch * 1000;
    return absl::OkStatus();
  }
  if (settings->transactions == 0) {
    uint64_t appends =
        static_cast<uint64_t>(static_cast<double>(settings->ring_bytes) * kRingShare) /
        RecordBytesOf(*settings);
    appends = std::min(appends, kAppendsMax);
    settings->warmup_transactions = appends / kWarmupShare * settings->batch;
    settings->transactions = appends * settings->batch - settings->warmup_transactions;
  }
  if (settings->warmup_transactions == 0) {
    settings->warmup_transactions = settings->transactions / kWarmupShare;
  }
  if (AppendsOf(*settings, settings->transactions) > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the ring does not hold one append; give a larger --ring, or a smaller --batch or --payload");
}

absl::StatusOr<std::unique_ptr<AppendPool>> MakePool(const BenchSettings& settings) {
  AppendPool::Options options;
  options.connections = settings.connections;
  options.batch = settings.batch;
  options.payload_bytes = settings.payload_bytes;
  options.level = static_cast<uint8_t>(settings.level);
  options.encode = settings.encode;
  uint64_t all = settings.transactions == 0 ? UINT64_MAX
                                            : AppendsOf(settings, settings.transactions) +
                                                  AppendsOf(settings, settings.warmup_transactions);
  uint64_t fit = limits::kBenchPoolBytesMax / settings.connections /
                 AppendPool::FrameBytes(settings.batch, settings.payload_bytes);
  options.slots = std::max<uint64_t>(std::min(all, fit), settings.window);
  if (settings.encode) options.slots = settings.window;
  return AppendPool::Create(options);
}

absl::StatusOr<BenchResult> RunRounds(const BenchSettings& settings,
                                      const std::function<void(const std::string&)>& progress) {
  // Two that spin on one processor wait for each other's time slices: no figure, only heat.
  if (settings.busy_poll && ChooseCpus().server < 0) {
    return absl::FailedPreconditionError(
        "busy-polling needs two processors, and this process may use one only; run it elsewhere or "
        "without --busy-poll");
  }
  BenchResult result;
  result.settings = settings;
  result.machine = ReadMachineFacts();
  if (settings.pin) result.cpus = ChooseCpus();
  CpuPin pin(result.cpus.client);
  auto pool = MakePool(settings);
  if (!pool.ok()) return pool.status();
  for (uint32_t round = 0; round < settings.rounds; ++round) {
    if (settings.run_floor) {
      auto figures = RunFloorRound(settings, result.cpus, pool->get());
      if (!figures.ok()) return figures.status();
      progress(RoundLine("floor", round, *figures));
      result.floor.push_back(*std::move(figures));
    }
    if (settings.run_server) {
      auto figures = RunServerRound(settings, result.cpus, pool->get());
      if (!figures.ok()) return figures.status();
      progress(RoundLine("append", round, *figures));
      result.server.push_back(*std::move(figures));
    }
  }
  return result;
}

}  // namespace ringjournal::bench
