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
  session.until_lsn = options.until_lsn;
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
      : session(SessionOptionsOf(client, options)), driver(&session, client) {}

  absl::Status Trouble() const {
    if (session.stopped()) return session.status();
    if (session.loss() != nullptr) return LossError(*session.loss());
    if (driver.interrupted()) return MakeError(ErrorCode::kStopped, "interrupted");
    return absl::OkStatus();
  }

  ReadSession session;
  Driver driver;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(const ClientOptions& client,
                                                     const ReaderOptions& options) {
  auto impl = std::make_unique<Impl>(client, options);
  while (impl->session.established() == 0) {
    impl->driver.Turn(kNeverNs);
    if (absl::Status trouble = impl->Trouble(); !trouble.ok()) return trouble;
  }
  return std::unique_ptr<Reader>(new Reader(std::move(impl)));
}

absl::StatusOr<ReadStep> Reader::Next(ReadTransaction* transaction, int64_t timeout_ns) {
  ReadSession& session = impl_->session;
  impl_->driver.ClearInterrupted();
  if (session.Next(transaction)) return ReadStep::kTransaction;
  int64_t until = timeout_ns >= kNeverNs / 2 ? kNeverNs : Driver::NowNs() + timeout_ns;
  while (!session.finished()) {
    if (absl::Status trouble = impl_->Trouble(); !trouble.ok()) return trouble;
    impl_->driver.Turn(until);
    if (session.Next(transaction)) return ReadStep::kTransaction;
    if (!session.finished() && session.status().ok() && Driver::NowNs() >= until) {
      return ReadStep::kNothingYet;
    }
  }
  return ReadStep::kFinished;
}

Lsn Reader::next_lsn() const { return impl_->session.next_lsn(); }
Lsn Reader::visible_lsn() const { return impl_->session.visible_lsn(); }
uint64_t Reader::reconnects() const { return impl_->session.reconnects(); }
const std::optional<LossNotice>& Reader::last_loss() const { return impl_->session.last_loss(); }

}  // namespace ringjournal::client
