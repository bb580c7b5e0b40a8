// ringjournal checkpoint: makes everything appended so far durable now.
#include <cstdio>
#include <memory>
#include <string>

#include "client/ask.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

int RunCheckpoint(const Context& context, const std::string& journal) {
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

}  // namespace

void RegisterCheckpoint(CLI::App& app, Context& context) {
  auto journal = std::make_shared<std::string>();
  CLI::App* sub = app.add_subcommand("checkpoint", "Make a journal durable now");
  sub->add_option("JOURNAL", *journal, "Name of the journal")->required();
  sub->fallthrough();
  sub->footer("Example:\n  ringjournal checkpoint orders\n");
  sub->callback([&context, journal] {
    context.command = "checkpoint";
    context.action = [&context, journal] { return RunCheckpoint(context, *journal); };
  });
}

}  // namespace ringjournal::cli
