// A matching engine as a process: a standby until the writer is silent, then the writer.
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/client.h"
#include "client/errors.h"
#include "client/takeover/standby.h"
#include "examples/matching_engine/background_saver.h"
#include "examples/matching_engine/engine_flags.h"
#include "examples/matching_engine/engine_state.h"
#include "examples/matching_engine/input.h"
#include "examples/matching_engine/output.h"
#include "examples/matching_engine/primary.h"
#include "examples/matching_engine/retries.h"

namespace ringjournal::matching {
namespace {

using client::CodeOf;
using client::ErrorCode;

constexpr int kExitDone = 0, kExitFailed = 1, kExitFlags = 2;

int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// SIGUSR1: take over now, from a writer that lives.
int take_over_fd = -1;

void OnTakeOverSignal(int) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(take_over_fd, &one, sizeof one);
}

bool TakeSignal() {
  uint64_t count = 0;
  return read(take_over_fd, &count, sizeof count) == sizeof count;
}

void CatchSignals() {
  take_over_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  struct sigaction action = {};
  action.sa_handler = OnTakeOverSignal;
  sigaction(SIGUSR1, &action, nullptr);
}

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

client::StandbyOptions StandbyOptionsOf(const EngineFlags& flags) {
  client::StandbyOptions options;
  options.name = flags.name;
  options.silent_after = std::chrono::milliseconds(flags.silent_after_ms);
  options.heartbeat = std::chrono::milliseconds(flags.heartbeat_ms);
  options.digest_every = flags.digest_every;
  // No command is given up: the next one would stand where it is missing, for ever.
  options.writer.append_timeout = std::chrono::hours(24 * 365);
  return options;
}

// Follows until the writer is silent, or until it is told to take over: before it (`told`), while
// it follows, or while it takes over from a silent one. Another standby may be faster: then it goes
// on, and who was told tries again, from that one.
absl::StatusOr<client::Promotion> WaitForPromotion(client::Standby* standby, bool told) {
  for (;;) {
    if (!told) {
      auto step = standby->Follow(std::chrono::seconds(1));
      told = CodeOf(step.status()) == ErrorCode::kStopped && TakeSignal();
      if (!step.ok() && !told) return step.status();
      if (!told && *step != client::StandbyStep::kWriterSilent) continue;
    }
    auto promotion =
        standby->TakeOver({.reason = told ? "a planned switch" : "the writer is silent"});
    const ErrorCode code = CodeOf(promotion.status());
    if (code == ErrorCode::kStopped && TakeSignal()) {
      told = true;
      continue;
    }
    // What was granted is granted again. Who came first is followed.
    const bool again = code == ErrorCode::kDeadline || code == ErrorCode::kCannotConnect;
    if (!again && code != ErrorCode::kWriterHeld && code != ErrorCode::kFenced) return promotion;
    if (code == ErrorCode::kFenced) told = false;  // somebody was told later
  }
}

// What all lives of this process share.
struct Process {
  EngineFlags flags;
  std::unique_ptr<client::Client> client;
  // The signal ends what it waits for: of a standby. A writer that was told to take over is one.
  std::unique_ptr<client::Client> standing_by;
  std::unique_ptr<BackgroundSaver> saver;
  KeptLines stdin_lines{&std::cin};
  bool journals_made = false;
  bool told = false;  // to take over, before it stood by
};

absl::StatusOr<std::unique_ptr<Input>> OpenInput(Process* process) {
  const EngineFlags& flags = process->flags;
  if (!flags.input.empty()) return OpenLobster(flags.input, &process->stdin_lines);
  return MakeFlow(flags.seed, flags.generate);
}

absl::Status Work(client::Promotion promotion, Process* process, EngineState* state) {
  const EngineFlags& flags = process->flags;
  auto input = OpenInput(process);
  if (!input.ok()) return input.status();
  Output output(process->client->Journal(flags.trades));
  PrimaryOptions options;
  options.rate = flags.rate;
  options.digest_every = flags.digest_every;
  options.checkpoint_every = flags.checkpoint_every;
  options.saver = process->saver.get();
  options.on_first_acknowledged = [](Lsn lsn) {
    Say(absl::StrCat("first_acknowledged lsn=", lsn.value(), " monotonic_ns=", MonotonicNs()));
  };
  const client::Journal orders = process->client->Journal(flags.journal);
  Primary primary(std::move(promotion), orders, state, &output, options);
  const absl::Status status = primary.Run(input->get());
  TakeSignal();  // what came meanwhile asked for what was so: the next life is not told by it
  return status;
}

absl::Status MakeJournals(Process* process) {
  const EngineFlags& flags = process->flags;
  if (std::exchange(process->journals_made, true)) return absl::OkStatus();
  client::JournalSettings settings;
  settings.ring_bytes = flags.ring_bytes;
  settings.fenced = true;
  absl::Status made = process->client->Journal(flags.journal).CreateIfMissing(settings);
  settings.fenced = false;
  if (made.ok()) made = process->client->Journal(flags.trades).CreateIfMissing(settings);
  process->journals_made = made.ok();
  return made;
}

// One life: from a standby without state to a fence, or to the end of the input.
absl::Status Live(Process* process) {
  if (absl::Status made = MakeJournals(process); !made.ok()) return made;
  const EngineFlags& flags = process->flags;
  EngineState state;
  auto standby = client::Standby::Open(process->standing_by->Journal(flags.journal), &state,
                                       StandbyOptionsOf(flags));
  if (!standby.ok()) return standby.status();
  Say(absl::StrCat("standby ", flags.name, " from_lsn=", (*standby)->next_lsn().value()));
  auto promotion = WaitForPromotion(standby->get(), std::exchange(process->told, false));
  if (!promotion.ok()) return promotion.status();
  standby->reset();
  Say(absl::StrCat("takeover ", flags.name, "\n", ReportText(promotion->report), "end"));
  if (absl::Status ran = Work(*std::move(promotion), process, &state); !ran.ok()) return ran;
  const Totals& totals = state.book().totals();
  Say(absl::StrFormat("done commands=%d trades=%d digest=%016x trade_digest=%016x", totals.commands,
                      totals.trades, state.book().Digest(), totals.trade_digest));
  return absl::OkStatus();
}

absl::Status Open(Process* process) {
  const EngineFlags& flags = process->flags;
  client::ClientOptions options = {.server = flags.server, .client_name = flags.name};
  auto client = client::Client::Open(options);
  if (!client.ok()) return client.status();
  process->client = *std::move(client);
  options.interrupt_fd = take_over_fd;
  client = client::Client::Open(options);
  if (!client.ok()) return client.status();
  process->standing_by = *std::move(client);
  if (flags.checkpoint_every == 0) return absl::OkStatus();
  auto saver = BackgroundSaver::Start(process->client->Journal(flags.journal),
                                      absl::StrCat(flags.name, "-checkpoints"));
  if (saver.ok()) process->saver = *std::move(saver);
  return saver.status();
}

// Whether the process lives on, as a standby that knows nothing; told on stdout.
bool BeginsAnew(const absl::Status& status, Process* process, Retries* retries) {
  const std::string& name = process->flags.name;
  const ErrorCode code = CodeOf(status);
  if (code == ErrorCode::kStopped) return process->told = TakeSignal();
  if (code == ErrorCode::kFenced) {
    // Somebody else is the writer: what this life knew is forgotten.
    Say(absl::StrCat("fenced ", name, ": ", std::string(status.message())));
    return true;
  }
  if (!MayGoBetter(code)) return false;
  const auto pause = retries->Next(std::chrono::nanoseconds(MonotonicNs()));
  if (!pause.has_value()) return false;
  Say(absl::StrCat("anew ", name, ": ", std::string(status.message()), " [", ErrorCodeName(code),
                   "]"));
  std::this_thread::sleep_for(*pause);
  return true;
}

int Main(int argc, char** argv) {
  Process process;
  if (const int code = ParseEngineFlags(argc, argv, &process.flags); code >= 0) return code;
  const std::string& name = process.flags.name;
  CatchSignals();
  if (absl::Status opened = Open(&process); !opened.ok()) {
    std::fprintf(stderr, "engine: %s\n", std::string(opened.message()).c_str());
    return kExitFlags;
  }
  Retries retries;
  for (;;) {
    retries.Begin(std::chrono::nanoseconds(MonotonicNs()));
    const absl::Status status = Live(&process);
    if (status.ok()) return kExitDone;
    if (BeginsAnew(status, &process, &retries)) continue;
    std::fprintf(stderr, "engine %s: %s [%s]\n", name.c_str(),
                 std::string(status.message()).c_str(), ErrorCodeName(CodeOf(status)).c_str());
    return kExitFailed;
  }
}

}  // namespace
}  // namespace ringjournal::matching

int main(int argc, char** argv) { return ringjournal::matching::Main(argc, argv); }
