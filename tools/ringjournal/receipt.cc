// ringjournal receipt check: does a journal still hold what it has acknowledged?
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/cursor.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

using Verdict = client::ReceiptCheck::Verdict;

struct ReceiptFlags {
  std::string journal;
  std::string file;
};

std::string LastCommon(const client::ReceiptCheck& check) {
  if (check.last_common == Epoch()) return "no epoch that it knows is as old as the receipt's";
  return absl::StrCat("its newest epoch up to the receipt's is ", EpochPairText(check.last_common));
}

std::string Sentence(const ReceiptFlags& flags, const client::Cursor& receipt,
                     const client::ReceiptCheck& check) {
  const std::string what =
      absl::StrCat("LSN ", receipt.lsn.value(), " of epoch ", EpochPairText(receipt.epoch));
  switch (check.verdict) {
    case Verdict::kContinuous:
      return absl::StrCat("continuous: journal ", flags.journal, " holds ", what,
                          " and everything below it, as the receipt says");
    case Verdict::kDiverged:
      return absl::StrCat("diverged at or before LSN ", check.diverged.value(), ": journal ",
                          flags.journal, " does not hold ", what,
                          " any more, although it was acknowledged or read; ", LastCommon(check),
                          ". `ringjournal journal info ", flags.journal,
                          "` shows what recoveries may have lost; compare what your system did "
                          "from there on");
    default:
      return absl::StrCat("cannot tell: journal ", flags.journal, " has no longer the entry with ",
                          what,
                          " in memory, or has trimmed it; `ringjournal verify` compares the "
                          "segments of a stopped node");
  }
}

std::string ToJson(const ReceiptFlags& flags, const client::Cursor& receipt,
                   const client::ReceiptCheck& check) {
  const char* verdict = check.verdict == Verdict::kContinuous ? "continuous"
                        : check.verdict == Verdict::kDiverged ? "diverged"
                                                              : "cannot tell";
  std::string out = absl::StrCat("{\"journal\": ", JsonString(flags.journal), ", \"verdict\": \"",
                                 verdict, "\", \"receiptLsn\": \"", receipt.lsn.value(),
                                 "\", \"receiptEpoch\": \"", EpochPairText(receipt.epoch), "\"");
  if (check.verdict == Verdict::kDiverged) {
    absl::StrAppend(&out, ", \"divergedLsn\": \"", check.diverged.value(), "\", \"lastCommon\": ",
                    check.last_common == Epoch()
                        ? "null"
                        : absl::StrCat("\"", EpochPairText(check.last_common), "\""));
  }
  return absl::StrCat(out, ", \"epoch\": \"", EpochPairText(check.epoch), "\"}\n");
}

int ExitCodeOf(Verdict verdict) {
  if (verdict == Verdict::kContinuous) return kExitOk;
  return verdict == Verdict::kDiverged ? kExitDataLoss : kExitTrimmed;
}

int RunCheck(const Context& context, const ReceiptFlags& flags) {
  absl::StatusOr<client::Cursor> receipt = client::LoadCursor(flags.file);
  if (!receipt.ok()) return context.Fail(receipt.status());
  auto client = client::Client::Open(context.ClientOptions(0));
  if (!client.ok()) return context.Fail(client.status());
  auto check = (*client)->Journal(flags.journal).CheckReceipt(*receipt);
  if (!check.ok()) return context.Fail(check.status());
  const std::string text = context.json() ? ToJson(flags, *receipt, *check)
                                          : absl::StrCat(Sentence(flags, *receipt, *check), "\n");
  std::fputs(text.c_str(), stdout);
  return ExitCodeOf(check->verdict);
}

}  // namespace

void RegisterReceipt(CLI::App& app, Context& context) {
  CLI::App* receipt =
      app.add_subcommand("receipt", "Does a journal still hold what it has acknowledged?");
  receipt->require_subcommand(1);
  receipt->fallthrough();
  const char* example =
      "Example:\n  seq 3 | ringjournal append orders --receipt-file last.receipt\n"
      "  ringjournal receipt check orders last.receipt\n";
  receipt->footer(example);
  auto flags = std::make_shared<ReceiptFlags>();
  CLI::App* check = receipt->add_subcommand(
      "check", "Compare a receipt with the journal: continuous, diverged, or cannot tell");
  check->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  check
      ->add_option("FILE", flags->file,
                   "What append --receipt-file, or tail --cursor-file, has written")
      ->required();
  check->fallthrough();
  check->footer(example);
  check->callback([&context, flags] {
    context.command = "receipt check";
    context.action = [&context, flags] { return RunCheck(context, *flags); };
  });
}

}  // namespace ringjournal::cli
