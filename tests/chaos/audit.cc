#include "tests/chaos/audit.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/cluster_sim/history.h"

namespace ringjournal::chaos {
namespace {

constexpr int kReceived = 1;
constexpr int kDisk = 3;

std::string Text(const SeenTransaction& t) {
  return absl::StrCat(t.name.producer == 0 ? "bytes that nobody wrote" : Text(t.name), " at LSN ",
                      t.lsn, " (index ", t.index, ", epoch ", t.generation, ".", t.epoch, ")");
}

std::string Text(const SeenAppend& a) {
  std::string text = absl::StrCat(Text(a.first), " (", a.count, ")");
  if (a.fate == Fate::kApplied) {
    absl::StrAppend(&text, " acknowledged at LSN ", a.lsn, ", index ", a.index, ", epoch ",
                    a.generation, ".", a.epoch, ", level ", a.level, ", time ", a.done_ns);
  }
  return text;
}

class Auditor {
 public:
  Auditor(const History& history, const std::vector<SeenTransaction>& log,
          const std::vector<Report>& reports)
      : history_(history), log_(log), reports_(reports) {}

  Verdict Run(const AuditRules& rules) {
    if (reports_.size() > rules.losses_allowed) {
      Problem(absl::StrCat(reports_.size(), " losses are reported, but what was done allows ",
                           rules.losses_allowed));
    }
    tails_at_lsn_ = rules.tails_at_lsn;
    CheckLog();
    for (const SeenAppend& a : history_.appends) CheckAppend(a);
    CheckNobodyElse();
    CheckOrder();
    for (size_t i = 0; i < history_.tails.size(); ++i) CheckTail(i);
    CheckTold();
    CheckEnded();
    return std::move(verdict_);
  }

 private:
  void Problem(std::string text) {
    if (verdict_.problems.size() < kProblemsMax) verdict_.problems.push_back(std::move(text));
  }

  const SeenTransaction* At(uint64_t lsn) const {
    return lsn >= 1 && lsn <= log_.size() ? &log_[lsn - 1] : nullptr;
  }
  const SeenTransaction* Find(PayloadName name) const {
    auto found = places_.find({name.producer, name.number});
    return found == places_.end() ? nullptr : found->second;
  }

  void CheckLog() {
    std::map<uint32_t, uint64_t> last;
    for (size_t i = 0; i < log_.size(); ++i) {
      const SeenTransaction& t = log_[i];
      if (t.lsn != i + 1) Problem(absl::StrCat("LSN ", i + 1, " is due, there is ", Text(t)));
      if (t.name.number <= last[t.name.producer]) {
        Problem(absl::StrCat(Text(t), " follows number ", last[t.name.producer],
                             ": doubled or out of order"));
      }
      last[t.name.producer] = t.name.number;
      places_[{t.name.producer, t.name.number}] = &t;
      if (i == 0) continue;
      const SeenTransaction& before = log_[i - 1];
      if (std::tie(t.generation, t.epoch) < std::tie(before.generation, before.epoch)) {
        Problem(absl::StrCat(Text(t), " is of an older epoch than ", Text(before)));
      }
    }
  }

  // Which of its payloads the log holds in one entry, at its first one's place.
  uint32_t Kept(const SeenAppend& a) {
    const SeenTransaction* first = Find(a.first);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < a.count; ++i) {
      const SeenTransaction* t = Find({a.first.producer, a.first.number + i});
      if (t == nullptr) continue;
      ++kept;
      if (first == nullptr || t->index != first->index || t->lsn != first->lsn + i) {
        Problem(absl::StrCat(Text(a), " was torn: ", Text(*t), " is apart"));
      }
    }
    known_ += kept;
    return kept;
  }

  void CheckAppend(const SeenAppend& a) {
    AuditTotals& totals = verdict_.totals;
    ++totals.appends;
    const uint32_t kept = Kept(a);
    if (kept != 0 && kept != a.count) {
      Problem(absl::StrCat(Text(a), ": the log holds ", kept, " of it"));
    }
    switch (a.fate) {
      case Fate::kApplied:
        ++totals.acknowledged;
        return CheckAcknowledged(a, kept);
      case Fate::kNotApplied:
        ++totals.not_applied;
        if (kept != 0) Problem(absl::StrCat(Text(a), " was not applied, but is in the log"));
        return;
      default:
        ++totals.unknown;
        if (kept != 0) ++totals.unknown_applied;
        if (kept == 0 && a.asked_level == kReceived) received_unknown_.insert(a.first.producer);
    }
  }

  void CheckAcknowledged(const SeenAppend& a, uint32_t kept) {
    if (a.lsn != 0 && a.level < a.asked_level) {
      Problem(absl::StrCat(Text(a), ", asked was level ", a.asked_level));
    }
    if (kept == 0) return CheckLost(a);
    const SeenTransaction* first = Find(a.first);
    if (first == nullptr || a.lsn == 0) return;
    if (first->lsn != a.lsn || first->index != a.index || first->chain != a.chain) {
      Problem(absl::StrCat(Text(a), " chain ", a.chain, ", but the log has ", Text(*first),
                           " chain ", first->chain));
    }
  }

  void CheckLost(const SeenAppend& a) {
    if (a.level < kDisk) {
      for (const Report& r : reports_) {
        bool says = r.generation > a.generation && r.first_lsn <= a.lsn + (a.count - 1) &&
                    r.verdicts[std::max(a.level, kReceived) - 1] != "none";
        if (says || (a.lsn == 0 && r.generation > a.generation)) {
          ++verdict_.totals.lost;
          return;
        }
      }
      bool others_led = !log_.empty() && std::tie(log_.back().generation, log_.back().epoch) >
                                             std::tie(a.generation, a.epoch);
      if (a.level == kReceived && others_led) {
        ++verdict_.totals.lost_received;
        received_lost_[a.first.producer] = &a;
        return;
      }
    }
    const SeenTransaction* there = At(a.lsn);
    Problem(absl::StrCat("lost: ", Text(a), "; there is ",
                         there == nullptr ? "nothing" : Text(*there)));
  }

  void CheckNobodyElse() {
    if (known_ < log_.size()) {
      Problem(absl::StrCat(log_.size() - known_, " transactions of the log were never sent"));
    }
  }

  void CheckOrder() {
    std::vector<cluster_sim::Operation> operations;
    for (const SeenAppend& a : history_.appends) {
      const SeenTransaction* t = Find(a.first);
      if (t == nullptr) continue;
      const bool answered = a.fate == Fate::kApplied;
      operations.push_back({a.first.producer, a.first.number, a.sent_ns,
                            answered ? a.done_ns : INT64_MAX, 1, t->lsn});
    }
    std::string why = cluster_sim::WhyNotLinearizable(operations);
    if (!why.empty()) Problem(why);
  }

  bool ExplainedByLoss(const SeenTransaction& t, uint64_t lsn) const {
    return std::any_of(reports_.begin(), reports_.end(), [&](const Report& r) {
      return r.generation > t.generation && r.first_lsn <= lsn;
    });
  }

  void CheckTail(size_t reader) {
    uint64_t due = 1;
    const SeenTransaction* before = nullptr;
    for (const SeenTransaction& t : history_.tails[reader]) {
      ++verdict_.totals.tailed;
      if (t.lsn != due && !(before != nullptr && t.lsn < due && ExplainedByLoss(*before, t.lsn))) {
        Problem(
            absl::StrCat("reader ", reader + 1, " was given ", Text(t), ", LSN ", due, " was due"));
      }
      due = t.lsn + 1;
      before = &t;
      const SeenTransaction* there = At(t.lsn);
      bool same = there != nullptr && there->name == t.name && there->index == t.index &&
                  there->chain == t.chain;
      if (!same && !ExplainedByLoss(t, t.lsn)) {
        Problem(absl::StrCat("reader ", reader + 1, " was given ", Text(t), ", the log has ",
                             there == nullptr ? "nothing" : Text(*there)));
      }
    }
    if (due <= tails_at_lsn_) {
      Problem(absl::StrCat("reader ", reader + 1, " is at LSN ", due - 1, ", it was at ",
                           tails_at_lsn_, " before"));
    }
  }

  void CheckTold() {
    verdict_.totals.told = history_.told.size();
    for (const Report& r : reports_) {
      std::map<uint32_t, const SeenAppend*> holders;
      for (const SeenAppend& a : history_.appends) {
        if (a.fate == Fate::kApplied && a.generation < r.generation && a.lsn >= r.first_lsn) {
          holders[a.first.producer] = &a;
        }
      }
      for (const auto& [producer, a] : holders) {
        bool told = std::any_of(history_.told.begin(), history_.told.end(), [&](const ToldLoss& l) {
          return l.producer == producer && l.generation >= r.generation;
        });
        if (!told) {
          Problem(absl::StrCat("producer ", producer, " was not told of the loss from LSN ",
                               r.first_lsn, " on (generation ", r.generation, "); it holds ",
                               Text(*a)));
        }
      }
    }
    for (const ToldLoss& l : history_.told) {
      bool real = std::any_of(reports_.begin(), reports_.end(),
                              [&](const Report& r) { return r.generation == l.generation; });
      if (!real) {
        Problem(absl::StrCat("producer ", l.producer, " was told of a loss of generation ",
                             l.generation, " that the journal does not report"));
      }
    }
  }

  // What only a leader had received went with it: its client's Writer ends, and says so. Nobody
  // else's does.
  void CheckEnded() {
    std::set<uint32_t> told;
    for (const Ended& e : history_.ended) {
      const bool may =
          received_lost_.contains(e.producer) || received_unknown_.contains(e.producer);
      if (may && absl::StartsWith(e.reason, "DATA_LOSS")) {
        told.insert(e.producer);
      } else {
        Problem(absl::StrCat(e.producer != 0 ? absl::StrCat("producer ", e.producer) : e.reader,
                             " gave up: ", e.reason));
      }
    }
    for (const auto& [producer, a] : received_lost_) {
      if (!told.contains(producer)) {
        Problem(absl::StrCat("producer ", producer,
                             " was not told that its leader has taken along ", Text(*a)));
      }
    }
  }

  const History& history_;
  const std::vector<SeenTransaction>& log_;
  const std::vector<Report>& reports_;
  std::map<std::pair<uint32_t, uint64_t>, const SeenTransaction*> places_;
  std::map<uint32_t, const SeenAppend*> received_lost_;  // by producer, the last
  // Whose Writer may have been told `received` after it had called the outcome unknown, and then
  // finds it lost.
  std::set<uint32_t> received_unknown_;
  uint64_t known_ = 0;  // transactions of the log that somebody sent
  uint64_t tails_at_lsn_ = 0;
  Verdict verdict_;
};

}  // namespace

Verdict Audit(const History& history, const std::vector<SeenTransaction>& log,
              const std::vector<Report>& reports, const AuditRules& rules) {
  return Auditor(history, log, reports).Run(rules);
}

}  // namespace ringjournal::chaos
