#include "server/cluster/replicated_journal.h"

#include <algorithm>
#include <utility>

#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/config_store/cluster_edits.h"
#include "server/config_store/document.h"
#include "server/config_store/document_edits.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

bool IsListed(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& set, const NodeLife& life) {
  return Names(set, {life.node, life.incarnation});
}

}  // namespace

ReplicatedJournal::ReplicatedJournal(const JournalId& id, const NodeLife& self, Replica* replica,
                                     LogOrigin origin, PeerLinks* links, CatchUpSeats* seats,
                                     const Time* clock)
    : c_(clock) {
  c_.id = id;
  c_.self = self;
  c_.replica = replica;
  c_.origin = origin;
  c_.links = links;
  c_.seats = seats;
  // With several members nothing is committed by being here alone.
  replica->AllowCommit(origin.committed);
}

// ---- roles ----

void ReplicatedJournal::OnConfig(const v1::ConfigDocument& document,
                                 const v1::JournalConfig& config) {
  Wake();
  // Another wait begins where a leader has come and gone in between.
  bool was_leaderless =
      c_.config_version != 0 && !c_.config.has_leader() && c_.config.epoch() == config.epoch();
  c_.config = config;
  c_.config_version = document.version();
  in_isr_ = IsListed(config.isr(), c_.self);
  if (stopped_) return;
  bool mine = config.has_leader() && LifeOf(config.leader()) == c_.self;
  if (mine) {
    if (leader_ != nullptr && role_epoch_ == c_.epoch()) return leader_->OnConfig();
    return Lead();
  }
  if (leader_ != nullptr && Mutated(Mutant::kZombieGoesOn)) return;
  if (leader_ != nullptr) {
    c_.replica->StepDown();
    leader_.reset();
    c_.Note("leads no longer: epoch ", config.epoch(), " is led by ",
            config.has_leader() ? config.leader().node() : "nobody");
  }
  if (!config.has_leader()) {
    if (!was_leaderless) leaderless_since_ns_ = c_.now.monotonic_ns;
    backup_.reset();
    return;
  }
  // Who followed would be taken back into the in-sync set, and waited for as soon as it is gone.
  if (c_.leaving && !in_isr_) return backup_.reset();
  const bool same = backup_ != nullptr && backup_->leader() == LifeOf(config.leader());
  if (same && (role_epoch_ == c_.epoch() || Mutated(Mutant::kFollowsOnUnasked))) return;
  role_epoch_ = c_.epoch();
  answers_.clear();
  backup_ = std::make_unique<BackupSide>(&c_);
}

bool ReplicatedJournal::Leave() {
  if (std::exchange(left_, true)) return false;
  Wake();
  c_.leaving = true;
  if (backup_ != nullptr) backup_->Leave();
  return true;
}

// Not below min_isr: there it counts until its process ends.
bool ReplicatedJournal::is_leaving() const {
  const bool may_leave = static_cast<uint32_t>(c_.config.isr_size()) > c_.config.min_isr();
  return c_.leaving && backup_ != nullptr && in_isr_ && may_leave;
}

void ReplicatedJournal::Stop() {
  Wake();
  stopped_ = true;
  planned_.GiveUp(leader_.get(), "the node stops; ask the next leader");
  if (leader_ != nullptr) c_.replica->StepDown();
  leader_.reset();
  backup_.reset();
  if (!recovers()) return;
  EndRecovery({RecoverResult::Kind::kUnknown, "this node is shutting down: ask another", "", {}});
}

void ReplicatedJournal::Lead() {
  backup_.reset();
  answers_.clear();
  role_epoch_ = c_.epoch();
  c_.EnterEpoch();
  leader_ = std::make_unique<LeaderSide>(&c_);
  c_.replica->LeaderStart(c_.now);
  c_.OwnOrigin();
  c_.Note("leads in epoch ", role_epoch_.epoch, " of generation ", role_epoch_.generation,
          ", in sync: ", c_.config.isr_size());
}

// ---- peers ----

void ReplicatedJournal::OnUp(PeerConnection* peer) {
  Wake();
  if (backup_ != nullptr && peer->dialed && peer->life == backup_->leader()) backup_->OnUp();
}

void ReplicatedJournal::OnDown(const PeerConnection& peer) {
  Wake();
  answers_.erase(peer.life.node);
  if (leader_ != nullptr && !peer.dialed) leader_->OnDown(peer);
  if (backup_ != nullptr && peer.dialed && peer.life == backup_->leader()) backup_->OnDown();
}

void ReplicatedJournal::OnFollow(PeerConnection* peer, const v1::Follow& follow) {
  Wake();
  if (EpochOf(follow) > c_.epoch()) c_.wants_config_read = true;
  if (leader_ != nullptr) leader_->OnFollow(peer, follow);
}

void ReplicatedJournal::OnFollowOk(PeerConnection* peer, const v1::FollowOk& ok) {
  Wake();
  if (backup_ != nullptr) backup_->OnFollowOk(peer, ok);
}

void ReplicatedJournal::OnReplicate(PeerConnection* peer, const v1::Replicate& head,
                                    ByteSpan entries) {
  Wake();
  if (EpochOf(head) > c_.epoch()) c_.wants_config_read = true;
  if (backup_ != nullptr) backup_->OnReplicate(peer, head, entries);
}

void ReplicatedJournal::OnAck(PeerConnection* peer, const v1::ReplicateAck& ack) {
  Wake();
  if (EpochOf(ack) > c_.epoch()) c_.wants_config_read = true;
  if (leader_ != nullptr) leader_->OnAck(peer, ack);
}

void ReplicatedJournal::OnStorageDone(const StorageDone& done) {
  Wake();
  if (leader_ != nullptr && leader_->OnStorageDone(done)) return;
  for (JournalContext::Ended& ended : c_.ended) {
    if (ended.catch_up->token() != done.token) continue;
    ended.catch_up->OnStorageDone(done);
    ended.catch_up->Stop(&c_.storage);  // what it had asked to be opened
    return;
  }
}

bool ReplicatedJournal::reads_disk() const {
  bool ended = std::any_of(c_.ended.begin(), c_.ended.end(),
                           [](const auto& e) { return e.catch_up->waits_for_disk(); });
  return ended || !c_.storage.empty() || (leader_ != nullptr && leader_->waits_for_disk());
}

void ReplicatedJournal::OnLogAnswer(const std::string& node, const v1::LogAnswer& log) {
  Wake();
  answers_[node] = {log, c_.now.monotonic_ns};
}

v1::LogAnswer ReplicatedJournal::DescribeLog() const {
  const LogPosition& position = c_.replica->derived().position();
  Marks marks = c_.replica->marks();
  v1::LogAnswer log;
  log.set_journal_id(std::string(c_.id.view()));
  log.set_source(c_.origin.source);
  log.set_content_incarnation(c_.origin.content.value());
  log.set_claim_incarnation(c_.origin.claim.value());
  if (!c_.replica->derived().history().empty()) {
    log.set_last_generation(c_.replica->derived().history().back().generation());
    log.set_last_epoch(c_.replica->derived().history().back().epoch());
  }
  log.set_end_index(position.last().index.value());
  log.set_end_lsn(position.last().lsn.value());
  log.set_chain(position.chain);
  Watermark committed = std::max(marks.committed, c_.origin.committed_seen);
  log.set_commit_index(committed.index.value());
  log.set_commit_lsn(committed.lsn.value());
  log.set_disk_is_whole(c_.origin.disk_is_whole);
  log.set_durable_index(marks.durable.index.value());
  log.set_durable_lsn(marks.durable.lsn.value());
  return log;
}

void ReplicatedJournal::AddWantedPeers(std::set<std::string>* nodes) const {
  if (backup_ != nullptr) nodes->insert(backup_->leader().node);
  // It is to be followed: clients wait for that.
  if (planned_.holds_appends()) nodes->insert(planned_.node());
  if (recovers()) nodes->insert(operator_->request.lost.begin(), operator_->request.lost.end());
  if (c_.config.has_leader() && !recovers()) return;
  for (const std::string& node : c_.config.members()) nodes->insert(node);
  for (const std::string& node : c_.config.recovery_set()) nodes->insert(node);
  for (const v1::ReplicaId& id : c_.config.complete()) nodes->insert(id.node());
}

// ---- batches ----

void ReplicatedJournal::BeforeBatch() {
  if (leader_ != nullptr) leader_->BeforeBatch();
}

void ReplicatedJournal::AfterBatch() {
  c_.ClearEnded();
  if (leader_ != nullptr) leader_->AfterBatch();
  planned_.AfterBatch(leader_.get());
  if (backup_ != nullptr) backup_->AfterBatch();
  if (backup_ != nullptr && backup_->suspects_leader()) c_.wants_config_read = true;
  // It has said so, wherever its leader may count it by now.
  if (left_ && !in_isr_) backup_.reset();
  TurnRecovery();
  awake_ = !IsIdle();
  if (!awake_) sleeps_until_ns_ = DeadlineNow();
}

// Only another event, or its deadline, can give it something to do.
bool ReplicatedJournal::IsIdle() const {
  if (recovers() || planned_.active() || !c_.ended.empty() || !c_.storage.empty()) return false;
  if (leader_ != nullptr) return leader_->IsIdle();
  return backup_ != nullptr && backup_->IsIdle();
}

int64_t ReplicatedJournal::deadline_ns() const {
  return awake() ? DeadlineNow() : sleeps_until_ns_;
}

int64_t ReplicatedJournal::DeadlineNow() const {
  const int64_t asked = recovery_deadline_ns();
  if (leader_ != nullptr) {
    return std::min({asked, leader_->deadline_ns(), planned_.deadline_ns()});
  }
  if (backup_ != nullptr) return std::min(asked, backup_->deadline_ns());
  // Answers of others are events; besides them only the end of the wait matters.
  int64_t wait_over = leaderless_since_ns_ + limits::kMemoryRecoveryWaitMs * kMs + 1;
  int64_t deadline = c_.now.monotonic_ns < wait_over ? std::min(asked, wait_over) : asked;
  return c_.now.monotonic_ns < decide_at_ns_ ? std::min(deadline, decide_at_ns_) : deadline;
}

// ---- changes of the document ----

bool ReplicatedJournal::Try(const absl::Status& edited, const std::string& what) {
  if (edited.ok()) {
    c_.Note("proposes ", what);
  } else if (edited.message() != last_failure_) {  // it is tried again in every round
    c_.Note("cannot propose ", what, ": ", edited.message());
  }
  last_failure_ = std::string(edited.message());
  return edited.ok();
}

bool ReplicatedJournal::WantsChange(const v1::ConfigDocument& document) {
  if (c_.config_version == 0 || stopped_) return false;
  if (recovers() && operator_->ready && !operator_->proposed_to.has_value()) return true;
  if (leader_ != nullptr) {
    return planned_.wants_change() || leader_->Wanted(document).has_value();
  }
  // Who is about to end leaves it to others to lead; where all stop, the isr stays as it is.
  if (c_.leaving) return false;
  if (!c_.config.has_leader()) return WantsLeaderless();
  if (backup_ == nullptr) return false;
  return MayBeElected() ? backup_->suspects_leader() : MayDepose();
}

bool ReplicatedJournal::MayBeElected() const {
  return in_isr_ || Mutated(Mutant::kOutsiderElected);
}

// Those in sync have had their time, and the leader has not gone on without this memory.
bool ReplicatedJournal::MayDepose() const {
  if (!backup_->leader_is_away()) return false;
  return CountsForComplete(c_.config, c_.self.node, DescribeLog()) ||
         Mutated(Mutant::kStrangerDeposes);
}

// Looked at now and then only: it takes what all members have answered into account.
bool ReplicatedJournal::WantsLeaderless() {
  if (c_.config.epoch() == 0) return MayLeadFirst();
  if (MayBeElected()) return true;
  if (c_.now.monotonic_ns < decide_at_ns_) return false;
  decide_at_ns_ = c_.now.monotonic_ns + limits::kPeerHeartbeatMs * kMs;
  RecoveryDecision decision = DecideRecovery(MakeRecoveryInput());
  if (decision.reason != last_wait_)
    c_.Note(RecoveryStepText(decision.step), ": ", decision.reason);
  last_wait_ = decision.reason;
  return decision.step != RecoveryStep::kWait;
}

bool ReplicatedJournal::EditDocument(v1::ConfigDocument* next, const std::string& change_id) {
  proposing_.reset();
  electing_ = proposing_planned_ = false;
  Claim claim{c_.id, c_.self.node, c_.self.incarnation, change_id};
  if (recovers() && operator_->ready) return EditOperatorRecovery(next, claim);
  if (leader_ != nullptr) return EditAsLeader(next, claim);
  if (!c_.config.has_leader()) return EditLeaderless(next, claim);
  if (!WantsChange(*next)) return false;
  if (MayBeElected()) return Elect(next, claim);
  const NodeLife& old = backup_->leader();
  return Try(Depose(next, claim, {old.node, old.incarnation}, {c_.origin.content, c_.origin.claim}),
             absl::StrCat("to depose ", old.node, ", of which nothing is heard"));
}

namespace {

std::pair<absl::Status, const char*> EditIsr(v1::ConfigDocument* next, const Claim& leader,
                                             IsrChange::Kind kind, const ReplicaName& backup) {
  switch (kind) {
    case IsrChange::Kind::kDrop:
      return {ShrinkIsr(next, leader, backup), "to drop "};
    case IsrChange::Kind::kAdd:
      return {ExpandIsr(next, leader, backup), "to take back "};
    case IsrChange::Kind::kGoOnWithout:
      return {GoOnWithoutRestarted(next, leader), "to go on without "};
  }
  return {absl::InternalError("no such change"), ""};
}

}  // namespace

bool ReplicatedJournal::EditAsLeader(v1::ConfigDocument* next, const Claim& claim) {
  if (planned_.wants_change()) return EditPlanned(next, claim);
  proposing_ = leader_->Wanted(*next);
  if (!proposing_.has_value()) return false;
  ReplicaName backup{proposing_->backup.node, proposing_->backup.incarnation};
  const auto [edited, what] = EditIsr(next, claim, proposing_->kind, backup);
  if (Try(edited, absl::StrCat(what, ReplicaText(backup), ": ", proposing_->why))) return true;
  proposing_.reset();
  return false;
}

void ReplicatedJournal::Proposed() {
  Wake();
  if (Mutated(Mutant::kElectionWithoutCas) && electing_) {
    c_.config = elected_;
    return Lead();
  }
  if (recovers() && operator_->ready) operator_->proposed_to = c_.config_version;
  if (leader_ != nullptr && proposing_.has_value()) leader_->Propose(*proposing_);
  if (proposing_planned_) planned_.Proposed();
  proposing_.reset();
  proposing_planned_ = false;
}

void ReplicatedJournal::Refused() {
  Wake();
  if (recovers()) operator_->proposed_to.reset();
  if (leader_ != nullptr) leader_->Withdraw();
  planned_.Refused(leader_.get());
}

bool ReplicatedJournal::Elect(v1::ConfigDocument* next, const Claim& claim) {
  std::vector<ReplicaName> dead;
  NodeLife old;
  if (backup_ != nullptr) {
    old = backup_->leader();
    dead.push_back({old.node, old.incarnation});
  }
  bool proposes = Try(ringjournal::Elect(next, claim, dead),
                      absl::StrCat("to lead in epoch ", c_.config.epoch() + 1,
                                   dead.empty() ? "" : absl::StrCat(" without ", old.node)));
  if (Mutated(Mutant::kElectionWithoutCas)) {
    electing_ = proposes;
    elected_ = *FindJournal(*next, c_.id);
  }
  return proposes;
}

bool ReplicatedJournal::EditLeaderless(v1::ConfigDocument* next, const Claim& claim) {
  if (c_.config.epoch() == 0) return EditFirstLeader(next, claim);
  if (MayBeElected()) return Elect(next, claim);
  return EditRecovery(next, claim);
}

// The first member at once, so that not all of them try.
bool ReplicatedJournal::MayLeadFirst() const {
  bool first = c_.config.members(0) == c_.self.node;
  return first || c_.now.monotonic_ns - leaderless_since_ns_ > limits::kMemoryRecoveryWaitMs * kMs;
}

bool ReplicatedJournal::EditFirstLeader(v1::ConfigDocument* next, const Claim& claim) {
  if (!Try(LeadNew(next, claim), "to be its first leader")) return false;
  PrepareClaim();
  return true;
}

}  // namespace ringjournal
