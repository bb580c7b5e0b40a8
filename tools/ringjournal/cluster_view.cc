#include "tools/ringjournal/cluster_view.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/units.h"
#include "tools/ringjournal/journal_text.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

// Each journal as its leader tells of it, else as whoever has the newest configuration does.
std::map<std::string, v1::JournalReply> JournalsOf(const std::vector<NodeAnswer>& nodes) {
  std::map<std::string, v1::JournalReply> journals;
  for (const NodeAnswer& node : nodes) {
    for (const v1::JournalReply& j : node.status.journals()) {
      auto [it, added] = journals.try_emplace(j.config().name(), j);
      const bool leads = j.stats().role() == v1::JOURNAL_ROLE_LEADER;
      const bool newer = j.config().epoch() > it->second.config().epoch();
      const bool was_led = it->second.stats().role() == v1::JOURNAL_ROLE_LEADER;
      if (!added && (newer || (leads && !was_led))) it->second = j;
    }
  }
  return journals;
}

std::string Names(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "" : i + 1 == names.size() ? " and " : ", ", names[i]);
  }
  return out;
}

std::string Leaderless(const v1::JournalReply& j) {
  const std::string who = j.config().has_leader() ? absl::StrCat(" (", j.config().leader().node(),
                                                                 " led it, and does not answer)")
                                                  : "";
  return absl::StrCat("Journal ", j.config().name(), " has no leader", who,
                      ", so nothing can be appended or read: start its members "
                      "again; if their machines are gone for good, `ringjournal journal recover ",
                      j.config().name(), " --lost NODE` says what that would lose.");
}

bool IsFull(const v1::JournalReply& j) { return j.stats().storage_state() == "full"; }

// The disk of any node, not only of the leader.
std::string FullDisk(const std::vector<NodeAnswer>& nodes) {
  for (const NodeAnswer& node : nodes) {
    for (const v1::JournalReply& j : node.status.journals()) {
      if (!IsFull(j)) continue;
      return absl::StrCat("The disk of ", node.node.node(), " is full (journal ", j.config().name(),
                          "): free space there, or run `ringjournal journal trim`.");
    }
  }
  return "";
}

std::string FewCopies(const v1::JournalReply& j) {
  std::vector<std::string> missing;
  for (const std::string& member : j.config().members()) {
    const bool in_sync = std::any_of(j.config().isr().begin(), j.config().isr().end(),
                                     [&](const v1::ReplicaId& r) { return r.node() == member; });
    if (!in_sync) missing.push_back(member);
  }
  if (missing.empty()) return "";
  return absl::StrCat("Journal ", j.config().name(), " has ", j.config().isr_size(), " of ",
                      j.config().members_size(), " copies in sync; ", Names(missing),
                      missing.size() == 1 ? " is" : " are",
                      " missing: it catches up by itself once it runs; a machine that is gone is "
                      "replaced with `ringjournal journal members ",
                      j.config().name(), " --add NODE`.");
}

std::string DownNodes(const std::vector<NodeAnswer>& nodes) {
  std::vector<std::string> down;
  for (const NodeAnswer& node : nodes) {
    if (!node.answers) down.push_back(node.node.node());
  }
  if (down.empty()) return "";
  return absl::StrCat(Names(down), down.size() == 1 ? " does" : " do",
                      " not answer: see the log there, and start ringjournald again.");
}

std::string NodeLine(const NodeAnswer& node) {
  if (!node.answers) {
    return absl::StrFormat("%-10s %-22s down: %s\n", node.node.node(), node.node.address(),
                           node.trouble);
  }
  const int64_t uptime_ns = static_cast<int64_t>(node.status.uptime_ms() / 1000) * 1'000'000'000;
  return absl::StrFormat("%-10s %-22s up %s, version %s, %s\n", node.node.node(),
                         node.node.address(), FormatDurationNs(uptime_ns),
                         node.status.server_version(), Counted(node.status.sessions(), "session"));
}

std::string CopyLine(const v1::CopyStatus& copy) {
  std::string lag = "holds everything";
  if (copy.catches_up()) {
    lag = "catches up from the leader's disk";
  } else if (copy.held_lsn() == 0 && copy.lag_lsns() > 0) {
    lag = "has not said yet what it holds";
  } else if (copy.lag_lsns() > 0) {
    lag = absl::StrCat(Counted(copy.lag_lsns(), "transaction"), ", ", copy.lag_bytes(), " B, ",
                       copy.lag_ms(), " ms behind");
  }
  return absl::StrFormat("  %-8s %-12s %s\n", copy.node(),
                         copy.in_sync()   ? "in sync"
                         : copy.follows() ? "follows"
                                          : "away",
                         lag);
}

std::string JournalText(const v1::JournalReply& j) {
  std::string out = absl::StrFormat(
      "%s: led by %s in epoch %d of generation %d, %d of %d in sync, LSN %d to %d committed\n",
      j.config().name(), j.config().has_leader() ? j.config().leader().node() : "nobody",
      j.config().epoch(), j.config().generation(), j.config().isr_size(), j.config().members_size(),
      j.watermarks().oldest().lsn(), j.watermarks().committed().lsn());
  for (const v1::CopyStatus& copy : j.stats().copies()) out += CopyLine(copy);
  return out;
}

}  // namespace

ClusterVerdict JudgeCluster(const std::vector<NodeAnswer>& nodes) {
  const std::map<std::string, v1::JournalReply> journals = JournalsOf(nodes);
  for (const auto& [name, j] : journals) {
    if (j.stats().role() != v1::JOURNAL_ROLE_LEADER) return {false, Leaderless(j)};
  }
  if (std::string full = FullDisk(nodes); !full.empty()) return {false, full};
  for (const auto& [name, j] : journals) {
    if (std::string few = FewCopies(j); !few.empty()) return {false, few};
  }
  if (std::string down = DownNodes(nodes); !down.empty()) return {false, down};
  return {true, absl::StrCat("Healthy: ", Counted(nodes.size(), "node"), ", ",
                             Counted(journals.size(), "journal"), ", every copy in sync.")};
}

std::string ClusterText(const std::vector<NodeAnswer>& nodes) {
  std::string out = absl::StrCat(JudgeCluster(nodes).sentence, "\n\n");
  for (const NodeAnswer& node : nodes) out += NodeLine(node);
  const std::map<std::string, v1::JournalReply> journals = JournalsOf(nodes);
  out += journals.empty() ? "\nno journals; create one with `ringjournal journal create NAME`\n"
                          : "\n";
  for (const auto& [name, j] : journals) {
    out += JournalText(j);
    for (const v1::LossReport& loss : j.config().losses()) {
      if (loss.first_lsn() < j.watermarks().oldest().lsn()) continue;  // its place is trimmed
      absl::StrAppend(&out, "  possible loss from LSN ", loss.first_lsn(), " on: ", loss.reason(),
                      "\n");
    }
  }
  return out;
}

std::string ClusterJson(const std::vector<NodeAnswer>& nodes) {
  const ClusterVerdict verdict = JudgeCluster(nodes);
  std::string out =
      absl::StrCat("{\"verdict\": ", JsonString(verdict.sentence),
                   ", \"healthy\": ", verdict.healthy ? "true" : "false", ", \"nodes\": [");
  for (const NodeAnswer& node : nodes) {
    if (&node != &nodes.front()) out += ", ";
    absl::StrAppend(&out, "{\"node\": ", JsonString(node.node.node()),
                    ", \"address\": ", JsonString(node.node.address()),
                    ", \"answers\": ", node.answers ? "true" : "false");
    if (node.answers) {
      absl::StrAppend(&out, ", \"status\": ", ToPrettyJson(node.status), "}");
    } else {
      absl::StrAppend(&out, ", \"trouble\": ", JsonString(node.trouble), "}");
    }
  }
  return out + "]}\n";
}

}  // namespace ringjournal::cli
