// ringjournal readiness: what would a failure of the node that leads a journal do now?
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "client/client.h"
#include "io/clock.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/readiness_measure.h"
#include "tools/ringjournal/readiness_text.h"

namespace ringjournal::cli {
namespace {

using client::ErrorCode;
using client::JournalReadiness;

struct ReadinessFlags {
  std::string journal;
  std::string wait;
  int64_t timeout_ns = 30'000'000'000;
};

// Nodes that are off or frozen are passed over, and a failover that is under way ends, in less.
constexpr int64_t kPatienceNs = 3'000'000'000;
constexpr int64_t kLookEveryNs = 100'000'000;

// Time can help.
bool MayPass(const absl::Status& status) {
  const ErrorCode code = client::CodeOf(status);
  return client::IsTransient(code) || code == ErrorCode::kDeadline ||
         code == ErrorCode::kCannotConnect;
}

absl::StatusOr<JournalReadiness> WaitUntilReady(const client::Journal& journal,
                                                const ReadinessFlags& flags) {
  const int64_t give_up_ns = io::MonotonicNs() + (flags.wait.empty() ? 0 : flags.timeout_ns);
  while (true) {
    auto readiness = journal.GetReadiness(std::chrono::nanoseconds(kPatienceNs));
    const bool settled = readiness.ok() ? readiness->ready : !MayPass(readiness.status());
    if (settled || io::MonotonicNs() >= give_up_ns) return readiness;
    io::Pause(kLookEveryNs);
  }
}

int RunReadiness(const Context& context, const ReadinessFlags& flags) {
  const client::ClientOptions options = context.ClientOptions(kPatienceNs);
  auto client = client::Client::Open(options);
  if (!client.ok()) return context.Fail(client.status());
  const client::Journal journal = (*client)->Journal(flags.journal);
  auto readiness = WaitUntilReady(journal, flags);
  if (!readiness.ok()) return context.Fail(readiness.status());
  ReadinessReport report{.readiness = *std::move(readiness)};
  if (!report.readiness.leader.empty()) {
    auto writer = journal.GetWriter(std::chrono::nanoseconds(kPatienceNs));
    if (!writer.ok()) return context.Fail(writer.status());
    report.writer = *std::move(writer);
    auto replay = MeasureReplay(options, flags.journal);
    if (!replay.ok()) return context.Fail(replay.status());
    report.replay = *replay;
  }
  const std::string text = context.json() ? ReadinessJson(report) : ReadinessText(report);
  std::fputs(text.c_str(), stdout);
  return report.readiness.ready ? kExitOk : kExitFailure;
}

}  // namespace

void RegisterReadiness(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ReadinessFlags>();
  CLI::App* sub = app.add_subcommand(
      "readiness", "Say what a failure of the node that leads a journal would do now");
  sub->fallthrough();
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  CLI::Option* wait = sub->add_option("--wait", flags->wait,
                                      "Return once it is so: ready. Exit code 1 if it is not")
                          ->type_name("STATE")
                          ->check(CLI::IsMember({"ready"}));
  AddDurationOption(sub, "--timeout", &flags->timeout_ns, "How long --wait waits [30s]")
      ->needs(wait);
  sub->footer(
      "Exit code 0: another node would lead, and nothing acknowledged as replicated would be lost; "
      "1: not\nso. It reads 64 MiB of the journal, or for 1 s, to measure how fast a standby "
      "could.\n"
      "Examples:\n  ringjournal readiness orders\n  ringjournal -o json readiness orders\n"
      "  ringjournal readiness orders --wait ready --timeout 1m\n");
  sub->callback([&context, flags] {
    context.command = "readiness";
    context.action = [&context, flags] { return RunReadiness(context, *flags); };
  });
}

}  // namespace ringjournal::cli
