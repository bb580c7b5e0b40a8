// ringjournal diff: where two copies of a journal differ first.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/diff_compare.h"
#include "tools/ringjournal/diff_source.h"
#include "tools/ringjournal/diff_text.h"

namespace ringjournal::cli {
namespace {

constexpr char kHelp[] =
    "A and B are each one of\n"
    "  PATH             a data directory of a stopped node or its segments, a ring file, an\n"
    "                   export of entries\n"
    "  NAME             a journal, as its leader serves it\n"
    "  NAME@NODE        a journal in the memory of one node: its name, or HOST:PORT\n"
    "  HOST:PORT/NAME   a journal of another server\n"
    "Entries are compared byte by byte, headers and all; journals with different ids, such as a "
    "copy\nby `replay --into`, by what users wrote. What only one side has, because the other "
    "begins\nlater or ends earlier, is said and is no difference, unless --strict.\n"
    "Exit code: 0 the same, 1 different, 2 nothing that can be compared.\n"
    "Examples:\n"
    "  ringjournal diff orders@n1 orders@n2\n"
    "  ringjournal diff /var/lib/ringjournal /backup/ringjournal --journal 4f2a\n"
    "  ringjournal diff orders orders.entries --strict\n";

struct DiffFlags {
  std::string a, b;
  DiffOptions options;
  bool strict = false;
  bool transactions_only = false;
};

int Trouble(const Context& context, const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return context.Fail(status);
  context.Say(absl::StrCat("error: ", std::string(status.message())));
  return kExitUsage;
}

int RunDiff(const Context& context, const DiffFlags& flags) {
  DiffOptions options = flags.options;
  auto a = OpenDiffSource(context, flags.a, options);
  // What a directory holds beside the journal of the other side is of no interest.
  if (a.ok() && options.journal.empty()) options.journal = (*a)->journal();
  auto b = OpenDiffSource(context, flags.b, options);
  if (!a.ok() && b.ok()) a = OpenDiffSource(context, flags.a, {(*b)->journal()});
  if (!a.ok()) return Trouble(context, a.status());
  if (!b.ok()) return Trouble(context, b.status());
  const std::string &id_a = (*a)->journal(), &id_b = (*b)->journal();
  const bool foreign = !id_a.empty() && !id_b.empty() && id_a != id_b;
  auto result = Compare(a->get(), b->get(), flags.transactions_only || foreign);
  if (!result.ok()) return Trouble(context, result.status());
  const DiffNames names{flags.a, flags.b, (*a)->bounds(), (*b)->bounds()};
  std::fputs((context.json() ? DiffJson(*result, names) : DiffText(*result, names)).c_str(),
             stdout);
  if (result->difference.has_value()) return kExitFailure;
  if (result->nothing_in_common) return kExitUsage;
  const bool alone = std::any_of(result->only.begin(), result->only.end(),
                                 [](const OnlyOne& only) { return only.has_transactions(); });
  return flags.strict && alone ? kExitFailure : kExitOk;
}

}  // namespace

void RegisterDiff(CLI::App& app, Context& context) {
  auto flags = std::make_shared<DiffFlags>();
  CLI::App* sub =
      app.add_subcommand("diff", "First difference between two copies: journals, nodes or files");
  sub->add_option("A", flags->a, "One side")->required();
  sub->add_option("B", flags->b, "The other side")->required();
  sub->add_option("--journal", flags->options.journal,
                  "Of a directory that holds several: the id, or how it begins")
      ->type_name("ID");
  sub->add_flag("--strict", flags->strict, "What only one side has is a difference, too");
  sub->add_flag("--transactions", flags->transactions_only,
                "Compare only what users wrote, not how it stands in entries");
  sub->fallthrough();
  sub->footer(kHelp);
  sub->callback([&context, flags] {
    context.command = "diff";
    context.needs_server = false;
    context.action = [&context, flags] { return RunDiff(context, *flags); };
  });
}

}  // namespace ringjournal::cli
