// ringjournal bench takeover: how fast a cold standby catches up, beside a reader that only walks.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/appender.h"
#include "client/client.h"
#include "client/reader.h"
#include "client/takeover/standby.h"
#include "tools/ringjournal/bench_process.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/progress.h"
#include "tools/ringjournal/server_process.h"

namespace ringjournal::cli {
namespace {

// What was promised, transactions per second.
constexpr double kGoal = 5e6;
constexpr uint32_t kBatch = 64;          // transactions of one append
constexpr uint64_t kOverheadBytes = 16;  // of one transaction in such an append, generously
constexpr char kJournal[] = "bench-takeover";

struct TakeoverBenchFlags {
  uint64_t transactions = 5'000'000;
  uint32_t payload_bytes = 128;
  uint32_t rounds = 5;
  bool no_pin = false;
  std::string program, data_dir;
};

class EmptyState : public client::StateMachine {
 public:
  absl::Status Apply(const client::ReadTransaction&, std::string*) override {
    return absl::OkStatus();
  }
};

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

class TakeoverBench {
 public:
  TakeoverBench(const Context& context, const TakeoverBenchFlags& flags)
      : context_(context),
        flags_(flags),
        cpus_(flags.no_pin ? bench::CpuPair{} : bench::ChooseCpus()) {}

  int Run() {
    absl::Status status = Start();
    if (status.ok()) status = Fill();
    for (uint32_t i = 0; i < flags_.rounds && status.ok(); ++i) status = Round();
    if (status.ok()) status = server_->Stop();
    if (!status.ok()) return context_.Fail(status);
    return Report();
  }

 private:
  absl::Status Start() {
    const uint64_t bytes = flags_.transactions * (flags_.payload_bytes + kOverheadBytes);
    ring_bytes_ = std::bit_ceil(std::max(bytes + bytes / 8, 64 * limits::kMiB));
    ServerProcessOptions options;
    options.program = flags_.program;
    options.data_dir = flags_.data_dir;
    options.cpu = cpus_.server;
    options.ring_bytes_total = ring_bytes_ + 64 * limits::kMiB;  // heads, too
    auto server = ServerProcess::Start(options);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    client::ClientOptions client = context_.ClientOptions(10'000'000'000);
    client.server = server_->address().ToString();
    client.interrupt_fd = interrupt_.fd();
    auto opened = client::Client::Open(client);
    if (!opened.ok()) return opened.status();
    client_ = *std::move(opened);
    return absl::OkStatus();
  }

  absl::Status Fill() {
    const client::Journal journal = client_->Journal(kJournal);
    client::JournalSettings settings{.ring_bytes = ring_bytes_, .memory_only = true};
    settings.fenced = true;
    if (absl::Status made = journal.Create(settings); !made.ok()) return made;
    auto grant = journal.AcquireWriter({.claimant = "bench"});
    if (!grant.ok()) return grant.status();
    auto appender =
        client::Appender::Open(journal.options(), {.journal = kJournal, .writer = grant->epoch});
    if (!appender.ok()) return appender.status();
    const std::string payload(flags_.payload_bytes, 'x');
    client::TransactionRun run;
    for (uint64_t i = 1; i <= flags_.transactions; ++i) {
      run.Add(payload);
      if (run.count() < kBatch && i < flags_.transactions) continue;
      if (absl::Status done = Append(appender->get(), &run); !done.ok()) return done;
    }
    if (absl::Status done = (*appender)->WaitAnswered(); !done.ok()) return done;
    return TakeOutcomes(appender->get());
  }

  static absl::Status TakeOutcomes(client::Appender* appender) {
    client::AppendOutcome outcome;
    while (appender->NextOutcome(&outcome)) {
      if (outcome.fate != client::Fate::kApplied) return outcome.error;
    }
    return absl::OkStatus();
  }

  static absl::Status Append(client::Appender* appender, client::TransactionRun* run) {
    while (!appender->HasRoom(run->size_bytes())) {
      if (absl::Status s = appender->Poll(INT64_MAX); !s.ok()) return s;
      if (absl::Status s = TakeOutcomes(appender); !s.ok()) return s;
    }
    absl::Status status = appender->Append({.run = run->bytes(), .count = run->count()});
    run->Clear();
    appender->Flush();
    return status;
  }

  // Both in turn, so that a busy moment of the machine meets both.
  absl::Status Round() {
    bench::CpuPin pin(cpus_.client);
    auto walked_ns = Walk();
    if (!walked_ns.ok()) return walked_ns.status();
    auto caught_up_ns = CatchUp();
    if (!caught_up_ns.ok()) return caught_up_ns.status();
    walked_.push_back(Rate(*walked_ns));
    caught_up_.push_back(Rate(*caught_up_ns));
    context_.Say(absl::StrFormat("round %d: standby %.2f, reader %.2f M transactions/s",
                                 walked_.size(), caught_up_.back() / 1e6, walked_.back() / 1e6));
    return absl::OkStatus();
  }

  double Rate(int64_t ns) const {
    return static_cast<double>(flags_.transactions) * 1e9 / static_cast<double>(ns);
  }

  absl::StatusOr<int64_t> Walk() const {
    const int64_t began_ns = MonotonicNs();
    auto reader = client::Reader::Open(client_->Journal(kJournal).options(), {.journal = kJournal});
    if (!reader.ok()) return reader.status();
    std::array<client::ReadTransaction, limits::kReadBatchTransactions> batch;
    uint64_t count = 0;
    for (size_t taken = 0; count < flags_.transactions; count += taken) {
      const auto step = (*reader)->Next(batch, &taken);
      if (!step.ok()) return step.status();
      if (taken == 0) return absl::DataLossError("the journal is shorter than what was appended");
    }
    return MonotonicNs() - began_ns;
  }

  absl::StatusOr<int64_t> CatchUp() const {
    EmptyState state;
    const int64_t began_ns = MonotonicNs();
    auto standby = client::Standby::Open(client_->Journal(kJournal), &state, {.name = "bench-b"});
    if (!standby.ok()) return standby.status();
    while ((*standby)->next_lsn().value() <= flags_.transactions) {
      const auto step = (*standby)->Follow(std::chrono::nanoseconds(0));
      if (!step.ok()) return step.status();
    }
    return MonotonicNs() - began_ns;
  }

  int Report() const {
    const double standby = Median(caught_up_), reader = Median(walked_);
    const bool met = standby >= kGoal;
    if (context_.json()) {
      std::printf(
          "{\"transactions\": \"%llu\", \"payloadBytes\": %u, \"rounds\": %u, "
          "\"standbyPerSecond\": %.0f, \"readerPerSecond\": %.0f, \"ratio\": %.3f, \"goal\": "
          "%.0f, \"met\": %s}\n",
          static_cast<unsigned long long>(flags_.transactions), flags_.payload_bytes,  // NOLINT
          flags_.rounds, standby, reader, standby / reader, kGoal, met ? "true" : "false");
      return met ? kExitOk : kExitFailure;
    }
    const bench::MachineFacts facts = bench::ReadMachineFacts();
    std::printf("%s\n",
                absl::StrFormat(
                    "%d transactions of %d bytes, %d in an append, from memory; medians of %d "
                    "rounds; %d x %s, load average %.2f\nreader that only walks   %6.2f M "
                    "transactions/s\ncold standby             %6.2f M transactions/s   %.2f of the "
                    "reader's (at least %.0f M)   %s",
                    flags_.transactions, flags_.payload_bytes, kBatch, flags_.rounds,
                    facts.processors, facts.model, facts.load_average, reader / 1e6, standby / 1e6,
                    standby / reader, kGoal / 1e6, met ? "PASS" : "MISSED")
                    .c_str());
    return met ? kExitOk : kExitFailure;
  }

  const Context& context_;
  const TakeoverBenchFlags& flags_;
  bench::CpuPair cpus_;
  Interrupt interrupt_;
  uint64_t ring_bytes_ = 0;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<client::Client> client_;
  std::vector<double> walked_, caught_up_;  // transactions per second of each round
};

void AddOptions(CLI::App* sub, TakeoverBenchFlags* flags) {
  AddNumberOption(sub, "--transactions", &flags->transactions, "In the journal [5000000]",
                  {1, 200'000'000});
  AddNumberOption(sub, "--payload", &flags->payload_bytes, "Bytes of one payload [128]",
                  {1, limits::kTransactionBytesMax - 64});
  AddNumberOption(sub, "--rounds", &flags->rounds, "Repetitions; figures are medians [5]",
                  {1, limits::kBenchRoundsMax});
  sub->add_flag("--no-pin", flags->no_pin, "Leave it to the kernel which processor runs what");
  sub->add_option("--ringjournald", flags->program,
                  "Server to start [the one beside this program, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", flags->data_dir, "Where its temporary data goes [TMPDIR or /tmp]")
      ->type_name("DIR");
}

}  // namespace

void RegisterBenchTakeover(CLI::App* bench, Context& context) {
  auto flags = std::make_shared<TakeoverBenchFlags>();
  CLI::App* sub = bench->add_subcommand(
      "takeover", "How fast a standby without any state catches up, with PASS or MISSED");
  AddOptions(sub, flags.get());
  sub->footer(
      "It starts a server of its own. The exit code is 1 if the goal was missed.\n"
      "Examples:\n  ringjournal bench takeover\n"
      "  ringjournal bench takeover --transactions 1000000 --rounds 9\n");
  sub->fallthrough();
  sub->callback([&context, flags] {
    context.command = "bench takeover";
    context.needs_server = false;
    context.action = [&context, flags] { return TakeoverBench(context, *flags).Run(); };
  });
}

}  // namespace ringjournal::cli
