// Readiness in one sentence: the gravest news first.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/core/readiness_proto.h"

namespace ringjournal::client {
namespace {

std::string Names(const std::vector<std::string>& names, const char* last) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "" : i + 1 == names.size() ? last : ", ", names[i]);
  }
  return out;
}

template <class Picks>
std::vector<std::string> NodesOf(const JournalReadiness& r, Picks picks) {
  std::vector<std::string> nodes;
  for (const JournalCopy& copy : r.copies) {
    if (picks(copy)) nodes.push_back(copy.node);
  }
  return nodes;
}

std::string AreOrIs(const std::vector<std::string>& nodes) {
  return absl::StrCat(Names(nodes, " and "), nodes.size() == 1 ? " is" : " are");
}

std::string CopiesText(const JournalReadiness& r) {
  return absl::StrCat(r.copies_in_sync, " of ", r.copies_wanted, " copies in sync");
}

std::string NoLeader(const JournalReadiness& r) {
  const std::string who =
      r.last_leader.empty() ? "" : absl::StrCat(" (", r.last_leader, " led it last)");
  return absl::StrCat("journal ", r.journal, " has no leader that answers", who,
                      ", so nothing can be appended or read; `ringjournal status` says what to do");
}

std::string OnlyCopy(const JournalReadiness& r) {
  return absl::StrCat(
      "nobody would take over journal ", r.journal, ": ", r.leader,
      " has the only copy, and without that node the journal stands still; with its memory ",
      r.memory_only ? "everything" : "what is not on its disk",
      " is lost. In a cluster `ringjournal journal members ", r.journal,
      " --add NODE` adds another copy");
}

std::string NobodyFollows(const JournalReadiness& r) {
  const auto silent = NodesOf(r, [](const JournalCopy& c) { return c.in_sync; });
  if (!silent.empty()) {
    return absl::StrCat("it is not known whether anybody would take over journal ", r.journal, ": ",
                        AreOrIs(silent), " in sync, but ", r.leader,
                        " hears nothing there; see `ringjournal status`");
  }
  const auto missing = NodesOf(r, [](const JournalCopy&) { return true; });
  return absl::StrCat("nobody would take over journal ", r.journal, ": it has ", CopiesText(r),
                      ", that of its leader ", r.leader, ", without which it stands still; ",
                      AreOrIs(missing),
                      " missing: start them again, they catch up by themselves; a machine that is "
                      "gone is replaced with `ringjournal journal members ",
                      r.journal, " --add NODE`");
}

// Too few for appends at `replicated`, with so many in sync.
bool AppendsWait(const JournalReadiness& r, size_t in_sync) {
  return in_sync < r.copies_min ||
         (r.degraded_policy == DegradedPolicy::kBlock && in_sync < r.copies_target);
}

std::string TooFew(const JournalReadiness& r, size_t in_sync) {
  return in_sync < r.copies_min
             ? absl::StrCat(in_sync, " in sync, and min_isr is ", r.copies_min)
             : absl::StrCat(in_sync, " in sync, and the degraded policy is to wait below ",
                            r.copies_target);
}

// Why a failure now would stop or lose something; empty: it would not.
std::string WhyNot(const JournalReadiness& r) {
  if (r.leader.empty()) return NoLeader(r);
  if (r.copies_wanted <= 1) return OnlyCopy(r);
  if (AppendsWait(r, r.copies_in_sync)) {
    return absl::StrCat("appends to journal ", r.journal,
                        " wait already: ", TooFew(r, r.copies_in_sync),
                        "; start the other copies again, see `ringjournal status`");
  }
  if (r.next_leaders.empty()) return NobodyFollows(r);
  if (AppendsWait(r, r.next_leaders.size())) {
    return absl::StrCat(Names(r.next_leaders, " or "), " would take over journal ", r.journal,
                        ", and appends would wait then: ", TooFew(r, r.next_leaders.size()),
                        "; start the other copies again, see `ringjournal status`");
  }
  return "";
}

std::string WhatReplicatedMeans(const JournalReadiness& r) {
  if (!r.degraded) return "";
  const std::string fewer =
      absl::StrCat("; `replicated` is ", r.copies_in_sync, " copies instead of ", r.copies_target);
  return r.degraded_policy == DegradedPolicy::kDisk
             ? absl::StrCat(fewer, ", and waits for the leader's disk")
             : fewer;
}

// What is short of the best, though a takeover is safe; empty: nothing.
std::string But(const JournalReadiness& r) {
  if (r.copies_below_wanted() > 0) {
    const auto missing = NodesOf(r, [](const JournalCopy& c) { return !c.in_sync; });
    return absl::StrCat("with fewer copies than wanted: ", CopiesText(r), ", ", AreOrIs(missing),
                        " missing", WhatReplicatedMeans(r), "; ");
  }
  const auto silent = NodesOf(r, [](const JournalCopy& c) { return !c.follows; });
  if (!silent.empty()) {
    return absl::StrCat("but ", AreOrIs(silent),
                        " in sync and not heard, so that appends wait until that is over; ");
  }
  const auto far = NodesOf(r, [](const JournalCopy& c) { return c.far_behind; });
  return far.empty() ? "" : absl::StrCat("but ", AreOrIs(far), " far behind; ");
}

}  // namespace

void JudgeReadiness(JournalReadiness* r) {
  const std::string why_not = WhyNot(*r);
  r->ready = why_not.empty();
  if (!r->ready) {
    r->verdict = absl::StrCat("Not ready: ", why_not, ".");
    return;
  }
  const std::string but = But(*r);
  r->verdict =
      absl::StrCat(but.empty() ? "Ready: " : absl::StrCat("Ready, ", but),
                   Names(r->next_leaders, " or "), " would take over journal ", r->journal,
                   " from ", r->leader, ", and nothing acknowledged as replicated would be lost.");
}

}  // namespace ringjournal::client
