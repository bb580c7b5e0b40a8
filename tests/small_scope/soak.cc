// Searches a scope: `soak --nodes 3 --entries 2 --crashes 2 --changes 2`; shows a path again:
// `--replay PATH`.
#include <cstdio>

#include "CLI/CLI.hpp"
#include "tests/cluster_sim/mutant_hook.h"
#include "tests/small_scope/search.h"

namespace ringjournal::small_scope {
namespace {

struct Flags {
  SearchOptions search;
  bool keep_memory = false;
  bool heal = false;
  bool show_deepest = false;
  std::string replay;
  std::string mutant;
};

void AddOptions(CLI::App* app, Flags* f) {
  Scope* s = &f->search.scope;
  app->add_option("--nodes", s->nodes, "nodes, 1 to 3")->check(CLI::Range(1, 3));
  app->add_option("--entries", s->entries, "appends of the client");
  app->add_option("--crashes", s->crashes, "processes that end");
  app->add_option("--changes", s->changes, "changes of the config document by compare-and-swap");
  app->add_option("--unknowns", s->unknowns, "changes whose outcome is not told");
  app->add_option("--opens", s->opens, "times that the client goes to another leader");
  app->add_option("--min-isr", s->min_isr, "of the journal");
  app->add_flag("--bursts", s->bursts, "what was sent over one connection arrives together");
  app->add_option("--slow", s->slow, "ways that hold back at a time; not given: every order");
  app->add_option("--delays", s->delays, "times that a way begins to hold back");
  app->add_flag("--keep-memory", f->keep_memory, "no crash takes the ring with it");
  app->add_option("--states-max", f->search.states_max, "give up beyond");
  app->add_option("--seconds", f->search.seconds_max, "give up after");
  app->add_option("--heal-last-every", f->search.heal_last_every, "of the last states; 0: none");
  app->add_option("--heal-every", f->search.heal_every, "of all states; 0: none");
  app->add_option("--recheck-every", f->search.recheck_every, "of the steps to known states");
  app->add_flag("--show-deepest", f->show_deepest, "print the longest of the shortest paths");
  app->add_flag("--heal", f->heal, "with --replay: then nothing goes wrong any more");
  app->add_option("--replay", f->replay, "a path, as a violation prints it");
  app->add_option("--mutant", f->mutant, "a rule to break (mutants_soak only)");
}

// False: there is none of that name.
bool Select(const std::string& name, int* mutant) {
  if (name.empty()) return true;
  std::optional<cluster_sim::MutantChoice> choice = cluster_sim::FindMutant(name);
  if (choice.has_value() && choice->production != 0) {
    *mutant = choice->production;
    return true;
  }
  std::fprintf(stderr, "there is no mutant '%s' in this program: mutants_soak has them\n",
               name.c_str());
  return false;
}

int Show(const Scope& scope, const std::vector<Choice>& path, bool heal) {
  Replayed replayed = Replay(scope, path, heal);
  for (const std::string& line : replayed.lines) std::printf("%s\n", line.c_str());
  if (!replayed.violation.empty()) std::printf("VIOLATION: %s\n", replayed.violation.c_str());
  return replayed.violation.empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  CLI::App app("exhaustive search of a small scope of the replicated journal");
  Flags f;
  AddOptions(&app, &f);
  CLI11_PARSE(app, argc, argv);
  Scope* scope = &f.search.scope;
  if (scope->delays != UINT32_MAX && scope->slow == Scope::kEveryOrder) scope->slow = scope->delays;
  f.search.scope.memory_loss = !f.keep_memory;
  if (!Select(f.mutant, &f.search.scope.mutant)) return 2;
  if (!f.replay.empty()) {
    auto path = ParsePath(f.replay);
    if (!path.has_value()) {
      std::fprintf(stderr, "--replay wants a path as a violation prints it, D12.P00 and so on\n");
      return 2;
    }
    return Show(f.search.scope, *path, f.heal);
  }
  f.search.progress = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  SearchResult result = Search(f.search);
  if (!result.violation.empty()) {
    Show(f.search.scope, result.path, result.in_heal);
    std::printf("again: %s\n", ReplayCommand(f.search.scope, result).c_str());
  }
  if (!result.recheck_example.empty()) {
    std::printf("taken for one, but what follows differs in %s: --replay %s and --replay %s\n",
                PathText(result.recheck_differs).c_str(), PathText(result.recheck_example).c_str(),
                PathText(result.recheck_other).c_str());
  }
  if (f.show_deepest) std::printf("deepest: --replay %s\n", PathText(result.deepest_path).c_str());
  std::printf("%s\n", result.Summary().c_str());
  return result.complete && result.rechecks_that_differ == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ringjournal::small_scope

int main(int argc, char** argv) { return ringjournal::small_scope::Main(argc, argv); }
