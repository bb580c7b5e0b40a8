#include "tools/ringjournal/receipt_text.h"

#include "absl/strings/str_cat.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

using Verdict = client::ReceiptCheck::Verdict;

// An older server says "diverged", and not from where.
bool SaysFromWhere(const client::ReceiptCheck& check) { return check.diverged != Lsn(); }

Lsn DivergedAt(const client::Cursor& receipt, const client::ReceiptCheck& check) {
  return SaysFromWhere(check) ? check.diverged : receipt.lsn;
}

std::string LastCommon(const client::ReceiptCheck& check) {
  if (!SaysFromWhere(check)) return "which epoch was the last in common is not known";
  if (check.last_common == Epoch()) return "no epoch that it knows is as old as the receipt's";
  return absl::StrCat("its newest epoch up to the receipt's is ", EpochPairText(check.last_common));
}

std::string Diverged(const std::string& journal, const std::string& what,
                     const client::Cursor& receipt, const client::ReceiptCheck& check) {
  return absl::StrCat("diverged at or before LSN ", DivergedAt(receipt, check).value(),
                      ": journal ", journal, " does not hold ", what, "; ", LastCommon(check),
                      ". What was acknowledged as received only, an ordinary failover may take "
                      "back; for more than that `ringjournal journal info ",
                      journal,
                      "` shows what recoveries may have lost. Compare what your system did from "
                      "there on\n");
}

}  // namespace

std::string ReceiptText(const std::string& journal, const client::Cursor& receipt,
                        const client::ReceiptCheck& check) {
  const std::string what =
      absl::StrCat("LSN ", receipt.lsn.value(), " of epoch ", EpochPairText(receipt.epoch));
  switch (check.verdict) {
    case Verdict::kContinuous:
      return absl::StrCat("continuous: journal ", journal, " holds ", what,
                          " and everything below it, as the receipt says\n");
    case Verdict::kDiverged:
      return Diverged(journal, what, receipt, check);
    default:
      return absl::StrCat("cannot tell: the leader of journal ", journal,
                          " has not the entry with ", what,
                          " in memory, and looks nowhere else: it is trimmed, or only segments "
                          "hold it; `ringjournal verify` compares those of a stopped node\n");
  }
}

std::string ReceiptJson(const std::string& journal, const client::Cursor& receipt,
                        const client::ReceiptCheck& check) {
  const char* verdict = check.verdict == Verdict::kContinuous ? "continuous"
                        : check.verdict == Verdict::kDiverged ? "diverged"
                                                              : "cannot tell";
  std::string out = absl::StrCat("{\"journal\": ", JsonString(journal), ", \"verdict\": \"",
                                 verdict, "\", \"receiptLsn\": \"", receipt.lsn.value(),
                                 "\", \"receiptEpoch\": \"", EpochPairText(receipt.epoch), "\"");
  if (check.verdict == Verdict::kDiverged) {
    absl::StrAppend(
        &out, ", \"divergedLsn\": \"", DivergedAt(receipt, check).value(), "\", \"lastCommon\": ",
        check.last_common == Epoch() ? "null"
                                     : absl::StrCat("\"", EpochPairText(check.last_common), "\""));
  }
  return absl::StrCat(out, ", \"epoch\": \"", EpochPairText(check.epoch), "\"}\n");
}

}  // namespace ringjournal::cli
