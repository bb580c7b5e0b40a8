// ringjournal takeover: becomes the writer of a fenced journal, for a program without the library.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/takeover/standby.h"
#include "journal/base/units.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/exec_command.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/takeover_report.h"

namespace ringjournal::cli {
namespace {

using client::ErrorCode;
using client::Promotion;
using client::Standby;
using client::StandbyStep;
using std::chrono::nanoseconds;

constexpr int64_t kMs = 1'000'000;

struct TakeoverFlags {
  std::string journal;
  std::string claimant;
  std::string reason;
  std::optional<Epoch> replaces;
  bool when_silent = false;
  int64_t silent_after_ns = limits::kWriterSilentMs * kMs;
  bool force = false;
  int64_t timeout_ns = limits::kClientRequestTimeoutMs * kMs;
  bool exec = false;
  bool accept_loss = false;
  std::vector<std::string> command;
};

// A state that is only how much went into it: the journal is read and verified, and nothing is
// known of what it means.
class Counter : public client::StateMachine {
 public:
  absl::Status Apply(const client::ReadTransaction&, std::string*) override {
    ++transactions_;
    return absl::OkStatus();
  }
  uint64_t transactions() const { return transactions_; }

 private:
  uint64_t transactions_ = 0;
};

class Takeover {
 public:
  Takeover(const Context& context, const TakeoverFlags& flags) : context_(context), flags_(flags) {}

  int Run() {
    if (flags_.exec) {
      if (absl::Status found = CheckCommand(flags_.command); !found.ok()) {
        context_.Say(absl::StrCat("error: ", std::string(found.message()),
                                  "; nobody was fenced: correct --exec, then run it again"));
        return kExitCommandFailed;
      }
    }
    auto promotion = Promote();
    if (!promotion.ok()) return Fail(promotion.status());
    Print(promotion->report);
    return flags_.exec ? Exec(promotion->report) : ExitCodeFor(promotion->report);
  }

 private:
  absl::StatusOr<Promotion> Promote() {
    // Who waits for a writer's silence also waits for a cluster to come back.
    client::ClientOptions options = context_.ClientOptions(
        flags_.when_silent ? client::ClientOptions().retry_for_ns : flags_.timeout_ns);
    options.interrupt_fd = interrupt_.fd();
    auto client = client::Client::Open(options);
    if (!client.ok()) return client.status();
    for (;;) {
      auto standby = Ready((*client)->Journal(flags_.journal));
      // A recovery took back what was counted, and nobody has used the count yet.
      if (client::CodeOf(standby.status()) == ErrorCode::kDataLoss) continue;
      if (!standby.ok()) return standby.status();
      claiming_ = true;
      return (*standby)->TakeOver({.reason = flags_.reason,
                                   .force = flags_.force,
                                   .replaces = flags_.replaces,
                                   .open_writer = false,
                                   .timeout = nanoseconds(flags_.timeout_ns)});
    }
  }

  // A standby that has read what there was, and for which it is time. Reading comes before the
  // fence: so the pause is short, and what cannot be read ends nobody.
  absl::StatusOr<std::unique_ptr<Standby>> Ready(const client::Journal& journal) {
    counter_ = Counter();
    client::StandbyOptions options;
    options.name = flags_.claimant;
    options.silent_after = nanoseconds(flags_.silent_after_ns);
    options.use_checkpoints = false;
    options.from_oldest = true;
    auto standby = Standby::Open(journal, &counter_, options);
    if (!standby.ok()) return standby.status();
    const Lsn goal = (*standby)->next_lsn() + (*standby)->readiness().lag;
    if (flags_.when_silent) {
      context_.Say(absl::StrCat("follows journal ", flags_.journal,
                                " until its writer is silent for ",
                                FormatDurationNs(flags_.silent_after_ns)));
    }
    while (flags_.when_silent || (*standby)->next_lsn() < goal) {
      auto step = (*standby)->Follow(nanoseconds(100 * kMs));
      if (!step.ok()) return step.status();
      if (*step == StandbyStep::kWriterSilent) break;
    }
    return standby;
  }

  int Fail(const absl::Status& status) const {
    const ErrorCode code = client::CodeOf(status);
    const int exit_code = context_.Fail(status);
    if (claiming_ && (code == ErrorCode::kStopped || code == ErrorCode::kDeadline)) {
      context_.Say(absl::StrCat("`ringjournal writer show ", flags_.journal,
                                "` says whether it is the writer already; run this command again "
                                "in either case, with a longer --timeout if it was too short"));
    }
    return exit_code;
  }

  // With --exec stdout is the command's.
  void Print(const client::TakeoverReport& report) const {
    const std::string text =
        context_.json()
            ? TakeoverJson(report, counter_.transactions())
            : absl::StrCat(ReportText(report), "transactions_read=", counter_.transactions(), "\n");
    std::fputs(text.c_str(), flags_.exec ? stderr : stdout);
  }

  static int ExitCodeFor(const client::TakeoverReport& report) {
    return report.verdict == client::Verdict::kNothingLost ? kExitOk : kExitDataLoss;
  }

  int Exec(const client::TakeoverReport& report) const {
    if (ExitCodeFor(report) != kExitOk && !flags_.accept_loss) {
      context_.Say(absl::StrCat(
          "error: acknowledged transactions from LSN ", report.lost_from.value(),
          " on may be lost, so the command was not run; it is the writer now, and may be run by "
          "hand as writer epoch ",
          EpochPairText(report.new_writer), "; --accept-loss runs it in spite of a loss"));
      return kExitDataLoss;
    }
    const absl::Status status =
        BecomeCommand({flags_.command, TakeoverVariables(report, context_.server)});
    context_.Say(absl::StrCat("error: ", std::string(status.message()),
                              "; the fence stands: run it by hand as writer epoch ",
                              EpochPairText(report.new_writer)));
    return kExitCommandFailed;
  }

  const Context& context_;
  const TakeoverFlags& flags_;
  Interrupt interrupt_;
  Counter counter_;
  bool claiming_ = false;
};

// Empty, or what the parser could not see.
std::string WrongUse(const TakeoverFlags& flags) {
  if (flags.exec && flags.command.empty()) return "--exec needs a command behind it";
  if (!flags.exec && !flags.command.empty()) {
    return absl::StrCat("'", flags.command.front(),
                        "' is too much: a command stands behind --exec");
  }
  constexpr int64_t kSilentMinNs = 2 * limits::kWriterHeartbeatMs * kMs;
  if (flags.silent_after_ns < kSilentMinNs) {
    return absl::StrCat("--silent-after must be at least ", FormatDurationNs(kSilentMinNs),
                        ", two heartbeats of a writer: else one that comes late ends a living one");
  }
  return "";
}

constexpr char kExamples[] =
    "It reads the journal, fences whoever is its writer, reads what he had appended until then, "
    "and\n"
    "reports. Exit code 0: nothing is lost; 5: acknowledged transactions may be lost.\n"
    "COMMAND becomes this process, and finds RINGJOURNAL_WRITER, _JOURNAL, _SERVER, _FINAL_LSN,\n"
    "_ACTED_LSN and _VERDICT in its environment; the report goes to stderr then. One word is for\n"
    "/bin/sh -c; write -- before a program with options of its own.\n"
    "Examples:\n"
    "  ringjournal takeover orders --claimant engine-b\n"
    "  ringjournal takeover orders --claimant engine-b --when-silent --exec 'exec engine "
    "--resume'\n"
    "  ringjournal takeover orders --claimant engine-b --replaces 1.3 --exec -- engine --resume\n"
    "  ringjournal takeover orders --claimant operator --force --reason \"engine-a hangs\"\n";

void AddOptions(CLI::App* sub, TakeoverFlags* flags) {
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  sub->add_option("--claimant", flags->claimant, "Who it is from now on, for people")->required();
  sub->add_option("--reason", flags->reason, "For people; stays in the journal");
  CLI::Option* replaces =
      AddEpochOption(sub, "--replaces", &flags->replaces,
                     "End this writer epoch only [whichever is current when it begins]");
  CLI::Option* silent = sub->add_flag("--when-silent", flags->when_silent,
                                      "Follow the journal until its writer is silent, or none");
  AddDurationOption(sub, "--silent-after", &flags->silent_after_ns,
                    "No transaction of the writer for so long is silence [100ms]")
      ->needs(silent);
  sub->add_flag("--force", flags->force,
                "End whichever is current at the fence; stays in the journal")
      ->excludes(replaces);
  AddDurationOption(sub, "--timeout", &flags->timeout_ns,
                    "For the fence and what is to be read behind it [10s]");
  CLI::Option* exec = sub->add_flag("--exec", flags->exec, "Then run COMMAND, if nothing is lost");
  sub->add_flag("--accept-loss", flags->accept_loss, "Run it also if something may be lost")
      ->needs(exec);
  sub->add_option("COMMAND", flags->command, "With --exec: what becomes the writer");
}

}  // namespace

void RegisterTakeover(CLI::App& app, Context& context) {
  auto flags = std::make_shared<TakeoverFlags>();
  CLI::App* sub =
      app.add_subcommand("takeover", "Become the writer of a fenced journal, and report");
  AddOptions(sub, flags.get());
  sub->footer(kExamples);
  sub->fallthrough();
  sub->callback([&context, flags] {
    context.command = "takeover";
    context.action = [&context, flags] {
      const std::string wrong = WrongUse(*flags);
      return wrong.empty() ? Takeover(context, *flags).Run() : context.FailUsage(wrong);
    };
  });
}

}  // namespace ringjournal::cli
