#include "tests/scenarios/story.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/errors.h"
#include "tests/cluster_sim/stage.h"

namespace ringjournal::scenarios {
namespace {

using cluster_sim::HostNumber;
using cluster_sim::kMs;
using cluster_sim::kSecond;
using cluster_sim::Stage;
using cluster_sim::StageOptions;
using Words = std::vector<std::string>;

constexpr int64_t kAnswerWithinNs = 5 * kSecond;
constexpr int64_t kWaitAtMostNs = 20 * kSecond;

// "300ms" or "2s"; -1: neither.
int64_t DurationOf(const std::string& text) {
  const bool ms = text.size() > 2 && text.substr(text.size() - 2) == "ms";
  if (!ms && (text.size() < 2 || text.back() != 's')) return -1;
  int64_t value = 0;
  if (!absl::SimpleAtoi(text.substr(0, text.size() - (ms ? 2 : 1)), &value)) return -1;
  return value * (ms ? kMs : kSecond);
}

// Rounded up to 1, 2 or 5 times a power of ten: what matters, and not each microsecond.
std::string AboutText(int64_t ns) {
  int64_t bound = 10 * kMs;
  for (int step = 0; bound < ns; ++step) bound = step % 3 == 1 ? bound / 2 * 5 : bound * 2;
  return bound < kSecond ? absl::StrCat(bound / kMs, " ms") : absl::StrCat(bound / kSecond, " s");
}

std::string ErrorText(const absl::Status& status) {
  return client::ErrorCodeName(client::CodeOf(status));
}

// One play of one story.
class Player {
 public:
  explicit Player(bool tracing) { options_.tracing = tracing; }

  // What the command makes happen, line by line.
  std::vector<std::string> Run(const std::string& command) {
    Words words = absl::StrSplit(std::string(command), ' ', absl::SkipEmpty());
    const std::string verb = words.empty() ? "" : words[0];
    if (!words.empty()) words.erase(words.begin());
    auto it = verbs_.find(verb);
    if (it == verbs_.end()) {
      Fail("there is no such command: see tests/scenarios/README.md");
    } else if (stage_ == nullptr && verb != "cluster") {
      Fail("the first command must be: cluster");
    } else {
      (this->*it->second)(words);
    }
    return Lines();
  }
  const std::string& failure() const { return failure_; }
  std::vector<std::string> Trace() const {
    if (stage_ == nullptr) return {};
    return {stage_->trace().begin(), stage_->trace().end()};
  }

 private:
  using Verb = void (Player::*)(const Words&);

  void Fail(const std::string& why) {
    if (failure_.empty()) failure_ = why;
    lines_.push_back("FAILED: " + why);
  }

  std::vector<std::string> Lines() {
    std::vector<std::string> all;
    if (stage_ != nullptr) {
      all = stage_->TakeLines();
      if (!stage_->violation().empty()) Fail(stage_->violation());
    }
    all.insert(all.end(), lines_.begin(), lines_.end());
    lines_.clear();
    return all;
  }

  // The node's number; fails for what is no node.
  bool NodeOf(const std::string& word, uint32_t* node) {
    if (word == "leader") {
      const int leader = stage_->leader();
      *node = static_cast<uint32_t>(leader);
      if (leader < 0) Fail("nobody leads");
      return leader >= 0;
    }
    uint32_t number = 0;
    const bool ok = word.size() == 2 && word[0] == 'n' && absl::SimpleAtoi(word.substr(1), &number);
    if (!ok || number < 1 || number > stage_->nodes()) {
      Fail(absl::StrCat("'", word, "' is no node"));
      return false;
    }
    *node = number - 1;
    return true;
  }
  bool EndOf(const std::string& word, HostNumber* end) {
    if (word == "store") return *end = Stage::kStore, true;
    if (word == "clients") return *end = Stage::kClients, true;
    return NodeOf(word, end);
  }
  void ForEach(const Words& words, const std::function<bool(uint32_t)>& act) {
    if (words.empty()) Fail("which node?");
    for (const std::string& word : words) {
      uint32_t node = 0;
      if (NodeOf(word, &node) && !act(node)) Fail(absl::StrCat("it is so already: ", word));
    }
  }

  // "key=value" among the words; taken out.
  static std::string Take(Words* words, const std::string& key, const std::string& otherwise) {
    for (auto it = words->begin(); it != words->end(); ++it) {
      if (it->rfind(key + "=", 0) != 0) continue;
      std::string value = it->substr(key.size() + 1);
      words->erase(it);
      return value;
    }
    return otherwise;
  }
  uint32_t TakeNumber(Words* words, const std::string& key, uint32_t otherwise) {
    uint32_t value = otherwise;
    const std::string text = Take(words, key, "");
    if (!text.empty() && !absl::SimpleAtoi(text, &value)) Fail(key + " is a number");
    return value;
  }

  // ---- the cluster ----

  void Cluster(const Words& given) {
    Words words = given;
    options_.nodes = std::clamp(TakeNumber(&words, "nodes", 3), 1u, 5u);
    options_.min_isr = TakeNumber(&words, "min_isr", 1);
    options_.checkpoint_interval_ms = TakeNumber(&words, "checkpoint_ms", 20);
    const std::string policy = Take(&words, "policy", "disk");
    options_.policy = policy == "memory"  ? v1::DEGRADED_POLICY_MEMORY
                      : policy == "block" ? v1::DEGRADED_POLICY_BLOCK
                                          : v1::DEGRADED_POLICY_DISK;
    options_.memory_only = Take(&words, "memory_only", "no") == "yes";
    if (!words.empty()) return Fail(absl::StrCat("'", words[0], "' is nothing that a cluster has"));
    stage_ = std::make_unique<Stage>(options_);
  }
  void Kill(const Words& words) {
    ForEach(words, [this](uint32_t n) { return stage_->Kill(n); });
  }
  void Start(const Words& words) {
    ForEach(words, [this](uint32_t n) { return stage_->Start(n); });
  }
  void Stop(const Words& words) {
    ForEach(words, [this](uint32_t n) { return stage_->Drain(n); });
  }
  void PowerOff(const Words& words) {
    ForEach(words, [this](uint32_t n) { return stage_->PowerOff(n); });
  }
  void LoseDisk(const Words& words) {
    ForEach(words, [this](uint32_t n) {
      if (stage_->node(n)->powered()) return false;
      stage_->LoseDisk(n);
      return true;
    });
  }
  void Pause(const Words& words) {
    uint32_t node = 0;
    const int64_t ns = words.size() == 2 ? DurationOf(words[1]) : -1;
    if (ns < 0) return Fail("pause NODE TIME");
    if (NodeOf(words[0], &node)) stage_->Pause(node, ns);
  }
  void SlowDisk(const Words& words) {
    uint32_t node = 0, factor = 0;
    if (words.size() != 2 || !absl::SimpleAtoi(words[1], &factor)) return Fail("slow-disk NODE N");
    if (NodeOf(words[0], &node)) stage_->SlowDisk(node, factor);
  }
  void Cut(const Words& words) {
    HostNumber a = 0, b = 0;
    if (words.size() != 2) return Fail("cut NODE NODE|store|clients");
    if (NodeOf(words[0], &a) && EndOf(words[1], &b)) stage_->Cut(a, b);
  }
  void CutOff(const Words& words) {
    ForEach(words, [this](uint32_t n) { return stage_->CutOff(n), true; });
  }
  void Mend(const Words& words) {
    HostNumber a = 0, b = 0;
    if (words.empty()) return stage_->MendAll();
    if (words.size() != 2) return Fail("mend [NODE NODE|store|clients]");
    if (NodeOf(words[0], &a) && EndOf(words[1], &b)) stage_->Mend(a, b);
  }
  void StoreForgets(const Words&) { stage_->ForgetNextAnswer(); }
  void StoreDelays(const Words& words) {
    const int64_t ns = words.size() == 1 ? DurationOf(words[0]) : -1;
    if (ns < 0) return Fail("store-delays TIME");
    stage_->DelayNextChange(ns);
  }

  // ---- clients ----

  void Append(const Words& given) {
    Words words = given;
    const std::string level_name = Take(&words, "level", "replicated");
    const client::Level level = client::LevelOfName(level_name);
    const uint32_t bytes = TakeNumber(&words, "bytes", 16);
    if (level == client::Level::kUnknown) return Fail("there is no level " + level_name);
    const bool waits = words.empty() || words.back() != "unanswered";
    if (!waits) words.pop_back();
    for (const std::string& name : words) stage_->Append(name, level, bytes);
    if (!waits) return stage_->Wait(20 * kMs);
    stage_->WaitUntil([this] { return stage_->all_answered(); }, kAnswerWithinNs);
    for (const std::string& name : words) {
      if (stage_->FateOf(name).answered) continue;
      lines_.push_back(absl::StrCat(name, ": no answer within 5 s"));
    }
  }
  void Read(const Words&) {
    std::vector<std::string> names;
    const bool ended = stage_->Read(kAnswerWithinNs, &names);
    lines_.push_back(
        absl::StrCat("a reader gets: ", names.empty() ? "nothing" : absl::StrJoin(names, " "),
                     ended ? "" : ", and no end within 5 s"));
  }

  // ---- the operator ----

  void MoveLeader(const Words& words) {
    if (words.size() > 1) return Fail("move-leader [NODE]");
    Ask([&](auto* admin) {
      admin->MoveLeader(stage_->journal(), words.empty() ? "" : words[0], kAnswerWithinNs);
    });
  }
  void AddMember(const Words& words) {
    if (words.size() != 1) return Fail("add-member NODE");
    Ask([&](auto* admin) { admin->AddMember(stage_->journal(), words[0], kAnswerWithinNs); });
  }
  void RemoveMember(const Words& words) {
    if (words.size() != 1) return Fail("remove-member NODE");
    Ask([&](auto* admin) { admin->RemoveMember(stage_->journal(), words[0], kAnswerWithinNs); });
  }
  void Ask(const std::function<void(cluster_sim::SimOperator*)>& request) {
    if (stage_->admin()->busy()) return Fail("the operator's last request is not answered");
    request(stage_->admin());
    stage_->WaitUntil([this] { return !stage_->admin()->busy(); }, 2 * kAnswerWithinNs);
    const absl::Status& outcome = stage_->admin()->outcome();
    lines_.push_back(absl::StrCat("the operator is told: ", stage_->admin()->busy() ? "nothing"
                                                            : outcome.ok()          ? "done"
                                                                           : ErrorText(outcome)));
  }

  // ---- time ----

  void Wait(const Words& words) {
    const int64_t ns = words.size() == 1 ? DurationOf(words[0]) : -1;
    if (ns < 0) return Fail("wait TIME");
    stage_->Wait(ns);
  }
  void WaitFor(const Words& words) {
    std::function<bool()> done;
    const std::string what = words.empty() ? "" : words[0];
    if (what == "leader" && words.size() == 1) {
      done = [this] { return stage_->leader() >= 0; };
    } else if (what == "leader" && words.size() == 2) {
      uint32_t node = 0;
      if (!NodeOf(words[1], &node)) return;
      done = [this, node] { return stage_->leader() == static_cast<int>(node); };
    } else if (what == "in-sync") {
      done = [this, &words] { return InSync(words); };
    } else if (what == "answered") {
      done = [this] { return stage_->all_answered(); };
    } else {
      return Fail("wait-for leader [NODE] | in-sync [NODE...] | answered");
    }
    const int64_t start_ns = stage_->now_ns();
    if (!stage_->WaitUntil(done, kWaitAtMostNs)) return Fail("not within 20 s");
    lines_.push_back("within " + AboutText(stage_->now_ns() - start_ns));
  }
  // With names: exactly these are in the in-sync set. Without: all are, and have everything.
  bool InSync(const Words& words) const {
    if (words.size() == 1) return stage_->WhyNotInSync().empty();
    const auto& isr = stage_->config().isr();
    return isr.size() == static_cast<int>(words.size()) - 1 &&
           std::all_of(isr.begin(), isr.end(), [&](const auto& member) {
             return std::count(words.begin() + 1, words.end(), member.node()) > 0;
           });
  }
  void WhoLeads(const Words&) {
    const int leader = stage_->leader();
    lines_.push_back(
        leader < 0 ? "nobody leads"
                   : absl::StrCat(stage_->node(static_cast<uint32_t>(leader))->name(), " leads"));
  }

  const std::map<std::string, Verb> verbs_ = {{"cluster", &Player::Cluster},
                                              {"kill", &Player::Kill},
                                              {"start", &Player::Start},
                                              {"stop", &Player::Stop},
                                              {"power-off", &Player::PowerOff},
                                              {"lose-disk", &Player::LoseDisk},
                                              {"pause", &Player::Pause},
                                              {"slow-disk", &Player::SlowDisk},
                                              {"cut", &Player::Cut},
                                              {"cut-off", &Player::CutOff},
                                              {"mend", &Player::Mend},
                                              {"store-forgets", &Player::StoreForgets},
                                              {"store-delays", &Player::StoreDelays},
                                              {"append", &Player::Append},
                                              {"read", &Player::Read},
                                              {"wait", &Player::Wait},
                                              {"move-leader", &Player::MoveLeader},
                                              {"add-member", &Player::AddMember},
                                              {"remove-member", &Player::RemoveMember},
                                              {"wait-for", &Player::WaitFor},
                                              {"who-leads", &Player::WhoLeads}};
  StageOptions options_;
  std::unique_ptr<Stage> stage_;
  std::vector<std::string> lines_;  // of this command, behind what happened
  std::string failure_;
};

}  // namespace

Telling Play(std::string_view story, bool tracing) {
  Player player(tracing);
  Telling telling;
  std::vector<std::string> lines = absl::StrSplit(std::string(story), '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) {
    if (line.rfind("  ", 0) == 0) continue;  // told anew
    absl::StrAppend(&telling.text, line, "\n");
    if (line.rfind("$ ", 0) != 0 || !player.failure().empty()) continue;
    for (const std::string& told : player.Run(line.substr(2))) {
      absl::StrAppend(&telling.text, "  ", told, "\n");
    }
  }
  telling.failure = player.failure();
  telling.trace = player.Trace();
  return telling;
}

std::string FirstDifference(std::string_view golden, std::string_view now) {
  if (golden == now) return "";
  Words before = absl::StrSplit(std::string(golden), '\n');
  Words after = absl::StrSplit(std::string(now), '\n');
  size_t i = 0;
  while (i < before.size() && i < after.size() && before[i] == after[i]) ++i;
  return absl::StrCat("line ", i + 1, "\n  golden: ", i < before.size() ? before[i] : "(the end)",
                      "\n  now:    ", i < after.size() ? after[i] : "(the end)");
}

}  // namespace ringjournal::scenarios
