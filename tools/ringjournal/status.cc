// ringjournal status: is the server well?
#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"
#include "client/ask.h"
#include "journal/base/units.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/journal_text.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

std::string Describe(const v1::StatusReply& status) {
  int64_t uptime_ns = static_cast<int64_t>(status.uptime_ms() / 1000) * 1'000'000'000;
  return absl::StrFormat("%s\n\nnode %s, incarnation %d, version %s, up %s, %s\n\n%s",
                         status.verdict(), status.node(), status.node_incarnation(),
                         status.server_version(), FormatDurationNs(uptime_ns),
                         Counted(status.sessions(), "session"), JournalTable(status.journals()));
}

int RunStatus(const Context& context) {
  v1::ClientMessage request;
  request.mutable_status();
  auto reply = client::Ask(context.ClientOptions(0), request, false);
  if (!reply.ok()) return context.Fail(reply.status());
  const v1::StatusReply& status = reply->status_reply();
  std::fputs((context.json() ? ToPrettyJson(status) : Describe(status)).c_str(), stdout);
  return kExitOk;
}

}  // namespace

void RegisterStatus(CLI::App& app, Context& context) {
  CLI::App* sub = app.add_subcommand("status", "Say how the server and its journals are");
  sub->fallthrough();
  sub->footer("Example:\n  ringjournal -o json status\n");
  sub->callback([&context] {
    context.command = "status";
    context.action = [&context] { return RunStatus(context); };
  });
}

}  // namespace ringjournal::cli
