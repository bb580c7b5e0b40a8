// ringjournal export: a range of a journal as a file that any tool can read.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/reader.h"
#include "journal/format/append_scan.h"
#include "journal/format/entry_layout.h"
#include "tools/ringjournal/append_report.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/position.h"
#include "tools/ringjournal/progress.h"
#include "tools/ringjournal/range_hash.h"
#include "tools/ringjournal/read_flags.h"
#include "tools/ringjournal/transfer_file.h"
#include "tools/ringjournal/transfer_format.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

using client::ReadStep;
using client::ReadTransaction;

constexpr char kExamples[] =
    "Formats:\n"
    "  entries    the entries as the journal holds them, a message ringjournal.v1.Entries: "
    "checksums,\n"
    "             chain and the bounds of appends are kept; entries that the range cuts come "
    "whole\n"
    "  delimited  ringjournal.v1.ExportedTransaction, each behind its length as a varint\n"
    "  jsonl      the same as proto3 JSON, one a line\n"
    "Examples:\n"
    "  ringjournal export orders --output orders.entries\n"
    "  ringjournal export orders --since @2026-05-01 --until @2026-05-02 --zstd --output may1.zst\n"
    "  ringjournal export orders --format jsonl | jq .transaction.key\n"
    "  ringjournal import orders-copy orders.entries --create\n"
    "The range hash at the end is that of `replay`, and that of the import.\n";

struct ExportFlags : ReadFlags {
  std::string output_file;
  TransferFormat format = TransferFormat::kEntries;
  int zstd_level = 0;
};

class ExportCommand {
 public:
  ExportCommand(const Context& context, const ExportFlags& flags)
      : context_(context),
        flags_(flags),
        progress_(Progress::Choose(flags.quiet), "export", MonotonicNs()) {}

  int Run() {
    client::ClientOptions client = context_.ClientOptions(flags_.retry_for_ns);
    client.interrupt_fd = interrupt_.fd();
    auto opened = client::Reader::Open(client, ReaderOptionsOf(flags_, client::Position::Oldest()));
    if (!opened.ok()) return context_.Fail(opened.status());
    reader_ = *std::move(opened);
    EchoPositions(context_, flags_, *reader_);
    auto file = ExportFile::Create({flags_.output_file, flags_.zstd_level});
    if (!file.ok()) return context_.Fail(file.status());
    file_ = *std::move(file);
    absl::Status status = Copy();
    if (status.ok()) status = file_->Finish();
    progress_.Clear();
    if (const auto& loss = reader_->last_loss()) SayLoss(context_, *loss, "was given");
    return Finish(status);
  }

 private:
  absl::Status Copy() {
    bool entries = flags_.format == TransferFormat::kEntries;
    for (uint64_t steps = 1;; ++steps) {
      absl::StatusOr<ReadStep> step = entries ? CopyEntry() : CopyTransaction();
      if (!step.ok()) return step.status();
      if (*step == ReadStep::kFinished) return absl::OkStatus();
      if (steps % 1024 != 0) continue;
      Draw();
      if (interrupt_.happened()) {
        return client::MakeError(client::ErrorCode::kStopped, "interrupted");
      }
    }
  }

  absl::StatusOr<ReadStep> CopyEntry() {
    RecordView view;
    auto step = reader_->NextEntry(&view);
    if (!step.ok() || *step != ReadStep::kTransaction) return step;
    TransactionCursor cursor(view.header.count > 0 ? view.body : ByteSpan());
    ReadTransaction t;
    for (t.lsn = view.header.first_lsn; cursor.Next(&t.encoded); t.lsn = t.lsn.next()) Count(t);
    if (absl::Status s = file_->Write(AsView(view.record)); !s.ok()) return s;
    return step;
  }

  absl::StatusOr<ReadStep> CopyTransaction() {
    ReadTransaction t;
    auto step = reader_->Next(&t);
    if (!step.ok() || *step != ReadStep::kTransaction) return step;
    Count(t);
    text_.clear();
    FormatExported(t, flags_.format, &text_);
    if (absl::Status s = file_->Write(text_); !s.ok()) return s;
    return step;
  }

  void Count(const ReadTransaction& t) {
    hash_.Add(t);
    if (count_++ == 0) first_ = t.lsn;
    last_ = t.lsn;
    bytes_ += t.encoded.size();
  }

  void Draw() {
    ProgressState state{.done = count_, .bytes = bytes_, .lsn = last_.value()};
    Lsn end =
        std::min(reader_->until_lsn().value_or(Lsn(UINT64_MAX)), reader_->visible_lsn().next());
    if (count_ > 0 && end > first_) state.total = end - first_;
    progress_.Update(state, MonotonicNs());
  }

  int Finish(const absl::Status& status) {
    if (absl::IsCancelled(status) && client::CodeOf(status) != client::ErrorCode::kStopped) {
      return kExitPipeClosed;
    }
    if (!status.ok()) {
      file_.reset();  // takes the unfinished file away
      context_.Say(absl::StrCat("stopped after ", Counted(count_, "transaction"),
                                "; the export is not complete: run it again"));
      if (client::CodeOf(status) == client::ErrorCode::kStopped) return kExitInterrupted;
      return context_.Fail(status);
    }
    std::string range =
        count_ == 0 ? "" : absl::StrFormat(" (LSN %d to %d)", first_.value(), last_.value());
    if (context_.json() && !ToStdout()) {
      std::printf(
          "{\"count\":\"%llu\",\"firstLsn\":\"%llu\",\"lastLsn\":\"%llu\","
          "\"fileBytes\":\"%llu\",\"rangeHash\":\"%016llx\"}\n",
          static_cast<unsigned long long>(count_), static_cast<unsigned long long>(first_.value()),
          static_cast<unsigned long long>(last_.value()),
          static_cast<unsigned long long>(file_->bytes_written()),
          static_cast<unsigned long long>(hash_.value()));
    } else if (!flags_.quiet) {
      context_.Say(absl::StrFormat("%s%s, %d bytes%s", Counted(count_, "transaction"), range,
                                   file_->bytes_written(), HashText()));
    }
    if (count_ == 0 && !flags_.quiet) context_.Say(NothingThere(flags_, *reader_));
    return kExitOk;
  }

  // Of nothing there is no hash worth comparing.
  std::string HashText() const {
    return count_ == 0 ? "" : absl::StrFormat("; range hash %016x", hash_.value());
  }

  bool ToStdout() const { return flags_.output_file.empty() || flags_.output_file == "-"; }

  const Context& context_;
  const ExportFlags& flags_;
  Interrupt interrupt_;
  Progress progress_;
  std::unique_ptr<client::Reader> reader_;
  std::unique_ptr<ExportFile> file_;
  std::string text_;
  RangeHash hash_;
  uint64_t count_ = 0, bytes_ = 0;
  Lsn first_, last_;
};

}  // namespace

void RegisterExport(CLI::App& app, Context& context) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* sub = app.add_subcommand("export", "Write a range to a file that any tool can read");
  AddRangeOptions(sub, flags.get(), "oldest");
  AddChoiceOption(sub, "--format", TransferFormats(), &flags->format, "See below");
  CLI::Option* level = sub->add_option("--zstd", flags->zstd_level, "Compress; 1 to 19 [3]")
                           ->check(CLI::Range(1, 19).description(""))
                           ->expected(0, 1)
                           ->type_name("LEVEL");
  level->default_str("3");
  sub->add_option("--output", flags->output_file, "Write to this file instead of stdout (-)")
      ->type_name("FILE");
  sub->fallthrough();
  sub->footer(absl::StrCat(kPositionHelp, kExamples));
  sub->callback([&context, flags, level] {
    if (level->count() > 0 && flags->zstd_level == 0) flags->zstd_level = 3;
    context.command = "export";
    context.action = [&context, flags] { return ExportCommand(context, *flags).Run(); };
  });
}

}  // namespace ringjournal::cli
