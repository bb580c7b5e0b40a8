// ringjournal receipt check: does a journal still hold what it has acknowledged?
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/cursor.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/receipt_text.h"

namespace ringjournal::cli {
namespace {

using Verdict = client::ReceiptCheck::Verdict;

struct ReceiptFlags {
  std::string journal;
  std::string file;
};

// LoadCursor's advice is for who would read on.
absl::Status NoReceipt(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return status;
  const std::string why(status.message());
  return absl::InvalidArgumentError(
      absl::StrCat(why.substr(0, why.rfind(';')),
                   ", and a receipt is written like one; give a file that `append --receipt-file` "
                   "or `tail --cursor-file` has written"));
}

int ExitCodeOf(Verdict verdict) {
  if (verdict == Verdict::kContinuous) return kExitOk;
  return verdict == Verdict::kDiverged ? kExitDataLoss : kExitTrimmed;
}

int RunCheck(const Context& context, const ReceiptFlags& flags) {
  absl::StatusOr<client::Cursor> receipt = client::LoadCursor(flags.file);
  if (!receipt.ok()) return context.Fail(NoReceipt(receipt.status()));
  auto client = client::Client::Open(context.ClientOptions(0));
  if (!client.ok()) return context.Fail(client.status());
  auto check = (*client)->Journal(flags.journal).CheckReceipt(*receipt);
  if (!check.ok()) return context.Fail(check.status());
  const std::string text = context.json() ? ReceiptJson(flags.journal, *receipt, *check)
                                          : ReceiptText(flags.journal, *receipt, *check);
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
