// ringjournal bench producers: what exactly-once costs, and what 100,000 idle producers cost.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "journal/base/check.h"
#include "tools/ringjournal/bench_core.h"
#include "tools/ringjournal/bench_idle.h"
#include "tools/ringjournal/bench_report.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/server_process.h"

namespace ringjournal::bench {
namespace {

// Issue "exactly-once, whole": of an append, and of the throughput.
constexpr double kCostMax = 0.05;
// Left for the producers that append, one a round and load.
constexpr uint32_t kRoomForLoads = 200;
constexpr uint64_t kCoreRingBytes = 64 * limits::kMiB;
constexpr uint64_t kCoreTransactions = 2'000'000;
constexpr uint64_t kCoreAppendsMax = 500'000;

// One line of the report.
struct Row {
  std::string name;
  double with = 0;     // ns of an append, or transactions per second
  double without = 0;  // likewise
  double cost = 0;     // share
  bool judged = true;  // else it only informs
  bool met() const { return cost <= kCostMax; }
};

std::string Verdict(const Row& row) {
  if (!row.judged) return "";
  return absl::StrFormat(" (at most %.0f %%)   %s", kCostMax * 100, row.met() ? "PASS" : "MISSED");
}

struct CoreLoad {
  uint32_t producers;
  uint32_t batch;
};

std::string CoreName(const CoreLoad& load) {
  return absl::StrFormat("%d producer%s, %d transaction%s an append", load.producers,
                         load.producers == 1 ? "" : "s in turn", load.batch,
                         load.batch == 1 ? "" : "s");
}

class ProducersRun {
 public:
  ProducersRun(const cli::Context& context, const BenchSettings& settings, uint32_t producers)
      : context_(context), settings_(settings), producers_(producers) {}

  absl::Status Run() {
    RJ_RETURN_IF_ERROR(RunCore());
    return RunServer();
  }
  const std::vector<Row>& core() const { return core_; }
  const std::vector<Row>& server() const { return server_; }
  const std::vector<std::string>& facts() const { return facts_; }
  uint64_t compared() const { return compared_; }

 private:
  absl::Status RunCore() {
    auto one = CoreLeader::Create(1, kCoreRingBytes);
    if (!one.ok()) return one.status();
    auto many = CoreLeader::Create(producers_, kCoreRingBytes);
    if (!many.ok()) return many.status();
    NoteCore(many->get());
    for (const CoreLoad& load :
         {CoreLoad{1, 64}, CoreLoad{1, 1}, CoreLoad{producers_, 64}, CoreLoad{producers_, 1}}) {
      CoreLeader* leader = load.producers == 1 ? one->get() : many->get();
      RJ_RETURN_IF_ERROR(RunCoreLoad(leader, load));
    }
    return absl::OkStatus();
  }

  void NoteCore(CoreLeader* leader) {
    facts_.push_back(absl::StrFormat(
        "core: a state snapshot of %d producers has %d bytes, %.1f each, and takes %.2f ms; "
        "opening one takes %.2f us",
        producers_, leader->SnapshotBytes(),
        static_cast<double>(leader->SnapshotBytes()) / producers_, leader->SnapshotNs() / 1e6,
        leader->open_ns() / 1e3));
  }

  absl::Status RunCoreLoad(CoreLeader* leader, const CoreLoad& load) {
    const std::vector<ProducerSlot> order = ScatteredSlots(load.producers);
    const uint64_t appends = std::min(kCoreTransactions / load.batch, kCoreAppendsMax);
    std::vector<double> whole, part, shares;
    for (uint32_t round = 0; round <= settings_.rounds; ++round) {
      auto all = leader->Append(order, appends, load.batch);
      if (!all.ok()) return all.status();
      auto judged = leader->JudgeOnly(order, appends, load.batch);
      if (!judged.ok()) return judged.status();
      if (round == 0) continue;  // warm-up
      whole.push_back(*all);
      part.push_back(*judged);
      shares.push_back(*judged / *all);
    }
    RJ_RETURN_IF_ERROR(leader->ResendLast(load.batch));
    RJ_RETURN_IF_ERROR(leader->Verify());
    const double cost = Median(shares);
    core_.push_back({CoreName(load), Median(whole), Median(part), cost, load.producers == 1});
    return absl::OkStatus();
  }

  absl::Status RunServer() {
    BenchSettings batches = settings_;
    BenchSettings single = settings_;
    single.batch = 1;
    single.write_bytes = 16 * limits::kKiB;
    for (BenchSettings* s : {&batches, &single}) RJ_RETURN_IF_ERROR(CompleteSettings(s));
    ServerProcessOptions options;
    options.program = settings_.program;
    options.data_dir = settings_.data_dir;
    auto server = ServerProcess::Start(options);
    if (!server.ok()) return server.status();
    server_process_ = *std::move(server);
    RJ_RETURN_IF_ERROR(MakeJournals());
    for (const BenchSettings* s : {&batches, &single}) RJ_RETURN_IF_ERROR(RunServerLoad(*s));
    return server_process_->Stop();
  }

  absl::Status MakeJournals() {
    const io::Address& address = server_process_->address();
    RJ_RETURN_IF_ERROR(CreateWideJournal(address, "few", settings_, kRoomForLoads));
    RJ_RETURN_IF_ERROR(CreateWideJournal(address, "many", settings_, producers_));
    const uint32_t idle = producers_ - std::min(producers_, kRoomForLoads);
    auto before = ReadResidentMemory(server_process_->pid());
    if (!before.ok()) return before.status();
    auto took_ns = OpenIdleProducers(address, "many", idle);
    if (!took_ns.ok()) return took_ns.status();
    auto after = ReadResidentMemory(server_process_->pid());
    if (!after.ok()) return after.status();
    const double grown =
        static_cast<double>(after->anonymous) - static_cast<double>(before->anonymous);
    facts_.push_back(absl::StrFormat(
        "server: %d producers opened and left in %.1f s; its own memory grew by %.1f MiB, %.0f "
        "bytes each",
        idle, static_cast<double>(*took_ns) / 1e9, grown / 1024 / 1024,
        grown / std::max(idle, 1u)));
    return absl::OkStatus();
  }

  absl::Status RunServerLoad(const BenchSettings& s) {
    auto pool = MakePool(s);
    if (!pool.ok()) return pool.status();
    std::vector<RoundFigures> few, many;
    std::vector<double> ratios;
    for (uint32_t round = 0; round < s.rounds; ++round) {
      RJ_RETURN_IF_ERROR(RunOne("few", s, round, pool->get(), &few));
      RJ_RETURN_IF_ERROR(RunOne("many", s, round, pool->get(), &many));
      ratios.push_back(many.back().load.transactions_per_s() /
                       few.back().load.transactions_per_s());
    }
    const Summary with = Summarise(many, s.payload_bytes),
                  without = Summarise(few, s.payload_bytes);
    server_.push_back({absl::StrFormat("batches of %d", s.batch), with.transactions_per_s,
                       without.transactions_per_s, 1 - Median(ratios)});
    return absl::OkStatus();
  }

  absl::Status RunOne(const char* journal, const BenchSettings& s, uint32_t round, AppendPool* pool,
                      std::vector<RoundFigures>* out) {
    auto figures = RunWideRound(server_process_->address(), server_process_->pid(), journal,
                                absl::StrFormat("load-%d-%d", s.batch, round), s, pool);
    if (!figures.ok()) return figures.status();
    context_.Say(absl::StrFormat("round %d, %s producers, batches of %d: %.2f M transactions/s",
                                 round + 1, journal, s.batch,
                                 figures->load.transactions_per_s() / 1e6));
    compared_ += figures->compared;
    out->push_back(*std::move(figures));
    return absl::OkStatus();
  }

  const cli::Context& context_;
  const BenchSettings& settings_;
  const uint32_t producers_;
  std::unique_ptr<ServerProcess> server_process_;
  std::vector<Row> core_, server_;
  std::vector<std::string> facts_;
  uint64_t compared_ = 0;
};

int RunProducers(const cli::Context& context, const BenchSettings& settings, uint32_t producers) {
  const MachineFacts machine = ReadMachineFacts();
  ProducersRun run(context, settings, producers);
  if (absl::Status s = run.Run(); !s.ok()) return context.Fail(s);
  bool met = true;
  std::string text =
      absl::StrFormat("machine  %d processors (%s), kernel %s, load average %.2f\n",
                      machine.processors, machine.model, machine.kernel, machine.load_average);
  for (const Row& row : run.core()) {
    met = met && (!row.judged || row.met());
    absl::StrAppendFormat(&text, "core    %-46s %8.1f ns, exactly-once %6.1f ns: %5.1f %%%s\n",
                          row.name, row.with, row.without, row.cost * 100, Verdict(row));
  }
  for (const Row& row : run.server()) {
    met = met && row.met();
    absl::StrAppendFormat(
        &text, "server  %-14s %d producers %6.2f M tx/s, few %6.2f M tx/s: costs %5.1f %%%s\n",
        row.name, producers, row.with / 1e6, row.without / 1e6, row.cost * 100, Verdict(row));
  }
  absl::StrAppendFormat(&text, "%s\ncontent: %d transactions were read back and are equal\n",
                        absl::StrJoin(run.facts(), "\n"), run.compared());
  std::fputs(text.c_str(), stdout);
  return met ? cli::kExitOk : cli::kExitFailure;
}

}  // namespace
}  // namespace ringjournal::bench

namespace ringjournal::cli {

void RegisterBenchProducers(CLI::App* bench, Context& context) {
  auto settings = std::make_shared<bench::BenchSettings>();
  settings->retention_bytes = limits::kGiB;
  auto producers = std::make_shared<uint32_t>(limits::kProducersMax);
  CLI::App* sub = bench->add_subcommand(
      "producers", "What exactly-once costs, and a journal of 100,000 producers, PASS or MISSED");
  AddNumberOption(sub, "--producers", producers.get(), "Of the journal that knows many [100000]",
                  {1000, limits::kProducersMax});
  AddNumberOption(sub, "--rounds", &settings->rounds, "Repetitions; figures are medians [5]",
                  {1, 50});
  AddBytesOption(sub, "--ring", &settings->ring_bytes, "Memory of a ring, a power of two [256MiB]");
  sub->add_flag("--memory-only", settings->memory_only, "Journals without segments");
  sub->add_option("--ringjournald", settings->program,
                  "Server to start [the one beside this program, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", settings->data_dir,
                  "Where its temporary data goes [TMPDIR or /tmp]")
      ->type_name("DIR");
  sub->footer(
      "It starts a server of its own. The exit code is 1 if a goal was missed.\n"
      "Example:\n  ringjournal bench producers --rounds 9\n");
  sub->fallthrough();
  sub->callback([&context, settings, producers] {
    context.command = "bench producers";
    context.needs_server = false;
    context.action = [&context, settings, producers] {
      return bench::RunProducers(context, *settings, *producers);
    };
  });
}

}  // namespace ringjournal::cli
