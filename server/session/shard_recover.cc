// An operator's recovery: asked by a client, carried out by the cluster.
#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/node/refusals.h"
#include "server/config_store/document.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

// What is wrong with the words of a request; empty: nothing.
std::string WrongWithRequest(const v1::JournalRecover& request) {
  if (static_cast<uint32_t>(request.lost_nodes_size()) > limits::kNodesMax) {
    return absl::StrCat("a recovery names ", request.lost_nodes_size(), " nodes, a cluster has ",
                        limits::kNodesMax, " at most: name each once");
  }
  if (request.statement().size() > limits::kStatementBytesMax) {
    return absl::StrCat("the statement has ", request.statement().size(), " bytes, allowed are ",
                        limits::kStatementBytesMax, ": say it in fewer words");
  }
  if (request.dry_run()) return "";
  if (request.statement().empty()) {
    return "a recovery gives up what only the lost nodes hold, and needs it in writing that their "
           "processes are dead: give a statement";
  }
  if (request.accept_loss_from_lsn() == 0) {
    return "a recovery needs the LSN from which on a loss is accepted: ask with dry_run first, "
           "which names it";
  }
  return "";
}

v1::ErrorCode CodeOf(RecoverResult::Kind kind) {
  switch (kind) {
    case RecoverResult::Kind::kElsewhere:
      return v1::ERROR_CODE_NOT_LEADER;
    case RecoverResult::Kind::kUnknown:
      return v1::ERROR_CODE_UNAVAILABLE;
    default:
      return v1::ERROR_CODE_RECOVERY_REFUSED;
  }
}

}  // namespace

void Shard::OnRecover(Session* session, const v1::JournalRecover& request) {
  Journal* journal = FindOrRefuse(session, request.request_id(), request.name());
  if (journal == nullptr) return;
  v1::ErrorReply error;
  const std::string wrong = WrongWithRequest(request);
  if (journal->replicated == nullptr) {
    Refuse(v1::ERROR_CODE_NOT_SUPPORTED,
           "this node stands alone: it recovers a journal by itself when it starts", &error);
  } else if (!wrong.empty()) {
    Refuse(v1::ERROR_CODE_BAD_SETTING, wrong, &error);
  } else {
    RecoverRequest asked;
    asked.lost.insert(request.lost_nodes().begin(), request.lost_nodes().end());
    asked.accept_from_lsn = request.accept_loss_from_lsn();
    asked.statement = request.statement();
    asked.dry_run = request.dry_run();
    if (cluster_->Recover(journal->replicated, std::move(asked))) {
      recover_waiters_.push_back({session->connection, request.request_id(), journal->number});
      return;
    }
    Refuse(v1::ERROR_CODE_RECOVERY_REFUSED,
           absl::StrCat("a recovery of journal ", request.name(),
                        " is under way on this node: ask ", "again once it is answered"),
           &error);
  }
  ReplyError(session, request.request_id(), std::move(error));
}

void Shard::AnswerRecoveries() {
  std::erase_if(recover_waiters_, [&](const RecoverWaiter& waiter) {
    const Journal* journal = journals_[waiter.journal].get();
    std::optional<RecoverResult> result;
    if (journal == nullptr || journal->removed) {
      result = {RecoverResult::Kind::kRefused, "the journal was removed", "", {}};
    } else {
      result = cluster_->TakeRecovery(journal->replicated);
    }
    if (!result.has_value()) return false;
    Session* session = FindSession(waiter.connection);
    if (session != nullptr) AnswerRecovery(session, waiter.request_id, std::move(*result));
    return true;
  });
}

void Shard::AnswerRecovery(Session* session, uint64_t request_id, RecoverResult result) {
  const v1::NodeRegistration* node = FindNode(options_.document, result.leader);
  const std::string address = node == nullptr ? "" : node->address();
  using Kind = RecoverResult::Kind;
  if (result.kind != Kind::kDone && result.kind != Kind::kPlanned) {
    v1::ErrorReply error;
    Refuse(CodeOf(result.kind), std::move(result.message), &error);
    if (result.kind == Kind::kElsewhere) error.mutable_not_leader()->set_leader_address(address);
    return ReplyError(session, request_id, std::move(error));
  }
  v1::ServerMessage message;
  v1::JournalRecoverReply* reply = message.mutable_journal_recover_reply();
  reply->set_request_id(request_id);
  reply->set_done(result.kind == Kind::kDone);
  reply->set_leader(result.leader);
  reply->set_leader_address(address);
  *reply->mutable_report() = std::move(result.report);
  Reply(session, message);
}

}  // namespace ringjournal
