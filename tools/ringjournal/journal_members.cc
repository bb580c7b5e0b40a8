// ringjournal journal members|move-leader|recover: who holds a journal, and who leads it.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/ask.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/journal_text.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

struct MemberFlags {
  std::string name, add, remove, to, statement;
  std::vector<std::string> lost;
  uint64_t accept_loss_from = 0;
  bool dry_run = false;
};

// A change of the configuration among several nodes, with an election on the way if need be.
constexpr int64_t kPatienceNs = 10'000'000'000;

int AskForPlan(const Context& context, const v1::ClientMessage& request, bool changes,
               const std::string& done) {
  auto reply = client::Ask(context.ClientOptions(kPatienceNs), request, changes);
  if (!reply.ok()) return context.Fail(reply.status());
  const v1::JournalReply& journal = reply->journal_reply();
  if (context.json()) {
    std::fputs(ToPrettyJson(journal).c_str(), stdout);
  } else {
    std::printf("%s%s", done.c_str(), DescribeCopies(journal).c_str());
  }
  return kExitOk;
}

int RunMembers(const Context& context, const MemberFlags& flags) {
  v1::ClientMessage request;
  std::string done;
  if (!flags.add.empty()) {
    request.mutable_journal_add_member()->set_name(flags.name);
    request.mutable_journal_add_member()->set_node(flags.add);
    done = absl::StrCat(flags.add, " is a member of ", flags.name, " now and catches up\n");
  } else if (!flags.remove.empty()) {
    request.mutable_journal_remove_member()->set_name(flags.name);
    request.mutable_journal_remove_member()->set_node(flags.remove);
    done = absl::StrCat(flags.remove, " is no member of ", flags.name, " any more\n");
  } else {
    request.mutable_journal_info()->set_name(flags.name);
  }
  return AskForPlan(context, request, !done.empty(), done);
}

int RunMoveLeader(const Context& context, const MemberFlags& flags) {
  v1::ClientMessage request;
  request.mutable_journal_move_leader()->set_name(flags.name);
  request.mutable_journal_move_leader()->set_target(flags.to);
  return AskForPlan(context, request, true, absl::StrCat("moved the leader of ", flags.name, "\n"));
}

// What would be done, and the words that do it.
std::string PlanText(const MemberFlags& flags, const v1::JournalRecoverReply& reply) {
  const v1::LossReport& report = reply.report();
  std::string lost;
  for (const std::string& node : flags.lost) absl::StrAppend(&lost, " --lost ", node);
  return absl::StrCat("Nothing was changed. Journal ", flags.name, " would go on with the log of ",
                      reply.leader(), ".\nLost from LSN ", report.first_lsn(),
                      " on: ", report.reason(),
                      "\nOnly if the processes of these nodes are dead for certain:\n  ringjournal "
                      "journal recover ",
                      flags.name, lost, " --accept-loss-from ", report.first_lsn(),
                      " --statement 'who looked, and how'\n");
}

int RunRecover(const Context& context, const MemberFlags& flags) {
  v1::ClientMessage request;
  v1::JournalRecover* recover = request.mutable_journal_recover();
  recover->set_name(flags.name);
  for (const std::string& node : flags.lost) recover->add_lost_nodes(node);
  recover->set_accept_loss_from_lsn(flags.accept_loss_from);
  recover->set_statement(flags.statement);
  recover->set_dry_run(flags.dry_run || flags.statement.empty());
  auto reply = client::Ask(context.ClientOptions(kPatienceNs), request, !recover->dry_run());
  if (!reply.ok()) return context.Fail(reply.status());
  const v1::JournalRecoverReply& answer = reply->journal_recover_reply();
  if (context.json()) {
    std::fputs(ToPrettyJson(answer).c_str(), stdout);
  } else if (!answer.done()) {
    std::fputs(PlanText(flags, answer).c_str(), stdout);
  } else {
    std::printf("journal %s goes on, led by %s; lost from LSN %llu on: %s\n", flags.name.c_str(),
                answer.leader().c_str(),
                static_cast<unsigned long long>(answer.report().first_lsn()),
                answer.report().reason().c_str());
  }
  return kExitOk;
}

using RunFunction = int (*)(const Context&, const MemberFlags&);

CLI::App* Add(CLI::App* parent, Context& context, const std::string& name, const std::string& help,
              const std::shared_ptr<MemberFlags>& flags, RunFunction run) {
  CLI::App* sub = parent->add_subcommand(name, help);
  sub->add_option("NAME", flags->name, "Name of the journal")->required();
  sub->fallthrough();
  sub->callback([&context, flags, name, run] {
    context.command = "journal " + name;
    context.action = [&context, flags, run] { return run(context, *flags); };
  });
  return sub;
}

}  // namespace

void RegisterJournalMembers(CLI::App* journal, Context& context) {
  auto members = std::make_shared<MemberFlags>();
  CLI::App* sub = Add(journal, context, "members",
                      "Show which nodes hold a journal; add or remove one", members, RunMembers);
  CLI::Option* add =
      sub->add_option("--add", members->add, "Node that shall hold a copy, too")->type_name("NODE");
  sub->add_option("--remove", members->remove, "Node that shall hold none; not the leader")
      ->type_name("NODE")
      ->excludes(add);
  sub->footer(
      "Examples:\n  ringjournal journal members orders\n"
      "  ringjournal journal members orders --add n4\n"
      "  ringjournal journal members orders --remove n1\n");
  auto move = std::make_shared<MemberFlags>();
  sub = Add(journal, context, "move-leader",
            "Let another node lead a journal; nothing is lost, appends wait for a moment", move,
            RunMoveLeader);
  sub->add_option("--to", move->to, "Node in sync that shall lead [the best of them]")
      ->type_name("NODE");
  sub->footer(
      "Examples:\n  ringjournal journal move-leader orders\n"
      "  ringjournal journal move-leader orders --to n2\n");
  auto recover = std::make_shared<MemberFlags>();
  sub = Add(journal, context, "recover",
            "Go on without nodes that are gone for ever, and report what that loses", recover,
            RunRecover);
  sub->add_option("--lost", recover->lost, "Node that is gone; once for each")
      ->type_name("NODE")
      ->required();
  AddNumberOption(sub, "--accept-loss-from", &recover->accept_loss_from,
                  "Refused if more would be lost than from this LSN on");
  sub->add_option("--statement", recover->statement,
                  "That their processes are dead, and who says so; stays in the loss report")
      ->type_name("TEXT");
  sub->add_flag("--dry-run", recover->dry_run, "Only say what would be done");
  sub->footer(
      "Without --statement it only says what would be done, and how to do it.\n"
      "Examples:\n  ringjournal journal recover orders --lost n1 --lost n2\n"
      "  ringjournal journal recover orders --lost n1 --accept-loss-from 1042 \\\n"
      "      --statement 'n1 is scrapped, Ann, 3 May'\n");
}

}  // namespace ringjournal::cli
