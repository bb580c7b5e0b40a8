// ringjournal writer show|fence: who may append to a fenced journal.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/writer_text.h"

namespace ringjournal::cli {
namespace {

struct WriterFlags {
  std::string journal;
  std::string claimant;
  std::optional<Epoch> replaces;
  bool force = false;
  std::string reason;
};

std::string Sentence(const std::string& journal, const client::WriterInfo& writer) {
  if (!writer.fenced) {
    return absl::StrCat("journal ", journal,
                        " is not fenced: any producer may append; `ringjournal journal set ",
                        journal, " --fenced yes` changes that");
  }
  if (writer.epoch == Epoch()) return absl::StrCat("nobody is the writer of journal ", journal);
  if (writer.ended_by_loss) {
    return absl::StrCat("nobody is the writer of journal ", journal, ": the last was ",
                        HolderText(writer), ", and generation ", writer.generation,
                        " began since with a possible loss");
  }
  return absl::StrCat("journal ", journal, " is written by ", HolderText(writer), ", from LSN ",
                      writer.next_lsn.value(), " on");
}

std::string ToJson(const std::string& journal, const client::WriterInfo& writer) {
  const std::string holder = HolderJsonFields(writer);
  const std::string out = absl::StrCat("{\"journal\": ", JsonString(journal),
                                       ", \"fenced\": ", writer.fenced ? "true" : "false",
                                       holder.empty() ? "" : ", ", holder);
  return absl::StrCat(out, ", \"generation\": ", writer.generation, "}\n");
}

int Print(const Context& context, const std::string& journal, const client::WriterInfo& writer) {
  const std::string text =
      context.json() ? ToJson(journal, writer) : absl::StrCat(Sentence(journal, writer), "\n");
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

absl::StatusOr<client::Journal> JournalOf(const Context& context, const std::string& name) {
  auto client = client::Client::Open(context.ClientOptions(0));
  if (!client.ok()) return client.status();
  return (*client)->Journal(name);
}

int RunShow(const Context& context, const WriterFlags& flags) {
  auto journal = JournalOf(context, flags.journal);
  if (!journal.ok()) return context.Fail(journal.status());
  auto writer = journal->GetWriter();
  if (!writer.ok()) return context.Fail(writer.status());
  return Print(context, flags.journal, *writer);
}

// Whom the claim is to end. Nobody is ended who was not named: a person who types this has perhaps
// not looked.
absl::StatusOr<Epoch> WhomToReplace(const client::Journal& journal, const WriterFlags& flags) {
  if (flags.replaces.has_value()) return *flags.replaces;
  auto writer = journal.GetWriter();
  if (!writer.ok()) return writer.status();
  if (writer->epoch == Epoch() || writer->ended_by_loss) return writer->epoch;
  return client::MakeError(
      client::ErrorCode::kWriterHeld,
      absl::StrCat("journal ", flags.journal, " is written by ", HolderText(*writer),
                   ": make sure that this one is to go, then say --replaces ",
                   EpochPairText(writer->epoch), ", or --force to end whoever it is"));
}

int RunFence(const Context& context, const WriterFlags& flags) {
  auto journal = JournalOf(context, flags.journal);
  if (!journal.ok()) return context.Fail(journal.status());
  client::WriterClaim claim;
  claim.claimant = flags.claimant;
  claim.force = flags.force;
  claim.reason = flags.reason;
  if (!flags.force) {
    auto replaces = WhomToReplace(*journal, flags);
    if (!replaces.ok()) return context.Fail(replaces.status());
    claim.replaces = *replaces;
  }
  auto writer = journal->AcquireWriter(claim);
  if (!writer.ok()) return context.Fail(writer.status());
  return Print(context, flags.journal, *writer);
}

CLI::App* Add(CLI::App* parent, Context& context, const std::string& name, const std::string& help,
              const std::shared_ptr<WriterFlags>& flags,
              int (*run)(const Context&, const WriterFlags&)) {
  CLI::App* sub = parent->add_subcommand(name, help);
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  sub->fallthrough();
  sub->callback([&context, flags, name, run] {
    context.command = "writer " + name;
    context.action = [&context, flags, run] { return run(context, *flags); };
  });
  return sub;
}

}  // namespace

void RegisterWriter(CLI::App& app, Context& context) {
  CLI::App* writer = app.add_subcommand("writer", "Who may append to a fenced journal");
  writer->require_subcommand(1);
  writer->fallthrough();
  writer->footer(
      "Examples:\n  ringjournal writer show orders\n"
      "  ringjournal writer fence orders --claimant engine-b --replaces 1.3\n");
  Add(writer, context, "show", "Say who is the writer", std::make_shared<WriterFlags>(), RunShow)
      ->footer("Example:\n  ringjournal writer show orders\n");
  auto flags = std::make_shared<WriterFlags>();
  CLI::App* fence = Add(writer, context, "fence",
                        "Become the writer: whoever was it appends no more", flags, RunFence);
  fence->add_option("--claimant", flags->claimant, "Who it is from now on, for people")->required();
  CLI::Option* replaces = AddEpochOption(fence, "--replaces", &flags->replaces,
                                         "The writer epoch that it ends, as `writer show` says it");
  fence->add_flag("--force", flags->force, "End whichever is current; stays in the journal")
      ->excludes(replaces);
  fence->add_option("--reason", flags->reason, "For people; stays in the journal");
  fence->footer(
      "Examples:\n  ringjournal writer fence orders --claimant engine-a\n"
      "  ringjournal writer fence orders --claimant engine-b --replaces 1.3\n"
      "  ringjournal writer fence orders --claimant operator --force --reason \"engine-a "
      "hangs\"\n");
}

}  // namespace ringjournal::cli
