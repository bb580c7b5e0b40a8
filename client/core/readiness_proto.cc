#include "client/core/readiness_proto.h"

#include <algorithm>
#include <tuple>

namespace ringjournal::client {
namespace {

DegradedPolicy PolicyOf(v1::DegradedPolicy policy) {
  switch (policy) {
    case v1::DEGRADED_POLICY_DISK:
      return DegradedPolicy::kDisk;
    case v1::DEGRADED_POLICY_BLOCK:
      return DegradedPolicy::kBlock;
    case v1::DEGRADED_POLICY_MEMORY:
      return DegradedPolicy::kMemory;
    default:
      return DegradedPolicy::kUnknown;
  }
}

// Watermarks of one answer are of one moment, but the disk may be ahead of what is committed.
uint64_t Between(const v1::Watermark& low, const v1::Watermark& high) {
  return high.lsn() > low.lsn() ? high.lsn() - low.lsn() : 0;
}

bool IsInSync(const v1::JournalConfig& config, const std::string& node) {
  return std::any_of(config.isr().begin(), config.isr().end(),
                     [&](const v1::ReplicaId& replica) { return replica.node() == node; });
}

// A member that has not followed in this epoch is not among what the leader says.
JournalCopy CopyOf(const v1::JournalReply& reply, const std::string& node) {
  JournalCopy copy{.node = node, .in_sync = IsInSync(reply.config(), node)};
  const v1::JournalStats& stats = reply.stats();
  copy.far_behind =
      std::find(stats.laggards().begin(), stats.laggards().end(), node) != stats.laggards().end();
  const auto told = std::find_if(stats.copies().begin(), stats.copies().end(),
                                 [&](const v1::CopyStatus& c) { return c.node() == node; });
  if (told == stats.copies().end()) return copy;
  copy.follows = told->follows();
  copy.catches_up = told->catches_up();
  copy.lag_known = told->held_lsn() > 0 || told->lag_lsns() == 0;
  if (!copy.lag_known) return copy;
  copy.lag_transactions = told->lag_lsns();
  copy.lag_bytes = told->lag_bytes();
  copy.lag_ms = told->lag_ms();
  return copy;
}

bool MayLead(const JournalCopy& copy) { return copy.in_sync && copy.follows; }

void FillCopies(const v1::JournalReply& reply, const std::string& leader, JournalReadiness* r) {
  for (const std::string& node : reply.config().members()) {
    if (node != leader) r->copies.push_back(CopyOf(reply, node));
  }
  std::stable_sort(r->copies.begin(), r->copies.end(),
                   [](const JournalCopy& a, const JournalCopy& b) {
                     const auto rank = [](const JournalCopy& c) {
                       return MayLead(c) ? std::tuple(false, !c.lag_known, c.lag_bytes)
                                         : std::tuple(true, true, uint64_t{0});
                     };
                     return rank(a) < rank(b);
                   });
  if (r->leader.empty()) return;
  for (const JournalCopy& copy : r->copies) {
    if (MayLead(copy)) r->next_leaders.push_back(copy.node);
  }
}

void FillMarks(const v1::JournalReply& reply, JournalReadiness* r) {
  const v1::Watermarks& marks = reply.watermarks();
  // `oldest` is the first that is kept, also where there is none yet.
  if (marks.end().lsn() >= marks.oldest().lsn() && marks.end().lsn() > 0) {
    r->transactions_kept = marks.end().lsn() - std::max<uint64_t>(marks.oldest().lsn(), 1) + 1;
  }
  r->in_leader_memory_only = Between(marks.committed(), marks.end());
  if (!r->memory_only) r->not_on_leader_disk = Between(marks.durable(), marks.committed());
}

}  // namespace

JournalReadiness ReadinessOf(const v1::JournalReply& reply) {
  const v1::JournalConfig& config = reply.config();
  const bool led = reply.stats().role() == v1::JOURNAL_ROLE_LEADER;
  JournalReadiness r;
  r.journal = config.name();
  r.epoch = {config.generation(), config.epoch()};
  (led ? r.leader : r.last_leader) = config.leader().node();
  r.copies_in_sync = static_cast<uint32_t>(config.isr_size());
  r.copies_wanted = static_cast<uint32_t>(config.members_size());
  r.copies_target = config.target_copies();
  r.copies_min = config.min_isr();
  r.memory_only = config.settings().memory_only();
  r.degraded = r.copies_in_sync < r.copies_target;
  r.degraded_policy = PolicyOf(config.degraded_policy());
  FillCopies(reply, r.leader, &r);
  if (led) FillMarks(reply, &r);
  JudgeReadiness(&r);
  return r;
}

}  // namespace ringjournal::client
