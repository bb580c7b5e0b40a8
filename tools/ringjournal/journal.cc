// ringjournal journal create|ls|info|set|rm|trim.
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/ask.h"
#include "client/ask_journal.h"
#include "journal/base/limits.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/journal_text.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

struct JournalFlags {
  std::string name;
  v1::JournalSettings settings;
  uint64_t ring_bytes = 0, segment_bytes = 0, checkpoint_bytes = 0, retention_bytes = 0;
  int64_t checkpoint_interval_ns = 0, retention_age_ns = 0;
  bool memory_only = false, fenced = false;
  uint32_t producers_max = 0;
  std::vector<std::string> fields;         // settings that were given
  std::optional<client::Position> before;  // of trim
  bool yes = false;
};

constexpr int64_t kMsNs = 1'000'000;
constexpr char kUnits[] = "Sizes need a unit: B, KiB, MiB, GiB; durations too: ms, s, m, h.\n";
// Administration is done while somebody waits: a short patience.
constexpr int64_t kRetryForNs = 0;

// The settings' options and their names in the protocol.
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"--ring", "ring_bytes"},
    {"--segment", "segment_bytes"},
    {"--checkpoint", "checkpoint_bytes"},
    {"--checkpoint-interval", "checkpoint_interval_ms"},
    {"--memory-only", "memory_only"},
    {"--retention", "retention_bytes"},
    {"--retention-age", "retention_age_ms"},
    {"--fenced", "fenced"},
    {"--producers", "producers_max"}};

// What a change did, as a line for people.
using Done = std::function<std::string(const v1::JournalReply& reply)>;

Done Just(std::string text) {
  return [text = std::move(text)](const v1::JournalReply&) { return text; };
}

// The server names settings as the protocol does; here they are options.
absl::Status WithOptionNames(const absl::Status& status) {
  std::string text(status.message());
  for (const auto& [option, field] : kSettings) {
    absl::StrReplaceAll({{absl::StrCat(field, " = "), absl::StrCat(option, " ")},
                         {absl::StrCat(field, " is "), absl::StrCat(option, " is ")}},
                        &text);
  }
  return client::MakeError(client::CodeOf(status), text);
}

// Asks and prints the answer; without `done` the journal is described.
int AskAndPrint(const Context& context, const v1::ClientMessage& request, bool changes,
                const Done& done) {
  auto reply = client::Ask(context.ClientOptions(kRetryForNs), request, changes);
  if (!reply.ok()) {
    const bool setting = client::CodeOf(reply.status()) == client::ErrorCode::kBadSetting;
    return context.Fail(setting ? WithOptionNames(reply.status()) : reply.status());
  }
  if (reply->has_journal_list_reply()) {
    std::string text = context.json() ? ToPrettyJson(reply->journal_list_reply())
                                      : JournalTable(reply->journal_list_reply().journals());
    std::fputs(text.c_str(), stdout);
    return kExitOk;
  }
  if (context.json()) {
    std::fputs(ToPrettyJson(reply->journal_reply()).c_str(), stdout);
  } else if (done == nullptr) {
    std::fputs(DescribeJournal(reply->journal_reply()).c_str(), stdout);
  } else {
    std::printf("%s\n", done(reply->journal_reply()).c_str());
  }
  return kExitOk;
}

void AddChangeableSettings(CLI::App* sub, JournalFlags* flags) {
  AddBytesOption(sub, "--segment", &flags->segment_bytes, "Size of a segment file [64MiB]");
  AddBytesOption(sub, "--checkpoint", &flags->checkpoint_bytes,
                 "A checkpoint starts when so much is not on disk [1MiB]");
  AddDurationOption(sub, "--checkpoint-interval", &flags->checkpoint_interval_ns,
                    "Or when the oldest of it is this old [10ms]");
  AddBytesOption(sub, "--retention", &flags->retention_bytes,
                 "Trim what is older than so many bytes; 0B keeps all [0B]");
  AddDurationOption(sub, "--retention-age", &flags->retention_age_ns,
                    "Trim what is older than this; 0s keeps all [0s]");
  AddChoiceOption(sub, "--fenced", {{"yes", true}, {"no", false}}, &flags->fenced,
                  "Only its writer may append; see `ringjournal writer`");
}

void AddFixedSettings(CLI::App* sub, JournalFlags* flags) {
  AddBytesOption(sub, "--ring", &flags->ring_bytes, "Memory of the ring, a power of two [256MiB]");
  sub->add_flag("--memory-only", flags->memory_only, "No segments: disk levels are refused");
  AddNumberOption(sub, "--producers", &flags->producers_max, "Producers at most [10000]");
}

// Notes which settings were given: `set` leaves the others alone.
void NoteFields(CLI::App* sub, const std::shared_ptr<JournalFlags>& flags) {
  sub->parse_complete_callback([sub, flags] {
    for (const auto& [name, field] : kSettings) {
      const CLI::Option* option = sub->get_option_no_throw(name);
      if (option != nullptr && option->count() > 0) flags->fields.push_back(field);
    }
  });
}

v1::JournalSettings SettingsOf(const JournalFlags& flags) {
  v1::JournalSettings settings;
  settings.set_ring_bytes(flags.ring_bytes);
  settings.set_segment_bytes(flags.segment_bytes);
  settings.set_checkpoint_bytes(flags.checkpoint_bytes);
  settings.set_checkpoint_interval_ms(static_cast<uint32_t>(flags.checkpoint_interval_ns / kMsNs));
  settings.set_memory_only(flags.memory_only);
  settings.set_retention_bytes(flags.retention_bytes);
  settings.set_retention_age_ms(static_cast<uint64_t>(flags.retention_age_ns / kMsNs));
  settings.set_producers_max(flags.producers_max);
  settings.set_fenced(flags.fenced);
  return settings;
}

int RunCreate(const Context& context, const JournalFlags& flags) {
  v1::ClientMessage request;
  request.mutable_journal_create()->set_name(flags.name);
  *request.mutable_journal_create()->mutable_settings() = SettingsOf(flags);
  return AskAndPrint(context, request, true, Just(absl::StrCat("created journal ", flags.name)));
}

int RunSet(const Context& context, const JournalFlags& flags) {
  if (flags.fields.empty()) return context.FailUsage("nothing to set: give at least one setting");
  v1::ClientMessage request;
  v1::JournalSet* set = request.mutable_journal_set();
  set->set_name(flags.name);
  *set->mutable_settings() = SettingsOf(flags);
  for (const std::string& field : flags.fields) set->add_fields(field);
  return AskAndPrint(context, request, true, Just(absl::StrCat("changed journal ", flags.name)));
}

int RunRemove(const Context& context, const JournalFlags& flags) {
  if (!flags.yes && !(isatty(STDIN_FILENO) && isatty(STDERR_FILENO))) {
    return context.FailUsage(
        absl::StrCat("nobody can be asked here whether ", flags.name,
                     " is to be removed with everything in it: say --yes if it is"));
  }
  if (!flags.yes) {
    std::fprintf(stderr,
                 "Remove journal %s and everything in it? Type its name: ", flags.name.c_str());
    char line[256] = {};
    if (std::fgets(line, sizeof line, stdin) == nullptr || std::string(line) != flags.name + "\n") {
      context.Say("nothing was removed");
      return kExitFailure;
    }
  }
  v1::ClientMessage request;
  request.mutable_journal_remove()->set_name(flags.name);
  return AskAndPrint(context, request, true, Just(absl::StrCat("removed journal ", flags.name)));
}

// An append is kept or trimmed as a whole, so more may be kept than was asked for.
std::string TrimText(const v1::JournalReply& reply, uint64_t before_lsn) {
  const uint64_t oldest = reply.watermarks().oldest().lsn();
  std::string text = absl::StrCat("trimmed journal ", reply.config().name(), ": ");
  if (oldest > reply.watermarks().end().lsn()) return text + "nothing is left in it";
  absl::StrAppend(&text, "its oldest transaction is now LSN ", oldest);
  if (oldest >= before_lsn) return text;
  return absl::StrCat(text, ", not ", before_lsn, ": appends are trimmed as a whole");
}

int RunTrim(const Context& context, const JournalFlags& flags) {
  uint64_t before_lsn = flags.before->lsn.value();
  if (flags.before->kind != client::Position::Kind::kLsn) {
    auto located = client::Locate(context.ClientOptions(0), flags.name, *flags.before);
    if (!located.ok()) return context.Fail(located.status());
    before_lsn = located->lsn.value();
    context.Say(absl::StrCat(flags.name, ": before ", FormatPosition(*flags.before), " = LSN ",
                             before_lsn));
  }
  v1::ClientMessage request;
  request.mutable_journal_trim()->set_name(flags.name);
  request.mutable_journal_trim()->set_before_lsn(before_lsn);
  return AskAndPrint(context, request, true, [before_lsn](const v1::JournalReply& reply) {
    return TrimText(reply, before_lsn);
  });
}

int RunInfo(const Context& context, const JournalFlags& flags) {
  v1::ClientMessage request;
  request.mutable_journal_info()->set_name(flags.name);
  return AskAndPrint(context, request, false, nullptr);
}

int RunList(const Context& context, const JournalFlags&) {
  v1::ClientMessage request;
  request.mutable_journal_list();
  return AskAndPrint(context, request, false, nullptr);
}

using RunFunction = int (*)(const Context&, const JournalFlags&);

CLI::App* Add(CLI::App* parent, Context& context, const std::string& name, const std::string& help,
              const std::shared_ptr<JournalFlags>& flags, RunFunction run) {
  CLI::App* sub = parent->add_subcommand(name, help);
  if (name != "ls") sub->add_option("NAME", flags->name, "Name of the journal")->required();
  sub->fallthrough();
  sub->callback([&context, flags, name, run] {
    context.command = "journal " + name;
    context.action = [&context, flags, run] { return run(context, *flags); };
  });
  return sub;
}

}  // namespace

void RegisterJournal(CLI::App& app, Context& context) {
  CLI::App* journal =
      app.add_subcommand("journal", "Create, list, change, remove and trim journals");
  journal->require_subcommand(1);
  journal->fallthrough();
  journal->footer(
      "Examples:\n"
      "  ringjournal journal create orders --ring 1GiB --checkpoint-interval 5ms\n"
      "  ringjournal journal set orders --retention-age 24h\n"
      "  ringjournal journal trim orders --before 1000000\n");
  auto create = std::make_shared<JournalFlags>();
  CLI::App* sub = Add(journal, context, "create", "Create a journal", create, RunCreate);
  AddFixedSettings(sub, create.get());
  AddChangeableSettings(sub, create.get());
  sub->footer(
      absl::StrCat("Examples:\n  ringjournal journal create orders\n"
                   "  ringjournal journal create orders --ring 1GiB --checkpoint-interval 5ms\n",
                   kUnits));
  Add(journal, context, "ls", "List the journals", std::make_shared<JournalFlags>(), RunList)
      ->alias("list")
      ->footer("Examples:\n  ringjournal journal ls\n  ringjournal -o json journal ls\n");
  Add(&app, context, "ls", "List the journals, as `journal ls` does",
      std::make_shared<JournalFlags>(), RunList)
      ->alias("list");
  Add(journal, context, "info", "Describe a journal", std::make_shared<JournalFlags>(), RunInfo)
      ->alias("describe")
      ->footer("Example:\n  ringjournal journal info orders\n");
  auto set = std::make_shared<JournalFlags>();
  sub = Add(journal, context, "set", "Change settings; others stay", set, RunSet);
  AddChangeableSettings(sub, set.get());
  NoteFields(sub, set);
  sub->footer(
      absl::StrCat("Example:\n  ringjournal journal set orders --retention-age 24h\n", kUnits));
  auto remove = std::make_shared<JournalFlags>();
  sub = Add(journal, context, "rm", "Remove a journal with everything in it", remove, RunRemove);
  sub->add_flag("-y,--yes", remove->yes, "Do not ask; needed where there is no terminal");
  sub->alias("remove")->alias("delete");
  sub->footer(
      "Examples:\n  ringjournal journal rm orders\n  ringjournal journal rm orders --yes\n");
  RegisterJournalMembers(journal, context);
  auto trim = std::make_shared<JournalFlags>();
  sub = Add(journal, context, "trim", "Forget the oldest transactions", trim, RunTrim);
  AddPositionOption(sub, "--before", &trim->before,
                    "First transaction that must be kept; whole appends before it go")
      ->required();
  sub->footer(
      absl::StrCat(kPositionHelp,
                   "An append is trimmed as a whole: its transactions are kept as long as one\n"
                   "of them is. The answer says which one is the oldest then.\n"
                   "Examples:\n  ringjournal journal trim orders --before 1000000\n"
                   "  ringjournal journal trim orders --before @-24h\n"));
}

}  // namespace ringjournal::cli
