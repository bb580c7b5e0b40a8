// ringjournal bench append|floor|goals|memory.
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "tools/ringjournal/bench_goals.h"
#include "tools/ringjournal/bench_memory.h"
#include "tools/ringjournal/bench_read.h"
#include "tools/ringjournal/bench_replication.h"
#include "tools/ringjournal/bench_report.h"
#include "tools/ringjournal/bench_rounds.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

using bench::BenchSettings;

struct BenchFlags {
  BenchSettings settings;
  bool single = false;
  bool self = false;
  bool with_floor = false;
  bool no_pin = false;
  bool read = false;
  uint32_t samples = 100;
};

constexpr char kAppendExamples[] =
    "Without --server (or with --self) it starts a ringjournald of its own for each round.\n"
    "Examples:\n"
    "  ringjournal bench append --floor\n"
    "  ringjournal bench append --floor --single --busy-poll\n"
    "  ringjournal bench append --server 127.0.0.1:7411 --level disk --duration 10s --rounds 1\n"
    "What was appended is read back and compared; without that there are no figures.\n";

int RunAppendBench(const Context& context, const BenchSettings& given) {
  BenchSettings settings = given;
  if (absl::Status s = bench::CompleteSettings(&settings); !s.ok()) return context.Fail(s);
  auto result = bench::RunRounds(settings, [&](const std::string& line) { context.Say(line); });
  if (!result.ok()) return context.Fail(result.status());
  std::string text = context.json()
                         ? bench::ResultJson(*result) + "\n"
                         : bench::DescribeSettings(*result) + bench::DescribeFigures(*result);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

void AddLoadOptions(CLI::App* sub, BenchFlags* flags) {
  BenchSettings* s = &flags->settings;
  sub->add_option("--payload", s->payload_bytes, "Bytes of one payload")
      ->check(CLI::Range(bench::kPayloadBytesMin, limits::kTransactionBytesMax - 64))
      ->type_name("BYTES")
      ->capture_default_str();
  sub->add_option("--batch", s->batch, "Transactions of one append")
      ->check(CLI::Range(1u, limits::kTransactionsPerAppendMax))
      ->capture_default_str();
  sub->add_option("--connections", s->connections, "Connections, all in one thread")
      ->check(CLI::Range(1u, limits::kBenchConnectionsMax))
      ->capture_default_str();
  sub->add_option("--window", s->window, "Appends in flight on each connection")
      ->check(CLI::Range(1u, limits::kAppendsInFlightPerSessionMax))
      ->capture_default_str();
  AddBytesOption(sub, "--write", &s->write_bytes,
                 "Bytes of one send at most, but one append at least [64KiB]");
  sub->add_flag("--single", flags->single, "One append of one transaction in flight");
  sub->add_option("--transactions", s->transactions,
                  "Of one round, without the warm-up [a burst that fits the ring]")
      ->type_name("N");
  AddDurationOption(sub, "--duration", &s->duration_ns, "Length of one round instead of a count");
  sub->add_option("--warm-up", s->warmup_transactions, "Transactions before the clock starts")
      ->type_name("N");
  sub->add_flag("--busy-poll", s->busy_poll, "Both sides spin instead of sleeping");
  sub->add_flag("--encode", s->encode, "The client encodes while the clock runs");
}

void AddPlaceOptions(CLI::App* sub, BenchFlags* flags) {
  BenchSettings* s = &flags->settings;
  AddBytesOption(sub, "--ring", &s->ring_bytes, "Memory of the ring, a power of two [256MiB]");
  sub->add_option("--rounds", s->rounds, "Repetitions; figures are medians")
      ->check(CLI::Range(1u, limits::kBenchRoundsMax))
      ->capture_default_str();
  sub->add_flag("--no-pin", flags->no_pin, "Leave it to the kernel which processor runs what");
}

void AddServerOptions(CLI::App* sub, BenchFlags* flags) {
  BenchSettings* s = &flags->settings;
  sub->add_option("--ringjournald", s->program,
                  "Server to start [the one beside this program, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", s->data_dir, "Where its temporary data goes [TMPDIR or /tmp]")
      ->type_name("DIR");
  AddBytesOption(sub, "--segment", &s->segment_bytes, "Size of a segment file [64MiB]");
  sub->add_flag("--memory-only", s->memory_only, "A journal without segments");
}

// What all four share: when chosen, `run` is the action.
void SetCallback(CLI::App* sub, Context& context, const std::string& command,
                 const std::shared_ptr<BenchFlags>& flags,
                 const std::function<int(const Context&)>& run) {
  sub->fallthrough();
  sub->callback([&context, command, flags, run] {
    context.command = "bench " + command;
    context.needs_server = false;
    flags->settings.pin = !flags->no_pin;
    if (flags->single) flags->settings.batch = flags->settings.window = 1;
    if (!flags->self) flags->settings.server = context.server;
    context.action = [&context, run] { return run(context); };
  });
}

void RegisterBenchAppend(CLI::App* bench, Context& context) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* sub = bench->add_subcommand("append", "Throughput and latency of appends");
  AddLoadOptions(sub, flags.get());
  AddPlaceOptions(sub, flags.get());
  AddServerOptions(sub, flags.get());
  AddChoiceOption(sub, "--level",
                  {{"received", client::Level::kReceived},
                   {"replicated", client::Level::kReplicated},
                   {"disk", client::Level::kDisk},
                   {"disk_quorum", client::Level::kDiskQuorum}},
                  &flags->settings.level, "How safe before it is acknowledged");
  AddBytesOption(sub, "--retention", &flags->settings.retention_bytes,
                 "The journal's: trim what is older than so many bytes");
  sub->add_flag("--self", flags->self, "Start a server even if --server is set");
  sub->add_flag("--floor", flags->with_floor, "Run the floor in turn with it, and compare");
  sub->footer(kAppendExamples);
  SetCallback(sub, context, "append", flags, [flags](const Context& c) {
    flags->settings.run_floor = flags->with_floor;
    return RunAppendBench(c, flags->settings);
  });
}

void RegisterBenchFloor(CLI::App* bench, Context& context) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* sub = bench->add_subcommand(
      "floor", "The least that a server must do: receive, one CRC32C pass, one copy, acknowledge");
  AddLoadOptions(sub, flags.get());
  AddPlaceOptions(sub, flags.get());
  sub->add_flag("--read", flags->read, "Of reading: send, one CRC32C pass, one copy, write");
  sub->footer(
      "Examples:\n  ringjournal bench floor --batch 64 --rounds 9\n"
      "  ringjournal bench floor --read\n");
  SetCallback(sub, context, "floor", flags, [flags](const Context& c) {
    flags->settings.run_server = false;
    if (flags->read) {
      bench::ReadBenchSettings settings;
      settings.payload_bytes = flags->settings.payload_bytes;
      settings.batch = flags->settings.batch;
      settings.rounds = flags->settings.rounds;
      settings.pin = !flags->no_pin;
      settings.floor_only = true;
      return bench::RunReadBench(c, settings);
    }
    return RunAppendBench(c, flags->settings);
  });
}

void RegisterBenchRead(CLI::App* bench, Context& context) {
  auto settings = std::make_shared<bench::ReadBenchSettings>();
  CLI::App* sub = bench->add_subcommand("read", "Throughput of cat and replay, beside the floor");
  sub->add_option("--payload", settings->payload_bytes, "Bytes of one payload")
      ->check(CLI::Range(16u, limits::kTransactionBytesMax - 64))
      ->type_name("BYTES")
      ->capture_default_str();
  sub->add_option("--batch", settings->batch, "Transactions of one append")
      ->check(CLI::Range(1u, limits::kTransactionsPerAppendMax))
      ->capture_default_str();
  AddBytesOption(sub, "--size", &settings->bytes, "Payload bytes of a journal [160MiB]");
  sub->add_option("--rounds", settings->rounds, "Repetitions; figures are medians")
      ->check(CLI::Range(1u, limits::kBenchRoundsMax))
      ->capture_default_str();
  auto no_pin = std::make_shared<bool>(false);
  sub->add_flag("--no-pin", *no_pin, "Leave it to the kernel which processor runs what");
  sub->add_option("--ringjournald", settings->program,
                  "Server to start [the one beside this program, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", settings->data_dir,
                  "Where its temporary data goes [TMPDIR or /tmp]")
      ->type_name("DIR");
  sub->footer("Example:\n  ringjournal bench read --payload 256\n");
  sub->fallthrough();
  sub->callback([&context, settings, no_pin] {
    context.command = "bench read";
    context.needs_server = false;
    settings->pin = !*no_pin;
    context.action = [&context, settings] { return bench::RunReadBench(context, *settings); };
  });
}

void RegisterBenchGoals(CLI::App* bench, Context& context) {
  auto flags = std::make_shared<BenchFlags>();
  flags->settings.rounds = 9;
  CLI::App* sub =
      bench->add_subcommand("goals", "What the project has promised, with PASS or MISSED");
  AddPlaceOptions(sub, flags.get());
  AddServerOptions(sub, flags.get());
  sub->footer("Example:\n  ringjournal bench goals\nThe exit code is 1 if one was missed.\n");
  SetCallback(sub, context, "goals", flags, [flags](const Context& c) {
    flags->settings.server.clear();  // a server started with --spin-us is part of it
    return bench::RunGoals(c, flags->settings);
  });
}

void RegisterBenchReplication(CLI::App* bench, Context& context) {
  auto settings = std::make_shared<BenchSettings>();
  // A burst that fits a ring of 32 MiB is over in 10 ms, and says mostly how fast a load starts.
  settings->ring_bytes = 256 * limits::kMiB;
  CLI::App* sub = bench->add_subcommand(
      "replication", "What one backup costs, with PASS or MISSED: two copies beside one");
  AddBytesOption(sub, "--ring", &settings->ring_bytes,
                 "Memory of each ring, a power of two [256MiB]");
  AddNumberOption(sub, "--rounds", &settings->rounds, "Repetitions; figures are medians [5]",
                  {1, limits::kBenchRoundsMax});
  sub->add_option("--ringjournald", settings->program,
                  "Server to start [the one beside this program, else from PATH]")
      ->type_name("PATH");
  sub->add_option("--data-dir", settings->data_dir,
                  "Where its temporary data goes [TMPDIR or /tmp]")
      ->type_name("DIR");
  sub->footer(
      "It starts clusters of its own. The exit code is 1 if a goal was missed.\n"
      "Example:\n  ringjournal bench replication\n");
  sub->fallthrough();
  sub->callback([&context, settings] {
    context.command = "bench replication";
    context.needs_server = false;
    context.action = [&context, settings] { return bench::RunReplication(context, *settings); };
  });
}

void RegisterBenchMemory(CLI::App* bench, Context& context) {
  auto flags = std::make_shared<BenchFlags>();
  BenchSettings* s = &flags->settings;
  s->transactions = 100'000'000;
  s->retention_bytes = limits::kGiB;
  CLI::App* sub = bench->add_subcommand(
      "memory", "Is the server's memory flat while a ring is filled again and again?");
  AddLoadOptions(sub, flags.get());
  AddPlaceOptions(sub, flags.get());
  AddServerOptions(sub, flags.get());
  AddBytesOption(sub, "--retention", &s->retention_bytes,
                 "The journal's: trim what is older than so many bytes [1GiB]");
  sub->add_option("--samples", flags->samples, "How often memory is looked at")
      ->check(CLI::Range(5u, 100'000u))
      ->capture_default_str();
  sub->footer("Example:\n  ringjournal bench memory --transactions 5000000 --ring 64MiB\n");
  SetCallback(sub, context, "memory", flags, [flags](const Context& c) {
    return bench::RunMemory(c, flags->settings, flags->samples);
  });
}

}  // namespace

void RegisterBench(CLI::App& app, Context& context) {
  CLI::App* bench = app.add_subcommand(
      "bench", "Measure: appends, reads, the floor below them, memory, failovers");
  bench->require_subcommand(1);
  bench->fallthrough();
  RegisterBenchAppend(bench, context);
  RegisterBenchFloor(bench, context);
  RegisterBenchRead(bench, context);
  RegisterBenchGoals(bench, context);
  RegisterBenchMemory(bench, context);
  RegisterBenchFailover(bench, context);
  RegisterBenchBackup(bench, context);
  RegisterBenchReplication(bench, context);
  RegisterBenchTakeover(bench, context);
  RegisterBenchProducers(bench, context);
}

}  // namespace ringjournal::cli
