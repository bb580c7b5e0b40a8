#include "client/reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/core/read_session.h"
#include "client/driver.h"

namespace ringjournal::client {
namespace {

ReadSessionOptions SessionOptionsOf(const ClientOptions& client, const ReaderOptions& options) {
  ReadSessionOptions session;
  session.session = Driver::SessionOptionsFrom(client);
  session.journal = options.journal;
  session.from = options.from;
  session.cursor = options.cursor;
  session.until_lsn = options.until_lsn;
  session.until = options.until;
  session.follow = options.follow;
  session.durable_only = options.durable_only;
  session.credit_bytes = options.credit_bytes;
  session.accept_generation = options.accept_generation;
  return session;
}

absl::Status LossError(const LossNotice& loss) {
  return MakeError(
      ErrorCode::kDataLoss,
      absl::StrCat("transactions from LSN ", loss.first_lsn.value(), " on may have been lost (",
                   loss.reason,
                   "), and some of them were delivered here: undo what they led to, "
                   "then read again from LSN ",
                   loss.first_lsn.value(), ", accepting generation ", loss.generation));
}

}  // namespace

struct Reader::Impl {
  Impl(const ClientOptions& client, const ReaderOptions& options)
      : options(options), session(SessionOptionsOf(client, options)), driver(&session, client) {}

  absl::Status Trouble() const {
    if (session.stopped()) return session.status();
    if (session.loss() != nullptr) return LossError(*session.loss());
    if (driver.interrupted()) return MakeError(ErrorCode::kStopped, "interrupted");
    return absl::OkStatus();
  }

  ReaderOptions options;
  ReadSession session;
  Driver driver;
  Cursor cursor;  // journal and epoch are filled in when it is asked for
  bool at_start = true;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(const ClientOptions& client,
                                                     const ReaderOptions& options) {
  auto impl = std::make_unique<Impl>(client, options);
  while (impl->session.established() == 0 || !impl->session.located()) {
    impl->driver.Turn(kNeverNs);
    if (absl::Status trouble = impl->Trouble(); !trouble.ok()) return trouble;
  }
  return std::unique_ptr<Reader>(new Reader(std::move(impl)));
}

std::unique_ptr<Reader> Reader::Start(const ClientOptions& client, const ReaderOptions& options) {
  return std::unique_ptr<Reader>(new Reader(std::make_unique<Impl>(client, options)));
}

// Takes what is here, else waits for it.
template <class Take>
absl::StatusOr<ReadStep> Reader::Step(int64_t timeout_ns, Take take) {
  ReadSession& session = impl_->session;
  if (take(&session)) return ReadStep::kTransaction;
  int64_t until = timeout_ns >= kNeverNs / 2 ? kNeverNs : Driver::NowNs() + timeout_ns;
  while (!session.finished()) {
    if (absl::Status trouble = impl_->Trouble(); !trouble.ok()) return trouble;
    impl_->driver.Turn(until);
    // What has come with it is there at the next call.
    if (impl_->driver.interrupted()) return impl_->Trouble();
    if (take(&session)) return ReadStep::kTransaction;
    if (!session.finished() && session.status().ok() && Driver::NowNs() >= until) {
      return ReadStep::kNothingYet;
    }
  }
  return ReadStep::kFinished;
}

absl::StatusOr<ReadStep> Reader::Next(ReadTransaction* transaction, int64_t timeout_ns) {
  size_t taken = 0;
  return Next({transaction, 1}, &taken, timeout_ns);
}

absl::StatusOr<ReadStep> Reader::Next(std::span<ReadTransaction> into, size_t* taken,
                                      int64_t timeout_ns) {
  impl_->driver.ClearInterrupted();
  auto step = Step(timeout_ns, [&](ReadSession* session) {
    *taken = session->Next(into);
    return *taken > 0;
  });
  if (*taken > 0) {
    const ReadTransaction& t = into[*taken - 1];
    impl_->cursor = {{}, t.epoch, t.index, t.lsn, t.chain};
    impl_->at_start = false;
  }
  return step;
}

absl::StatusOr<ReadStep> Reader::NextEntry(RecordView* view, int64_t timeout_ns) {
  impl_->driver.ClearInterrupted();
  return Step(timeout_ns, [&](ReadSession* session) { return session->NextEntry(view); });
}

absl::Status Reader::Wait(int64_t timeout_ns) {
  impl_->driver.ClearInterrupted();
  int64_t until = Driver::NowNs() + timeout_ns;
  while (Driver::NowNs() < until && !impl_->session.finished()) {
    if (absl::Status trouble = impl_->Trouble(); !trouble.ok()) return trouble;
    impl_->driver.Turn(until);
  }
  return absl::OkStatus();
}

Cursor Reader::cursor() const {
  Cursor cursor = impl_->cursor;
  if (impl_->at_start && impl_->options.cursor) return *impl_->options.cursor;
  if (impl_->at_start) {
    cursor.epoch = {impl_->session.generation(), 0};
    // Nothing was delivered yet: a place without an entry.
    Lsn next = impl_->session.next_lsn() > Lsn(0) ? impl_->session.next_lsn() : from_lsn();
    if (next > Lsn(0)) cursor.lsn = next.prev();
  }
  cursor.journal = journal_id();
  return cursor;
}

JournalId Reader::journal_id() const {
  JournalId id;
  JournalId::FromView(impl_->session.journal_id(), &id);
  return id;
}

Lsn Reader::from_lsn() const { return impl_->session.from_lsn(); }
std::optional<Lsn> Reader::until_lsn() const { return impl_->session.until_lsn(); }
uint32_t Reader::generation() const { return impl_->session.generation(); }
uint32_t Reader::seen_generation() const { return impl_->session.seen_generation(); }
Lsn Reader::next_lsn() const { return impl_->session.next_lsn(); }
Lsn Reader::visible_lsn() const { return impl_->session.visible_lsn(); }
uint64_t Reader::reconnects() const { return impl_->session.reconnects(); }
const std::optional<LossNotice>& Reader::last_loss() const { return impl_->session.last_loss(); }

}  // namespace ringjournal::client
