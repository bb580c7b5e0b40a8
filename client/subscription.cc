#include "client/subscription.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ask.h"
#include "client/core/receipt_proto.h"
#include "client/errors.h"

namespace ringjournal::client {
namespace {

constexpr int64_t kNoTimeout = INT64_MAX;

absl::Status ForeignCursor(const std::string& journal, const Cursor& cursor, const JournalId& id) {
  return MakeError(ErrorCode::kBadCursor,
                   absl::StrCat("the cursor was saved in journal ", cursor.journal.ToHex(),
                                ", but the journal called ", journal, " is ", id.ToHex(),
                                ": nothing was read; use the cursor of this journal, or read from "
                                "a position such as `oldest`"));
}

absl::Status Diverged(const std::string& journal, const Cursor& cursor) {
  return MakeError(
      ErrorCode::kBadCursor,
      absl::StrCat("journal ", journal, " no longer holds the entry ", cursor.index.value(),
                   " that the cursor was taken of: nothing was read; check what LSNs up to ",
                   cursor.lsn.value(), " led to, then read from a position that you trust"));
}

// Opens the journal for a look: its id, its generation, and whether it continues the cursor.
absl::StatusOr<v1::OpenReply> LookAt(const ClientOptions& client, const ReaderOptions& options,
                                     const Cursor* cursor) {
  v1::ClientMessage request;
  v1::Open* open = request.mutable_open();
  open->set_journal(options.journal);
  open->set_accept_generation(options.accept_generation);
  if (cursor != nullptr && cursor->index != Index()) {
    FillReceipt(*cursor, open->mutable_last_receipt());
  }
  auto reply = Ask(client, request, AskOptions{});
  if (!reply.ok()) return reply.status();
  return reply->open_reply();
}

}  // namespace

struct Subscription::Impl {
  ClientOptions client;
  ReaderOptions options;
  std::unique_ptr<Reader> reader;
  Cursor cursor;
  // The last transaction that the cursor has delivered comes first, is compared and dropped.
  bool verifying = false;

  absl::Status Reopen(Lsn from) {
    options.from = Position::At(from);
    auto opened = Reader::Open(client, options);
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
    return absl::OkStatus();
  }
  absl::StatusOr<bool> Delivers(const ReadTransaction& t);
};

// Whether `t` is for the caller. Moves the cursor behind it.
absl::StatusOr<bool> Subscription::Impl::Delivers(const ReadTransaction& t) {
  if (std::exchange(verifying, false)) {
    if (t.lsn == cursor.lsn) {
      if (t.index == cursor.index && t.chain == cursor.chain) return false;
      return Diverged(options.journal, cursor);
    }
  }
  cursor.lsn = t.lsn;
  cursor.index = t.index;
  cursor.chain = t.chain;
  cursor.epoch = t.epoch;
  return true;
}

Subscription::Subscription(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscription::~Subscription() = default;

absl::StatusOr<std::unique_ptr<Subscription>> Subscription::Open(const ClientOptions& client,
                                                                 const ReaderOptions& options,
                                                                 const Cursor* cursor) {
  auto impl = std::make_unique<Impl>();
  impl->client = client;
  impl->options = options;
  auto look = LookAt(client, options, cursor);
  if (!look.ok()) return look.status();
  JournalId id;
  if (!JournalId::FromView(look->journal_id(), &id)) {
    return MakeError(ErrorCode::kProtocol, "the server's journal id has not 16 bytes");
  }
  if (cursor != nullptr) {
    if (id != cursor->journal) return ForeignCursor(options.journal, *cursor, id);
    if (look->continuity() == v1::CONTINUITY_DIVERGED) return Diverged(options.journal, *cursor);
    impl->cursor = *cursor;
    impl->verifying = cursor->index != Index();
    if (cursor->lsn != Lsn()) {
      Lsn oldest(look->watermarks().oldest().lsn());
      impl->verifying = impl->verifying && cursor->lsn >= oldest;
      impl->options.from = Position::At(impl->verifying ? cursor->lsn : cursor->lsn.next());
    } else {
      impl->options.from = Position::Oldest();
    }
  }
  impl->cursor.journal = id;
  if (cursor == nullptr) impl->cursor.epoch = {look->generation(), look->epoch()};
  auto reader = Reader::Open(client, impl->options);
  if (!reader.ok()) return reader.status();
  impl->reader = *std::move(reader);
  return std::unique_ptr<Subscription>(new Subscription(std::move(impl)));
}

absl::StatusOr<ReadStep> Subscription::Next(ReadTransaction* transaction,
                                            std::chrono::nanoseconds timeout) {
  int64_t timeout_ns =
      timeout == timeout.max() ? kNoTimeout : std::max<int64_t>(timeout.count(), 0);
  for (;;) {
    absl::StatusOr<ReadStep> step = impl_->reader->Next(transaction, timeout_ns);
    if (impl_->verifying && CodeOf(step.status()) == ErrorCode::kTrimmed) {
      // What the cursor had delivered was trimmed meanwhile; what follows may still be there.
      impl_->verifying = false;
      if (absl::Status status = impl_->Reopen(impl_->cursor.lsn.next()); !status.ok())
        return status;
      continue;
    }
    if (!step.ok() || *step != ReadStep::kTransaction) return step;
    absl::StatusOr<bool> delivers = impl_->Delivers(*transaction);
    if (!delivers.ok()) return delivers.status();
    if (*delivers) return step;
  }
}

Cursor Subscription::cursor() const {
  Cursor cursor = impl_->cursor;
  Lsn next = impl_->reader->next_lsn();
  if (cursor.index == Index() && next != Lsn()) cursor.lsn = next.prev();
  return cursor;
}

Lsn Subscription::visible_lsn() const { return impl_->reader->visible_lsn(); }
uint64_t Subscription::reconnects() const { return impl_->reader->reconnects(); }
const std::optional<LossNotice>& Subscription::last_loss() const {
  return impl_->reader->last_loss();
}

}  // namespace ringjournal::client
