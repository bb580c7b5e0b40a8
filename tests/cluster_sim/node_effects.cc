// Carrying out a shard's effects, with a boundary before each: the process may die there.
#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/format/frame.h"
#include "tests/cluster_sim/cluster_node.h"

namespace ringjournal::cluster_sim {
namespace {

// First byte of a PeerMessage: the tag of what is set.
constexpr uint8_t kFollowTag = 4 << 3 | 2;
constexpr uint8_t kFollowOkTag = 5 << 3 | 2;

}  // namespace

bool ClusterNode::Boundary(const char* where) {
  if (dying_) return false;
  if (!crash_.Due()) return true;
  env_.report->Trace(name_, "/", incarnation_.value(), " dies ", where);
  dying_ = true;
  return false;
}

bool ClusterNode::Carry(const ShardEffects& effects) {
  return CarrySends(effects) && CarryConnections(effects) && CarryStorage(effects) &&
         CarryRest(effects);
}

// A biased schedule wants to know of some messages; one look at the first byte says which.
void ClusterNode::NoteFrames(const ShardEffects::Send& send, EndNumber end) {
  if (end == kNoEnd || !env_.network->between_nodes(end)) return;
  if (send.head.size() <= kFrameHeaderBytes) return;
  auto tag = static_cast<uint8_t>(send.head[kFrameHeaderBytes]);
  if (tag == kFollowTag) env_.on_moment(this, Moment::kFollowSent);
  if (tag == kFollowOkTag) env_.on_moment(this, Moment::kFollowOkSent);
}

bool ClusterNode::CarrySends(const ShardEffects& effects) {
  for (const ShardEffects::Send& send : effects.sends) {
    EndNumber end = EndOf(send.connection);
    env_.report->Mix(send.head.size() + send.body.size());
    NoteFrames(send, end);
    if (!Boundary("before a send")) {
      // The kernel had taken some of it.
      size_t some = env_.random->Below(send.head.size() + 1);
      if (end != kNoEnd) env_.network->Send(end, send.head.first(some));
      return false;
    }
    if (end != kNoEnd) env_.network->Send(end, send.head, send.body);
  }
  return true;
}

bool ClusterNode::CarryConnections(const ShardEffects& effects) {
  for (ConnectionNumber number : effects.closes) {
    if (!Boundary("before a close")) return false;
    EndNumber end = EndOf(number);
    Forget(number);
    if (end != kNoEnd) env_.network->Close(end);
  }
  for (ConnectionNumber number : effects.pauses) {
    if (EndNumber end = EndOf(number); end != kNoEnd) env_.network->SetReading(end, false);
  }
  for (ConnectionNumber number : effects.resumes) {
    if (EndNumber end = EndOf(number); end != kNoEnd) env_.network->SetReading(end, true);
  }
  return true;
}

bool ClusterNode::CarryStorage(const ShardEffects& effects) {
  for (const ShardEffects::Opened& opened : effects.opened) journals_[opened.journal] = opened.id;
  for (const ShardEffects::Storage& storage : effects.storage) {
    if (!Boundary("before a disk operation")) return false;
    auto it = journals_.find(storage.journal);
    RJ_CHECK(it != journals_.end());
    machine_.disk.Submit(it->second, storage.journal, storage.op);
    if (storage.op.kind == StorageOp::Kind::kClose) continue;
    int64_t in_ns = 60 * kUs + static_cast<int64_t>(env_.random->Skewed(1500 * kUs));
    env_.events->ScheduleIn(in_ns * disk_factor_, this, kDisk, Arg());
  }
  return true;
}

void ClusterNode::NoteRecoveries(const v1::ConfigDocument& document) {
  for (const v1::JournalConfig& journal : document.journals()) {
    if (journal.losses().empty()) continue;
    const v1::LossReport& newest = journal.losses(journal.losses_size() - 1);
    if (newest.declared_lost().empty()) continue;
    recoveries_.try_emplace({newest.statement(), newest.time_ns()}, env_.events->now_ns());
  }
}

int64_t ClusterNode::proposed_at_ns(const v1::LossReport& loss) const {
  auto proposed = recoveries_.find({loss.statement(), loss.time_ns()});
  return proposed == recoveries_.end() ? 0 : proposed->second;
}

// Of an earlier membership: what was acknowledged then is on the disks of others.
void ClusterNode::DeleteLeftovers(const JournalId& id) {
  auto truth = env_.truths->find(id);
  bool any = machine_.rings.Find(id) != nullptr || !machine_.disk.ListSegments(id).empty();
  if (!any || truth == env_.truths->end()) return;
  machine_.disk.RemoveJournal(id);
  ++truth->second->wear(number_)->memory_life;
  ++truth->second->wear(number_)->disk_life;
}

bool ClusterNode::CarryRest(const ShardEffects& effects) {
  for (const ConfigRequest& request : effects.config) {
    bool cas = request.kind == ConfigRequest::Kind::kCas;
    if (cas) NoteRecoveries(request.document);
    if (cas) env_.on_moment(this, Moment::kCasSubmitted);
    if (!Boundary("before asking the config store")) return false;
    if (cas) {
      env_.report->Trace(name_, "/", incarnation_.value(), ": cas on version ",
                         request.expected_version, ", change ", request.change_id);
    }
    RJ_CHECK(store_->Submit(request).ok());
  }
  for (const ShardEffects::RingWanted& wanted : effects.rings) {
    if (!Boundary("before making a ring")) return false;
    if (wanted.anew) DeleteLeftovers(wanted.journal);
    RingAnswer answer;
    answer.journal = wanted.journal;
    answer.memory = machine_.rings.Create(wanted.journal, wanted.head_bytes, wanted.data_bytes);
    ring_answers_.push_back(std::move(answer));
    env_.events->ScheduleIn(static_cast<int64_t>(env_.random->Skewed(2 * kMs)), this, kRing, Arg());
  }
  for (const ShardEffects::Discard& discard : effects.discards) {
    if (!Boundary("before discarding a journal")) return false;
    machine_.disk.RemoveJournal(discard.id);
    machine_.rings.Remove(discard.id);
  }
  for (const ShardEffects::Dial& dial : effects.dials) {
    if (!Boundary("before a dial")) return false;
    // Addresses are "n<number>:7000".
    HostNumber to = static_cast<HostNumber>(dial.address[1] - '1');
    EndNumber end = env_.network->Dial(number_, this, to, true);
    ends_[dial.connection] = end;
    numbers_[end] = dial.connection;
  }
  return true;
}

}  // namespace ringjournal::cluster_sim
