// ringjournal tail and cat: two ways to ask for the same read.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cursor.h"
#include "tools/ringjournal/append_report.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/position.h"
#include "tools/ringjournal/read_flags.h"
#include "tools/ringjournal/read_run.h"
#include "tools/ringjournal/reverse.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

using client::Position;

struct CatFlags : ReadFlags {
  std::string command;
  std::string output_file;
  std::string cursor_file;
  bool follow = false;
  bool reverse = false;
};

// One run of tail or cat.
class CatCommand {
 public:
  CatCommand(const Context& context, const CatFlags& flags, int fd)
      : context_(context), flags_(flags), fd_(fd), writer_(fd, flags.Format(context, fd)) {}

  int Run() {
    client::ClientOptions client = context_.ClientOptions(flags_.retry_for_ns);
    client.interrupt_fd = interrupt_.fd();
    Position start = flags_.follow && !flags_.reverse ? Position::Newest() : Position::Oldest();
    client::ReaderOptions options = ReaderOptionsOf(flags_, start);
    options.follow = flags_.follow && !flags_.reverse && !flags_.until.has_value();
    if (absl::Status s = UseCursor(&options); !s.ok()) return context_.Fail(s);
    absl::StatusOr<Filter> filter = Filter::Create(flags_.filter);
    if (!filter.ok()) return context_.FailUsage(std::string(filter.status().message()));
    if (!flags_.filter.empty()) run_.filter = *std::move(filter);
    run_.count_max = flags_.count_max;
    run_.cursor_file = flags_.cursor_file;
    auto opened = client::Reader::Open(client, options);
    if (!opened.ok()) return context_.Fail(opened.status());
    reader_ = *std::move(opened);
    EchoPositions(context_, flags_, *reader_);
    return flags_.reverse ? RunReverse(client, options) : RunForward();
  }

 private:
  absl::Status UseCursor(client::ReaderOptions* options) {
    if (flags_.cursor_file.empty()) return absl::OkStatus();
    // Before anything is put out that could then not be noted as done with.
    if (absl::Status s = CheckWritable("cursor file", flags_.cursor_file); !s.ok()) return s;
    absl::StatusOr<client::Cursor> cursor = client::LoadCursor(flags_.cursor_file);
    if (absl::IsNotFound(cursor.status())) return absl::OkStatus();  // the first run
    if (!cursor.ok()) return cursor.status();
    options->cursor = *cursor;
    if (flags_.from.has_value() && !flags_.quiet) {
      context_.Say(absl::StrCat("going on behind LSN ", cursor->lsn.value(), ", as ",
                                flags_.cursor_file, " says: --from counts for a first run only"));
    }
    return absl::OkStatus();
  }

  int RunForward() {
    ReadRun run(context_, run_, reader_.get(), &writer_, &interrupt_);
    absl::Status status = run.Run();
    if (absl::IsCancelled(run.sink_status())) return kExitPipeClosed;
    if (!run.sink_status().ok()) status = run.sink_status();
    // What was lost and what to do about it is in the error itself.
    if (client::CodeOf(status) == client::ErrorCode::kDataLoss) {
      return FailLoss(context_, status, *reader_, {});
    }
    if (const auto& loss = reader_->last_loss()) SayLoss(context_, *loss, "was given");
    if (status.ok()) {
      if (run.summary().count == 0 && run_.cursor_file.empty() && !flags_.quiet) {
        context_.Say(NothingThere(flags_, *reader_));
      }
      return run.cursor_status().ok() ? kExitOk : context_.Fail(run.cursor_status());
    }
    std::string resume = run.resume_lsn() == Lsn()
                             ? "nothing was read yet"
                             : absl::StrCat("resume with --from ", run.resume_lsn().value());
    if (!flags_.cursor_file.empty()) resume = "the cursor file says where to go on";
    const std::optional<uint64_t> out = run.count_out();
    context_.Say(absl::StrCat("stopped", out ? " after " : "",
                              out ? Counted(*out, "transaction") : "", "; ", resume));
    if (client::CodeOf(status) == client::ErrorCode::kStopped) return kExitInterrupted;
    return context_.Fail(status);
  }

  int RunReverse(const client::ClientOptions& client, const client::ReaderOptions& options) {
    ReverseRun run(client, options, flags_.Format(context_, fd_), run_.filter, flags_.count_max,
                   &writer_);
    absl::Status status = run.Run(*reader_);
    absl::Status flushed = writer_.Flush();
    if (absl::IsCancelled(flushed)) return kExitPipeClosed;
    if (status.ok()) status = flushed;
    if (status.ok()) return kExitOk;
    context_.Say(absl::StrFormat("stopped after %s; go on with --until %d",
                                 Counted(run.count(), "transaction"),
                                 run.reached().prev().value()));
    if (client::CodeOf(status) == client::ErrorCode::kStopped) return kExitInterrupted;
    return context_.Fail(status);
  }

  const Context& context_;
  const CatFlags& flags_;
  Interrupt interrupt_;
  int fd_;
  OutputWriter writer_;
  ReadRunOptions run_;
  std::unique_ptr<client::Reader> reader_;
};

int RunCat(const Context& context, const CatFlags& flags) {
  if (flags.reverse && !flags.cursor_file.empty()) {
    return context.FailUsage("--reverse and --cursor-file contradict each other: a cursor goes on");
  }
  if (flags.output_file.empty() || flags.output_file == "-")
    return CatCommand(context, flags, STDOUT_FILENO).Run();
  int fd = open(flags.output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    return context.Fail(absl::InternalError(absl::StrCat("cannot write ", flags.output_file, ": ",
                                                         strerror(errno), "; check the path")));
  }
  int code = CatCommand(context, flags, fd).Run();
  if (close(fd) != 0 && code == kExitOk) {
    return context.Fail(absl::InternalError(
        absl::StrCat("cannot write ", flags.output_file, ": ", strerror(errno))));
  }
  return code;
}

CLI::App* AddCatCommand(CLI::App& app, Context& context, const std::string& name,
                        const std::string& help, bool follow) {
  auto flags = std::make_shared<CatFlags>();
  CLI::App* sub = app.add_subcommand(name, help);
  flags->command = name;
  flags->follow = follow;
  AddRangeOptions(sub, flags.get(), follow ? "newest" : "oldest");
  AddFilterOptions(sub, flags.get());
  AddFormatOption(sub, &flags->format);
  if (follow) {
    // Its habit anyway; fingers know it from other tails.
    sub->add_flag("-f,--follow", flags->follow, "Wait for more, which tail does without it too");
  } else {
    sub->alias("read");
  }
  sub->add_flag("--reverse", flags->reverse, "Newest first; does not wait for more");
  sub->add_option("--cursor-file", flags->cursor_file,
                  "Go on behind what this file says, and keep it up to date")
      ->type_name("FILE");
  sub->add_option("--output", flags->output_file, "Write to this file instead of stdout (-)")
      ->type_name("FILE");
  sub->fallthrough();
  sub->callback([&context, flags] {
    context.command = flags->command;
    context.action = [&context, flags] { return RunCat(context, *flags); };
  });
  return sub;
}

}  // namespace

void RegisterRead(CLI::App& app, Context& context) {
  CLI::App* sub = AddCatCommand(app, context, "tail", "Print transactions as they come", true);
  sub->footer(absl::StrCat(kPositionHelp, kTemplateHelp,
                           "Examples:\n  ringjournal tail orders\n"
                           "  ringjournal tail orders --from -10 --format json\n"
                           "  ringjournal tail orders --since @-5m --grep 'error|refused'\n"
                           "  ringjournal tail orders --cursor-file worker.cursor\n"
                           "Ctrl-C ends it and says how to resume.\n"));
  sub = AddCatCommand(app, context, "cat", "Print all transactions up to the end", false);
  sub->footer(absl::StrCat(kPositionHelp, kTemplateHelp,
                           "Examples:\n  ringjournal cat orders --from -5\n"
                           "  ringjournal cat orders --since @-1h --until @-30m --reverse\n"
                           "  ringjournal cat orders --key alice --format '%o %T %s\\n'\n"));
}

}  // namespace ringjournal::cli
