// Is a journal still what a receipt was given for?
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/ask.h"
#include "client/core/receipt_proto.h"
#include "client/journal.h"
#include "client/journal_timeout.h"

namespace ringjournal::client {
namespace {

absl::Status NoReceipt() {
  return MakeError(ErrorCode::kBadCursor,
                   "a receipt names an entry by its index, and this one has none: show the cursor "
                   "of a transaction that was read, or of an append that was acknowledged with its "
                   "place");
}

absl::Status OfAnotherJournal(const std::string& journal, const Cursor& receipt,
                              const std::string& id) {
  JournalId now;
  const bool read = JournalId::FromView(id, &now);
  return MakeError(
      ErrorCode::kBadCursor,
      absl::StrCat("the receipt is of journal ", receipt.journal.ToHex(),
                   ", but the journal called ", journal, " is ", read ? now.ToHex() : "another one",
                   ": it was removed and created again, or the receipt belongs "
                   "elsewhere; nothing of it can be compared"));
}

ReceiptCheck CheckOf(const v1::OpenReply& reply) {
  using Verdict = ReceiptCheck::Verdict;
  ReceiptCheck check;
  check.epoch = {reply.generation(), reply.epoch()};
  switch (reply.continuity()) {
    case v1::CONTINUITY_CONTINUOUS:
      check.verdict = Verdict::kContinuous;
      break;
    case v1::CONTINUITY_DIVERGED:
      check.verdict = Verdict::kDiverged;
      check.diverged = Lsn(reply.diverged_lsn());
      check.last_common = {reply.common_generation(), reply.common_epoch()};
      break;
    default:
      check.verdict = Verdict::kCannotTell;
  }
  return check;
}

}  // namespace

Cursor CursorOf(const JournalId& journal, const AppendReceipt& receipt) {
  if (receipt.first_lsn == Lsn()) return Cursor{.journal = journal};  // applied, who knows where
  return {journal, receipt.epoch, receipt.index, receipt.last_lsn(), receipt.chain};
}

absl::StatusOr<ReceiptCheck> Journal::CheckReceipt(const Cursor& receipt, Timeout timeout) const {
  if (receipt.index == Index()) return NoReceipt();
  v1::ClientMessage request;
  v1::Open* open = request.mutable_open();
  open->set_journal(name_);
  // The question is what is so, not whether to go on: a loss is no reason not to answer.
  open->set_accept_generation(UINT32_MAX);
  // A leader that was deposed and does not know it yet may lack what the receipt is of.
  open->set_linearizable(true);
  FillReceipt(receipt, open->mutable_last_receipt());
  auto reply = Ask(*options_, request, AskOptions{.timeout_ns = TimeoutNs(*options_, timeout)});
  if (!reply.ok()) return reply.status();
  const v1::OpenReply& opened = reply->open_reply();
  if (opened.journal_id() != receipt.journal.view()) {
    return OfAnotherJournal(name_, receipt, opened.journal_id());
  }
  return CheckOf(opened);
}

}  // namespace ringjournal::client
