// What must come about once nothing goes wrong any more.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int64_t kHealMs = 20000;
constexpr int64_t kHealRoundMs = 20;
constexpr int kDeliveriesMax = 2000;  // of one round

}  // namespace

// Whatever is due within a moment: requests carried out and told, messages delivered.
void World::HealRound() {
  for (int left = kDeliveriesMax;; --left) {
    if (left == 0) return report_.Violation("I15: messages without an end");
    ConnectAll();
    bool any = false;
    for (uint32_t i = 0; i < nodes_.size() && !report_.failed(); ++i) {
      if (!alive(i)) continue;
      while (!nodes_[i].asked.empty()) Execute(i, 0);
      while (!nodes_[i].outcomes.empty()) {
        ConfigCompletion done = std::move(nodes_[i].outcomes.front());
        nodes_[i].outcomes.erase(nodes_[i].outcomes.begin());
        Answer(i, done);
        any = true;
      }
      if (nodes_[i].read_token.has_value()) {
        Learn(i);
        any = true;
      }
      for (const Key& key : WiresTo(i)) {
        auto wire = wires_.find(key);
        if (wire == wires_.end() || (wire->second.messages.empty() && !wire->second.ended))
          continue;
        any = true;
        Deliver(key);
      }
    }
    if (!any || report_.failed()) return;
  }
}

void World::RunQuietly(int64_t ms) {
  for (int64_t passed = 0; passed < ms && !report_.failed(); passed += 1) {
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].now_ns += kMs;
      if (alive(i)) Batch(i);
    }
    HealRound();
  }
}

bool World::Healed() const {
  // After a loss the client would have to be told, and to decide, before it goes on.
  bool answered = client_.acked == client_.offered || truth_->generation() > 1;
  return answered && truth_->WhyNotConverged().empty();
}

void World::Heal() {
  all_beats_ = true;
  counts_ = false;
  late_.clear();
  ConnectAll();
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (!alive(i)) Start(i);
  }
  for (int64_t passed = 0; passed < kHealMs && !report_.failed(); passed += kHealRoundMs) {
    if (Healed()) return;
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].now_ns += kHealRoundMs * kMs;
      Batch(i);
    }
    HealRound();
    for (uint32_t i = 0; i < nodes_.size() && client_.acked < client_.offered; ++i) {
      bool elsewhere = client_.node != static_cast<int>(i) || client_.refused;
      if (elsewhere && journal(i)->serving()) OpenClient(i);
    }
    while (client_.open && !client_.refused && client_.sent < client_.offered) Append();
  }
  if (report_.failed()) return;
  std::string why = truth_->WhyNotConverged();
  report_.Violation("I15: after ", kHealMs, " ms without faults ", client_.offered - client_.acked,
                    " appends are unanswered; ", why.empty() ? "the replicas are equal" : why);
}

}  // namespace ringjournal::small_scope
