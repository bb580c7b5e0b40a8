#include "tools/ringjournal/replay_flags.h"

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "tools/ringjournal/parse.h"
#include "tools/ringjournal/position.h"

namespace ringjournal::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  ringjournal replay orders --from 100 --until 200\n"
    "  ringjournal replay orders --from @2026-05-01T12:00:00Z --pace x10 | test-system\n"
    "  ringjournal replay orders --output orders.bin --format delimited\n"
    "  ringjournal replay orders --into orders-copy --create --level disk\n"
    "  ringjournal replay orders --exec 'curl -sf --data-binary @- http://localhost:8080/'\n"
    "Ctrl-C stops it and prints the command that goes on. With --into the same command may be\n"
    "repeated as it is: what is there already is not appended again.\n"
    "The command of --exec finds RINGJOURNAL_JOURNAL, _LSN, _LAST_LSN, _COUNT and _LOG_TIME in "
    "its\n"
    "environment; the first one that fails stops the replay.\n"
    "Range hash: h = 0; for each transaction in order h = XXH3-64(seed h, CRC32C and length of "
    "the\n"
    "transaction as stored, with its metadata). A copy in another journal has the same one.\n";

void AddTargetOptions(CLI::App* sub, ReplayFlags* flags) {
  sub->add_option("--output", flags->output_file, "Write to this file instead of stdout (-)")
      ->type_name("FILE");
  sub->add_flag("--append", flags->append, "Write behind what the file holds");
  sub->add_option("--into", flags->into, "Append to this journal, exactly once")
      ->type_name("JOURNAL");
  sub->add_option("--into-server", flags->into_server, "Its server [the same]")
      ->type_name("HOST:PORT");
  sub->add_flag("--create", flags->create, "Create that journal if there is none");
  AddChoiceOption(sub, "--level",
                  {{"received", client::Level::kReceived},
                   {"replicated", client::Level::kReplicated},
                   {"disk", client::Level::kDisk},
                   {"disk_quorum", client::Level::kDiskQuorum}},
                  &flags->level, "How safe there");
  sub->add_option("--producer", flags->producer,
                  "Its name there begins so; another name makes another copy [replay-ID]");
  sub->add_option("--exec", flags->exec, "Run this for each transaction, its payload on stdin")
      ->type_name("COMMAND");
  AddNumberOption(sub, "--exec-batch", &flags->exec_batch,
                  "Transactions of one run, each as a line unless --format says else [1]",
                  {1, limits::kExecBatchMax});
}

}  // namespace

void AddReplayOptions(CLI::App* sub, ReplayFlags* flags) {
  AddRangeOptions(sub, flags, "oldest");
  AddFilterOptions(sub, flags);
  AddFormatOption(sub, &flags->format);
  AddPaceOption(sub, &flags->pace,
                "Distances in time as they were, N times as fast, or none [max]");
  sub->add_flag("--follow", flags->follow, "Go on with what is appended meanwhile");
  AddTargetOptions(sub, flags);
  sub->add_option("--resume-hash", flags->resume_hash, "Range hash of what came before")
      ->type_name("HASH");
  sub->footer(absl::StrCat(kPositionHelp, kTemplateHelp, kExamples));
}

std::string ContradictionIn(const ReplayFlags& flags, const Context& context) {
  int targets = (flags.output_file.empty() ? 0 : 1) + (flags.into.empty() ? 0 : 1) +
                (flags.exec.empty() ? 0 : 1);
  if (targets > 1) {
    return "--output, --into and --exec contradict each other: give one target";
  }
  if (flags.append && flags.output_file.empty()) {
    return "--append needs --output";
  }
  if (flags.exec_batch_given && flags.exec.empty()) {
    return "--exec-batch needs --exec: it says how many one run of it takes";
  }
  if (flags.into.empty() &&
      (flags.create || !flags.into_server.empty() || !flags.producer.empty())) {
    return "--create, --into-server and --producer need --into JOURNAL";
  }
  bool same_server = flags.into_server.empty() || flags.into_server == context.server;
  if (same_server && flags.into == flags.journal) {
    return "--into names the journal that is replayed: give another one";
  }
  return "";
}

}  // namespace ringjournal::cli
