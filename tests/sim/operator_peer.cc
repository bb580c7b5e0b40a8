#include "tests/sim/operator_peer.h"

#include <utility>

#include "client/errors.h"

namespace ringjournal::sim {

OperatorPeer::OperatorPeer(const PeerContext& context, std::string journal,
                           const v1::JournalSettings& settings)
    : Peer(context, "operator"), journal_(std::move(journal)), settings_(settings) {
  AskCreate();
}

void OperatorPeer::Ask(v1::ClientMessage request, bool changes_something) {
  client::SessionOptions options;
  options.retry_for_ns = 100'000 * client::kSecondNs;
  options.seed = c_.random->Next();
  session_ =
      std::make_unique<client::RequestSession>(options, std::move(request), changes_something);
  idle_ = false;
}

void OperatorPeer::AskCreate() {
  v1::ClientMessage request;
  request.mutable_journal_create()->set_name(journal_);
  *request.mutable_journal_create()->mutable_settings() = settings_;
  Ask(std::move(request), true);
}

void OperatorPeer::AskTrim() {
  LogModel* model = c_.models->begin()->second.get();
  uint64_t next = model->next_lsn().value();
  v1::ClientMessage request;
  request.mutable_journal_trim()->set_name(journal_);
  request.mutable_journal_trim()->set_before_lsn(c_.random->Below(next + 1));
  Ask(std::move(request), true);
}

// Rarely: the appenders are what counts.
bool OperatorPeer::Work(Time now) {
  if (!idle_ || !exists_ || !c_.random->Chance(1)) return false;
  v1::ClientMessage request;
  if (c_.random->Chance(50)) {
    AskTrim();
    return true;
  }
  if (c_.random->Chance(50) && !settings_.memory_only()) {
    request.mutable_checkpoint()->set_name(journal_);
    Ask(std::move(request), false);
    return true;
  }
  v1::JournalSet* set = request.mutable_journal_set();
  set->set_name(journal_);
  set->mutable_settings()->set_checkpoint_bytes(4096 + c_.random->Below(60000));
  set->add_fields("checkpoint_bytes");
  Ask(std::move(request), true);
  return true;
}

void OperatorPeer::Check(Time now, bool may_work) {
  if (idle_ || !session_->stopped()) return;
  idle_ = true;
  if (exists_) return;
  bool made = session_->answered() && session_->reply().has_journal_reply();
  exists_ = made || client::CodeOf(session_->status()) == client::ErrorCode::kJournalExists;
  c_.report->Trace("the journal ", exists_ ? "exists" : "may not exist", ": ",
                   session_->status().ToString());
  if (!exists_) AskCreate();
}

}  // namespace ringjournal::sim
