// ringjournal import: exports, and segment files of any cluster, into a journal.
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/errors.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/progress.h"
#include "tools/ringjournal/range_hash.h"
#include "tools/ringjournal/sink_journal.h"
#include "tools/ringjournal/transfer_format.h"

namespace ringjournal::cli {
namespace {

constexpr char kExamples[] =
    "Files are exports in any format, compressed by zstd or not, or segment files; several "
    "segment\n"
    "files must be given in order. Payload, key, id, type, client time and headers are kept.\n"
    "Files are verified whole before anything is appended; what comes through a pipe is not.\n"
    "Examples:\n"
    "  ringjournal import orders-copy orders.entries --create\n"
    "  ringjournal import orders may1.zst --producer may1 --resume\n"
    "  ringjournal import rescued /backup/journals/*/*.seg --create\n"
    "With a named --producer and --resume an interrupted import can be repeated with the same "
    "files.\n";

struct ImportFlags {
  std::string journal;
  std::vector<std::string> files;
  TransferFormat format = TransferFormat::kGuess;
  std::string producer;
  bool create = false;
  bool resume = false;
  bool quiet = false;
  client::Level level = client::Level::kReplicated;
  int64_t retry_for_ns = 60'000'000'000;
};

bool IsRegular(const std::string& path) {
  struct stat status;
  return path != "-" && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

class ImportCommand {
 public:
  ImportCommand(const Context& context, const ImportFlags& flags)
      : context_(context),
        flags_(flags),
        files_(flags.files.empty() ? std::vector<std::string>{"-"} : flags.files),
        progress_(Progress::Choose(flags.quiet), "import", MonotonicNs()) {}

  int Run() {
    if (absl::Status s = Verify(); !s.ok()) {
      return Refused(s, "nothing was imported");
    }
    client::ClientOptions client = context_.ClientOptions(flags_.retry_for_ns);
    client.interrupt_fd = interrupt_.fd();
    auto sink = JournalSink::Open(client, {.journal = flags_.journal,
                                           .producer = flags_.producer,
                                           .create = flags_.create,
                                           .level = flags_.level});
    if (!sink.ok()) return context_.Fail(sink.status());
    sink_ = *std::move(sink);
    if (flags_.resume) skip_ = sink_->appended_before();
    skipped_ = skip_;
    absl::Status status = Append();
    if (client::CodeOf(status) == client::ErrorCode::kStopped) interrupt_.Clear();
    absl::Status flushed = sink_->Flush();
    progress_.Clear();
    if (status.ok()) status = flushed;
    return Finish(status);
  }

 private:
  // Files can be read twice: what is damaged is refused before anything of it is appended.
  absl::Status Verify() {
    ImportState state;
    for (const std::string& path : files_) {
      if (!IsRegular(path)) continue;
      absl::Status status = ReadImport(path, flags_.format, &state, [&](const Imported&) {
        ++total_;
        return absl::OkStatus();
      });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Append() {
    ImportState state;
    for (const std::string& path : files_) {
      absl::Status status =
          ReadImport(path, flags_.format, &state, [&](const Imported& one) { return Take(one); });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Take(const Imported& one) {
    client::ReadTransaction t;
    t.encoded = one.encoded;
    t.lsn = Lsn(++position_);
    hash_.Add(t);
    if (skip_ > 0) {
      --skip_;
      return absl::OkStatus();
    }
    if (position_ % 1024 == 0) {
      progress_.Update({.done = position_, .total = total_, .lsn = one.lsn.value()}, MonotonicNs());
      if (interrupt_.happened()) {
        return client::MakeError(client::ErrorCode::kStopped, "interrupted");
      }
    }
    return sink_->Take(t);
  }

  uint64_t imported() const {
    return sink_->done() > Lsn(0) ? sink_->done().value() - skipped_ : 0;
  }

  int Refused(const absl::Status& status, const std::string& what) const {
    if (!absl::IsDataLoss(status) || client::CodeOf(status) != client::ErrorCode::kUnknown) {
      return context_.Fail(status);
    }
    context_.Say(absl::StrCat("error: ", std::string(status.message()), "; ", what));
    return kExitDamaged;
  }

  int Finish(const absl::Status& status) const {
    if (status.ok()) return Summarise();
    context_.Say(absl::StrFormat("stopped: %d transactions were imported%s", imported(),
                                 flags_.producer.empty()
                                     ? "; without a --producer the rest cannot be resumed"
                                     : "; repeat the command with --resume for the rest"));
    if (client::CodeOf(status) == client::ErrorCode::kStopped) return kExitInterrupted;
    return Refused(status, "what came before it is imported");
  }

  int Summarise() const {
    Lsn first = sink_->first_there(), last = sink_->last_there();
    if (context_.json()) {
      std::printf(
          "{\"count\":\"%llu\",\"skipped\":\"%llu\",\"firstLsn\":\"%llu\","
          "\"lastLsn\":\"%llu\",\"rangeHash\":\"%016llx\"}\n",
          static_cast<unsigned long long>(imported()), static_cast<unsigned long long>(skipped_),
          static_cast<unsigned long long>(first.value()),
          static_cast<unsigned long long>(last.value()),
          static_cast<unsigned long long>(hash_.value()));
    } else if (!flags_.quiet) {
      std::string range =
          first > Lsn(0) ? absl::StrFormat(", LSN %d to %d", first.value(), last.value()) : "";
      std::string skipped =
          skipped_ > 0 ? absl::StrFormat(" (%d were there already)", skipped_) : "";
      context_.Say(absl::StrFormat("%d transactions into %s%s%s; range hash %016x of the files",
                                   imported(), flags_.journal, range, skipped, hash_.value()));
    }
    return kExitOk;
  }

  const Context& context_;
  const ImportFlags& flags_;
  std::vector<std::string> files_;
  Interrupt interrupt_;
  Progress progress_;
  std::unique_ptr<JournalSink> sink_;
  RangeHash hash_;
  uint64_t total_ = 0, position_ = 0, skip_ = 0, skipped_ = 0;
};

int RunImport(const Context& context, const ImportFlags& flags) {
  if (flags.resume && flags.producer.empty()) {
    return context.FailUsage(
        "--resume needs --producer: only a named producer remembers what it has appended");
  }
  return ImportCommand(context, flags).Run();
}

}  // namespace

void RegisterImport(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* sub = app.add_subcommand("import", "Append what an export or segment files hold");
  sub->add_option("JOURNAL", flags->journal, "Name of the journal to append to")->required();
  sub->add_option("FILE", flags->files, "Files in order; none or -: stdin");
  std::map<std::string, TransferFormat> formats = TransferFormats();
  formats["auto"] = TransferFormat::kGuess;
  AddChoiceOption(sub, "--format", formats, &flags->format, "auto goes by the first bytes");
  AddChoiceOption(sub, "--level",
                  {{"received", client::Level::kReceived},
                   {"replicated", client::Level::kReplicated},
                   {"disk", client::Level::kDisk},
                   {"disk_quorum", client::Level::kDiskQuorum}},
                  &flags->level, "How safe before it is acknowledged");
  sub->add_option("--producer", flags->producer,
                  "Stable name of this import; a random one without");
  sub->add_flag("--resume", flags->resume, "Skip as many as the producer has appended before");
  sub->add_flag("--create", flags->create, "Create the journal if there is none");
  AddDurationOption(sub, "--retry-for", &flags->retry_for_ns,
                    "How long to go on without progress [60s]");
  sub->add_flag("-q,--quiet", flags->quiet, "Errors only on stderr");
  sub->fallthrough();
  sub->footer(kExamples);
  sub->callback([&context, flags] {
    context.command = "import";
    context.action = [&context, flags] { return RunImport(context, *flags); };
  });
}

}  // namespace ringjournal::cli
