// A recovery by the node itself: what it knows, and what it reports as lost. And an operator's, on
// the node that was asked: who answers is looked at first, then one change of the document makes
// the greatest log's node the leader of a new generation.
#include <algorithm>

#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "journal/recovery/loss_report.h"
#include "server/cluster/replicated_journal.h"
#include "server/config_store/cluster_edits.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

}  // namespace

// Where what is lost may begin. A log whose last epoch was not the journal's last may end in
// entries that a later leader has cut: it is only known to be right as far as it was committed.
Watermark ReplicatedJournal::LastCertain(const v1::LogAnswer& log) const {
  const Watermark end{Index(log.end_index()), Lsn(log.end_lsn())};
  bool last_epoch = Epoch{log.last_generation(), log.last_epoch()} == c_.epoch();
  Watermark committed{Index(log.commit_index()), Lsn(log.commit_lsn())};
  // What an older generation called committed may have been given up by a later one.
  for (const v1::LossReport& loss : c_.config.losses()) {
    if (loss.generation() <= log.last_generation()) continue;
    if (Mutated(Mutant::kOlderLossForgotten)) break;
    committed = std::min(committed,
                         Watermark{Index(loss.first_index()).prev(), Lsn(loss.first_lsn()).prev()});
  }
  if (Mutated(Mutant::kLossStartsAtEnd)) return end;
  return last_epoch ? end : std::min(end, committed);
}

v1::LossReport ReplicatedJournal::BuildReport(const std::string& leader) const {
  RecoveryInput in = MakeRecoveryInput();
  Watermark last = LastCertain(in.logs.at(leader));
  ClusterLossInput loss;
  loss.end.next_index = last.index.next();
  loss.end.next_lsn = last.lsn.next();
  loss.generation = c_.config.generation() + 1;
  loss.commit_hint = {Index(c_.config.commit_hint().index()), Lsn(c_.config.commit_hint().lsn())};
  loss.stopped_at = Lsn(c_.config.orderly_stop().lsn());
  loss.members = static_cast<uint32_t>(c_.config.members_size());
  loss.memory_only = c_.replica->memory_only();
  for (const auto& [node, log] : in.logs) {
    Watermark committed{Index(log.commit_index()), Lsn(log.commit_lsn())};
    loss.committed_seen = std::max(loss.committed_seen, committed);
    // One that was emptied and came back has a disk without a hole, and yet lacks what it once had:
    // it counts once it is in sync again. Until then it is a learner; a restart leaves it in the
    // recovery set.
    const bool learns = Names(c_.config.learners(), node) && !Mutated(Mutant::kLearnerCounted);
    loss.whole_disks += log.disk_is_whole() && Names(c_.config.recovery_set(), node) && !learns;
  }
  loss.reason = absl::StrCat("no memory was left that held every committed entry; the log of ",
                             leader, " was the greatest of ", in.logs.size());
  loss.time_ns = static_cast<uint64_t>(c_.now.wall_ns);
  return BuildClusterLossReport(loss);
}

RecoveryInput ReplicatedJournal::MakeRecoveryInput() const {
  RecoveryInput in;
  in.config = &c_.config;
  in.self = c_.self.node;
  int64_t now = c_.now.monotonic_ns;
  in.waited = now - leaderless_since_ns_ > limits::kMemoryRecoveryWaitMs * kMs;
  for (const auto& [node, answer] : answers_) {
    if (now - answer.at_ns <= limits::kProbeFreshMs * kMs) in.logs[node] = answer.log;
  }
  in.logs[c_.self.node] = DescribeLog();
  return in;
}

bool ReplicatedJournal::EditRecovery(v1::ConfigDocument* next, const Claim& claim) {
  RecoveryDecision decision = DecideRecovery(MakeRecoveryInput());
  if (decision.step == RecoveryStep::kWait) return false;
  if (decision.step == RecoveryStep::kLeadFromMemory) {
    RingIncarnations held{c_.origin.content, c_.origin.claim};
    if (!Try(LeadAfterMemoryRecovery(next, claim, held), "to lead from memory")) return false;
  } else if (!Try(LeadAfterDiskRecovery(next, claim, BuildReport(c_.self.node)),
                  "a new generation, and to lead it from disk")) {
    return false;
  }
  PrepareClaim();
  return true;
}

// Written before the cas that names this incarnation, so that a crash in between is understood. The
// content is that of whom `complete` names already: two deaths in a row must not leave a ring that
// counts for nobody.
void ReplicatedJournal::PrepareClaim() {
  if (Mutated(Mutant::kNoClaim)) return;
  bool content_counts = Names(c_.config.complete(), {c_.self.node, c_.origin.content}) ||
                        !Names(c_.config.complete(), {c_.self.node, c_.origin.claim});
  c_.replica->Claim(content_counts);
  if (!content_counts) c_.origin.content = c_.origin.claim;
  c_.origin.claim = c_.self.incarnation;
}

// ---- an operator's ----

bool ReplicatedJournal::StartRecovery(RecoverRequest request) {
  if (operator_ != nullptr || stopped_) return false;
  Wake();
  operator_ = std::make_unique<OperatorRecovery>();
  operator_->request = std::move(request);
  operator_->began_ns = c_.now.monotonic_ns;
  // A connection to a machine that is gone may look alive for long; a new one says what is so.
  for (const std::string& node : operator_->request.lost) c_.links->DialAnew(node);
  return true;
}

std::optional<RecoverResult> ReplicatedJournal::TakeRecovery() {
  if (operator_ == nullptr || !operator_->result.has_value()) return std::nullopt;
  std::optional<RecoverResult> result = std::move(operator_->result);
  operator_.reset();
  return result;
}

int64_t ReplicatedJournal::recovery_deadline_ns() const {
  if (!recovers()) return INT64_MAX;
  const int64_t begins = operator_->began_ns + limits::kRecoverAskMs * kMs;
  const int64_t ends = operator_->began_ns + limits::kRecoverWaitMs * kMs;
  if (operator_->proposed_to.has_value()) return ends;
  return std::min(ends, std::max(begins, operator_->decide_at_ns));
}

void ReplicatedJournal::EndRecovery(RecoverResult result) {
  c_.Note("an operator's recovery: ", result.message);
  operator_->ready = false;
  operator_->proposed_to.reset();
  operator_->result = std::move(result);
}

// True: the change that was proposed is in the document. A conflict shows by a higher version
// without it, and all is decided anew.
bool ReplicatedJournal::RecoveryIsStored() {
  OperatorRecovery* r = operator_.get();
  if (!r->proposed_to.has_value()) return false;
  for (const v1::LossReport& loss : c_.config.losses()) {
    if (loss.generation() == r->report.generation() && loss.time_ns() == r->report.time_ns() &&
        loss.reason() == r->report.reason() && loss.statement() == r->report.statement()) {
      return true;
    }
  }
  if (c_.config_version > *r->proposed_to) r->proposed_to.reset();
  return false;
}

void ReplicatedJournal::TurnRecovery() {
  if (!recovers()) return;
  OperatorRecovery* r = operator_.get();
  const int64_t now = c_.now.monotonic_ns;
  if (RecoveryIsStored()) {
    return EndRecovery(
        {RecoverResult::Kind::kDone,
         absl::StrCat("generation ", r->report.generation(), " begins; all from LSN ",
                      r->report.first_lsn(), " on may be lost"),
         c_.self.node, r->report});
  }
  if (now >= r->began_ns + limits::kRecoverWaitMs * kMs) {
    return EndRecovery({RecoverResult::Kind::kUnknown,
                        "the config store has not said in time whether it took place: ask again, "
                        "as the same request does no harm",
                        "",
                        {}});
  }
  if (r->proposed_to.has_value() || now < r->began_ns + limits::kRecoverAskMs * kMs ||
      now < r->decide_at_ns) {
    return;
  }
  r->decide_at_ns = now + limits::kPeerHeartbeatMs * kMs;
  DecideOperatorRecovery();
}

void ReplicatedJournal::DecideOperatorRecovery() {
  OperatorRecovery* r = operator_.get();
  const int64_t since = c_.now.monotonic_ns - limits::kRecoverAskMs * kMs;
  std::set<std::string> answering;
  for (const std::string& node : r->request.lost) {
    if (c_.links->HeardFrom(node, since)) answering.insert(node);
  }
  RecoverVerdict verdict = JudgeRecovery(MakeRecoveryInput(), r->request, answering);
  r->ready = false;
  if (!verdict.refusal.empty()) {
    return EndRecovery({RecoverResult::Kind::kRefused, std::move(verdict.refusal), "", {}});
  }
  r->report = BuildOperatorReport(verdict.leader);
  std::string too_much = r->request.dry_run ? "" : WhyLosesTooMuch(r->request, r->report);
  if (!too_much.empty()) {
    return EndRecovery({RecoverResult::Kind::kRefused, std::move(too_much), verdict.leader, {}});
  }
  if (r->request.dry_run) {
    return EndRecovery({RecoverResult::Kind::kPlanned,
                        absl::StrCat("node ", verdict.leader, " would lead, and all from LSN ",
                                     r->report.first_lsn(), " on may be lost"),
                        verdict.leader, r->report});
  }
  r->ready = verdict.leader == c_.self.node;
  if (r->ready) return;
  EndRecovery({RecoverResult::Kind::kElsewhere,
               absl::StrCat("the log of ", verdict.leader,
                            " is the greatest of those that answer: ", "ask that node"),
               verdict.leader,
               {}});
}

v1::LossReport ReplicatedJournal::BuildOperatorReport(const std::string& leader) const {
  const RecoverRequest& request = operator_->request;
  v1::LossReport report = BuildReport(leader);
  report.set_reason(absl::StrCat("an operator declared ", request.lost.size(), " of ",
                                 c_.config.members_size(), " members lost; the log of ", leader,
                                 " was the greatest of those that answered"));
  for (const std::string& node : request.lost) report.add_declared_lost(node);
  report.set_statement(request.statement);
  return report;
}

bool ReplicatedJournal::EditOperatorRecovery(v1::ConfigDocument* next, const Claim& claim) {
  // What was found a moment ago need not be so any more.
  DecideOperatorRecovery();
  if (!operator_->ready) return false;
  v1::ConfigDocument edited = *next;  // two edits or none
  if (c_.config.has_leader() || !c_.config.isr().empty()) {
    std::vector<ReplicaName> lost;
    for (const v1::ReplicaId& id : c_.config.isr()) lost.push_back(AsReplica(id));
    if (!Try(BeginRecovery(&edited, claim, lost), "to recover as an operator asked")) return false;
  }
  if (!Try(LeadAfterDiskRecovery(&edited, claim, operator_->report),
           "a new generation, and to lead it as an operator asked")) {
    return false;
  }
  *next = std::move(edited);
  PrepareClaim();
  return true;
}

}  // namespace ringjournal
