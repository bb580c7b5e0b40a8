#include "tests/cluster_sim/recovery_operator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"

namespace ringjournal::cluster_sim {
namespace {

// So long a journal is left to recover by itself.
constexpr int64_t kPatienceNs = 1500 * kMs;
constexpr int64_t kAnswerWithinNs = 12 * kSecond;
// A node that talks to another sends something in so many of the periods of Network::Heard, within
// the time that a recovery listens. A connection that is stuck in its first bytes does not.
constexpr int kHeardOftenMin = 8;

std::set<std::string> LostIn(const v1::LossReport& loss) {
  return {loss.declared_lost().begin(), loss.declared_lost().end()};
}

}  // namespace

RecoveryOperator::RecoveryOperator(const OperatorEnvironment& environment, HostNumber host,
                                   uint64_t seed, uint32_t hasty_permille)
    : env_(environment), host_(host), random_(seed), hasty_permille_(hasty_permille) {}

// ---- asking ----

bool RecoveryOperator::IsServed(const JournalId& id) const {
  for (const auto& node : *env_.nodes) {
    if (!node->serving() || node->shard()->cluster() == nullptr) continue;
    const auto& journals = node->shard()->cluster()->journals();
    auto journal = journals.find(id);
    if (journal != journals.end() && journal->second->serving()) return true;
  }
  return false;
}

void RecoveryOperator::Turn() {
  const int64_t now = env_.events->now_ns();
  for (auto& [id, truth] : *env_.truths) {
    if (IsServed(id) || served_at_ns_.count(id) == 0) served_at_ns_[id] = now;
  }
  if (end_ != kNoEnd) {
    if (now - asked_at_ns_ > kAnswerWithinNs) HangUp(100 * kMs);
    return;
  }
  if (now < next_at_ns_) return;
  for (auto& [id, truth] : *env_.truths) {
    if (!env_.gone->empty() && now - served_at_ns_[id] > kPatienceNs) {
      return AskForTheGone(id, truth.get());
    }
    if (random_.Below(1000) < hasty_permille_) return AskInHaste(id, truth.get());
  }
}

uint32_t RecoveryOperator::SomeNode() {
  return static_cast<uint32_t>(random_.Below(env_.nodes->size()));
}

// Names all that are gone, or forgets one. First a dry run, mostly, which names the bound.
void RecoveryOperator::AskForTheGone(const JournalId& id, JournalTruth* truth) {
  Asked asked;
  const bool forgets = random_.Chance(20);
  for (uint32_t node : *env_.gone) {
    asked.lost.insert((*env_.nodes)[node]->name());
    if (forgets) break;
  }
  asked.bound = std::exchange(bound_, 0);
  const bool greedy = random_.Chance(20);
  if (greedy) asked.bound = truth->next_lsn().value() + random_.Below(3);
  Ask(id, truth, asked, asked.bound == 0);
}

// Names somebody who is alive, or may be, and accepts anything.
void RecoveryOperator::AskInHaste(const JournalId& id, JournalTruth* truth) {
  Asked asked;
  asked.lost.insert((*env_.nodes)[SomeNode()]->name());
  if (random_.Chance(30)) asked.lost.insert((*env_.nodes)[SomeNode()]->name());
  asked.bound = random_.Chance(50) ? 1 : truth->next_lsn().value();
  asked.hasty = true;
  Ask(id, truth, asked, false);
}

void RecoveryOperator::Ask(const JournalId& id, JournalTruth* truth, const Asked& asked,
                           bool dry_run) {
  uint32_t node = SomeNode();
  const std::string address = std::exchange(leader_address_, "");
  for (uint32_t i = 0; i < env_.nodes->size(); ++i) {
    const auto& candidate = *(*env_.nodes)[i];
    if (address == absl::StrCat(candidate.name(), ":7000")) node = i;
    if (address.empty() && asked.lost.count((*env_.nodes)[node]->name()) > 0) node = i;
  }
  request_ = v1::JournalRecover();
  request_.set_request_id(1);
  request_.set_name(truth->config().name());
  for (const std::string& lost : asked.lost) request_.add_lost_nodes(lost);
  request_.set_accept_loss_from_lsn(asked.bound);
  request_.set_dry_run(dry_run);
  request_.set_statement(
      absl::StrCat(asked.hasty ? "hasty " : "", "request ", asked_.size() + 1, " on ", id.ToHex()));
  asked_[request_.statement()] = asked;
  truth_ = truth;
  asked_at_ns_ = env_.events->now_ns();
  decoder_ = std::make_unique<FrameDecoder>(limits::kFrameBytesMax);
  env_.report->Trace("operator asks ", (*env_.nodes)[node]->name(), ": ",
                     request_.ShortDebugString());
  end_ = env_.network->Dial(host_, this, node, false);
}

void RecoveryOperator::HangUp(int64_t pause_ns) {
  if (end_ != kNoEnd) env_.network->Close(end_);
  end_ = kNoEnd;
  next_at_ns_ = env_.events->now_ns() + pause_ns;
}

// ---- the answer ----

void RecoveryOperator::OnDialed(EndNumber end, int error) {
  if (end != end_) return;
  if (error != 0) {
    end_ = kNoEnd;
    next_at_ns_ = env_.events->now_ns() + 100 * kMs;
    return;
  }
  v1::ClientMessage hello, request;
  hello.mutable_hello()->set_protocol_min(1);
  hello.mutable_hello()->set_protocol_max(1);
  *request.mutable_journal_recover() = request_;
  std::string bytes(kPreface);
  AppendFrame(hello.SerializeAsString(), &bytes);
  AppendFrame(request.SerializeAsString(), &bytes);
  env_.network->Send(end_, AsBytes(bytes));
}

void RecoveryOperator::OnBytes(EndNumber end, ByteSpan bytes) {
  if (end != end_) return;
  ByteSpan frame;
  while (end_ != kNoEnd && decoder_->Next(&bytes, &frame) == FrameDecoder::Result::kFrame) {
    v1::ServerMessage message;
    if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
      env_.report->Violation("operator: an answer does not parse");
      return;
    }
    if (!message.has_hello_reply()) Take(message);
  }
}

void RecoveryOperator::OnEnded(EndNumber end, int) {
  if (end == end_) HangUp(100 * kMs);
}

void RecoveryOperator::Take(const v1::ServerMessage& message) {
  HangUp(20 * kMs);
  env_.report->Trace("operator is told: ", message.ShortDebugString());
  if (!message.has_journal_recover_reply()) {
    const v1::ErrorReply& error = message.error();
    leader_address_ = error.not_leader().leader_address();
    // As before, on another node.
    if (!leader_address_.empty()) bound_ = request_.accept_loss_from_lsn();
    return;
  }
  const v1::JournalRecoverReply& reply = message.journal_recover_reply();
  if (reply.done() == request_.dry_run()) {
    env_.report->Violation("operator: done is ", reply.done(), ", dry run was ",
                           request_.dry_run());
  }
  if (!reply.done()) {
    bound_ = reply.report().first_lsn();
    leader_address_ = reply.leader_address();
    return;
  }
  for (const v1::LossReport& loss : truth_->losses()) {
    if (loss.statement() == request_.statement()) return;
  }
  env_.report->Violation("operator: he is told of a recovery that is not stored");
}

// ---- what came of it ----

void RecoveryOperator::OnLoss(const v1::LossReport& loss, HostNumber winner) {
  if (loss.declared_lost().empty()) return;
  ++recoveries_;
  auto asked = asked_.find(loss.statement());
  if (asked == asked_.end() || asked->second.lost != LostIn(loss)) {
    env_.report->Violation("operator: nobody has asked for this recovery: ",
                           loss.ShortDebugString());
    return;
  }
  if (loss.first_lsn() < asked->second.bound) {
    env_.report->Violation("operator: the loss starts at LSN ", loss.first_lsn(),
                           ", accepted was one from LSN ", asked->second.bound, " on");
  }
  CheckSilence(loss, winner);
}

void RecoveryOperator::CheckSilence(const v1::LossReport& loss, HostNumber winner) {
  const ClusterNode& node = *(*env_.nodes)[winner];
  const int64_t until_ns = node.proposed_at_ns(loss) - 50 * kMs;
  const int64_t since_ns = until_ns - static_cast<int64_t>(limits::kRecoverAskMs) * kMs + 150 * kMs;
  // What had come to a process that stood still it may not have read yet.
  if (node.stood_still_since(since_ns)) return;
  for (uint32_t i = 0; i < env_.nodes->size(); ++i) {
    const std::string& name = (*env_.nodes)[i]->name();
    if (LostIn(loss).count(name) == 0) continue;
    if (env_.network->Heard(i, winner, since_ns, until_ns) < kHeardOftenMin) continue;
    env_.report->Violation("operator: ", name, " was declared lost and answers ", node.name());
  }
}

}  // namespace ringjournal::cluster_sim
