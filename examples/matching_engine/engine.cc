// A matching engine as a process: a standby until the writer is silent, then the writer.
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/client.h"
#include "client/errors.h"
#include "client/takeover/standby.h"
#include "examples/matching_engine/engine_flags.h"
#include "examples/matching_engine/engine_state.h"
#include "examples/matching_engine/input.h"
#include "examples/matching_engine/output.h"
#include "examples/matching_engine/primary.h"

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

absl::StatusOr<std::unique_ptr<Input>> OpenInput(const EngineFlags& flags) {
  if (!flags.input.empty()) return OpenLobster(flags.input);
  return MakeFlow(flags.seed, flags.generate);
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

// Follows until the writer is silent, or until it is told to take over. Another standby may be
// faster: then it goes on.
absl::StatusOr<client::Promotion> WaitForPromotion(client::Standby* standby) {
  for (;;) {
    auto step = standby->Follow(std::chrono::seconds(1));
    const bool told = CodeOf(step.status()) == ErrorCode::kStopped && TakeSignal();
    if (!step.ok() && !told) return step.status();
    if (!told && *step != client::StandbyStep::kWriterSilent) continue;
    auto promotion =
        standby->TakeOver({.reason = told ? "a planned switch" : "the writer is silent"});
    const ErrorCode code = CodeOf(promotion.status());
    // What was granted is granted again. Who came first is followed.
    const bool again = code == ErrorCode::kDeadline || code == ErrorCode::kCannotConnect;
    if (!again && code != ErrorCode::kWriterHeld && code != ErrorCode::kFenced) return promotion;
  }
}

absl::Status Work(client::Promotion promotion, const client::Client& client,
                  const EngineFlags& flags, EngineState* state) {
  const client::Journal orders = client.Journal(flags.journal);
  auto input = OpenInput(flags);
  if (!input.ok()) return input.status();
  Output output(client.Journal(flags.trades));
  PrimaryOptions options;
  options.rate = flags.rate;
  options.digest_every = flags.digest_every;
  options.checkpoint_every = flags.checkpoint_every;
  options.name = absl::StrCat(flags.name, "-checkpoints");
  options.on_first_acknowledged = [](Lsn lsn) {
    Say(absl::StrCat("first_acknowledged lsn=", lsn.value(), " monotonic_ns=", MonotonicNs()));
  };
  Primary primary(std::move(promotion), orders, state, &output, options);
  return primary.Run(input->get());
}

// One life: from a standby without state to a fence, or to the end of the input.
absl::Status Live(const client::Client& client, const EngineFlags& flags) {
  EngineState state;
  auto standby =
      client::Standby::Open(client.Journal(flags.journal), &state, StandbyOptionsOf(flags));
  if (!standby.ok()) return standby.status();
  Say(absl::StrCat("standby ", flags.name, " from_lsn=", (*standby)->next_lsn().value()));
  auto promotion = WaitForPromotion(standby->get());
  if (!promotion.ok()) return promotion.status();
  standby->reset();
  Say(absl::StrCat("takeover ", flags.name, "\n", ReportText(promotion->report), "end"));
  if (absl::Status ran = Work(*std::move(promotion), client, flags, &state); !ran.ok()) return ran;
  const Totals& totals = state.book().totals();
  Say(absl::StrFormat("done commands=%d trades=%d digest=%016x trade_digest=%016x", totals.commands,
                      totals.trades, state.book().Digest(), totals.trade_digest));
  return absl::OkStatus();
}

absl::Status MakeJournals(const client::Client& client, const EngineFlags& flags) {
  client::JournalSettings settings;
  settings.ring_bytes = flags.ring_bytes;
  settings.fenced = true;
  if (auto made = client.Journal(flags.journal).CreateIfMissing(settings); !made.ok()) return made;
  settings.fenced = false;
  return client.Journal(flags.trades).CreateIfMissing(settings);
}

int Main(int argc, char** argv) {
  EngineFlags flags;
  if (const int code = ParseEngineFlags(argc, argv, &flags); code >= 0) return code;
  CatchSignals();
  auto client = client::Client::Open(
      {.server = flags.server, .client_name = flags.name, .interrupt_fd = take_over_fd});
  if (!client.ok()) {
    std::fprintf(stderr, "engine: %s\n", std::string(client.status().message()).c_str());
    return kExitFlags;
  }
  absl::Status status = MakeJournals(**client, flags);
  while (status.ok()) {
    status = Live(**client, flags);
    if (status.ok()) return kExitDone;
    // The signal came while it was the writer already, or before it stood by.
    if (CodeOf(status) == ErrorCode::kStopped && TakeSignal()) status = absl::OkStatus();
    if (status.ok()) continue;
    if (CodeOf(status) != ErrorCode::kFenced) break;
    // Somebody else is the writer: what this life knew is forgotten, and it stands by.
    Say(absl::StrCat("fenced ", flags.name, ": ", std::string(status.message())));
    status = absl::OkStatus();
  }
  std::fprintf(stderr, "engine %s: %s [%s]\n", flags.name.c_str(),
               std::string(status.message()).c_str(), ErrorCodeName(CodeOf(status)).c_str());
  return kExitFailed;
}

}  // namespace
}  // namespace ringjournal::matching

int main(int argc, char** argv) { return ringjournal::matching::Main(argc, argv); }
