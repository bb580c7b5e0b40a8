// ringjournal peers hash: are the copies of a journal the same?
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/ringjournal/ask_cluster.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

struct Answer {
  v1::NodeAddress node;
  absl::StatusOr<v1::JournalHashReply> reply = absl::UnknownError("not asked");
};

absl::StatusOr<v1::JournalHashReply> AskHash(const Context& context, const v1::NodeAddress& node,
                                             const std::string& journal, uint64_t index) {
  v1::ClientMessage request;
  request.mutable_journal_hash()->set_name(journal);
  request.mutable_journal_hash()->set_index(index);
  auto reply = AskNode(context, node.address(), request);
  if (!reply.ok()) return reply.status();
  return reply->journal_hash_reply();
}

// The last entry that every copy which answers calls committed; 0 if there is none.
uint64_t CommonEnd(const std::vector<Answer>& answers) {
  uint64_t index = UINT64_MAX;
  for (const Answer& a : answers) {
    if (a.reply.ok()) index = std::min<uint64_t>(index, a.reply->watermarks().committed().index());
  }
  return index == UINT64_MAX ? 0 : index;
}

std::string Line(const Answer& a) {
  if (!a.reply.ok()) {
    return absl::StrFormat("%-10s no answer: %s\n", a.node.node(),
                           std::string(a.reply.status().message()));
  }
  if (!a.reply->found()) {
    return absl::StrFormat("%-10s its memory does not hold that entry\n", a.node.node());
  }
  return absl::StrFormat("%-10s %016x  up to index %d, LSN %d\n", a.node.node(), a.reply->chain(),
                         a.reply->at().index(), a.reply->at().lsn());
}

bool Differ(const std::vector<Answer>& answers) {
  const v1::JournalHashReply* first = nullptr;
  for (const Answer& a : answers) {
    if (!a.reply.ok() || !a.reply->found()) continue;
    if (first == nullptr) first = &*a.reply;
    if (a.reply->chain() != first->chain()) return true;
  }
  return false;
}

int RunHash(const Context& context, const std::string& journal) {
  absl::StatusOr<std::vector<NodeAnswer>> nodes = AskAllNodes(context);
  if (!nodes.ok()) return context.Fail(nodes.status());
  std::vector<Answer> answers;
  for (const NodeAnswer& node : *nodes) {
    for (const v1::JournalReply& j : node.status.journals()) {
      if (j.config().name() == journal) answers.push_back({node.node});
    }
  }
  if (answers.empty()) {
    return context.Fail(
        absl::NotFoundError(absl::StrCat("no node that answers holds a copy of journal ", journal,
                                         "; `ringjournal status` shows "
                                         "which nodes there are")));
  }
  for (Answer& a : answers) a.reply = AskHash(context, a.node, journal, 0);
  const uint64_t index = CommonEnd(answers);
  if (index == 0) {
    std::printf("nothing is committed in every copy yet\n");
    return kExitOk;
  }
  for (Answer& a : answers) a.reply = AskHash(context, a.node, journal, index);
  std::string text;
  size_t compared = 0;
  for (const Answer& a : answers) {
    text += Line(a);
    compared += a.reply.ok() && a.reply->found();
  }
  const bool differ = Differ(answers);
  absl::StrAppend(
      &text, differ ? "DIFFERENT: copies of one journal hold different entries; keep "
                      "all nodes as they are, and compare with `ringjournal inspect`\n"
                    : absl::StrCat("the same on ", compared, " of ", answers.size(), " copies\n"));
  std::fputs(text.c_str(), stdout);
  return differ || compared < answers.size() ? kExitFailure : kExitOk;
}

}  // namespace

void RegisterPeers(CLI::App& app, Context& context) {
  CLI::App* peers = app.add_subcommand("peers", "Compare the copies of a journal");
  peers->require_subcommand(1);
  peers->fallthrough();
  auto journal = std::make_shared<std::string>();
  CLI::App* sub = peers->add_subcommand(
      "hash", "Hash of everything committed, as each node holds it; exit code 1 if they differ");
  sub->add_option("NAME", *journal, "Name of the journal")->required();
  sub->fallthrough();
  sub->footer("Example:\n  ringjournal peers hash orders\n");
  sub->callback([&context, journal] {
    context.command = "peers hash";
    context.action = [&context, journal] { return RunHash(context, *journal); };
  });
}

}  // namespace ringjournal::cli
