// ringjournal producer ls|show|resolve: what a journal has of its producers.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/producer_text.h"

namespace ringjournal::cli {
namespace {

struct ProducerFlags {
  std::string journal;
  std::string producer;
  std::string prefix;
};

absl::StatusOr<client::Journal> JournalOf(const Context& context, const std::string& name) {
  auto client = client::Client::Open(context.ClientOptions(0));
  if (!client.ok()) return client.status();
  return (*client)->Journal(name);
}

std::string NoneText(const ProducerFlags& flags) {
  if (flags.prefix.empty()) return absl::StrCat("journal ", flags.journal, " has no producers yet");
  return absl::StrCat("journal ", flags.journal, " has no producers whose names begin with \"",
                      flags.prefix, "\"; `ringjournal producer ls ", flags.journal,
                      "` lists all of them");
}

int RunList(const Context& context, const ProducerFlags& flags) {
  auto journal = JournalOf(context, flags.journal);
  if (!journal.ok()) return context.Fail(journal.status());
  auto producers = journal->ListProducers(flags.prefix);
  if (!producers.ok()) return context.Fail(producers.status());
  if (producers->empty()) context.Say(NoneText(flags));
  const std::string text =
      context.json() ? ProducersJson(flags.journal, *producers) : ProducerTable(*producers);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

int RunShow(const Context& context, const ProducerFlags& flags) {
  auto journal = JournalOf(context, flags.journal);
  if (!journal.ok()) return context.Fail(journal.status());
  auto producer = journal->GetProducer(flags.producer);
  if (!producer.ok()) return context.Fail(producer.status());
  const std::string text =
      context.json() ? ProducerJson(*producer) + "\n" : ProducerText(*producer);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

CLI::App* Add(CLI::App* parent, Context& context, const std::string& name, const std::string& help,
              const std::shared_ptr<ProducerFlags>& flags,
              int (*run)(const Context&, const ProducerFlags&)) {
  CLI::App* sub = parent->add_subcommand(name, help);
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  sub->fallthrough();
  sub->callback([&context, flags, name, run] {
    context.command = "producer " + name;
    context.action = [&context, flags, run] { return run(context, *flags); };
  });
  return sub;
}

}  // namespace

void RegisterProducer(CLI::App& app, Context& context) {
  CLI::App* producer = app.add_subcommand("producer", "What a journal has of its producers");
  producer->require_subcommand(1);
  producer->fallthrough();
  producer->footer(
      "Examples:\n  ringjournal producer ls orders --prefix engine-\n"
      "  ringjournal producer show orders engine-1\n"
      "  ringjournal producer resolve orders --producer engine-1 --sequence 1042\n");
  auto listed = std::make_shared<ProducerFlags>();
  CLI::App* list = Add(producer, context, "ls", "List them: last sequence, its place, open or not",
                       listed, RunList);
  list->add_option("--prefix", listed->prefix, "Only those whose names begin so");
  list->footer(
      "Examples:\n  ringjournal producer ls orders\n"
      "  ringjournal -o json producer ls orders --prefix engine-\n");
  auto shown = std::make_shared<ProducerFlags>();
  CLI::App* show =
      Add(producer, context, "show", "Say what one has appended last, and where", shown, RunShow);
  show->add_option("PRODUCER", shown->producer, "Name of the producer")->required();
  show->footer("Example:\n  ringjournal producer show orders engine-1\n");
  AddResolve(producer, context, "producer resolve");
}

}  // namespace ringjournal::cli
