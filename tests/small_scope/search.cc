#include "tests/small_scope/search.h"

#include <chrono>
#include <csetjmp>
#include <csignal>
#include <deque>
#include <memory>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/check.h"
#include "tests/small_scope/arena.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {
namespace {

sigjmp_buf back_from_abort;
volatile std::sig_atomic_t may_jump = 0;
void OnAbort(int) {
  if (may_jump == 0) return;  // and so abort() ends the process
  // Blocked while its handler runs; the jump does not come back from that.
  sigset_t abort_only;
  sigemptyset(&abort_only);
  sigaddset(&abort_only, SIGABRT);
  sigprocmask(SIG_UNBLOCK, &abort_only, nullptr);
  siglongjmp(back_from_abort, 1);
}

RingRegions* Rings() {
  static auto* const kRings = new RingRegions();
  return kRings;
}

// A world's bytes.
struct Saved {
  std::vector<char> arena, rings;
};

// The one world that there is, which goes back and forth.
class Stage {
 public:
  explicit Stage(const Scope& scope) : scope_(scope) {
    WarmUp();
    Arena::Clear();
    InArena in_arena;
    world_ = new World(scope_, Rings(), false);
  }
  World* world() { return world_; }

  void Save(Saved* out) const {
    Arena::Save(&out->arena);
    out->rings.clear();
    for (const RingRegion& region : *Rings()) region.Save(&out->rings);
  }
  void Restore(const Saved& saved) {
    Arena::Restore(saved.arena);
    const char* from = saved.rings.data();
    for (RingRegion& region : *Rings()) from = region.Restore(from);
  }

  // Empty, or what it broke; then the world is to be restored.
  std::string Do(const std::function<void(World*)>& what) {
    static const auto kBefore = std::signal(SIGABRT, OnAbort);
    static_cast<void>(kBefore);
    may_jump = true;
    std::string verdict;
    // The mask is left alone, as it takes a system call: abort() raises its signal unblocked.
    if (sigsetjmp(back_from_abort, 0) == 0) {
      InArena in_arena;
      what(world_);
    } else {
      InArena::Leave();
      verdict = "a check of the code itself failed, see above";
    }
    may_jump = false;
    if (verdict.empty()) verdict = world_->violation();
    return std::string(verdict.data(), verdict.size());
  }

 private:
  // What is made once in a process and stays must not be made in the arena.
  void WarmUp() const {
    static bool warm = false;
    if (std::exchange(warm, true)) return;
    Scope scope = scope_;
    scope.crashes = 2;
    scope.changes = 4;
    scope.opens = 2;
    scope.mutant = 0;
    for (uint32_t walk = 0; walk < 200; ++walk) {
      World world(scope, Rings(), true);
      uint64_t random = walk + 1;
      std::vector<Choice> choices;
      for (int step = 0; step < 60 && world.violation().empty(); ++step) {
        world.Choices(&choices);
        if (choices.empty()) break;
        random = random * 6364136223846793005 + 1442695040888963407;
        const Choice& choice = choices[(random >> 33) % choices.size()];
        static_cast<void>(world.Describe(choice));
        world.Apply(choice);
        static_cast<void>(world.Fingerprint());
      }
      if (walk % 10 == 0 && world.violation().empty()) world.Heal();
    }
  }

  Scope scope_;
  World* world_ = nullptr;
};

class Searcher {
 public:
  explicit Searcher(const SearchOptions& options)
      : o_(options), stage_(options.scope), began_(std::chrono::steady_clock::now()) {}

  SearchResult Run() {
    Add(stage_.world()->Fingerprint(), 0, {});
    stack_.resize(1);
    stage_.Save(&stack_[0].saved);
    r_.complete = ExpandAll() && r_.violation.empty();
    if (r_.complete) Recheck();
    r_.states = states_.size();
    r_.seconds = Seconds();
    r_.deepest_path = PathTo(deepest_state_);
    return r_;
  }

 private:
  struct State {
    uint32_t parent;
    Choice choice;
    uint8_t delays;  // on the way here, as few as are known
    uint16_t depth;
    bool expanded = false;
    uint64_t successors = 0;  // all of them, mixed
  };
  struct Level {
    uint64_t state = 0;
    Saved saved;
  };
  struct Edge {
    uint64_t from;
    Choice choice;
    uint64_t to;
  };

  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

  // All that so many delays lead to, before anything that needs one more. False: given up.
  bool ExpandAll() {
    for (uint32_t delays = 0; delays < to_expand_.size(); ++delays) {
      std::deque<uint32_t>* queue = &to_expand_[delays];
      uint64_t expanded = 0;
      for (; !queue->empty(); queue->pop_front()) {
        if (states_.size() > o_.states_max || Seconds() > o_.seconds_max) return false;
        uint32_t s = queue->front();
        if (states_[s].expanded) continue;  // fewer delays were found to lead there
        states_[s].expanded = true;
        Expand(s);
        if (!r_.violation.empty()) return false;
        if (++expanded % 4096 == 0) Report(s);
        // Expand may have made room for the next.
        queue = &to_expand_[delays];
      }
      r_.states_by_delays.push_back(expanded);
      if (to_expand_.size() > 1 && o_.progress) o_.progress(LevelText(delays));
    }
    return true;
  }

  std::string LevelText(uint32_t delays) const {
    return absl::StrFormat(
        "complete within %d delays: %d states, %d transitions, %.0f s", delays,
        std::accumulate(r_.states_by_delays.begin(), r_.states_by_delays.end(), uint64_t{0}),
        r_.transitions, Seconds());
  }

  void Report(uint64_t s) {
    if (!o_.progress || Seconds() < next_report_s_) return;
    next_report_s_ = Seconds() + 10;
    o_.progress(
        absl::StrFormat("%d states, %d delays, depth %d, %d transitions, %.0f s, %d KiB a world",
                        states_.size(), states_[s].delays, states_[s].depth, r_.transitions,
                        Seconds(), stack_[0].saved.arena.size() / 1024));
  }

  // Its number, and whether it is new.
  std::pair<uint64_t, bool> Add(const Digest& digest, uint64_t parent, const Choice& choice) {
    State state{static_cast<uint32_t>(parent), choice, 0, 0};
    if (!states_.empty()) {
      state.depth = static_cast<uint16_t>(states_[parent].depth + 1);
      state.delays = states_[parent].delays;
      if (choice.kind == Choice::Kind::kHold) ++state.delays;
      RJ_CHECK(state.delays < UINT8_MAX);
    }
    auto [it, is_new] = known_.try_emplace(digest, static_cast<uint32_t>(states_.size()));
    const uint32_t s = it->second;
    if (is_new) {
      states_.push_back(state);
    } else if (state.delays < states_[s].delays) {
      RJ_CHECK(!states_[s].expanded);
      states_[s] = state;
    } else {
      return {s, false};
    }
    if (to_expand_.size() <= state.delays) to_expand_.resize(state.delays + 1u);
    to_expand_[state.delays].push_back(s);
    if (state.depth > r_.deepest) {
      r_.deepest = state.depth;
      deepest_state_ = s;
    }
    return {s, is_new};
  }

  std::vector<uint64_t> Ancestors(uint64_t s) const {
    std::vector<uint64_t> line(states_[s].depth + 1u);
    for (size_t d = line.size(); d-- > 0; s = states_[s].parent) line[d] = s;
    return line;
  }

  // The world becomes state s; worlds on the way there are kept for the next.
  void GoTo(uint64_t s) {
    std::vector<uint64_t> line = Ancestors(s);
    size_t common = 0;
    while (common + 1 < line.size() && common + 1 < depth_ &&
           stack_[common + 1].state == line[common + 1]) {
      ++common;
    }
    stage_.Restore(stack_[common].saved);
    if (stack_.size() < line.size()) stack_.resize(line.size());
    for (size_t d = common + 1; d < line.size(); ++d) {
      Choice choice = states_[line[d]].choice;
      std::string verdict = stage_.Do([&](World* w) { w->Apply(choice); });
      RJ_CHECK(verdict.empty());
      stack_[d].state = line[d];
      stage_.Save(&stack_[d].saved);
    }
    depth_ = line.size();
  }

  void Fail(uint64_t s, const std::string& violation) {
    r_.violation = violation;
    r_.path = PathTo(s);
  }

  void Expand(uint64_t s) {
    GoTo(s);
    const Saved& saved = stack_[depth_ - 1].saved;
    stage_.world()->Choices(&choices_);
    uint64_t successors = 0;
    bool goes_on = false;
    for (size_t i = 0; i < choices_.size(); ++i) {
      Choice choice = choices_[i];
      if (i > 0) stage_.Restore(saved);
      std::string verdict = stage_.Do([&](World* w) { w->Apply(choice); });
      ++r_.transitions;
      if (!verdict.empty()) {
        Fail(s, verdict);
        r_.path.push_back(choice);
        return;
      }
      Digest digest = stage_.world()->Fingerprint();
      successors += digest.high ^ digest.low * 3;
      auto [to, is_new] = Add(digest, s, choice);
      goes_on = goes_on || to != s;
      bool sampled =
          o_.recheck_every > 0 && !is_new && to != s && r_.transitions % o_.recheck_every == 0;
      if (sampled) edges_.push_back({s, choice, to});
    }
    states_[s].successors = successors;
    if (!goes_on) ++r_.last_states;
    bool heals = !goes_on && o_.heal_last_every > 0 && r_.last_states % o_.heal_last_every == 0;
    heals = heals || (o_.heal_every > 0 && s % o_.heal_every == 0);
    if (heals) Heal(s, saved);
  }

  void Heal(uint64_t s, const Saved& saved) {
    stage_.Restore(saved);
    ++r_.healed;
    std::string verdict = stage_.Do([](World* w) { w->Heal(); });
    if (verdict.empty()) return;
    Fail(s, verdict);
    r_.in_heal = true;
  }

  // Two states that are taken for one must have the same future.
  void Recheck() {
    for (const Edge& edge : edges_) {
      // With more delays behind it, less may follow.
      int delays = states_[edge.from].delays + (edge.choice.kind == Choice::Kind::kHold ? 1 : 0);
      if (states_[edge.to].delays != delays) continue;
      GoTo(edge.from);
      RJ_CHECK(stage_.Do([&](World* w) { w->Apply(edge.choice); }).empty());
      auto here = Successors();
      ++r_.rechecked;
      uint64_t successors = 0;
      for (const auto& [choice, digest] : here) successors += digest.high ^ digest.low * 3;
      if (successors == states_[edge.to].successors) continue;
      if (r_.rechecks_that_differ++ > 0) continue;
      r_.recheck_example = PathTo(edge.from);
      r_.recheck_example.push_back(edge.choice);
      r_.recheck_other = PathTo(edge.to);
      GoTo(edge.to);
      auto there = Successors();
      for (size_t i = 0; i < std::max(here.size(), there.size()); ++i) {
        if (i < here.size() && i < there.size() && here[i] == there[i]) continue;
        r_.recheck_differs.push_back(i < here.size() ? here[i].first : there[i].first);
      }
    }
  }

  // What each choice leads to from where the world is now.
  std::vector<std::pair<Choice, Digest>> Successors() {
    Saved saved;
    stage_.Save(&saved);
    stage_.world()->Choices(&choices_);
    std::vector<std::pair<Choice, Digest>> successors;
    for (const Choice& choice : std::vector<Choice>(choices_)) {
      stage_.Restore(saved);
      RJ_CHECK(stage_.Do([&](World* w) { w->Apply(choice); }).empty());
      successors.push_back({choice, stage_.world()->Fingerprint()});
    }
    return successors;
  }

  std::vector<Choice> PathTo(uint64_t s) const {
    std::vector<Choice> path;
    for (uint64_t at : Ancestors(s)) {
      if (at != 0) path.push_back(states_[at].choice);
    }
    return path;
  }

  SearchOptions o_;
  Stage stage_;
  std::chrono::steady_clock::time_point began_;
  double next_report_s_ = 10;
  SearchResult r_;
  // By chunks: no copy of all of them when there are more.
  std::deque<State> states_;
  std::vector<std::deque<uint32_t>> to_expand_;  // by delays
  absl::flat_hash_map<Digest, uint32_t> known_;
  std::vector<Level> stack_;
  size_t depth_ = 1;
  uint64_t deepest_state_ = 0;
  std::vector<Choice> choices_;
  std::vector<Edge> edges_;
};

}  // namespace

SearchResult Search(const SearchOptions& options) { return Searcher(options).Run(); }

Replayed Replay(const Scope& scope, const std::vector<Choice>& path, bool heal) {
  Replayed replayed;
  World world(scope, Rings(), true);
  replayed.lines.push_back("start: " + world.Summary());
  std::vector<Choice> choices;
  for (size_t i = 0; i < path.size() && world.violation().empty(); ++i) {
    world.Choices(&choices);
    if (std::find(choices.begin(), choices.end(), path[i]) == choices.end()) {
      replayed.violation = absl::StrCat("step ", i + 1, " of the path cannot happen here");
      return replayed;
    }
    replayed.lines.push_back(absl::StrCat(i + 1, ". ", world.Describe(path[i])));
    world.Apply(path[i]);
    for (const std::string& note : world.TakeNotes()) replayed.lines.push_back("     " + note);
  }
  replayed.lines.push_back("end: " + world.Summary());
  if (heal && world.violation().empty()) {
    replayed.lines.push_back("from here on nothing goes wrong:");
    world.Heal();
    for (const std::string& note : world.TakeNotes()) replayed.lines.push_back("     " + note);
    replayed.lines.push_back("end: " + world.Summary());
  }
  replayed.violation = world.violation();
  return replayed;
}

}  // namespace ringjournal::small_scope
