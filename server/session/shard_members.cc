// Who leads a journal and who is a member of it, as an operator or an orderly stop asks for it.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "journal/base/mutants.h"
#include "journal/node/refusals.h"
#include "server/config_store/document.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

v1::ErrorCode CodeOf(const absl::Status& status) {
  switch (status.code()) {
    // What will not be right later either.
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kNotFound:
      return v1::ERROR_CODE_BAD_SETTING;
    case absl::StatusCode::kFailedPrecondition:
      return v1::ERROR_CODE_NOT_YET;
    default:
      return v1::ERROR_CODE_UNAVAILABLE;
  }
}

// By this node, which leads still.
bool IsBeingHandedOver(const Journal& journal) {
  ReplicatedJournal* replicated = journal.replicated;
  return replicated != nullptr && replicated->leads() && replicated->planned()->holds_appends() &&
         !Mutated(Mutant::kHandoverTakesAppends);
}

v1::ErrorReply RefusalOf(const absl::Status& status) {
  v1::ErrorReply error;
  Refuse(CodeOf(status), std::string(status.message()), &error);
  if (error.code() == v1::ERROR_CODE_NOT_YET) {
    error.mutable_not_yet()->set_retry_after_ms(limits::kChangeRetryMs);
  }
  return error;
}

}  // namespace

// ---- requests ----

// The journal, which this node leads; null: the session was told why not.
Journal* Shard::FindForPlan(Session* session, uint64_t request_id, const std::string& name) {
  Journal* journal = FindOrRefuse(session, request_id, name);
  if (journal == nullptr) return nullptr;
  v1::ErrorReply error;
  if (journal->replicated == nullptr) {
    Refuse(
        v1::ERROR_CODE_NOT_SUPPORTED,
        absl::StrCat("node ", options_.node, " is alone, so nobody else can hold or lead journal ",
                     name, "; start it as one node of a cluster"),
        &error);
  } else if (draining_) {
    Refuse(v1::ERROR_CODE_SHUTTING_DOWN,
           "the server is shutting down and hands its journals over; ask the next leader", &error);
  } else if (journal->replicated->leads() && journal->replicated->planned()->active()) {
    return journal;  // refused by the plan itself, which knows what is in flight
  } else if (RefuseElsewhere(session, request_id, *journal)) {
    return nullptr;
  } else {
    return journal;
  }
  ReplyError(session, request_id, std::move(error));
  return nullptr;
}

// False: it is none of these.
bool Shard::OnPlan(Session* session, const v1::ClientMessage& m) {
  if (m.has_journal_move_leader()) {
    OnMoveLeader(session, m.journal_move_leader());
  } else if (m.has_journal_add_member()) {
    OnAddMember(session, m.journal_add_member());
  } else if (m.has_journal_remove_member()) {
    OnRemoveMember(session, m.journal_remove_member());
  } else if (m.has_journal_hash()) {
    OnHash(session, m.journal_hash());
  } else {
    return false;
  }
  return true;
}

void Shard::OnMoveLeader(Session* session, const v1::JournalMoveLeader& request) {
  Journal* journal = FindForPlan(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  TakePlan(session, request.request_id(), *journal,
           journal->replicated->MoveLeader(request.target(), true));
}

void Shard::OnAddMember(Session* session, const v1::JournalAddMember& request) {
  Journal* journal = FindForPlan(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  TakePlan(session, request.request_id(), *journal,
           journal->replicated->AddMember(options_.document, request.node()));
}

void Shard::OnRemoveMember(Session* session, const v1::JournalRemoveMember& request) {
  Journal* journal = FindForPlan(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  TakePlan(session, request.request_id(), *journal,
           journal->replicated->RemoveMember(options_.document, request.node()));
}

// What the session sends behind it waits, so it asks for one thing at a time.
void Shard::TakePlan(Session* session, uint64_t request_id, const Journal& journal,
                     const absl::Status& begun) {
  if (!begun.ok()) return ReplyError(session, request_id, RefusalOf(begun));
  session->waits_for_admin = true;
  plans_.push_back({session->connection, request_id, journal.replica->options().id});
}

void Shard::AnswerPlans() {
  std::erase_if(plans_, [&](const PlannedRequest& request) { return AnswerPlan(request); });
}

// True: it is over.
bool Shard::AnswerPlan(const PlannedRequest& request) {
  Session* session = FindSession(request.connection);
  auto it = std::find_if(journals_.begin(), journals_.end(), [&](const auto& j) {
    return j != nullptr && !j->removed && j->replica->options().id == request.journal;
  });
  Journal* journal = it == journals_.end() ? nullptr : it->get();
  std::optional<absl::Status> outcome = absl::UnavailableError(
      "this node gave up its copy of the journal before that was done; ask "
      "again: its leader is another node now, or the journal is gone");
  if (journal != nullptr) outcome = journal->replicated->planned()->TakeOutcome();
  if (!outcome.has_value()) return false;
  if (session == nullptr) return true;
  session->waits_for_admin = false;
  batch_due_ = true;  // for what it has sent behind
  if (!outcome->ok()) {
    ReplyError(session, request.request_id, RefusalOf(*outcome));
    return true;
  }
  v1::ServerMessage message;
  message.mutable_journal_reply()->set_request_id(request.request_id);
  FillReply(*journal, message.mutable_journal_reply());
  Reply(session, message);
  return true;
}

// ---- appends meanwhile, and who asks elsewhere ----

// True: the frame can be answered in a moment, here or by another leader. Who is refused instead
// comes back after a pause, and every client would add it to what a change of the leader costs.
bool Shard::WaitsForLeader(Session* session, const Journal& journal) {
  const ReplicatedJournal* replicated = journal.replicated;
  const bool begins = replicated != nullptr && replicated->leads() && !replicated->serving();
  if (!begins && !IsBeingHandedOver(journal)) {
    session->held_since_ns = 0;
    return false;
  }
  if (session->held_since_ns == 0) session->held_since_ns = now_.monotonic_ns;
  if (now_.monotonic_ns - session->held_since_ns < limits::kHeldFrameMs * kMs) return true;
  session->held_since_ns = 0;
  return false;
}

// True while the journal is being handed over: nothing may be appended, and soon another leads.
bool Shard::HoldsAppends(const Journal& journal, v1::ErrorReply* error) const {
  if (!IsBeingHandedOver(journal)) return false;
  const std::string& target = journal.replicated->planned()->node();
  RefuseBackPressure(limits::kHandoverRetryMs, error);
  error->set_message(absl::StrCat("journal ", journal.config.name(), " is being handed over to ",
                                  target, ", so nothing is appended; try again in ",
                                  limits::kHandoverRetryMs, " ms, best there"));
  const v1::NodeRegistration* node = FindNode(options_.document, target);
  if (node != nullptr) error->mutable_back_pressure()->set_leader_address(node->address());
  return true;
}

void Shard::FillNotLeader(const v1::JournalConfig& config, v1::ErrorReply* error) const {
  if (!config.has_leader()) {
    const std::string& name = config.name();
    return Refuse(
        v1::ERROR_CODE_NOT_LEADER,
        absl::StrCat("nobody leads journal ", name, " at the moment; try again. If that lasts, ",
                     "see `ringjournal journal info ", name, "` for its members and start ",
                     "those that are down: their logs say what an election waits for"),
        error);
  }
  const std::string& leader = config.leader().node();
  Refuse(v1::ERROR_CODE_NOT_LEADER,
         absl::StrCat("journal ", config.name(), " is led by ", leader, ": connect there"), error);
  const v1::NodeRegistration* node = FindNode(options_.document, leader);
  if (node != nullptr) error->mutable_not_leader()->set_leader_address(node->address());
}

// True: the journal is kept by other nodes, or not here yet, and the session was told so.
bool Shard::RefuseForeign(Session* session, uint64_t request_id, const std::string& name) {
  if (cluster_ == nullptr) return false;
  for (const v1::JournalConfig& config : options_.document.journals()) {
    if (config.name() != name || config.epoch() == 0) continue;
    v1::ErrorReply error;
    FillNotLeader(config, &error);
    ReplyError(session, request_id, std::move(error));
    return true;
  }
  return false;
}

// This node is a member no longer: its replica is closed in order, and its files stay.
void Shard::Retire(Journal* journal) {
  journal->removed = journal->retired = true;
  EndSessionsOf(journal, v1::ERROR_CODE_NOT_LEADER,
                absl::StrCat("this node does not keep journal ", journal->config.name(),
                             " any more; connect to one of its members"));
  journal->replicated->Stop();
  journal->replica->Stop();
  journal->dirty = batch_due_ = true;
  effects_->notes.push_back(absl::StrCat("journal ", journal->config.name(),
                                         ": this node is no member any more; its replica is "
                                         "closed, and its files stay until it is added again"));
}

// ---- an orderly stop ----

// Journals that this node leads go to the best of their backups, where there is one: at first only
// those that clients are at. They stay meanwhile, so that they are told who leads next.
void Shard::HandOverAll() {
  const bool is_last_try = stop_ == Stop::kHandingOverRest;
  std::vector<bool> used(journals_.size());
  for (const auto& [connection, session] : sessions_) {
    if (session->journal != nullptr) used[session->journal->number] = true;
  }
  for (auto& journal : journals_) {
    if (journal == nullptr || journal->removed || journal->replicated == nullptr) continue;
    if (!idle_ones_too_ && !used[journal->number]) continue;
    if (!journal->replicated->serving()) continue;
    if (!is_last_try && !journal->replicated->has_target()) continue;
    HandOver(journal.get(), is_last_try);
  }
}

void Shard::HandOver(Journal* journal, bool is_last_try) {
  if (journal->replicated->planned()->active()) {
    if (journal->replicated->planned()->holds_appends()) return;
    journal->replicated->GiveUpPlan("the server is shutting down; ask the next leader");
  }
  absl::Status begun = journal->replicated->MoveLeader("", false);
  batch_due_ = batch_due_ || begun.ok();
  if (begun.ok() || !is_last_try) return;  // tried again without clients
  effects_->notes.push_back(
      absl::StrCat("not handed over before the stop: ", std::string(begun.message())));
}

// Journals that others lead are still to let this node go.
bool Shard::Leaves() const {
  return std::any_of(journals_.begin(), journals_.end(), [](const auto& journal) {
    return journal != nullptr && journal->replicated != nullptr &&
           journal->replicated->is_leaving();
  });
}

bool Shard::HandsOver() const {
  return std::any_of(journals_.begin(), journals_.end(), [](const auto& journal) {
    return journal != nullptr && journal->replicated != nullptr &&
           journal->replicated->planned()->active();
  });
}

}  // namespace ringjournal
