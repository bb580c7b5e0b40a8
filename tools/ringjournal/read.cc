// ringjournal tail, cat and replay: three ways to ask for the same read.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/reader.h"
#include "tools/ringjournal/append_report.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/output.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

const std::map<std::string, OutputFormat> kFormats = {{"lines", OutputFormat::kLines},
                                                      {"delimited", OutputFormat::kDelimited},
                                                      {"json", OutputFormat::kJson}};

struct ReadFlags {
  std::string command;
  std::string journal;
  client::Position from;
  std::optional<client::Position> until;
  client::Position until_value;
  std::string output_file;
  OutputFormat format = OutputFormat::kLines;
  bool follow = false;
  bool durable = false;
  int64_t retry_for_ns = 60'000'000'000;
  uint32_t accept_loss = 0;
};

// One run of a reading command.
class ReadRun {
 public:
  ReadRun(const Context& context, const ReadFlags& flags, int fd)
      : context_(context),
        flags_(flags),
        writer_(fd, context.json() ? OutputFormat::kJson : flags.format) {}

  int Run() {
    client::ClientOptions options = context_.ClientOptions(flags_.retry_for_ns);
    options.interrupt_fd = interrupt_.fd();
    auto opened = client::Reader::Open(options, ReaderOptions());
    if (!opened.ok()) return context_.Fail(opened.status());
    reader_ = *std::move(opened);
    absl::Status status = Copy();
    absl::Status flushed = written_.ok() ? writer_.Flush() : written_;
    return Finish(status, flushed);
  }

 private:
  client::ReaderOptions ReaderOptions() const {
    client::ReaderOptions options;
    options.journal = flags_.journal;
    options.from = flags_.from;
    // The last one wanted on the command line, the first one not wanted in the protocol.
    if (flags_.until && flags_.until->kind == client::Position::Kind::kLsn) {
      options.until_lsn = flags_.until->lsn.next();
    }
    options.follow = flags_.follow;
    options.durable_only = flags_.durable;
    options.accept_generation = flags_.accept_loss;
    return options;
  }

  // Until the end, an error, or an output that takes no more.
  absl::Status Copy() {
    client::ReadTransaction transaction;
    for (;;) {
      // Look first, then write out, then wait: nothing lies in the buffer while we sleep.
      auto step = reader_->Next(&transaction, 0);
      if (step.ok() && *step == client::ReadStep::kNothingYet) {
        if (written_ = writer_.Flush(); !written_.ok()) return absl::OkStatus();
        step = reader_->Next(&transaction);
      }
      if (!step.ok()) return step.status();
      if (*step == client::ReadStep::kFinished) return absl::OkStatus();
      if (*step == client::ReadStep::kNothingYet) continue;
      ++count_;
      if (written_ = writer_.Write(transaction); !written_.ok()) return absl::OkStatus();
    }
  }

  int Finish(const absl::Status& status, const absl::Status& flushed) {
    if (absl::IsCancelled(flushed)) return kExitPipeClosed;
    if (!flushed.ok()) return context_.Fail(flushed);
    if (const auto& loss = reader_->last_loss()) SayLoss(context_, *loss, "was given");
    if (status.ok()) return kExitOk;
    // What was lost and what to do about it is in the error itself.
    if (client::CodeOf(status) == client::ErrorCode::kDataLoss) return context_.Fail(status);
    std::string resume = reader_->next_lsn() == Lsn()
                             ? "nothing was read yet"
                             : absl::StrCat("resume with --from ", reader_->next_lsn().value());
    context_.Say(absl::StrFormat("stopped after %d transactions; %s", count_, resume));
    if (client::CodeOf(status) == client::ErrorCode::kStopped) return kExitInterrupted;
    return context_.Fail(status);
  }

  const Context& context_;
  const ReadFlags& flags_;
  Interrupt interrupt_;
  OutputWriter writer_;
  absl::Status written_;
  std::unique_ptr<client::Reader> reader_;
  uint64_t count_ = 0;
};

int RunRead(const Context& context, const ReadFlags& flags) {
  if (flags.until && (flags.until->kind == client::Position::Kind::kOldest ||
                      flags.until->kind == client::Position::Kind::kLast)) {
    return context.FailUsage("--until takes an LSN (the last one wanted) or newest");
  }
  if (flags.output_file.empty()) return ReadRun(context, flags, STDOUT_FILENO).Run();
  int fd = open(flags.output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    return context.Fail(absl::InternalError(absl::StrCat("cannot write ", flags.output_file, ": ",
                                                         strerror(errno), "; check the path")));
  }
  int code = ReadRun(context, flags, fd).Run();
  if (close(fd) != 0 && code == kExitOk) {
    return context.Fail(absl::InternalError(
        absl::StrCat("cannot write ", flags.output_file, ": ", strerror(errno))));
  }
  return code;
}

void AddReadOptions(CLI::App* sub, ReadFlags* flags) {
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  AddChoiceOption(sub, "--format", kFormats, &flags->format,
                  "lines: payload and newline; delimited: varint length and payload; json");
  sub->add_option("--output", flags->output_file, "Write to this file instead of stdout")
      ->type_name("FILE");
  sub->add_flag("--durable", flags->durable, "Only what is on the server's disk");
  AddDurationOption(sub, "--retry-for", &flags->retry_for_ns,
                    "How long to go on without a connection [60s]");
  sub->add_option("--accept-loss", flags->accept_loss,
                  "Generation whose loss report you have read and accept")
      ->type_name("GENERATION");
  sub->fallthrough();
}

CLI::App* AddReadCommand(CLI::App& app, Context& context, const std::string& name,
                         const std::string& help, std::shared_ptr<ReadFlags> flags) {
  CLI::App* sub = app.add_subcommand(name, help);
  flags->command = name;
  AddReadOptions(sub, flags.get());
  sub->callback([&context, flags] {
    context.command = flags->command;
    context.action = [&context, flags] { return RunRead(context, *flags); };
  });
  return sub;
}

constexpr char kPositions[] = "POSITION: oldest, newest, an LSN, or -N (the last N)\n";

}  // namespace

void RegisterRead(CLI::App& app, Context& context) {
  auto tail = std::make_shared<ReadFlags>();
  tail->follow = true;
  tail->from = client::Position::Newest();
  CLI::App* sub = AddReadCommand(app, context, "tail", "Print transactions as they come", tail);
  AddPositionOption(sub, "--from", &tail->from, "Where to begin [newest]");
  sub->footer(absl::StrCat(kPositions,
                           "Examples:\n  ringjournal tail orders\n"
                           "  ringjournal tail orders --from -10 --format json\n"
                           "Ctrl-C ends it and says how to resume.\n"));

  auto cat = std::make_shared<ReadFlags>();
  sub = AddReadCommand(app, context, "cat", "Print all transactions up to the end", cat);
  AddPositionOption(sub, "--from", &cat->from, "Where to begin [oldest]");
  sub->footer(absl::StrCat(kPositions, "Example:\n  ringjournal cat orders --from -5\n"));

  auto replay = std::make_shared<ReadFlags>();
  sub = AddReadCommand(app, context, "replay", "Print a range of transactions", replay);
  AddPositionOption(sub, "--from", &replay->from, "First one wanted [oldest]");
  CLI::Option* until = AddPositionOption(sub, "--until", &replay->until_value,
                                         "Last LSN wanted, or newest [newest]");
  sub->parse_complete_callback([until, replay] {
    if (until->count() > 0) replay->until = replay->until_value;
  });
  sub->footer(absl::StrCat(kPositions,
                           "Examples:\n  ringjournal replay orders --from 100 --until 200\n"
                           "  ringjournal replay orders --output orders.bin --format delimited\n"));
}

}  // namespace ringjournal::cli
