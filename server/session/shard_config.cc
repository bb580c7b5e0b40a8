// Changes of the config document: one at a time, each by compare-and-swap, re-decided on a
// conflict.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/node/refusals.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/document_edits.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

// splitmix64: journal ids need to be unique, not secret.
uint64_t NextRandom(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

v1::ErrorCode CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return v1::ERROR_CODE_JOURNAL_EXISTS;
    case absl::StatusCode::kNotFound:
      return v1::ERROR_CODE_JOURNAL_NOT_FOUND;
    case absl::StatusCode::kResourceExhausted:
      return v1::ERROR_CODE_LIMIT;
    case absl::StatusCode::kInvalidArgument:
      return v1::ERROR_CODE_BAD_SETTING;
    case absl::StatusCode::kFailedPrecondition:
      return v1::ERROR_CODE_NOT_YET;
    default:
      return v1::ERROR_CODE_UNAVAILABLE;
  }
}

}  // namespace

uint64_t Shard::RingBytesTotal() const {
  uint64_t total = 0;
  for (const auto& journal : journals_) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    total += journal->replica->ring().data_bytes() +
             RingHeadBytes(journal->replica->options().settings.producers_max());
  }
  // Those that are being made count, or a burst of requests would get past the limit.
  for (const auto& [id, config] : wanted_replicas_) {
    const v1::JournalSettings settings = WithDefaults(config.settings());
    total += settings.ring_bytes() + RingHeadBytes(settings.producers_max());
  }
  for (const PendingChange& change : changes_) {
    if (change.kind != PendingChange::Kind::kCreate) continue;
    total += change.settings.ring_bytes() + RingHeadBytes(change.settings.producers_max());
  }
  return total;
}

// Asks for the ring's memory; the journal exists once the config document says so.
void Shard::StartCreate(Session* session, PendingChange change) {
  change.settings = WithDefaults(change.settings);
  v1::ErrorReply error;
  absl::Status name = ValidateJournalName(change.name);
  absl::Status settings = ValidateSettings(change.settings);
  uint64_t ring_bytes =
      change.settings.ring_bytes() + RingHeadBytes(change.settings.producers_max());
  if (draining_) {
    Refuse(v1::ERROR_CODE_SHUTTING_DOWN,
           "the server is shutting down: ask another node, or again soon", &error);
  } else if (!name.ok()) {
    Refuse(v1::ERROR_CODE_NAME_NOT_ALLOWED, std::string(name.message()), &error);
  } else if (!settings.ok()) {
    Refuse(v1::ERROR_CODE_BAD_SETTING, std::string(settings.message()), &error);
  } else if (RingBytesTotal() + ring_bytes > options_.ring_bytes_total_max) {
    Refuse(v1::ERROR_CODE_LIMIT,
           absl::StrCat("the rings of this node would exceed ", options_.ring_bytes_total_max,
                        " bytes of memory; use a smaller ring or raise --ring-total"),
           &error);
  } else if (FindJournal(change.name) != nullptr) {
    Refuse(v1::ERROR_CODE_JOURNAL_EXISTS,
           absl::StrCat("a journal \"", change.name, "\" exists already; choose another name"),
           &error);
  }
  if (error.code() != v1::ERROR_CODE_UNKNOWN) {
    return ReplyError(session, change.request_id, std::move(error));
  }
  uint64_t words[2] = {NextRandom(&random_state_), NextRandom(&random_state_)};
  std::memcpy(change.id.bytes.data(), words, 16);
  effects_->rings.push_back(
      {change.id, change.settings.ring_bytes(), RingHeadBytes(change.settings.producers_max())});
  TakeChange(session, std::move(change));
}

// One for each session: what it sends behind it waits, so that it is answered in order and the
// changes that wait are never more than the sessions, beside the journals that are being made:
// those have their limit in --ring-total.
void Shard::TakeChange(Session* session, PendingChange change) {
  change.connection = session->connection;
  session->waits_for_admin = true;
  changes_.push_back(std::move(change));
  SubmitChange();
}

void Shard::OnRing(const RingAnswer& event) {
  if (MakeReplica(event)) return;
  auto it = std::find_if(changes_.begin(), changes_.end(),
                         [&](const PendingChange& c) { return c.id == event.journal; });
  RJ_CHECK(it != changes_.end());
  it->memory = event.memory;
  it->failure = event.error;
  it->ready = true;
  SubmitChange();
}

absl::Status Shard::EditDocument(v1::ConfigDocument* next, const PendingChange& change) const {
  std::string change_id = absl::StrCat(options_.incarnation.value(), "-", change_token_);
  switch (change.kind) {
    case PendingChange::Kind::kCreate: {
      JournalSpec spec;
      spec.id = change.id;
      spec.name = change.name;
      spec.members = NewMembers();
      spec.settings = change.settings;
      spec.change_id = change_id;
      absl::Status created = CreateJournal(next, spec);
      if (!created.ok()) return created;
      return LeadNew(next, Claim{change.id, options_.node, options_.incarnation, change_id});
    }
    case PendingChange::Kind::kSet:
      return SetJournal(next, SettingsChange{change.id, change.settings, change.fields, change_id});
    case PendingChange::Kind::kRemove:
      return RemoveJournal(next, change.id);
    case PendingChange::Kind::kStop:
      MarkStops(next, change_id);
      return absl::OkStatus();
  }
  return absl::InternalError("unknown change");
}

// Sends the first change on its way, if it is ready and none is under way.
void Shard::SubmitChange() {
  if (cluster_ != nullptr && cluster_->config_busy()) return;
  while (!changes_.empty() && !changes_.front().submitted) {
    PendingChange* change = &changes_.front();
    if (!change->ready) return;
    if (!change->failure.empty()) {
      ChangeFailed(change->failure, v1::ERROR_CODE_LIMIT);
      continue;
    }
    v1::ConfigDocument next = options_.document;
    ++change_token_;
    absl::Status edited = EditDocument(&next, *change);
    if (!edited.ok() && change->for_open && FindJournal(change->name) != nullptr) {
      OpenWhatAnotherMade();
      continue;
    }
    if (!edited.ok() && change->for_open && GoWhereItWasMade()) continue;
    if (!edited.ok()) {
      ChangeFailed(std::string(edited.message()), CodeOf(edited));
      continue;
    }
    if (change->kind == PendingChange::Kind::kCreate) MakeRing(change);
    change->submitted = true;
    if (cluster_ != nullptr) cluster_->set_shard_changes(true);
    std::string change_id = absl::StrCat(options_.incarnation.value(), "-", change_token_);
    effects_->config.push_back(ConfigRequest::Cas(change_token_, options_.document.version(),
                                                  std::move(next), std::move(change_id)));
    return;
  }
}

void Shard::OnConfig(const ConfigAnswer& event) {
  const ConfigCompletion& done = event.completion;
  if (done.token != change_token_ || changes_.empty() || !changes_.front().submitted) return;
  if (done.document.version() > options_.document.version()) options_.document = done.document;
  if (cluster_ != nullptr) cluster_->set_shard_changes(false);
  changes_.front().submitted = false;
  if (done.outcome == ConfigOutcome::kOk) {
    ChangeIsDone();
  } else if (done.outcome != ConfigOutcome::kConflict) {
    effects_->notes.push_back(absl::StrCat("the config store has not said that journal ",
                                           changes_.front().name,
                                           " was changed: ", std::string(done.status.message())));
    ChangeFailed(std::string(done.status.message()), v1::ERROR_CODE_UNAVAILABLE);
  }
  SubmitChange();
}

// Two sessions have asked for a journal "if there is none": whoever comes second finds it.
void Shard::OpenWhatAnotherMade() {
  PendingChange change = std::move(changes_.front());
  changes_.pop_front();
  effects_->discards.push_back({UINT32_MAX, change.id});
  Session* session = FindSession(change.connection);
  if (session == nullptr) return;
  session->waits_for_admin = false;
  FinishOpen(session, change.open, FindJournal(change.name));
}

// Another node has made the journal that was to be opened, and this one has no copy yet. False: it
// is not that.
bool Shard::GoWhereItWasMade() {
  const v1::Open open = changes_.front().open;
  const auto& journals = options_.document.journals();
  const bool made = std::any_of(journals.begin(), journals.end(),
                                [&](const auto& j) { return j.name() == open.journal(); });
  if (!made) return false;
  PendingChange change = std::move(changes_.front());
  changes_.pop_front();
  effects_->discards.push_back({UINT32_MAX, change.id});
  Session* session = FindSession(change.connection);
  if (session == nullptr) return true;
  session->waits_for_admin = false;
  if (RefuseForeign(session, open.request_id(), change.name)) return true;
  v1::ErrorReply error;
  RefuseNotYet("the journal is being made by another node; ask again", limits::kChangeRetryMs,
               &error);
  ReplyError(session, open.request_id(), std::move(error));
  return true;
}

void Shard::ChangeFailed(std::string why, v1::ErrorCode code) {
  PendingChange change = std::move(changes_.front());
  changes_.pop_front();
  if (change.kind == PendingChange::Kind::kStop) stop_ = Stop::kDone;
  if (change.kind == PendingChange::Kind::kCreate) {
    effects_->discards.push_back({UINT32_MAX, change.id});
  }
  Session* session = FindSession(change.connection);
  if (session == nullptr) return;
  session->waits_for_admin = false;
  v1::ErrorReply error;
  Refuse(code, std::move(why), &error);
  if (code == v1::ERROR_CODE_NOT_YET) {
    error.mutable_not_yet()->set_retry_after_ms(limits::kChangeRetryMs);
  }
  ReplyError(session, change.request_id, std::move(error));
}

void Shard::ChangeIsDone() {
  PendingChange change = std::move(changes_.front());
  changes_.pop_front();
  if (change.kind == PendingChange::Kind::kStop) {
    stop_ = Stop::kDone;
    return;
  }
  if (change.kind == PendingChange::Kind::kCreate) StartJournal(&change);
  if (change.kind == PendingChange::Kind::kSet) ApplySet(change);
  Journal* journal = nullptr;
  for (auto& j : journals_) {
    if (j != nullptr && j->config.id() == change.id.view()) journal = j.get();
  }
  Session* session = FindSession(change.connection);
  if (session != nullptr) {
    session->waits_for_admin = false;
    if (journal == nullptr) {
      ReplyGone(session, change);
    } else if (change.for_open) {
      FinishOpen(session, change.open, journal);
    } else {
      v1::ServerMessage message;
      message.mutable_journal_reply()->set_request_id(change.request_id);
      FillReply(*journal, message.mutable_journal_reply());
      Reply(session, message);
    }
  }
  if (change.kind == PendingChange::Kind::kRemove && journal != nullptr) ApplyRemove(journal);
}

// A newer document came before the answer, and what it does not name is gone here already.
void Shard::ReplyGone(Session* session, const PendingChange& change) {
  const uint64_t request_id = change.for_open ? change.open.request_id() : change.request_id;
  if (change.kind == PendingChange::Kind::kRemove) {
    v1::ServerMessage message;
    message.mutable_journal_reply()->set_request_id(request_id);
    message.mutable_journal_reply()->mutable_config()->set_id(std::string(change.id.view()));
    message.mutable_journal_reply()->mutable_config()->set_name(change.name);
    return Reply(session, message);
  }
  v1::ErrorReply error;
  error.set_code(v1::ERROR_CODE_UNAVAILABLE);
  error.set_message(absl::StrCat("journal ", change.name,
                                 " was removed, or moved to other nodes, at the same time; look "
                                 "with `ringjournal journal ls`, then ask again"));
  ReplyError(session, request_id, std::move(error));
}

// Before the cas: a crash behind it must find a ring that counts, or the empty journal would be
// reported as a loss.
void Shard::MakeRing(PendingChange* change) const {
  constexpr uint32_t kFirstGeneration = 1;
  v1::StateSnapshot state;
  DerivedState().WriteTo(&state);
  RingIdentityValues identity{change->id, options_.boot, kFirstGeneration,
                              change->settings.producers_max()};
  change->ring = Ring::Create(change->memory, identity, state, options_.incarnation);
}

void Shard::StartJournal(PendingChange* change) {
  v1::JournalConfig config;
  for (const v1::JournalConfig& c : options_.document.journals()) {
    if (c.id() == change->id.view()) config = c;
  }
  ReplicaOptions options;
  options.id = change->id;
  options.epoch = {config.generation(), config.epoch()};
  options.incarnation = options_.incarnation;
  options.config_version = options_.document.version();
  options.settings = change->settings;
  v1::StateSnapshot state;
  DerivedState derived;
  derived.WriteTo(&state);
  RingPlace start = change->ring->end();
  auto replica = std::make_unique<Replica>(options, *std::move(change->ring), std::move(derived),
                                           start, state, SegmentCatalog());
  JournalNumber number = 0;
  if (cluster_ != nullptr) {
    LogOrigin origin;
    origin.claim = options_.incarnation;
    number = AddReplica(config, std::move(replica), origin);
    cluster_->TakeOver(options_.document);
  } else {
    replica->LeaderStart(now_);  // at once: its ring is empty
    number = AddJournal(config, std::move(replica));
  }
  effects_->opened.push_back({number, change->id});
}

void Shard::ApplySet(const PendingChange& change) {
  for (const v1::JournalConfig& config : options_.document.journals()) {
    if (config.id() != change.id.view()) continue;
    for (auto& journal : journals_) {
      if (journal == nullptr || journal->config.id() != config.id()) continue;
      journal->config = config;
      journal->replica->ApplySettings(WithDefaults(config.settings()));
      journal->dirty = true;
    }
  }
}

// The journal's sessions end; its memory and files go once nothing is in flight.
void Shard::ApplyRemove(Journal* journal) {
  journal->removed = true;
  std::vector<Session*> bound;
  for (auto& [connection, session] : sessions_) {
    if (session->journal == journal) bound.push_back(session.get());
  }
  // Nothing more is read for backups, and no file may stay open.
  if (journal->replicated != nullptr) journal->replicated->Stop();
  for (Session* session : bound) {
    // Among several nodes nothing is committed any more, so what is owed would be waited for.
    if (journal->replicated != nullptr) ForgetOwed(session);
    for (auto& subscription : session->subscriptions) {
      v1::ServerMessage message;
      v1::ReadEnd* end = message.mutable_read_end();
      end->set_request_id(subscription->request_id);
      end->set_reason(v1::ReadEnd::REASON_JOURNAL_REMOVED);
      end->set_next_lsn(subscription->next().value());
      end->set_message("the journal was removed");
      Reply(session, message);
      subscription->ended = true;
    }
    EndWith(session, v1::ERROR_CODE_JOURNAL_NOT_FOUND, "the journal was removed");
  }
}

void Shard::BuryRemoved() {
  for (auto& journal : journals_) {
    if (journal == nullptr || !journal->removed || !journal->replica->settled()) continue;
    auto uses = [&](const Session& s) {
      return s.journal == journal.get() || s.journal_of_grave == journal.get();
    };
    bool used = journal->replicated != nullptr && journal->replicated->reads_disk();
    for (auto& [connection, session] : sessions_) used = used || uses(*session);
    for (auto& session : graveyard_) used = used || uses(*session);
    if (used) continue;
    JournalId id;
    JournalId::FromView(journal->config.id(), &id);
    if (journal->retired) {
      effects_->releases.push_back({journal->number, id});
      followed_version_ = 0;  // it may have become a member again
      batch_due_ = true;
    } else {
      effects_->discards.push_back({journal->number, id});
    }
    if (cluster_ != nullptr) cluster_->Remove(id);
    journal.reset();
  }
}

}  // namespace ringjournal
