// ringjournal ring ls|rm: rings in shared memory, the orphans among them, and their removal.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "journal/base/units.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/ring_files.h"

namespace ringjournal::cli {
namespace {

struct RingFlags {
  std::string ring_dir = absl::StrCat("/dev/shm/ringjournal-", getuid());
  std::vector<std::string> data_dirs, paths;
  bool orphans = false, yes = false;
};

void AppendJson(std::string* out, const RingFile& r) {
  absl::StrAppend(out, "{\"path\":", JsonString(r.path), ",\"cluster\":", JsonString(r.cluster),
                  ",\"journalId\":", JsonString(r.journal_id),
                  ",\"journal\":", JsonString(r.journal), ",\"bytes\":\"", r.bytes,
                  "\",\"generation\":", r.generation, ",\"use\":", JsonString(RingUseText(r.use)),
                  ",\"why\":", JsonString(r.why), "}");
}

std::string RingText(const RingFile& ring) {
  return absl::StrFormat("%-8s %9s  %s%s\n          %s\n", RingUseText(ring.use),
                         FormatBytes(ring.bytes), ring.path,
                         ring.journal.empty() ? "" : " (journal " + ring.journal + ")", ring.why);
}

int RunList(const Context& context, const RingFlags& flags) {
  auto rings = FindRings(flags.ring_dir, flags.data_dirs);
  if (!rings.ok()) return context.Fail(rings.status());
  if (context.json()) {
    std::printf("{\"rings\":[%s]}\n", absl::StrJoin(*rings, ",", AppendJson).c_str());
    return kExitOk;
  }
  uint64_t bytes = 0;
  for (const RingFile& ring : *rings) {
    std::fputs(RingText(ring).c_str(), stdout);
    bytes += ring.bytes;
  }
  std::printf("%zu rings in %s, %s\n", rings->size(), flags.ring_dir.c_str(),
              FormatBytes(bytes).c_str());
  return kExitOk;
}

bool SamePath(const std::string& a, const std::string& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

// The rings that are meant; false, with the exit code, if one of them is none.
bool Choose(const Context& context, const RingFlags& flags, const std::vector<RingFile>& all,
            std::vector<RingFile>* chosen, int* exit_code) {
  for (const RingFile& ring : all) {
    if (flags.orphans && ring.use == RingUse::kOrphan) chosen->push_back(ring);
  }
  for (const std::string& path : flags.paths) {
    const size_t before = chosen->size();
    for (const RingFile& ring : all) {
      if (SamePath(path, ring.path) || path == ring.journal_id) chosen->push_back(ring);
    }
    if (chosen->size() > before) continue;
    context.Say(absl::StrCat("error: ", path, " is no ring below ", flags.ring_dir,
                             "; `ringjournal ring ls` shows them, and "
                             "--ring-dir names another directory"));
    *exit_code = kExitFailure;
    return false;
  }
  for (const RingFile& ring : *chosen) {
    if (ring.use != RingUse::kInUse) continue;
    context.Say(absl::StrCat("error: ", ring.path, " is in use: ", ring.why,
                             ". Nothing was removed; stop that server, or remove the "
                             "journal with `ringjournal journal rm`"));
    *exit_code = kExitRefused;
    return false;
  }
  return true;
}

int RunRemove(const Context& context, const RingFlags& flags) {
  if (flags.paths.empty() == !flags.orphans)
    return context.FailUsage("name rings, or say --orphans, and not both");
  if (flags.orphans && flags.data_dirs.empty()) {
    return context.FailUsage(
        "--orphans needs every data directory of this user as --data-dir: a ring is an orphan only "
        "if "
        "none of them needs it");
  }
  auto rings = FindRings(flags.ring_dir, flags.data_dirs);
  if (!rings.ok()) return context.Fail(rings.status());
  std::vector<RingFile> chosen;
  int exit_code = kExitOk;
  if (!Choose(context, flags, *rings, &chosen, &exit_code)) return exit_code;
  if (chosen.empty()) {
    context.Say("there is no orphan");
    return kExitOk;
  }
  for (const RingFile& ring : chosen) std::fputs(RingText(ring).c_str(), stdout);
  if (!flags.yes) {
    context.Say(
        absl::StrCat("these ", chosen.size(),
                     " rings would be removed; what they hold and no segment has is lost then. "
                     "Nothing was removed: repeat it with --yes"));
    return kExitFailure;
  }
  for (const RingFile& ring : chosen) {
    absl::Status status = RemoveRing(ring);
    if (!status.ok()) return context.Fail(status);
  }
  context.Say(absl::StrCat("removed ", chosen.size(), " rings"));
  return kExitOk;
}

using RunFunction = int (*)(const Context&, const RingFlags&);

CLI::App* Add(CLI::App* parent, Context& context, const std::string& name, const std::string& help,
              const std::shared_ptr<RingFlags>& flags, RunFunction run) {
  CLI::App* sub = parent->add_subcommand(name, help);
  sub->add_option("--ring-dir", flags->ring_dir,
                  "The servers' ring directory [" + flags->ring_dir + "]")
      ->envname("RINGJOURNAL_RING_DIR")
      ->type_name("DIR");
  sub->add_option("--data-dir", flags->data_dirs, "A server's data directory; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  sub->fallthrough();
  sub->callback([&context, flags, name, run] {
    context.command = "ring " + name;
    context.needs_server = false;
    context.action = [&context, flags, run] { return run(context, *flags); };
  });
  return sub;
}

}  // namespace

void RegisterRing(CLI::App& app, Context& context) {
  CLI::App* ring =
      app.add_subcommand("ring", "Find and remove rings in shared memory, without a server");
  ring->require_subcommand(1);
  ring->fallthrough();
  ring->footer(
      "A ring is in use, needed by a data directory, an orphan, or unknown as long as the data "
      "directories are not "
      "named. Servers in other containers that share the memory are seen by the lock of their data "
      "directory only.\n\n"
      "Examples:\n  ringjournal ring ls --data-dir data\n  ringjournal ring rm --orphans "
      "--data-dir data --yes\n");
  Add(ring, context, "ls", "List the rings and who needs them", std::make_shared<RingFlags>(),
      RunList);
  auto flags = std::make_shared<RingFlags>();
  CLI::App* rm = Add(ring, context, "rm", "Remove rings that nobody uses; one in use is refused",
                     flags, RunRemove);
  rm->add_option("RING", flags->paths, "Paths or journal ids as `ring ls` shows them")
      ->type_name("RING...");
  rm->add_flag("--orphans", flags->orphans, "All that no named data directory needs");
  rm->add_flag("-y,--yes", flags->yes, "Remove them; without it they are only shown");
}

}  // namespace ringjournal::cli
