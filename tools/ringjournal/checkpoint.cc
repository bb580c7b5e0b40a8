// ringjournal checkpoint now|ls: makes a journal durable, and shows what is not yet.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ask.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

int RunNow(const Context& context, const std::string& journal) {
  v1::ClientMessage request;
  request.mutable_checkpoint()->set_name(journal);
  // Asking twice does no harm.
  auto reply = client::Ask(context.ClientOptions(0), request, false);
  if (!reply.ok()) return context.Fail(reply.status());
  const v1::CheckpointReply& done = reply->checkpoint_reply();
  if (context.json()) {
    std::fputs(ToPrettyJson(done).c_str(), stdout);
  } else {
    std::printf("%s is on disk up to LSN %llu\n", journal.c_str(),
                static_cast<unsigned long long>(done.watermarks().durable().lsn()));
  }
  return kExitOk;
}

std::string Row(const v1::JournalReply& j) {
  const bool memory_only = j.config().settings().memory_only();
  const uint64_t durable = j.watermarks().durable().lsn(), end = j.watermarks().end().lsn();
  const std::string on_disk = memory_only ? "-" : absl::StrCat(durable);
  const std::string behind =
      memory_only ? "memory-only" : absl::StrCat(end > durable ? end - durable : 0);
  return absl::StrFormat("%-24s %12s %12d %12s  %s\n", j.config().name(), on_disk, end, behind,
                         j.stats().storage_state());
}

std::string RowJson(const v1::JournalReply& j) {
  const uint64_t durable = j.watermarks().durable().lsn(), end = j.watermarks().end().lsn();
  const bool memory_only = j.config().settings().memory_only();
  return absl::StrCat("{\"journal\":", JsonString(j.config().name()),
                      ",\"memoryOnly\":", memory_only ? "true" : "false", ",\"durableLsn\":\"",
                      durable, "\",\"endLsn\":\"", end, "\",\"notOnDisk\":\"",
                      end > durable ? end - durable : 0, "\",\"segments\":\"",
                      j.stats().segment_count(),
                      "\",\"storage\":", JsonString(j.stats().storage_state()), "}");
}

int RunList(const Context& context, const std::string& journal) {
  v1::ClientMessage request;
  if (journal.empty()) {
    request.mutable_journal_list();
  } else {
    request.mutable_journal_info()->set_name(journal);
  }
  auto reply = client::Ask(context.ClientOptions(0), request, false);
  if (!reply.ok()) return context.Fail(reply.status());
  v1::JournalListReply list = reply->journal_list_reply();
  if (!journal.empty()) *list.add_journals() = reply->journal_reply();
  std::string out;
  for (const v1::JournalReply& j : list.journals()) {
    out += context.json() ? (out.empty() ? "" : ",") + RowJson(j) : Row(j);
  }
  if (context.json()) {
    std::printf("{\"checkpoints\":[%s]}\n", out.c_str());
  } else if (out.empty()) {
    std::puts("there is no journal; `ringjournal journal create` makes one");
  } else {
    std::printf("%-24s %12s %12s %12s  %s\n%s", "JOURNAL", "DURABLE", "END", "NOT DURABLE",
                "STORAGE", out.c_str());
  }
  return kExitOk;
}

using RunFunction = int (*)(const Context&, const std::string&);

void Chosen(CLI::App* sub, Context& context, const std::string& command,
            const std::shared_ptr<std::string>& journal, RunFunction run) {
  sub->fallthrough();
  sub->callback([&context, command, journal, run] {
    context.command = command;
    context.action = [&context, journal, run] { return run(context, *journal); };
  });
}

}  // namespace

void RegisterCheckpoint(CLI::App& app, Context& context) {
  CLI::App* parent =
      app.add_subcommand("checkpoint", "Make a journal durable now, or see what is not yet");
  parent->footer(
      "`checkpoint JOURNAL` is short for `checkpoint now JOURNAL`.\n\nExamples:\n"
      "  ringjournal checkpoint now orders\n  ringjournal checkpoint ls\n");
  auto named = std::make_shared<std::string>();
  parent->add_option("JOURNAL", *named, "Name of the journal");
  parent->require_subcommand(0, 1);
  auto journal = std::make_shared<std::string>();
  CLI::App* now = parent->add_subcommand("now", "Make everything appended so far durable");
  now->add_option("JOURNAL", *journal, "Name of the journal")->required();
  Chosen(now, context, "checkpoint now", journal, RunNow);
  auto shown = std::make_shared<std::string>();
  CLI::App* ls = parent->add_subcommand("ls", "Show how far each journal is on disk");
  ls->add_option("JOURNAL", *shown, "Only this journal");
  Chosen(ls, context, "checkpoint ls", shown, RunList);
  parent->fallthrough();
  parent->callback([&context, parent, named] {
    if (!parent->get_subcommands().empty()) return;
    context.command = "checkpoint";
    context.action = [&context, named] {
      if (named->empty())
        return context.FailUsage(
            "the journal's name is missing: checkpoint now JOURNAL, or checkpoint ls");
      return RunNow(context, *named);
    };
  });
}

}  // namespace ringjournal::cli
