// ringjournal resolve, producer resolve: what became of an append whose outcome is not known?
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/ask_journal.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

struct ResolveFlags {
  std::string journal;
  std::string producer;
  uint64_t sequence = 0;
  bool settle = false;
  std::optional<Epoch> writer;
};

std::string Sentence(const ResolveFlags& flags, const v1::ResolveReply& reply) {
  std::string what = absl::StrCat("sequence ", flags.sequence, " of producer ", flags.producer);
  switch (reply.outcome()) {
    case v1::ResolveReply::OUTCOME_AT_LSN:
      return absl::StrCat("applied: ", what, " is LSN ", reply.lsn());
    case v1::ResolveReply::OUTCOME_APPLIED_TRIMMED:
      return absl::StrCat("applied: ", what, " was appended; its place is no longer known");
    case v1::ResolveReply::OUTCOME_NEVER:
      return absl::StrCat("not applied: ", what, " is not in the journal and never will be");
    case v1::ResolveReply::OUTCOME_NOT_YET:
      return absl::StrCat("not applied yet: ", what,
                          " is not in the journal, but an open session "
                          "may still append it; --settle makes it final");
    case v1::ResolveReply::OUTCOME_MAY_HAVE_BEEN_LOST:
      return absl::StrCat("not present: ", what, " may have been appended and lost; generation ",
                          reply.generation(), " began since");
    default:
      return absl::StrCat("unknown: the server says nothing that this version knows about ", what);
  }
}

int RunResolve(const Context& context, const ResolveFlags& flags) {
  v1::ClientMessage request;
  v1::Resolve* resolve = request.mutable_resolve();
  resolve->set_producer(flags.producer);
  resolve->set_sequence(flags.sequence);
  resolve->set_settle(flags.settle);
  resolve->set_writer_generation(flags.writer.value_or(Epoch()).generation);
  resolve->set_writer_epoch(flags.writer.value_or(Epoch()).epoch);
  // Settling again could end a session that was opened since.
  auto answer = client::AskJournal(context.ClientOptions(0), request,
                                   {.changes_something = flags.settle, .journal = flags.journal});
  if (!answer.ok()) return context.Fail(answer.status());
  const v1::ResolveReply& reply = answer->reply.resolve_reply();
  std::string text =
      context.json() ? ToPrettyJson(reply) : absl::StrCat(Sentence(flags, reply), "\n");
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

}  // namespace

void AddResolve(CLI::App* parent, Context& context, const std::string& command) {
  auto flags = std::make_shared<ResolveFlags>();
  CLI::App* sub =
      parent->add_subcommand("resolve", "Say what became of an append whose outcome is not known");
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  sub->add_option("--producer", flags->producer, "Who appended")->required();
  AddNumberOption(sub, "--sequence", &flags->sequence, "The producer's number of the transaction")
      ->required();
  sub->add_flag("--settle", flags->settle,
                "Make \"not applied\" final: ends the producer's open session");
  AddEpochOption(sub, "--writer", &flags->writer,
                 "With --settle, of a fenced journal: the writer epoch that you hold");
  sub->fallthrough();
  sub->footer(absl::StrCat("Example:\n  ringjournal ", command,
                           " orders --producer loader --sequence 1042\n"));
  sub->callback([&context, flags, command] {
    context.command = command;
    context.action = [&context, flags] { return RunResolve(context, *flags); };
  });
}

void RegisterResolve(CLI::App& app, Context& context) { AddResolve(&app, context, "resolve"); }

}  // namespace ringjournal::cli
