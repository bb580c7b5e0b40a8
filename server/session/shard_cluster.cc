// One of several nodes: what peers and the config document ask of the shard.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/mutants.h"
#include "journal/node/refusals.h"
#include "server/config_store/document.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

// A journal is made on so many nodes, where there are so many.
constexpr size_t kCopiesDefault = 3;

bool Equal(const v1::JournalSettings& a, const v1::JournalSettings& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace

JournalNumber Shard::AddReplica(const v1::JournalConfig& config, std::unique_ptr<Replica> replica,
                                LogOrigin origin) {
  JournalId id = replica->options().id;
  Replica* added = replica.get();
  // Nothing was ever written yet, so nothing is missing.
  if (config.epoch() == 0) origin.disk_is_whole = true;
  JournalNumber number = AddJournal(config, std::move(replica));
  journals_[number]->replicated = cluster_->Add(id, added, origin);
  followed_version_ = 0;
  return number;
}

// False: the event is not for the cluster.
bool Shard::ToCluster(const ShardEvent& event) {
  if (cluster_ == nullptr) return false;
  if (const auto* e = std::get_if<PeerAccepted>(&event)) {
    cluster_->OnAccepted(*e);
  } else if (const auto* e = std::get_if<Dialed>(&event)) {
    cluster_->OnDialed(*e);
  } else if (const auto* e = std::get_if<ConfigHint>(&event)) {
    cluster_->OnConfigHint(e->document);
    FollowDocument();
  } else if (const auto* e = std::get_if<Received>(&event)) {
    if (!cluster_->OwnsConnection(e->connection)) return false;
    cluster_->OnReceived(*e);
  } else if (const auto* e = std::get_if<ReceiveEnded>(&event)) {
    if (!cluster_->OwnsConnection(e->connection)) return false;
    cluster_->OnEnded(e->connection);
  } else if (const auto* e = std::get_if<SendQueue>(&event)) {
    if (!cluster_->OwnsConnection(e->connection)) return false;
    cluster_->OnSendQueue(*e);
  } else if (const auto* e = std::get_if<ConfigAnswer>(&event)) {
    if (!cluster_->OwnsToken(e->completion.token)) return false;
    cluster_->OnConfigAnswer(e->completion);
    FollowDocument();
    SubmitChange();
  } else {
    return false;
  }
  return true;
}

// Roles, settings and journals as the newest document has them.
void Shard::FollowDocument() {
  const v1::ConfigDocument& document = cluster_->document();
  // Roles change by a newer document only, and this is asked in every batch.
  if (document.version() == followed_version_ &&
      document.version() >= options_.document.version()) {
    return;
  }
  if (document.version() > options_.document.version()) options_.document = document;
  cluster_->TakeOver(options_.document);
  followed_version_ = options_.document.version();
  for (auto& journal : journals_) {
    if (journal != nullptr && !journal->removed) FollowRole(journal.get());
  }
  for (const v1::JournalConfig& config : options_.document.journals()) {
    JournalId id;
    if (!JournalId::FromView(config.id(), &id) || cluster_->Find(id) != nullptr) continue;
    if (Names(config.members(), options_.node)) WantReplica(config, id);
  }
  std::erase_if(without_room_, [&](const JournalId& id) {
    return ringjournal::FindJournal(options_.document, id) == nullptr;
  });
}

void Shard::FollowRole(Journal* journal) {
  const v1::JournalConfig* config =
      ringjournal::FindJournal(options_.document, journal->replica->options().id);
  if (config == nullptr) return ApplyRemove(journal);
  journal->config = *config;
  if (!Names(config->members(), options_.node)) return Retire(journal);
  Epoch served = journal->replicated->leads() ? journal->replicated->context().epoch() : Epoch();
  bool over = journal->served != Epoch() && journal->served != served;
  if (over && !Mutated(Mutant::kSessionsOutliveEpoch)) {
    EndSessionsOf(journal, v1::ERROR_CODE_NOT_LEADER,
                  absl::StrCat("this node leads the journal no longer; its leader is ",
                               config->has_leader() ? config->leader().node() : "not known yet",
                               ": connect there"));
    batch_due_ = true;  // for frames that have waited for the next leader
  }
  if (journal->served != served) journal->served_since_ns = now_.monotonic_ns;
  journal->served = served;
  // Of those that are kept here, whoever leads: its checkpoints are this node's own.
  const v1::JournalSettings settings = WithDefaults(config->settings());
  if (Equal(settings, journal->replica->options().settings)) return;
  journal->replica->ApplySettings(settings);
  journal->dirty = true;
}

void Shard::EndSessionsOf(Journal* journal, v1::ErrorCode code, const std::string& why) {
  std::vector<Session*> bound;
  for (auto& [connection, session] : sessions_) {
    if (session->journal == journal) bound.push_back(session.get());
  }
  for (Session* session : bound) {
    ForgetOwed(session);
    if (session->closing) continue;
    v1::ErrorReply error;
    Refuse(code, why, &error);
    const v1::NodeRegistration* leader =
        ringjournal::FindNode(options_.document, journal->config.leader().node());
    if (leader != nullptr) error.mutable_not_leader()->set_leader_address(leader->address());
    ReplyError(session, 0, std::move(error));
    BeginClosing(session);
  }
}

// What was not acknowledged stays unknown: the next leader may have it.
void Shard::ForgetOwed(Session* session) {
  session->acks = AckQueue();
  if (session->deferred.empty()) return;
  session->deferred.clear();
  deferring_.erase(std::remove(deferring_.begin(), deferring_.end(), session), deferring_.end());
}

void Shard::WantReplica(const v1::JournalConfig& config, const JournalId& id) {
  auto pending = [&](const PendingChange& c) { return c.id == id; };
  if (wanted_replicas_.count(id) > 0 || std::any_of(changes_.begin(), changes_.end(), pending)) {
    return;
  }
  v1::JournalSettings settings = WithDefaults(config.settings());
  const uint64_t head_bytes = RingHeadBytes(settings.producers_max());
  if (RingBytesTotal() + settings.ring_bytes() + head_bytes > options_.ring_bytes_total_max) {
    // Tried again with every newer document, told once.
    if (!without_room_.insert(id).second) return;
    effects_->notes.push_back(
        absl::StrCat("journal ", config.name(), " gets no copy here: the rings of this node would ",
                     "exceed ", options_.ring_bytes_total_max,
                     " bytes of memory; raise --ring-total, or remove a journal"));
    return;
  }
  without_room_.erase(id);
  wanted_replicas_[id] = config;
  // Nothing of an earlier membership may be mixed with what comes.
  bool anew = config.epoch() > 0;
  effects_->rings.push_back({id, settings.ring_bytes(), head_bytes, anew});
}

// An empty replica in the memory that was asked for. False: the answer is to another question.
bool Shard::MakeReplica(const RingAnswer& event) {
  auto wanted = wanted_replicas_.find(event.journal);
  if (wanted == wanted_replicas_.end()) return false;
  v1::JournalConfig config = wanted->second;
  wanted_replicas_.erase(wanted);
  if (!event.error.empty()) {
    effects_->notes.push_back(
        absl::StrCat("journal ", config.name(), " has no memory here: ", event.error));
    return true;
  }
  ReplicaOptions options;
  options.id = event.journal;
  options.epoch = {config.generation(), config.epoch()};
  options.incarnation = options_.incarnation;
  options.config_version = options_.document.version();
  options.settings = WithDefaults(config.settings());
  v1::StateSnapshot state;
  DerivedState derived;
  derived.WriteTo(&state);
  RingIdentityValues identity{event.journal, options_.boot, config.generation(),
                              options.settings.producers_max()};
  Ring ring = Ring::Create(event.memory, identity, state);
  RingPlace start = ring.end();
  auto replica = std::make_unique<Replica>(options, std::move(ring), std::move(derived), start,
                                           state, SegmentCatalog());
  JournalNumber number = AddReplica(config, std::move(replica), LogOrigin());
  effects_->opened.push_back({number, event.journal});
  followed_version_ = 0;  // it has not seen the document yet
  FollowDocument();
  return true;
}

// True: the session was told where to go, or when to ask again.
bool Shard::RefuseElsewhere(Session* session, uint64_t request_id, const Journal& journal) {
  v1::ErrorReply error;
  if (HoldsAppends(journal, &error)) {
    ReplyError(session, request_id, std::move(error));
    return true;
  }
  if (journal.replicated == nullptr || journal.replicated->serving()) return false;
  if (journal.replicated->leads()) {
    RefuseBeforeEpoch(&error);
  } else {
    FillNotLeader(journal.config, &error);
  }
  ReplyError(session, request_id, std::move(error));
  return true;
}

// On a node alone that is so at the end of the batch, when replies leave.
void Shard::ReplyOnceTrue(Session* session, const Journal& journal, Index true_from,
                          v1::ServerMessage message) {
  if (journal.replicated == nullptr || Mutated(Mutant::kOpenBeforeCommit)) {
    return Reply(session, message);
  }
  Defer(session, {true_from, std::move(message), std::nullopt});
}

void Shard::Defer(Session* session, DeferredReply reply) {
  if (session->deferred.empty()) deferring_.push_back(session);
  session->deferred.push_back(std::move(reply));
}

void Shard::AnswerDeferred() {
  size_t kept = 0;
  for (Session* session : deferring_) {
    const bool held_acks = session->awaits_open();
    const bool frames_waited = session->frames_wait();
    while (!session->deferred.empty() && MayLeave(*session, &session->deferred.front())) {
      Reply(session, session->deferred.front().message);
      session->deferred.pop_front();
    }
    if (GiveUpOpen(session)) continue;
    if (held_acks && !session->awaits_open()) SendAcksOf(session);
    // Frames that have waited for it may go on; nobody else would wake us.
    batch_due_ = batch_due_ || (frames_waited && !session->frames_wait());
    if (!session->deferred.empty()) deferring_[kept++] = session;
  }
  deferring_.resize(kept);
}

std::vector<std::string> Shard::NewMembers() const {
  std::vector<std::string> members{options_.node};
  if (cluster_ == nullptr) return members;
  for (const v1::NodeRegistration& node : options_.document.nodes()) {
    if (members.size() < kCopiesDefault && node.node() != options_.node) {
      members.push_back(node.node());
    }
  }
  return members;
}

}  // namespace ringjournal
