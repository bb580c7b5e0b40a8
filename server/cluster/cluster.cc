#include "server/cluster/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
// Tokens of the shard's own requests lie below.
constexpr uint64_t kTokenBase = uint64_t{1} << 62;

}  // namespace

Cluster::Cluster(const NodeLife& self, v1::ConfigDocument document)
    : self_(self),
      links_({document.cluster_id(), self}, this),
      config_(std::move(document), kTokenBase, self.incarnation.value()) {}

ReplicatedJournal* Cluster::Find(const JournalId& id) {
  auto it = journals_.find(id);
  return it == journals_.end() ? nullptr : it->second.get();
}

ReplicatedJournal* Cluster::FindByView(std::string_view view) {
  JournalId id;
  return JournalId::FromView(view, &id) ? Find(id) : nullptr;
}

ReplicatedJournal* Cluster::Add(const JournalId& id, Replica* replica, LogOrigin origin) {
  auto journal =
      std::make_unique<ReplicatedJournal>(id, self_, replica, origin, &links_, &seats_, &now_);
  ReplicatedJournal* added = journal.get();
  journals_[id] = std::move(journal);
  seen_version_ = 0;  // it has not seen the document yet
  return added;
}

void Cluster::Remove(const JournalId& id) {
  std::erase(proposers_, Find(id));
  journals_.erase(id);
}

// All nodes that may know something are connected to as long as it is under way.
bool Cluster::Recover(ReplicatedJournal* journal, RecoverRequest request) {
  if (!journal->StartRecovery(std::move(request))) return false;
  seen_version_ = 0;
  probe_at_ns_ = 0;
  return true;
}

std::optional<RecoverResult> Cluster::TakeRecovery(ReplicatedJournal* journal) {
  std::optional<RecoverResult> result = journal->TakeRecovery();
  if (result.has_value()) seen_version_ = 0;
  return result;
}

// ---- steps ----

void Cluster::BeginStep(Time now, ShardEffects* effects) {
  now_ = now;
  effects_ = effects;
  links_.BeginStep(now.monotonic_ns, effects);
}

void Cluster::EndStep() { links_.Flush(); }

void Cluster::BeforeBatch() {
  NewDocument();
  for (auto& [id, journal] : journals_) {
    if (journal->awake()) journal->BeforeBatch();
  }
}

void Cluster::AfterBatch() {
  links_.Turn();
  for (auto& [id, journal] : journals_) {
    if (!journal->awake()) continue;
    journal->AfterBatch();
    Collect(journal.get());
  }
  if (wants_peers_) WantPeers();
  SendProbes();
  ProposeChanges();
  config_.Turn(now_.monotonic_ns, &effects_->config);
}

// What a journal's roles have to say.
void Cluster::Collect(ReplicatedJournal* journal) {
  JournalContext* context = journal->mutable_context();
  for (std::string& note : context->notes) effects_->notes.push_back(std::move(note));
  context->notes.clear();
  if (!context->fatal.empty()) effects_->fatal = context->fatal;
  wants_peers_ |= std::exchange(context->wants_peers, false);
  if (std::exchange(context->tells_peers, false)) {
    TellPeers(config_.document(), config_.version());
  }
  if (!context->wants_config_read) return;
  context->wants_config_read = false;
  if (now_.monotonic_ns < read_not_before_ns_) return;
  read_not_before_ns_ = now_.monotonic_ns + limits::kPeerRetryMs * kMs;
  config_.WantRead();
}

// The document has changed: what the config store's watch says may be lost, or late. They get it
// whole: until they have it nobody leads, and reading it takes as long as the change did.
void Cluster::TellPeers(const v1::ConfigDocument& document, uint64_t version) {
  if (std::exchange(told_version_, version) == version) return;  // of many journals' change once
  v1::PeerMessage message;
  v1::ProbeReply* told = message.mutable_probe_reply();
  told->set_config_version(version);
  *told->mutable_document() = document;
  told->mutable_document()->set_version(version);
  links_.SendToAll(message);
}

int64_t Cluster::deadline_ns() const {
  int64_t deadline = std::min(links_.deadline_ns(), config_.deadline_ns());
  if (now_.monotonic_ns < propose_not_before_ns_) {
    deadline = std::min(deadline, propose_not_before_ns_);
  }
  for (const auto& [id, journal] : journals_) {
    deadline = std::min(deadline, journal->deadline_ns());
    if (journal->awake() && journal->wants_probes()) deadline = std::min(deadline, probe_at_ns_);
  }
  return deadline;
}

// ---- the document ----

void Cluster::NewDocument() {
  if (config_.version() == seen_version_) return;
  seen_version_ = config_.version();
  const v1::NodeRegistration* me = FindNode(config_.document(), self_.node);
  if (me != nullptr && me->incarnation() > self_.incarnation.value()) {
    effects_->replaced = true;
    effects_->fatal = absl::StrCat(
        "node ", self_.node, " was started again elsewhere as incarnation ", me->incarnation(),
        "; this process is incarnation ", self_.incarnation.value(),
        " and stops: one data directory belongs to one process, and one name to one node");
  }
  for (auto& [id, journal] : journals_) {
    const v1::JournalConfig* config = FindJournal(config_.document(), id);
    if (config != nullptr) journal->OnConfig(config_.document(), *config);
    Collect(journal.get());
  }
  WantPeers();
}

void Cluster::WantPeers() {
  wants_peers_ = false;
  std::set<std::string> wanted;
  for (const auto& [id, journal] : journals_) journal->AddWantedPeers(&wanted);
  links_.SetWanted(wanted, config_.document());
}

void Cluster::TakeOver(const v1::ConfigDocument& document) {
  config_.TakeOver(document);
  NewDocument();
}

void Cluster::OnConfigHint(const v1::ConfigDocument& told) {
  if (told.version() == 0) return config_.WantRead();
  TakeOver(told);
}

void Cluster::OnConfigAnswer(const ConfigCompletion& done) {
  ConfigClient::Result result = config_.OnAnswer(done, now_.monotonic_ns);
  if (result == ConfigClient::Result::kRefused) {
    for (ReplicatedJournal* journal : proposers_) journal->Refused();
    effects_->notes.push_back(
        absl::StrCat("a change of the configuration was refused: ", done.status.message()));
    propose_not_before_ns_ = now_.monotonic_ns + limits::kPeerRetryMs * kMs;
  }
  NewDocument();
}

// Clients wait for a handover: it is not put off, but for others that are about to be ready.
bool Cluster::MayPropose() const {
  if (config_.busy() || shard_changes_) return false;
  bool gathers = false, hands_over = false;
  for (const auto& [id, journal] : journals_) {
    if (!journal->awake()) continue;
    PlannedChanges* planned = journal->planned();
    gathers = gathers || planned->gathers();
    hands_over = hands_over || (planned->holds_appends() && planned->wants_change());
  }
  return !gathers && (hands_over || now_.monotonic_ns >= propose_not_before_ns_);
}

// All journals' changes go in one: what a dead node led moves at once.
void Cluster::ProposeChanges() {
  if (!MayPropose()) return;
  std::string change_id;
  v1::ConfigDocument next;
  proposers_.clear();
  for (auto& [id, journal] : journals_) {
    if (!journal->awake() || !journal->WantsChange(config_.document())) continue;
    if (next.version() == 0) {
      next = config_.document();
      change_id = absl::StrCat(self_.node, "-", self_.incarnation.value(), "-c", change_number_);
    }
    if (journal->EditDocument(&next, change_id)) proposers_.push_back(journal.get());
    Collect(journal.get());
  }
  // Nobody could propose what he wants: not again in every turn.
  if (next.version() != 0) {
    propose_not_before_ns_ = now_.monotonic_ns + limits::kPeerHeartbeatMs * kMs;
  }
  if (proposers_.empty()) return;
  ++change_number_;
  if (Mutated(Mutant::kToldBeforeApplied)) TellPeers(next, config_.version() + 1);
  config_.Propose(std::move(next), &effects_->config);
  for (ReplicatedJournal* journal : proposers_) journal->Proposed();
}

// ---- peers ----

void Cluster::OnUp(PeerConnection* peer) {
  for (auto& [id, journal] : journals_) journal->OnUp(peer);
}

void Cluster::OnDown(const PeerConnection& peer) {
  for (auto& [id, journal] : journals_) journal->OnDown(peer);
}

void Cluster::OnPeerFrame(PeerConnection* peer, const PeerFrame& frame) {
  const v1::PeerMessage& m = frame.message;
  ReplicatedJournal* journal = nullptr;
  switch (m.message_case()) {
    case v1::PeerMessage::kReplicate:
      journal = FindByView(m.replicate().journal_id());
      if (journal != nullptr) journal->OnReplicate(peer, m.replicate(), frame.entries);
      break;
    case v1::PeerMessage::kReplicateAck:
      journal = FindByView(m.replicate_ack().journal_id());
      if (journal != nullptr) journal->OnAck(peer, m.replicate_ack());
      break;
    case v1::PeerMessage::kFollow:
      journal = FindByView(m.follow().journal_id());
      if (journal != nullptr) journal->OnFollow(peer, m.follow());
      break;
    case v1::PeerMessage::kFollowOk:
      journal = FindByView(m.follow_ok().journal_id());
      if (journal != nullptr) journal->OnFollowOk(peer, m.follow_ok());
      break;
    case v1::PeerMessage::kProbe:
      OnProbe(peer, m.probe());
      break;
    case v1::PeerMessage::kProbeReply:
      OnProbeReply(peer, m.probe_reply());
      break;
    default:
      break;  // of a newer version
  }
  if (journal != nullptr) Collect(journal);
}

// What one node has read of the config store is true for all. What does not follow from the own one
// is read there, where it is known what to do about that.
void Cluster::TakeToldDocument(const v1::ConfigDocument& document) {
  const v1::ConfigDocument& known = config_.document();
  if (document.version() <= known.version()) return;
  if (document.cluster_id() != known.cluster_id() || !ValidateDocument(document).ok()) return;
  const bool next = document.version() == known.version() + 1;
  if (next && !ValidateChange(known, document).ok()) return;
  config_.TakeOver(document);
}

void Cluster::OnProbe(PeerConnection* peer, const v1::Probe& probe) {
  v1::PeerMessage message;
  v1::ProbeReply* reply = message.mutable_probe_reply();
  reply->set_request_id(probe.request_id());
  reply->set_config_version(config_.version());
  for (const std::string& id : probe.journal_ids()) {
    if (ReplicatedJournal* journal = FindByView(id)) *reply->add_logs() = journal->DescribeLog();
  }
  links_.Send(peer, message);
}

void Cluster::OnProbeReply(PeerConnection* peer, const v1::ProbeReply& reply) {
  if (reply.has_document()) TakeToldDocument(reply.document());
  config_.NoteVersion(reply.config_version());
  if (!peer->dialed) return;
  for (const v1::LogAnswer& log : reply.logs()) {
    ReplicatedJournal* journal = FindByView(log.journal_id());
    if (journal != nullptr) journal->OnLogAnswer(peer->life.node, log);
  }
}

void Cluster::SendProbes() {
  if (now_.monotonic_ns < probe_at_ns_) return;
  bool wanted = std::any_of(journals_.begin(), journals_.end(), [](const auto& named) {
    return named.second->awake() && named.second->wants_probes();
  });
  if (!wanted) return;
  v1::PeerMessage message;
  v1::Probe* probe = message.mutable_probe();
  std::set<std::string> nodes;
  for (auto& [id, journal] : journals_) {
    if (!journal->wants_probes()) continue;
    probe->add_journal_ids(std::string(id.view()));
    journal->AddWantedPeers(&nodes);
  }
  probe->set_request_id(++probe_number_);
  probe_at_ns_ = now_.monotonic_ns + limits::kPeerRetryMs * kMs;
  for (const std::string& node : nodes) {
    if (PeerConnection* peer = links_.FindDialed(node)) links_.Send(peer, message);
  }
}

}  // namespace ringjournal
