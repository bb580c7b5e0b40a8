#include "client/appender.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/core/append_session.h"
#include "client/driver.h"

namespace ringjournal::client {
namespace {

AppendSessionOptions SessionOptionsOf(const ClientOptions& client, const AppenderOptions& options) {
  AppendSessionOptions session;
  session.session = Driver::SessionOptionsFrom(client);
  session.client_instance = Driver::Seed();
  session.journal = options.journal;
  session.producer = options.producer;
  session.writer = options.writer;
  if (session.producer.empty()) {
    session.producer = absl::StrFormat("random-%016x", Driver::Seed());
  }
  session.create = options.create;
  session.accept_generation = options.accept_generation;
  session.accept_loss_before_first_open = options.accept_loss_before_first_open;
  session.appends_in_flight_max = options.appends_in_flight_max;
  session.bytes_in_flight_max = options.bytes_in_flight_max;
  return session;
}

absl::Status LossError(const LossNotice& loss) {
  return MakeError(ErrorCode::kDataLoss,
                   absl::StrCat("transactions from LSN ", loss.first_lsn.value(),
                                " on may have been lost (", loss.reason,
                                "); nothing more was sent: check what this concerns, then accept "
                                "generation ",
                                loss.generation, " to go on"));
}

}  // namespace

struct Appender::Impl {
  Impl(const ClientOptions& client, const AppenderOptions& options)
      : session_options(SessionOptionsOf(client, options)),
        session(session_options),
        driver(&session, client) {}

  // Why waiting must end, or OK.
  absl::Status Trouble() const {
    if (session.stopped()) return session.status();
    if (session.loss() != nullptr) return LossError(*session.loss());
    if (driver.interrupted()) return MakeError(ErrorCode::kStopped, "interrupted");
    return absl::OkStatus();
  }

  AppendSessionOptions session_options;
  AppendSession session;
  Driver driver;
};

Appender::Appender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Appender::~Appender() = default;

absl::StatusOr<std::unique_ptr<Appender>> Appender::Open(const ClientOptions& client,
                                                         const AppenderOptions& options,
                                                         std::optional<LossNotice>* loss) {
  auto impl = std::make_unique<Impl>(client, options);
  absl::Status trouble;
  while (trouble.ok() && !impl->session.streaming()) {
    impl->driver.Turn(kNeverNs);
    trouble = impl->Trouble();
  }
  if (loss != nullptr) *loss = impl->session.last_loss();
  if (!trouble.ok()) return trouble;
  return std::unique_ptr<Appender>(new Appender(std::move(impl)));
}

absl::Status Appender::Append(const AppendRequest& request) {
  return impl_->session.Append(request);
}

bool Appender::HasRoom(size_t run_bytes) const { return impl_->session.HasRoom(run_bytes); }

void Appender::Flush() { impl_->driver.Flush(); }

absl::Status Appender::Poll(int64_t timeout_ns, std::span<const int> fds, uint32_t* readable) {
  int64_t until = timeout_ns >= kNeverNs / 2 ? kNeverNs : Driver::NowNs() + timeout_ns;
  uint32_t ready = impl_->driver.Turn(until, fds);
  if (readable != nullptr) *readable = ready;
  return impl_->Trouble();
}

absl::Status Appender::WaitAnswered() {
  while (!impl_->session.all_answered()) {
    impl_->driver.Turn(kNeverNs);
    if (impl_->session.all_answered()) break;
    if (absl::Status trouble = impl_->Trouble(); !trouble.ok()) return trouble;
  }
  return impl_->session.stopped() ? impl_->session.status() : absl::OkStatus();
}

bool Appender::NextOutcome(AppendOutcome* outcome) { return impl_->session.NextOutcome(outcome); }
size_t Appender::in_flight() const { return impl_->session.in_flight(); }
Sequence Appender::last_sequence_at_open() const { return impl_->session.last_sequence_at_open(); }
const std::string& Appender::producer() const { return impl_->session_options.producer; }

AppenderStats Appender::stats() const {
  const AppendStats& stats = impl_->session.stats();
  return {.resent = stats.resent,
          .duplicates = stats.duplicates,
          .refusals = stats.refusals,
          .reconnects = impl_->session.reconnects()};
}

const std::optional<LossNotice>& Appender::last_loss() const { return impl_->session.last_loss(); }

std::optional<Cursor> Appender::last_receipt() const { return impl_->session.last_receipt(); }

void Appender::Stop() {
  absl::Status trouble = impl_->Trouble();
  impl_->session.Stop(trouble.ok() ? MakeError(ErrorCode::kStopped, "the client stopped")
                                   : trouble);
  impl_->driver.Close();
}

}  // namespace ringjournal::client
