// Carrying out effects, with a boundary before each: the process may die there.
#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "tests/sim/sim_node.h"

namespace ringjournal::sim {

namespace {

std::string Text(const StorageOp& op) {
  static constexpr const char* kKinds[] = {"prepare", "open",    "write",     "close",
                                           "remove",  "recycle", "open read", "read"};
  return absl::StrCat(kKinds[static_cast<int>(op.kind)], " token ", op.token, " file ", op.file,
                      " offset ", op.offset, " size ", op.size + op.data.size() + op.buffer.size(),
                      " ", op.name, " ", op.from);
}

}  // namespace

void SimNode::Carry(const ShardEffects& effects) {
  if (!CarrySends(effects)) return;
  if (!CarryConnections(effects)) return;
  if (!CarryStorage(effects)) return;
  CarryRings(effects);
}

bool SimNode::CarrySends(const ShardEffects& effects) {
  for (const ShardEffects::Send& send : effects.sends) {
    auto it = c_.links->find(send.connection);
    std::string bytes(AsView(send.head));
    bytes += AsView(send.body);
    c_.report->Mix(bytes.size());
    if (!Boundary("before a send")) {
      // The kernel had taken some of it.
      if (it != c_.links->end())
        it->second->down += bytes.substr(0, c_.random->Below(bytes.size()));
      return false;
    }
    if (it != c_.links->end()) it->second->down += bytes;
  }
  return true;
}

bool SimNode::CarryConnections(const ShardEffects& effects) {
  for (ConnectionNumber number : effects.closes) {
    if (!Boundary("before a close")) return false;
    auto it = c_.links->find(number);
    if (it != c_.links->end()) it->second->server_gone = true;
  }
  auto set_paused = [&](ConnectionNumber number, bool paused) {
    auto it = c_.links->find(number);
    if (it != c_.links->end()) it->second->paused = paused;
  };
  for (ConnectionNumber number : effects.pauses) set_paused(number, true);
  for (ConnectionNumber number : effects.resumes) set_paused(number, false);
  return true;
}

bool SimNode::CarryStorage(const ShardEffects& effects) {
  for (const ShardEffects::Opened& opened : effects.opened) numbers_[opened.journal] = opened.id;
  for (const ShardEffects::Storage& storage : effects.storage) {
    if (!Boundary("before a disk operation")) return false;
    auto it = numbers_.find(storage.journal);
    RJ_CHECK(it != numbers_.end());
    c_.report->Trace("disk: ", Text(storage.op));
    c_.machine->disk.Submit(it->second, storage.journal, storage.op);
  }
  for (const ConfigRequest& request : effects.config) {
    if (!Boundary("before asking for a change of the config")) return false;
    RJ_CHECK(store_->Submit(request).ok());
  }
  return true;
}

bool SimNode::CarryRings(const ShardEffects& effects) {
  for (const ShardEffects::RingWanted& wanted : effects.rings) {
    if (!Boundary("before making a ring")) return false;
    RingAnswer answer;
    answer.journal = wanted.journal;
    answer.memory = c_.machine->rings.Create(wanted.journal, wanted.head_bytes, wanted.data_bytes);
    ring_answers_.push_back(std::move(answer));
  }
  for (const ShardEffects::Discard& discard : effects.discards) {
    if (!Boundary("before discarding a journal")) return false;
    c_.machine->disk.RemoveJournal(discard.id);
    c_.machine->rings.Remove(discard.id);
    c_.models->erase(discard.id);
    c_.damage->erase(discard.id);
  }
  return true;
}

}  // namespace ringjournal::sim
