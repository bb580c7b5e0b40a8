// What an operator does in a run: at random while things go wrong, and at the end, when everything
// is well and each request must succeed.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "server/config_store/document.h"
#include "tests/cluster_sim/world_state.h"

namespace ringjournal::cluster_sim {
namespace {

// On a cluster that is well.
constexpr int64_t kMoveMustSucceedNs = 15 * kSecond;

}  // namespace

void ClusterWorld::BeginOperations() {
  if (plan_.operation_pause_max_ns == 0) return;
  operator_ = std::make_unique<SimOperator>(MakeClientEnvironment(truths_.begin()->second.get()),
                                            next_host_++);
  events_.ScheduleIn(plan_.operation_pause_max_ns, this, kNextOperation, 0);
}

void ClusterWorld::NextOperation() {
  if (phase_ != Phase::kFaults) return;
  uint64_t pause = static_cast<uint64_t>(plan_.operation_pause_max_ns);
  events_.ScheduleIn(static_cast<int64_t>(operator_random_.Below(pause + 1)), this, kNextOperation,
                     0);
  const uint64_t choice = operator_random_.Next();
  if (!MayHappen("an operation") || operator_->busy()) return;
  if (plan_.journals_percent > 0 && operator_random_.Chance(plan_.journals_percent)) {
    return ComeAndGo(choice);
  }
  auto truth = truths_.begin();
  std::advance(truth, choice % truths_.size());
  Operate(truth->second->config(), choice / 64);
}

// Journals beside those that clients use: at most kOthersMax, then the first goes.
void ClusterWorld::ComeAndGo(uint64_t choice) {
  constexpr int kOthersMax = 2;
  const int64_t patience_ns = static_cast<int64_t>(200 + choice / 256 % 1000) * kMs;
  std::vector<std::string> others;
  for (const v1::JournalConfig& config : config_.document().journals()) {
    JournalId id;
    if (!JournalId::FromView(config.id(), &id) || truths_.count(id) > 0) continue;
    others.push_back(config.name());
  }
  const bool goes = others.size() >= kOthersMax || (!others.empty() && choice % 3 == 0);
  if (goes) return operator_->RemoveJournal(others.front(), patience_ns);
  operator_->CreateJournal(absl::StrCat("other", choice % 1000), patience_ns);
}

// Members come back sooner than they go, so that there is mostly somebody to hand over to.
void ClusterWorld::Operate(const v1::JournalConfig& config, uint64_t choice) {
  const std::string& node = nodes_[choice / 16 % nodes_.size()]->name();
  const int64_t patience_ns = static_cast<int64_t>(1 + choice / 256 % 2000) * kMs;
  const bool member = Names(config.members(), node);
  if (choice % 16 < plan_.move_weight) {
    return operator_->MoveLeader(config.name(), choice % 3 == 0 ? "" : node, patience_ns);
  }
  if (!member) return operator_->AddMember(config.name(), node, patience_ns);
  const bool leads = config.has_leader() && config.leader().node() == node;
  if (!leads || choice % 5 == 0) operator_->RemoveMember(config.name(), node, patience_ns);
}

bool ClusterWorld::AnybodyIsNoMember() const {
  for (const auto& [id, truth] : truths_) {
    for (const auto& node : nodes_) {
      if (!Names(truth->config().members(), node->name())) return true;
    }
  }
  return false;
}

// Everything is well: members that were removed come back, and then each journal is handed over.
// True once that is done.
bool ClusterWorld::LastOperationsAreDone() {
  if (operator_ == nullptr) return true;
  if (operator_->busy()) {
    if (events_.now_ns() - healed_at_ns_ <= kMoveMustSucceedNs || !asked_last_) return false;
    report_.Violation("I15: nothing goes wrong any more, and to ", operator_->asked(),
                      " is not answered");
    return false;
  }
  healed_at_ns_ = events_.now_ns();
  // What had been asked for before the end may have come true meanwhile: a member already.
  const bool needless = client::CodeOf(operator_->outcome()) == client::ErrorCode::kBadSetting;
  // A removal whose client gave up may be carried out after the move was asked for: begin anew.
  const bool removed_meanwhile = moved_last_ > 0 && AnybodyIsNoMember();
  if (removed_meanwhile) moved_last_ = 0;
  if (asked_last_ && !operator_->outcome().ok() && !needless && !removed_meanwhile) {
    report_.Violation("I15: nothing goes wrong any more, and to ", operator_->asked(),
                      " did not succeed: ", StatusText(operator_->outcome()));
    return false;
  }
  asked_last_ = true;
  for (const auto& [id, truth] : truths_) {
    for (const auto& node : nodes_) {
      if (Names(truth->config().members(), node->name())) continue;
      operator_->AddMember(truth->config().name(), node->name(), kMoveMustSucceedNs);
      return false;
    }
  }
  if (moved_last_ == truths_.size()) return true;
  auto truth = truths_.begin();
  std::advance(truth, moved_last_++);
  operator_->MoveLeader(truth->second->config().name(), "", kMoveMustSucceedNs);
  return false;
}

}  // namespace ringjournal::cluster_sim
