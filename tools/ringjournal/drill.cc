// ringjournal drill: a planned switch from one writer to another and back, measured.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/client.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/drill_run.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr uint32_t kRunsMax = 10'000;

struct DrillFlags {
  std::string journal;
  std::string there, back;
  uint32_t runs = 1;
  int64_t max_pause_ns = 50 * kMs;
  int64_t timeout_ns = 10'000 * kMs;
  int64_t between_ns = 1'000 * kMs;
};

class Drill {
 public:
  Drill(const Context& context, const DrillFlags& flags) : context_(context), flags_(flags) {
    result_.journal = flags.journal;
    result_.max_pause_ns = flags.max_pause_ns;
    result_.directions = {{"switch", {}}, {"back", {}}};
  }

  int Run() {
    client::ClientOptions options = context_.ClientOptions(flags_.timeout_ns);
    options.interrupt_fd = interrupt_.fd();
    auto client = client::Client::Open(options);
    if (!client.ok()) return context_.Fail(client.status());
    auto run = DrillRun::Open((*client)->Journal(flags_.journal),
                              {.timeout_ns = flags_.timeout_ns, .between_ns = flags_.between_ns});
    if (!run.ok()) return context_.Fail(run.status());
    const absl::Status status = AllRuns(run->get());
    result_.complete = status.ok();
    (*run)->Tell(&result_);
    // What was measured before something went wrong is worth something too.
    if (!result_.directions[0].runs.empty() || status.ok()) Print();
    if (!status.ok()) return Fail(status);
    if (!result_.loss.empty()) return kExitDataLoss;
    return result_.met() ? kExitOk : kExitFailure;
  }

 private:
  absl::Status AllRuns(DrillRun* run) {
    for (uint32_t i = 0; i < flags_.runs; ++i) {
      for (DrillDirection& direction : result_.directions) {
        const bool back = &direction != &result_.directions.front();
        auto times = run->Switch(back ? flags_.back : flags_.there);
        if (!times.ok()) return times.status();
        direction.runs.push_back(*times);
        context_.Say(absl::StrFormat("%s %d of %d: %.1f ms, from writer epoch %s to %s",
                                     direction.name, i + 1, flags_.runs,
                                     static_cast<double>(times->taken) / 1e6,
                                     EpochPairText(times->from), EpochPairText(times->to)));
      }
    }
    return absl::OkStatus();
  }

  void Print() const {
    std::fputs((context_.json() ? DrillJson(result_) : DrillText(result_)).c_str(), stdout);
  }

  int Fail(const absl::Status& status) const {
    const int code = context_.Fail(status);
    return absl::IsAborted(status) ? kExitCommandFailed : code;
  }

  const Context& context_;
  const DrillFlags& flags_;
  Interrupt interrupt_;
  DrillResult result_;
};

constexpr char kExamples[] =
    "--switch is what brings the other writer, --back what brings the first one again; each is "
    "for\n"
    "/bin/sh -c. Measured is from the start of the command to the new writer's first transaction.\n"
    "The last line is PASS or MISSED; the exit code is 1 if it was missed.\n"
    "Examples:\n"
    "  ringjournal drill orders --switch 'kill -USR1 4712' --back 'kill -USR1 4711' --runs 20\n"
    "  ringjournal drill orders --switch 'ssh b takeover' --back 'ssh a takeover' --max-pause 2s\n";

void AddOptions(CLI::App* sub, DrillFlags* flags) {
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  sub->add_option("--switch", flags->there, "What makes the standby the writer")
      ->required()
      ->type_name("COMMAND");
  sub->add_option("--back", flags->back, "What makes the first one the writer again")
      ->required()
      ->type_name("COMMAND");
  AddNumberOption(sub, "--runs", &flags->runs, "How often, there and back [1]", {1, kRunsMax});
  AddDurationOption(
      sub, "--max-pause", &flags->max_pause_ns,
      "Longest time from a command to the new writer's first transaction, p99 [50ms]");
  AddDurationOption(sub, "--timeout", &flags->timeout_ns,
                    "How long a writer is waited for, the first and each new one [10s]");
  AddDurationOption(sub, "--between", &flags->between_ns,
                    "Between two commands, for the one before to stand by again [1s]");
}

}  // namespace

void RegisterDrill(CLI::App& app, Context& context) {
  auto flags = std::make_shared<DrillFlags>();
  CLI::App* sub = app.add_subcommand("drill", "Switch the writer and back, and measure the pause");
  AddOptions(sub, flags.get());
  sub->footer(kExamples);
  sub->fallthrough();
  sub->callback([&context, flags] {
    context.command = "drill";
    context.action = [&context, flags] {
      if (flags->there.empty() || flags->back.empty()) {
        return context.FailUsage("--switch and --back each need a command");
      }
      return Drill(context, *flags).Run();
    };
  });
}

}  // namespace ringjournal::cli
