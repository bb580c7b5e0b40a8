// ringjournal append: files or stdin into a journal, exactly once, through server restarts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/appender.h"
#include "tools/ringjournal/append_fields.h"
#include "tools/ringjournal/append_report.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/input.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/read_flags.h"

namespace ringjournal::cli {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr char kExamples[] =
    "Examples:\n"
    "  seq 1000 | ringjournal append orders --create\n"
    "  ringjournal append orders --level disk --producer loader --resume monday.log tuesday.log\n"
    "  protoc-writer | ringjournal append orders --format delimited\n"
    "  printf 'alice:paid 12\\nbob:paid 7\\n' | ringjournal append orders -K : -H source=till-7\n"
    "Each line is one transaction, without its newline. A summary goes to stderr.\n"
    "When the server dies, append waits for it to come back and resends exactly what is missing.\n"
    "With a named --producer and --resume an interrupted run can be repeated with the same input:\n"
    "what an earlier run has appended is skipped.\n";

const std::map<std::string, InputFormat> kFormats = {{"lines", InputFormat::kLines},
                                                     {"delimited", InputFormat::kDelimited},
                                                     {"raw", InputFormat::kRaw}};

const std::map<std::string, client::Level> kLevels = {{"received", client::Level::kReceived},
                                                      {"replicated", client::Level::kReplicated},
                                                      {"disk", client::Level::kDisk},
                                                      {"disk_quorum", client::Level::kDiskQuorum}};

struct AppendFlags {
  std::string journal;
  std::vector<std::string> files;
  InputFormat format = InputFormat::kLines;
  client::Level level = client::Level::kReplicated;
  std::string producer;
  std::optional<Epoch> writer;
  bool create = false;
  bool resume = false;
  bool quiet = false;
  uint32_t window = limits::kClientAppendsInFlightDefault;
  uint32_t batch_transactions = limits::kClientBatchTransactions;
  uint64_t batch_bytes = limits::kClientBatchBytes;
  int64_t retry_for_ns = 60'000'000'000;
  uint32_t accept_loss = 0;
  std::string receipt_file;
  FieldFlags fields;
};

// One run of the command.
class AppendRun {
 public:
  AppendRun(const Context& context, const AppendFlags& flags) : context_(context), flags_(flags) {}

  int Run() {
    if (!flags_.fields.empty()) {
      absl::StatusOr<FieldSplitter> fields = FieldSplitter::Create(flags_.fields);
      if (!fields.ok()) return context_.FailUsage(std::string(fields.status().message()));
      fields_ = *std::move(fields);
    }
    if (absl::Status status = CheckFiles(); !status.ok()) return context_.Fail(status);
    if (absl::Status status = OpenJournal(); !status.ok()) return Refused(status);
    absl::Status status = AppendAll();
    // What was accepted is finished even if the input failed; a second Ctrl-C ends that too.
    if (appender_->in_flight() > 0 && CanGoOn(status)) {
      interrupt_.Clear();
      absl::Status drained = appender_->WaitAnswered();
      if (!drained.ok() && (status.ok() || CanGoOn(status))) status = drained;
    }
    appender_->Stop();
    TakeOutcomes();
    const int code = report_.Finish(context_, *appender_, status, flags_.quiet);
    const int receipt_code = SaveReceipt();
    return code == kExitOk ? receipt_code : code;
  }

 private:
  static bool CanGoOn(const absl::Status& status) {
    client::ErrorCode code = client::CodeOf(status);
    return status.ok() || code == client::ErrorCode::kUnknown ||
           code == client::ErrorCode::kStopped;
  }

  // Before anything is appended, as far as that can be known.
  absl::Status CheckFiles() const {
    for (const std::string& file : flags_.files) {
      if (file == "-") continue;
      struct stat info = {};
      if (stat(file.c_str(), &info) != 0) return CannotOpen(file, errno);
      if (S_ISDIR(info.st_mode)) return CannotOpen(file, EISDIR);
      if (access(file.c_str(), R_OK) != 0) return CannotOpen(file, errno);
    }
    if (flags_.receipt_file.empty()) return absl::OkStatus();
    return CheckWritable("receipt file", flags_.receipt_file);
  }

  // The exit code, if nothing else is wrong.
  int SaveReceipt() const {
    if (flags_.receipt_file.empty()) return kExitOk;
    const std::optional<client::Cursor> receipt = appender_->last_receipt();
    if (!receipt.has_value()) return SayNoReceipt();
    const absl::Status saved = client::SaveCursor(flags_.receipt_file, *receipt);
    return saved.ok() ? kExitOk : context_.Fail(saved);
  }

  // Nobody shall take an older one for this run's.
  int SayNoReceipt() const {
    const bool older = access(flags_.receipt_file.c_str(), F_OK) == 0;
    context_.Say(absl::StrCat(
        "no receipt was written: no append was acknowledged with its place",
        older ? absl::StrCat("; ", flags_.receipt_file, " is older than this run") : ""));
    return kExitOk;
  }

  static absl::Status CannotOpen(const std::string& file, int error) {
    return absl::InternalError(absl::StrCat("cannot open ", file, ": ", strerror(error),
                                            "; nothing of it was appended. Check the path"));
  }

  absl::Status OpenJournal() {
    client::ClientOptions options = context_.ClientOptions(flags_.retry_for_ns);
    options.interrupt_fd = interrupt_.fd();
    client::AppenderOptions appender;
    appender.journal = flags_.journal;
    appender.producer = flags_.producer;
    appender.create = flags_.create;
    appender.writer = flags_.writer.value_or(Epoch());
    appender.accept_generation = flags_.accept_loss;
    // A producer invented for this run has lost nothing before it.
    appender.accept_loss_before_first_open = flags_.producer.empty();
    appender.appends_in_flight_max = flags_.window;
    auto opened = client::Appender::Open(options, appender, &loss_);
    if (!opened.ok()) return opened.status();
    appender_ = *std::move(opened);
    if (loss_) SayLoss(context_, *loss_, "holds acknowledgements for");
    if (flags_.resume) skip_ = appender_->last_sequence_at_open().value();
    report_.Begin(flags_.journal, !flags_.producer.empty(), skip_);
    return absl::OkStatus();
  }

  int Refused(const absl::Status& status) {
    if (loss_) SayLoss(context_, *loss_, "holds acknowledgements for");
    return context_.Fail(status);
  }

  absl::Status AppendAll() {
    std::vector<std::string> files = flags_.files;
    if (files.empty()) files.push_back("-");
    for (const std::string& file : files) {
      int fd = file == "-" ? STDIN_FILENO : open(file.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd < 0) {
        return CannotOpen(file, errno);
      }
      absl::Status status = AppendFrom(fd, file == "-" ? "stdin" : file);
      if (fd != STDIN_FILENO) close(fd);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AppendFrom(int fd, const std::string& name) {
    InputSplitter splitter(flags_.format);
    bool at_end = false;
    while (!at_end) {
      uint32_t readable = 0;
      // Also with nothing to read, answers come in and the connection is kept alive.
      if (absl::Status s = appender_->Poll(INT64_MAX, {&fd, 1}, &readable); !s.ok()) return s;
      TakeOutcomes();
      if (report_.refused()) return absl::OkStatus();
      if (readable == 0) continue;
      ssize_t n = read(fd, buffer_.data(), buffer_.size());
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n < 0) {
        return absl::InternalError(absl::StrCat("cannot read ", name, ": ", strerror(errno)));
      }
      at_end = n == 0;
      if (at_end) splitter.Finish();
      splitter.Feed({buffer_.data(), static_cast<size_t>(n)});
      absl::Status status = AppendPayloads(&splitter);
      // Nothing waits for more input to fill a batch.
      if (absl::Status s = SendBatch(); !s.ok()) return s;
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status AppendPayloads(InputSplitter* splitter) {
    std::string_view payload;
    for (;;) {
      absl::StatusOr<bool> got = splitter->Next(&payload);
      if (!got.ok()) return got.status();
      if (!*got) return absl::OkStatus();
      if (skip_ > 0) {
        --skip_;
        ++taken_;
        continue;
      }
      size_t size = client::TransactionRun::EncodedSize(payload.size());
      if (fields_) {
        if (absl::Status s = Encode(payload); !s.ok()) return s;
        size = client::TransactionRun::EncodedSize(encoded_.size());
      }
      if (!run_.empty() && run_.size_bytes() + size > flags_.batch_bytes) {
        if (absl::Status s = SendBatch(); !s.ok()) return s;
      }
      ++taken_;
      if (fields_) {
        run_.AddEncoded(encoded_);
      } else {
        run_.Add(payload);
      }
      if (run_.count() < flags_.batch_transactions) continue;
      if (absl::Status s = SendBatch(); !s.ok()) return s;
    }
  }

  // A record with its key, id, type and headers, into encoded_.
  absl::Status Encode(std::string_view record) {
    absl::StatusOr<client::Transaction> transaction = fields_->Split(record);
    absl::Status status = transaction.status();
    encoded_.clear();
    if (status.ok()) client::EncodeTransaction(*transaction, &encoded_);
    if (encoded_.size() > limits::kTransactionBytesMax) {
      status =
          absl::InvalidArgumentError(absl::StrCat("it has ", encoded_.size(),
                                                  " bytes with its key, id and headers; the limit "
                                                  "is ",
                                                  limits::kTransactionBytesMax, ": split it"));
    }
    if (status.ok()) return status;
    return absl::InvalidArgumentError(absl::StrCat("input transaction ", taken_ + 1, ": ",
                                                   std::string(status.message()),
                                                   ". What came before it is appended"));
  }

  absl::Status SendBatch() {
    if (run_.empty()) return absl::OkStatus();
    while (!appender_->HasRoom(run_.size_bytes())) {
      if (absl::Status s = appender_->Poll(INT64_MAX); !s.ok()) return s;
      TakeOutcomes();
    }
    if (report_.refused()) return absl::OkStatus();
    absl::Status status =
        appender_->Append({.run = run_.bytes(), .count = run_.count(), .level = flags_.level});
    run_.Clear();
    appender_->Flush();
    return status;
  }

  void TakeOutcomes() {
    client::AppendOutcome outcome;
    while (appender_->NextOutcome(&outcome)) report_.Add(outcome);
  }

  const Context& context_;
  const AppendFlags& flags_;
  Interrupt interrupt_;
  std::unique_ptr<client::Appender> appender_;
  std::optional<client::LossNotice> loss_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  client::TransactionRun run_;
  std::optional<FieldSplitter> fields_;  // none: a record is a payload
  std::string encoded_;
  uint64_t skip_ = 0;
  uint64_t taken_ = 0;  // of the input, skipped ones too
  AppendReport report_;
};

int RunAppend(const Context& context, const AppendFlags& flags) {
  if (flags.resume && flags.producer.empty()) {
    return context.FailUsage(
        "--resume needs --producer: only a named producer remembers what it "
        "has appended");
  }
  return AppendRun(context, flags).Run();
}

void AddAppendOptions(CLI::App* sub, AppendFlags* flags) {
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  sub->add_option("FILE", flags->files, "Input files; none or -: stdin");
  AddChoiceOption(sub, "--format", kFormats, &flags->format,
                  "lines; delimited: varint length, then payload; raw: each input is one "
                  "transaction");
  AddChoiceOption(sub, "--level", kLevels, &flags->level, "How safe before it is acknowledged");
  sub->add_option("--producer", flags->producer,
                  "Stable name of this source; a random one without it");
  AddEpochOption(sub, "--writer", &flags->writer,
                 "The writer epoch that you hold, of a fenced journal");
  sub->add_flag("--create", flags->create, "Create the journal if there is none");
  sub->add_flag("--resume", flags->resume,
                "Skip as many input transactions as the producer has appended before");
  sub->add_flag("-q,--quiet", flags->quiet, "No summary");
  AddFieldOptions(sub, &flags->fields);
  AddNumberOption(sub, "--window", &flags->window, "Appends in flight at most [1024]",
                  {1, limits::kAppendsInFlightPerSessionMax});
  AddNumberOption(sub, "--batch", &flags->batch_transactions,
                  "Transactions in one append at most [512]",
                  {1, limits::kTransactionsPerAppendMax});
  AddBytesOption(sub, "--batch-size", &flags->batch_bytes, "Bytes of one append, about [256KiB]");
  AddDurationOption(sub, "--retry-for", &flags->retry_for_ns,
                    "How long to go on without progress [60s]");
  AddAcceptLossOption(sub, &flags->accept_loss);
  sub->add_option("--receipt-file", flags->receipt_file,
                  "Write the newest receipt there at the end: `receipt check` compares it later");
}

}  // namespace

void RegisterAppend(CLI::App& app, Context& context) {
  auto flags = std::make_shared<AppendFlags>();
  CLI::App* sub = app.add_subcommand("append", "Append transactions from files or stdin");
  AddAppendOptions(sub, flags.get());
  sub->fallthrough();
  sub->footer(kExamples);
  sub->callback([&context, flags] {
    context.command = "append";
    context.action = [&context, flags] { return RunAppend(context, *flags); };
  });
}

}  // namespace ringjournal::cli
