#include "tests/cluster_sim/history.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"

namespace ringjournal::cluster_sim {
namespace {

std::string Text(const Operation& o) {
  return absl::StrCat("append ", o.client, ".", o.payload, " at LSN ", o.lsn);
}

std::string WhyNotOne(std::vector<const Operation*> answered) {
  std::sort(answered.begin(), answered.end(),
            [](const Operation* a, const Operation* b) { return a->lsn < b->lsn; });
  const Operation* earliest = nullptr;  // answered, of all with a higher LSN
  for (size_t i = answered.size(); i-- > 0;) {
    const Operation* o = answered[i];
    if (i + 1 < answered.size() && answered[i + 1]->lsn == o->lsn) {
      return absl::StrCat(Text(*o), " and ", Text(*answered[i + 1]), " have one place");
    }
    if (earliest != nullptr && earliest->completed_ns < o->invoked_ns) {
      return absl::StrCat(Text(*earliest), " was answered before ", Text(*o), " was begun");
    }
    if (earliest == nullptr || o->completed_ns < earliest->completed_ns) earliest = o;
  }
  return "";
}

// Extends an order of `done` operations by each that real time allows next.
bool Extend(const std::vector<Operation>& all, uint32_t done, uint64_t last_lsn) {
  if (done == (1u << all.size()) - 1) return true;
  for (size_t i = 0; i < all.size(); ++i) {
    if ((done >> i & 1) != 0) continue;
    bool may_be_next = true;  // no other one that is left was answered before it began
    for (size_t j = 0; j < all.size(); ++j) {
      bool left = (done >> j & 1) == 0 && j != i;
      if (left && all[j].completed_ns < all[i].invoked_ns) may_be_next = false;
    }
    if (!may_be_next || all[i].lsn <= last_lsn) continue;
    if (Extend(all, done | 1u << i, all[i].lsn)) return true;
  }
  return false;
}

}  // namespace

std::string WhyNotLinearizable(const std::vector<Operation>& operations) {
  std::map<uint32_t, std::vector<const Operation*>> by_generation;
  for (const Operation& o : operations) {
    if (o.lsn > 0) by_generation[o.generation].push_back(&o);
  }
  for (auto& [generation, answered] : by_generation) {
    std::string why = WhyNotOne(std::move(answered));
    if (!why.empty()) return why;
  }
  return "";
}

bool LinearizableByBruteForce(const std::vector<Operation>& operations) {
  std::map<uint32_t, std::vector<Operation>> by_generation;
  for (const Operation& o : operations) {
    if (o.lsn > 0) by_generation[o.generation].push_back(o);
  }
  for (const auto& [generation, answered] : by_generation) {
    RJ_CHECK(answered.size() <= 12);
    if (!Extend(answered, 0, 0)) return false;
  }
  return true;
}

}  // namespace ringjournal::cluster_sim
