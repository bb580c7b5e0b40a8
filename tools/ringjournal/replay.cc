// ringjournal replay: a range again, into stdout, a file, another journal or a command.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ask_journal.h"
#include "tools/ringjournal/append_report.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/read_run.h"
#include "tools/ringjournal/replay_flags.h"
#include "tools/ringjournal/resume_command.h"
#include "tools/ringjournal/sink_exec.h"
#include "tools/ringjournal/sink_journal.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

using client::Position;

class ReplayCommand {
 public:
  ReplayCommand(const Context& context, const ReplayFlags& flags)
      : context_(context), flags_(flags) {}
  ~ReplayCommand() {
    if (fd_ > STDOUT_FILENO) close(fd_);
  }

  int Run() {
    client_ = context_.ClientOptions(flags_.retry_for_ns);
    client_.interrupt_fd = interrupt_.fd();
    options_ = ReaderOptionsOf(flags_, Position::Oldest());
    options_.follow = flags_.follow && !flags_.until.has_value();
    absl::StatusOr<Filter> filter = Filter::Create(flags_.filter);
    if (!filter.ok()) return context_.FailUsage(std::string(filter.status().message()));
    if (!flags_.filter.empty()) run_.filter = *std::move(filter);
    if (absl::Status s = MakeSink(); !s.ok()) return NotBegun(s);
    auto opened = client::Reader::Open(client_, options_);
    if (!opened.ok()) return NotBegun(opened.status());
    reader_ = *std::move(opened);
    EchoPositions(context_, flags_, *reader_);
    return Copy();
  }

 private:
  // Nothing was read: the same command begins again, and has lost nothing.
  int NotBegun(const absl::Status& status) const {
    if (client::CodeOf(status) == client::ErrorCode::kUnknown &&
        absl::IsFailedPrecondition(status)) {
      context_.Fail(status);  // PlanInto's: another --from or --producer is needed
      return kExitUsage;
    }
    if (client::CodeOf(status) != client::ErrorCode::kStopped) return context_.Fail(status);
    context_.Say("interrupted before anything was read; go on with:");
    std::fprintf(stderr, "  %s\n", ResumeCommand(context_.arguments, {}).c_str());
    return kExitInterrupted;
  }

  bool ToFile() const { return !flags_.output_file.empty() && flags_.output_file != "-"; }

  absl::Status MakeSink() {
    if (!flags_.into.empty()) return OpenJournal();
    if (!flags_.exec.empty()) {
      OutputSpec raw = OutputFormat::kRaw, lines = OutputFormat::kLines;
      OutputSpec usual = flags_.exec_batch == 1 ? raw : lines;
      sink_ = std::make_unique<ExecSink>(ExecOptions{.command = flags_.exec,
                                                     .journal = flags_.journal,
                                                     .batch = flags_.exec_batch,
                                                     .format = flags_.format.value_or(usual)});
      return absl::OkStatus();
    }
    if (ToFile()) {
      int how = flags_.append ? O_APPEND : O_TRUNC;
      fd_ = open(flags_.output_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
      if (fd_ < 0) {
        return absl::InternalError(absl::StrCat("cannot write ", flags_.output_file, ": ",
                                                strerror(errno), "; check the path"));
      }
    }
    sink_ = std::make_unique<OutputWriter>(fd_, flags_.Format(context_, fd_));
    return absl::OkStatus();
  }

  // What an earlier run has copied is found by the producers that it has left in the target.
  absl::Status OpenJournal() {
    auto located = client::Locate(client_, flags_.journal, options_.from);
    if (!located.ok()) return located.status();
    client::ClientOptions target = client_;
    if (!flags_.into_server.empty()) target.server = flags_.into_server;
    IntoRequest request = Request(*located);
    auto producers = ProducersOf(target, flags_.into, request.prefix);
    if (!producers.ok()) return producers.status();
    absl::StatusOr<IntoPlan> plan = PlanInto(request, *producers);
    if (!plan.ok()) return plan.status();
    JournalSinkOptions options;
    options.journal = flags_.into;
    options.create = flags_.create;
    options.level = flags_.level;
    options.producer = plan->producer;
    auto sink = JournalSink::Open(target, options);
    if (!sink.ok()) return sink.status();
    before_ = (*sink)->appended_before();
    base_ = plan->base;
    // A filter decides what counts, so all must be looked at again.
    if (run_.filter) run_.skip = before_;
    options_.from = Position::At(run_.filter ? base_ : base_ + before_);
    if (before_ > 0 && !flags_.quiet) {
      context_.Say(absl::StrFormat("%s %s in %s already; going on behind %s",
                                   Counted(before_, "transaction"), before_ == 1 ? "is" : "are",
                                   flags_.into, before_ == 1 ? "it" : "them"));
    }
    journal_sink_ = sink->get();
    sink_ = *std::move(sink);
    return absl::OkStatus();
  }

  IntoRequest Request(const client::Located& located) const {
    JournalId source;
    JournalId::FromView(located.journal_id, &source);
    IntoRequest request;
    request.prefix = CopyPrefix(flags_.producer, source);
    request.suffix = CopySuffix(flags_.filter);
    request.from = located.lsn;
    request.oldest = located.oldest_lsn;
    request.generation = located.generation;
    for (const auto& loss : located.losses) {
      request.losses.push_back({loss.generation, loss.first_lsn});
    }
    request.filtered = run_.filter.has_value();
    request.source = flags_.journal;
    request.target = flags_.into;
    return request;
  }

  int Copy() {
    uint64_t hash = 0;
    if (!flags_.resume_hash.empty() && !absl::SimpleHexAtoi(flags_.resume_hash, &hash)) {
      return context_.FailUsage("--resume-hash takes the 16 hexadecimal digits of a range hash");
    }
    run_.count_max = flags_.count_max;
    run_.pace = flags_.pace;
    run_.hash = RangeHash(hash);
    run_.progress = Progress::Choose(flags_.quiet);
    if (!flags_.exec.empty()) run_.transactions_per_look = 1;
    ReadRun run(context_, run_, reader_.get(), sink_.get(), &interrupt_);
    absl::Status status = run.Run();
    if (absl::IsCancelled(run.sink_status()) &&
        client::CodeOf(run.sink_status()) != client::ErrorCode::kStopped) {
      return kExitPipeClosed;
    }
    const auto& loss = reader_->last_loss();
    // Else the error says it.
    if (loss && client::CodeOf(status) != client::ErrorCode::kDataLoss) {
      SayLoss(context_, *loss, "was given");
    }
    bool sink_failed = !run.sink_status().ok();
    if (sink_failed) status = run.sink_status();
    if (status.ok() && fd_ > STDOUT_FILENO && close(std::exchange(fd_, -1)) != 0) {
      status = absl::InternalError(
          absl::StrCat("cannot write ", flags_.output_file, ": ", strerror(errno)));
    }
    Summarise(run);
    if (status.ok() && run.summary().count == 0 && before_ == 0 && !flags_.quiet) {
      context_.Say(NothingThere(flags_, *reader_));
    }
    return status.ok() ? kExitOk : Stopped(run, status, sink_failed);
  }

  void Summarise(const ReadRun& run) const {
    const ReadSummary& s = run.summary();
    bool data_on_stdout = flags_.into.empty() && flags_.exec.empty();
    if (context_.json() && !data_on_stdout) return PrintJson(s);
    if (flags_.quiet) return;
    context_.Say(What(run));
    if (journal_sink_ != nullptr && journal_sink_->last_there() > Lsn(0)) {
      context_.Say(absl::StrFormat("they are LSN %d to %d of %s",
                                   journal_sink_->first_there().value(),
                                   journal_sink_->last_there().value(), flags_.into));
    }
    if (s.count == 0) return;             // of nothing there is no hash worth comparing
    if (!run.sink_status().ok()) return;  // it covers what was read, which is not what is out
    std::string goes_on = flags_.resume_hash.empty() ? "" : " (with what came before it)";
    context_.Say(absl::StrFormat("range hash %016x%s", s.hash->value(), goes_on));
  }

  // How much is out, and how fast that was.
  std::string What(const ReadRun& run) const {
    const ReadSummary& s = run.summary();
    const std::optional<uint64_t> out = run.count_out();
    if (!out.has_value()) return absl::StrCat("out up to LSN ", sink_->done().value());
    std::string text = Counted(*out, "transaction");
    const Lsn last = run.sink_status().ok() ? s.last : sink_->done();
    if (*out > 0) absl::StrAppendFormat(&text, " (LSN %d to %d)", s.first.value(), last.value());
    if (!run.sink_status().ok()) return text;
    const double seconds = static_cast<double>(s.elapsed_ns) / 1e9;
    absl::StrAppend(&text, ", ", Counted(s.bytes, "byte"));
    if (seconds < 0.1) return text;
    absl::StrAppendFormat(&text, ", %.1f s, %.1f MiB/s", seconds,
                          static_cast<double>(s.bytes) / seconds / 1048576);
    return text;
  }

  void PrintJson(const ReadSummary& s) const {
    std::printf(
        "{\"count\":\"%llu\",\"bytes\":\"%llu\",\"firstLsn\":\"%llu\",\"lastLsn\":\"%llu\","
        "\"alreadyThere\":\"%llu\",\"rangeHash\":\"%016llx\"}\n",
        static_cast<unsigned long long>(s.count), static_cast<unsigned long long>(s.bytes),
        static_cast<unsigned long long>(s.first.value()),
        static_cast<unsigned long long>(s.last.value()), static_cast<unsigned long long>(before_),
        static_cast<unsigned long long>(s.hash->value()));
  }

  // The source has lost what was read.
  int SourceLost(const ReadRun& run, const absl::Status& status) {
    if (journal_sink_ == nullptr) return FailLoss(context_, status, *reader_, Changes(run, false));
    const int code = context_.Fail(status);
    if (const auto& loss = reader_->last_loss()) SayAnotherCopy(loss->first_lsn);
    return code;
  }

  // The copy's place says how much it holds: it cannot go on anywhere else.
  void SayAnotherCopy(Lsn from) const {
    context_.Say(absl::StrCat("to copy what is left, as another copy behind this one: --from ",
                              from.value(), " --producer NAME"));
  }

  int Stopped(const ReadRun& run, const absl::Status& status, bool sink_failed) {
    if (client::CodeOf(status) == client::ErrorCode::kDataLoss && !sink_failed) {
      return SourceLost(run, status);
    }
    int code = kExitInterrupted;
    if (absl::IsAborted(status) && !flags_.exec.empty()) {
      context_.Say(absl::StrCat("error: ", std::string(status.message())));
      code = kExitCommandFailed;
    } else if (client::CodeOf(status) != client::ErrorCode::kStopped) {
      code = context_.Fail(status);
    }
    const uint64_t next = run.resume_lsn().value();
    if (client::CodeOf(status) != client::ErrorCode::kTrimmed) {
      context_.Say(absl::StrCat("stopped before LSN ", next, "; go on with:"));
    } else if (journal_sink_ == nullptr) {
      context_.Say(absl::StrCat("without what is gone, go on at LSN ", next, " with:"));
    } else {
      SayAnotherCopy(Lsn(next));
      return code;
    }
    std::fprintf(stderr, "  %s\n", Resume(run, sink_failed).c_str());
    return code;
  }

  std::string Resume(const ReadRun& run, bool sink_failed) const {
    std::vector<OptionChange> changes = Changes(run, sink_failed);
    // The base of the producer's sequence, not the place reached.
    Lsn from = journal_sink_ != nullptr ? base_ : run.resume_lsn();
    changes.insert(changes.begin(), {{"--from", "--since"}, absl::StrCat(from.value())});
    return ResumeCommand(context_.arguments, changes);
  }

  // Of the command line that goes on, but for where.
  std::vector<OptionChange> Changes(const ReadRun& run, bool sink_failed) const {
    std::vector<OptionChange> changes;
    if (flags_.until && reader_->until_lsn()) {
      changes.push_back({{"--until"}, absl::StrCat(reader_->until_lsn()->prev().value())});
    }
    if (flags_.count_max > 0 && journal_sink_ == nullptr && !sink_failed) {
      changes.push_back({{"--count", "-n"}, absl::StrCat(flags_.count_max - run.summary().count)});
    }
    if (ToFile()) changes.push_back({{"--append"}, "", true});
    // Where the sink failed the hash covers more than is out.
    if (!sink_failed) {
      changes.push_back({{"--resume-hash"}, absl::StrFormat("%016x", run.summary().hash->value())});
    }
    return changes;
  }

  const Context& context_;
  const ReplayFlags& flags_;
  Interrupt interrupt_;
  client::ClientOptions client_;
  client::ReaderOptions options_;
  ReadRunOptions run_;
  std::unique_ptr<Sink> sink_;
  JournalSink* journal_sink_ = nullptr;  // sink_, if it is one
  uint64_t before_ = 0;
  Lsn base_;
  int fd_ = STDOUT_FILENO;
  std::unique_ptr<client::Reader> reader_;
};

int RunReplay(const Context& context, const ReplayFlags& flags) {
  const std::string contradiction = ContradictionIn(flags, context);
  return contradiction.empty() ? ReplayCommand(context, flags).Run()
                               : context.FailUsage(contradiction);
}

}  // namespace

void RegisterReplay(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* sub = app.add_subcommand(
      "replay", "Give out a range again: to stdout, a file, another journal or a command");
  AddReplayOptions(sub, flags.get());
  sub->fallthrough();
  sub->callback([&context, sub, flags] {
    flags->exec_batch_given = sub->count("--exec-batch") > 0;
    context.command = "replay";
    context.action = [&context, flags] { return RunReplay(context, *flags); };
  });
}

}  // namespace ringjournal::cli
