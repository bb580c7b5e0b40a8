#include "client/writer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/driver.h"
#include "client/journal.h"
#include "client/writer_loop.h"
#include "journal/base/checksum.h"
#include "journal/base/units.h"

namespace ringjournal::client {
namespace {

// How often Flush looks whether what was acknowledged early is committed by now.
constexpr int64_t kCommitPollNs = 2 * kMsNs;

AppendOutcome NotApplied(uint32_t count, const absl::Status& why) {
  return {.fate = Fate::kNotApplied, .count = count, .error = why};
}

int64_t UntilNs(std::chrono::nanoseconds timeout) {
  int64_t now = Driver::NowNs();
  return timeout.count() >= kNeverNs - now ? kNeverNs : now + timeout.count();
}

absl::Status Validate(const TransactionRun& run) {
  if (run.empty()) {
    return MakeError(ErrorCode::kEmptyAppend, "an append needs at least one transaction");
  }
  if (run.size_bytes() + limits::kAppendOverheadBytesMax <= limits::kFrameBytesMax &&
      run.count() <= limits::kTransactionsPerAppendMax) {
    return absl::OkStatus();
  }
  return MakeError(
      ErrorCode::kTooLarge,
      absl::StrCat("an append of ", run.count(), " transactions and ", run.size_bytes(),
                   " bytes is over the limit of ", limits::kTransactionsPerAppendMax,
                   " transactions and ", limits::kFrameBytesMax, " bytes: send several appends"));
}

absl::Status WrongThread(const char* what) {
  return MakeError(ErrorCode::kWrongThread,
                   absl::StrCat(what,
                                " waits, and was called from a callback, which must not: "
                                "use TryAppend there, or wait on another thread"));
}

}  // namespace

struct Writer::Impl {
  Impl(client::Journal j, const ClientOptions& client, const WriterOptions& options)
      : journal(std::move(j)), loop(client, journal.name(), options) {}

  absl::Status Submit(TransactionRun run, AppendCallback done, const AppendOptions& options,
                      int64_t until_ns, uint64_t* id);
  absl::Status MakeSafe(Level level, int64_t until_ns);
  absl::Status WaitCommitted(Lsn lsn, int64_t until_ns);

  client::Journal journal;
  WriterLoop loop;
};

absl::Status Writer::Impl::Submit(TransactionRun run, AppendCallback done,
                                  const AppendOptions& options, int64_t until_ns, uint64_t* id) {
  if (absl::Status status = Validate(run); !status.ok()) return status;
  PendingAppend append;
  append.count = run.count();
  append.body_crc32c = Crc32c(run.bytes());
  append.run = std::move(run).TakeBytes();
  append.level = options.level.value_or(loop.default_level());
  append.expected_lsn = options.expected_lsn;
  append.done = std::move(done);
  return loop.Submit(std::move(append), until_ns, id);
}

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::~Writer() = default;

absl::StatusOr<std::unique_ptr<Writer>> Writer::Open(const Journal& journal,
                                                     const ClientOptions& client,
                                                     const WriterOptions& options) {
  auto impl = std::make_unique<Impl>(journal, client, options);
  if (absl::Status status = impl->loop.Open(); !status.ok()) return status;
  return std::unique_ptr<Writer>(new Writer(std::move(impl)));
}

AppendOutcome Writer::Append(std::string_view payload, std::chrono::nanoseconds timeout,
                             const AppendOptions& options) {
  return Append(TransactionRun::Of(payload), timeout, options);
}

AppendOutcome Writer::Append(TransactionRun run, std::chrono::nanoseconds timeout,
                             const AppendOptions& options) {
  uint32_t count = run.count();
  if (impl_->loop.OnOwnThread()) return NotApplied(count, WrongThread("Append"));
  int64_t until = UntilNs(timeout);
  auto promise = std::make_shared<std::promise<AppendOutcome>>();
  std::future<AppendOutcome> answer = promise->get_future();
  auto done = [promise](const AppendOutcome& outcome) { promise->set_value(outcome); };
  uint64_t id = 0;
  absl::Status status = impl_->Submit(std::move(run), done, options, until, &id);
  if (!status.ok()) return NotApplied(count, status);
  auto left = std::chrono::nanoseconds(std::max<int64_t>(until - Driver::NowNs(), 0));
  if (until == kNeverNs) answer.wait();
  if (until == kNeverNs || answer.wait_for(left) == std::future_status::ready) return answer.get();
  AppendOutcome outcome{.fate = Fate::kUnknown, .count = count};
  std::string within = absl::StrCat("within ", FormatDurationNs(timeout.count()));
  if (impl_->loop.Withdraw(id, &outcome.first_sequence)) {
    return NotApplied(count, MakeError(ErrorCode::kDeadline,
                                       absl::StrCat("not sent ", within, ", and taken back")));
  }
  if (answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready) return answer.get();
  outcome.error = MakeError(ErrorCode::kOutcomeUnknown,
                            absl::StrCat("sent, and not answered ", within,
                                         ": it may still be "
                                         "applied; ask Resolve what became of its sequence"));
  return outcome;
}

std::future<AppendOutcome> Writer::AppendAsync(std::string_view payload,
                                               const AppendOptions& options) {
  return AppendAsync(TransactionRun::Of(payload), options);
}

std::future<AppendOutcome> Writer::AppendAsync(TransactionRun run, const AppendOptions& options) {
  auto promise = std::make_shared<std::promise<AppendOutcome>>();
  std::future<AppendOutcome> answer = promise->get_future();
  uint32_t count = run.count();
  absl::Status status = AppendAsync(
      std::move(run), [promise](const AppendOutcome& outcome) { promise->set_value(outcome); },
      options);
  if (!status.ok()) promise->set_value(NotApplied(count, status));
  return answer;
}

absl::Status Writer::AppendAsync(std::string_view payload, AppendCallback done,
                                 const AppendOptions& options) {
  return AppendAsync(TransactionRun::Of(payload), std::move(done), options);
}

absl::Status Writer::AppendAsync(TransactionRun run, AppendCallback done,
                                 const AppendOptions& options) {
  uint64_t id;
  int64_t until = Driver::NowNs() + impl_->loop.append_timeout_ns();
  return impl_->Submit(std::move(run), std::move(done), options, until, &id);
}

absl::Status Writer::TryAppend(std::string_view payload, AppendCallback done,
                               const AppendOptions& options) {
  return TryAppend(TransactionRun::Of(payload), std::move(done), options);
}

absl::Status Writer::TryAppend(TransactionRun run, AppendCallback done,
                               const AppendOptions& options) {
  uint64_t id;
  return impl_->Submit(std::move(run), std::move(done), options, 0, &id);
}

absl::Status Writer::Flush(Level level, std::chrono::nanoseconds timeout) {
  if (impl_->loop.OnOwnThread()) return WrongThread("Flush");
  int64_t until = UntilNs(timeout);
  if (!impl_->loop.WaitFinished(until)) {
    return MakeError(
        ErrorCode::kDeadline,
        absl::StrCat(impl_->loop.in_flight(), " appends have no outcome after ",
                     FormatDurationNs(timeout.count()), "; they are still under way: flush again"));
  }
  WriterLoop::Reported reported = impl_->loop.TakeFailures();
  if (reported.failures == 0) return impl_->MakeSafe(level, until);
  return MakeError(CodeOf(reported.first_failure),
                   absl::StrCat(reported.failures, " appends since the last flush failed; first: ",
                                std::string(reported.first_failure.message())));
}

// Brings what was applied at a lower level up to this one.
absl::Status Writer::Impl::MakeSafe(Level level, int64_t until_ns) {
  Lsn highest;
  Level reached = loop.safety(&highest);
  if (reached >= level || highest == Lsn()) return absl::OkStatus();
  if (level < Level::kDisk) return WaitCommitted(highest, until_ns);
  auto left = std::chrono::nanoseconds(std::max<int64_t>(until_ns - Driver::NowNs(), 0));
  absl::StatusOr<Watermarks> marks = journal.Checkpoint(left);
  if (!marks.ok()) return marks.status();
  reached = Level::kDisk;
  if (level == Level::kDiskQuorum) {
    absl::StatusOr<JournalInfo> info = journal.Info(left);
    if (!info.ok()) return info.status();
    if (info->members.size() > 1) {
      return MakeError(ErrorCode::kLevelNotOffered,
                       "a checkpoint reaches the leader's disk only: append with level "
                       "disk_quorum, or flush to disk");
    }
    reached = Level::kDiskQuorum;  // one member: its own disk is the majority
  }
  loop.SetSafe(marks->durable.lsn, reached);
  return absl::OkStatus();
}

absl::Status Writer::Impl::WaitCommitted(Lsn lsn, int64_t until_ns) {
  for (;;) {
    auto left = std::chrono::nanoseconds(std::max<int64_t>(until_ns - Driver::NowNs(), 0));
    absl::StatusOr<Watermarks> marks = journal.GetWatermarks(left);
    if (!marks.ok()) return marks.status();
    if (marks->committed.lsn >= lsn) {
      loop.SetSafe(marks->committed.lsn, Level::kReplicated);
      return absl::OkStatus();
    }
    std::this_thread::sleep_for(std::chrono::nanoseconds(kCommitPollNs));
  }
}

absl::Status Writer::status() const { return impl_->loop.status(); }
std::optional<LossNotice> Writer::last_loss() const { return impl_->loop.last_loss(); }
size_t Writer::in_flight() const { return impl_->loop.in_flight(); }
WriterStats Writer::stats() const { return impl_->loop.stats(); }
const std::string& Writer::producer() const { return impl_->loop.producer(); }
Sequence Writer::last_sequence_at_open() const { return impl_->loop.last_sequence_at_open(); }

}  // namespace ringjournal::client
