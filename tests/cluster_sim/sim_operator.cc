#include "tests/cluster_sim/sim_operator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"

namespace ringjournal::cluster_sim {

SimOperator::SimOperator(const ClientEnvironment& environment, HostNumber host)
    : SimClient(environment, host, "operator") {}

void SimOperator::MoveLeader(const std::string& journal, const std::string& target,
                             int64_t patience_ns) {
  v1::ClientMessage m;
  m.mutable_journal_move_leader()->set_name(journal);
  m.mutable_journal_move_leader()->set_target(target);
  Ask(std::move(m),
      absl::StrCat("move the leader of ", journal, target.empty() ? "" : " to ", target),
      patience_ns);
}

void SimOperator::AddMember(const std::string& journal, const std::string& node,
                            int64_t patience_ns) {
  v1::ClientMessage m;
  m.mutable_journal_add_member()->set_name(journal);
  m.mutable_journal_add_member()->set_node(node);
  Ask(std::move(m), absl::StrCat("add ", node, " to ", journal), patience_ns);
}

void SimOperator::RemoveMember(const std::string& journal, const std::string& node,
                               int64_t patience_ns) {
  v1::ClientMessage m;
  m.mutable_journal_remove_member()->set_name(journal);
  m.mutable_journal_remove_member()->set_node(node);
  Ask(std::move(m), absl::StrCat("remove ", node, " from ", journal), patience_ns);
}

void SimOperator::CreateJournal(const std::string& journal, int64_t patience_ns) {
  v1::ClientMessage m;
  m.mutable_journal_create()->set_name(journal);
  m.mutable_journal_create()->mutable_settings()->set_ring_bytes(limits::kRingBytesMin);
  m.mutable_journal_create()->mutable_settings()->set_memory_only(true);
  Ask(std::move(m), absl::StrCat("create ", journal), patience_ns);
}

void SimOperator::RemoveJournal(const std::string& journal, int64_t patience_ns) {
  v1::ClientMessage m;
  m.mutable_journal_remove()->set_name(journal);
  Ask(std::move(m), absl::StrCat("remove ", journal), patience_ns);
}

void SimOperator::Ask(v1::ClientMessage request, std::string what, int64_t patience_ns) {
  env_.report->Trace("operator: ", what);
  asked_ = std::move(what);
  client::SessionOptions options;
  options.retry_for_ns = patience_ns;
  options.handshake_timeout_ns = kSecond;
  options.backoff_max_ns = 100 * kMs;
  options.nodes = env_.nodes;
  options.seed = env_.random->Next();
  Drop();
  session_ = std::make_unique<client::RequestSession>(std::move(options), std::move(request), true);
  told_ = false;
  Begin();
}

void SimOperator::Check() {
  if (told_ || !session_->stopped()) return;
  told_ = true;
  outcome_ = session_->status();
  succeeded_ += outcome_.ok();
  env_.report->Trace("operator: ", asked_, ": ", outcome_.ok() ? "done" : StatusText(outcome_));
}

}  // namespace ringjournal::cluster_sim
