#include "tools/ringjournal/bench_read.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/appender.h"
#include "client/ask.h"
#include "client/reader.h"
#include "io/file_descriptor.h"
#include "journal/base/limits.h"
#include "tools/ringjournal/bench_process.h"
#include "tools/ringjournal/bench_read_floor.h"
#include "tools/ringjournal/output.h"
#include "tools/ringjournal/progress.h"
#include "tools/ringjournal/read_run.h"
#include "tools/ringjournal/server_process.h"

namespace ringjournal::bench {
namespace {

constexpr char kRingJournal[] = "bench-read-ring", kDiskJournal[] = "bench-read-disk";
constexpr uint64_t kBytesDefault = 160 * limits::kMiB;

// Nanoseconds of each round.
struct Column {
  const char* name;
  std::vector<int64_t> ns;
};

int64_t Median(std::vector<int64_t> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

class ReadBench {
 public:
  ReadBench(const cli::Context& context, const ReadBenchSettings& settings)
      : context_(context), settings_(settings), cpus_(settings.pin ? ChooseCpus() : CpuPair{}) {
    if (settings_.bytes == 0) settings_.bytes = kBytesDefault;
    const char* temporary = std::getenv("TMPDIR");
    if (settings_.data_dir.empty()) settings_.data_dir = temporary != nullptr ? temporary : "/tmp";
  }

  absl::Status Run() {
    if (settings_.floor_only) {
      entry_bytes_ = settings_.bytes;
      if (absl::Status s = Measure("", false); !s.ok()) return s;
      return Measure("", true);
    }
    ServerProcessOptions options;
    options.program = settings_.program;
    options.data_dir = settings_.data_dir;
    options.cpu = cpus_.server;
    uint64_t ring = 64 * limits::kMiB;
    while (ring < settings_.bytes + settings_.bytes / 2 && ring < limits::kGiB) ring *= 2;
    options.ring_bytes_total = ring + 64 * limits::kMiB;  // heads and the small ring too
    absl::StatusOr<std::unique_ptr<ServerProcess>> server = ServerProcess::Start(options);
    if (!server.ok()) return server.status();
    client_.server = (*server)->address().ToString();
    client_.client_name = "ringjournal bench read";
    if (absl::Status s = Fill(kRingJournal, ring); !s.ok()) return s;
    if (absl::Status s = Measure(kRingJournal, false); !s.ok()) return s;
    if (absl::Status s = Fill(kDiskJournal, limits::kMiB); !s.ok()) return s;
    if (absl::Status s = Measure(kDiskJournal, true); !s.ok()) return s;
    return (*server)->Stop();
  }

 private:
  absl::Status Fill(const std::string& journal, uint64_t ring_bytes) {
    v1::ClientMessage create;
    create.mutable_journal_create()->set_name(journal);
    create.mutable_journal_create()->mutable_settings()->set_ring_bytes(ring_bytes);
    auto created = client::Ask(client_, create, true);
    if (!created.ok()) return created.status();
    auto appender = client::Appender::Open(client_, {.journal = journal});
    if (!appender.ok()) return appender.status();
    std::string payload(settings_.payload_bytes, 'x');
    client::TransactionRun run;
    for (uint64_t done = 0; done < settings_.bytes; done += payload.size()) {
      for (size_t i = 0; i < 8 && i < payload.size(); ++i)
        payload[i] = static_cast<char>(done >> 8 * i);
      run.Add(payload);
      if (run.count() == settings_.batch) {
        if (absl::Status s = Append(appender->get(), &run); !s.ok()) return s;
      }
    }
    if (absl::Status s = Append(appender->get(), &run); !s.ok()) return s;
    if (absl::Status s = (*appender)->WaitAnswered(); !s.ok()) return s;
    v1::ClientMessage request;
    request.mutable_checkpoint()->set_name(journal);
    auto done = client::Ask(client_, request, false);
    if (!done.ok()) return done.status();
    request.mutable_journal_info()->set_name(journal);
    auto info = client::Ask(client_, request, false);
    if (!info.ok()) return info.status();
    entry_bytes_ = info->journal_reply().stats().appended_bytes();
    transactions_ = info->journal_reply().watermarks().end().lsn();
    return absl::OkStatus();
  }

  absl::Status Append(client::Appender* appender, client::TransactionRun* run) {
    client::AppendOutcome outcome;
    while (!run->empty() && !appender->HasRoom(run->size_bytes())) {
      if (absl::Status s = appender->Poll(INT64_MAX); !s.ok()) return s;
      while (appender->NextOutcome(&outcome)) {
        if (outcome.fate != client::Fate::kApplied) return outcome.error;
      }
    }
    if (run->empty()) return absl::OkStatus();
    absl::Status status = appender->Append({.run = run->bytes(), .count = run->count()});
    run->Clear();
    appender->Flush();
    return status;
  }

  // Floor, cat and replay in turn, so that a busy moment of the machine meets all of them.
  absl::Status Measure(const std::string& journal, bool from_file) {
    Column floor{"floor", {}}, cat{"cat", {}}, replay{"replay", {}};
    for (uint32_t round = 0; round < settings_.rounds; ++round) {
      auto ns = RunReadFloor({.bytes = entry_bytes_,
                              .from_file = from_file,
                              .directory = settings_.data_dir,
                              .server_cpu = cpus_.server,
                              .client_cpu = cpus_.client});
      if (!ns.ok()) return ns.status();
      floor.ns.push_back(*ns);
      if (journal.empty()) continue;
      for (Column* column : {&cat, &replay}) {
        ns = Read(journal, column == &replay);
        if (!ns.ok()) return ns.status();
        column->ns.push_back(*ns);
      }
    }
    std::vector<Column*> columns = {&floor};
    if (!journal.empty()) columns = {&floor, &cat, &replay};
    Print(from_file ? "warm segments" : "ring", columns);
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> Read(const std::string& journal, bool as_replay) {
    CpuPin pin(cpus_.client);
    io::FileDescriptor null(open("/dev/null", O_WRONLY | O_CLOEXEC));
    int64_t begin = cli::MonotonicNs();
    auto reader = client::Reader::Open(client_, {.journal = journal});
    if (!reader.ok()) return reader.status();
    cli::OutputWriter writer(null.get(), cli::OutputFormat::kLines);
    cli::ReadRunOptions options;
    if (as_replay) options.hash = cli::RangeHash();
    cli::ReadRun run(context_, options, reader->get(), &writer, &interrupt_);
    absl::Status status = run.Run();
    int64_t elapsed = cli::MonotonicNs() - begin;
    if (!status.ok()) return status;
    if (!run.sink_status().ok()) return run.sink_status();
    if (run.summary().count == transactions_) return elapsed;
    return absl::DataLossError(absl::StrCat("read ", run.summary().count, " transactions of ",
                                            transactions_,
                                            "; this is a defect, keep the server's data"));
  }

  void Print(const char* place, const std::vector<Column*>& columns) {
    double floor_ns = static_cast<double>(Median(columns.front()->ns));
    for (const Column* column : columns) {
      double ns = static_cast<double>(Median(column->ns));
      double rate = static_cast<double>(entry_bytes_) / ns * 1e9 / (1 << 20);
      if (context_.json()) {
        absl::StrAppendFormat(&json_,
                              "%s{\"from\":\"%s\",\"what\":\"%s\",\"mibPerSecond\":%.1f,"
                              "\"shareOfFloor\":%.3f}",
                              json_.empty() ? "" : ",", place, column->name, rate, floor_ns / ns);
      } else {
        std::printf("%-14s %-7s %8.1f MiB/s  %5.1f %% of the floor\n", place, column->name, rate,
                    100 * floor_ns / ns);
      }
    }
    std::fflush(stdout);
  }

 public:
  // For -o json.
  std::string Json() const {
    return absl::StrCat("{\"payloadBytes\":", settings_.payload_bytes,
                        ",\"batch\":", settings_.batch, ",\"rounds\":", settings_.rounds,
                        ",\"figures\":[", json_, "]}\n");
  }

 private:
  const cli::Context& context_;
  ReadBenchSettings settings_;
  CpuPair cpus_;
  client::ClientOptions client_;
  cli::Interrupt interrupt_;
  uint64_t entry_bytes_ = 0;
  uint64_t transactions_ = 0;
  std::string json_;
};

}  // namespace

int RunReadBench(const cli::Context& context, const ReadBenchSettings& settings) {
  MachineFacts facts = ReadMachineFacts();
  if (!context.json()) {
    std::printf(
        "reads of %u bytes, %u in an append, medians of %u rounds, to /dev/null; %d x %s, "
        "load average %.2f\n",
        settings.payload_bytes, settings.batch, settings.rounds, facts.processors,
        facts.model.c_str(), facts.load_average);
  }
  ReadBench bench(context, settings);
  if (absl::Status s = bench.Run(); !s.ok()) return context.Fail(s);
  if (context.json()) std::fputs(bench.Json().c_str(), stdout);
  return cli::kExitOk;
}

}  // namespace ringjournal::bench
