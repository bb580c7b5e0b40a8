// Which ways bring what is on them, and which hold it back.
//
// With a bound on the ways that hold back, all that is on other ways arrives before anything else
// happens, one after the other in a fixed order; whether the next of them begins to hold back
// instead is a choice. What a way holds back comes when that is chosen.
#include <bit>

#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {

bool World::IsStale(uint32_t i) const {
  return nodes_[i].shard->cluster()->document().version() < document_.version();
}

// All that may arrive, whatever holds it back.
void World::AddArrivals(std::vector<Choice>* out) const {
  using Kind = Choice::Kind;
  auto add = [&](Kind kind, size_t a, size_t b = 0) {
    out->push_back({kind, static_cast<uint8_t>(a), static_cast<uint8_t>(b)});
  };
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (!alive(i)) continue;
    std::vector<Key> wires = WiresTo(i);
    for (size_t b = 0; b < wires.size(); ++b) {
      const Wire& wire = wires_.at(wires[b]);
      if (!wire.messages.empty() || wire.ended) add(Kind::kDeliver, i, b);
    }
    for (size_t b = 0; b < node.outcomes.size(); ++b) {
      add(Kind::kAnswer, i, b);
      if (unknowns_ < scope_.unknowns) add(Kind::kUnknown, i, node.asked.size() + b);
    }
    if (IsStale(i)) add(Kind::kLearn, i);
  }
}

// True: something arrives now, or begins to wait.
bool World::AddFlow(std::vector<Choice>* out) const {
  if (scope_.slow == Scope::kEveryOrder) return false;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (alive(i) && AddFlowTo(i, out)) return true;
  }
  return false;
}

bool World::AddFlowTo(uint32_t i, std::vector<Choice>* out) const {
  using Kind = Choice::Kind;
  const Node& node = nodes_[i];
  const bool may_hold =
      static_cast<uint32_t>(std::popcount(held_)) < scope_.slow && delays_ < scope_.delays;
  auto add = [&](Kind kind, size_t a, size_t b) {
    out->push_back({kind, static_cast<uint8_t>(a), static_cast<uint8_t>(b)});
  };
  if (!IsHeld(i, i) && (!node.outcomes.empty() || IsStale(i))) {
    const bool answers = !node.outcomes.empty();
    add(answers ? Kind::kAnswer : Kind::kLearn, i, 0);
    if (answers && unknowns_ < scope_.unknowns) add(Kind::kUnknown, i, node.asked.size());
    if (may_hold) add(Kind::kHold, i, i);
    return true;
  }
  std::vector<Key> wires = WiresTo(i);
  for (size_t b = 0; b < wires.size(); ++b) {
    const Wire& wire = wires_.at(wires[b]);
    if ((wire.messages.empty() && !wire.ended) || IsHeld(wire.from, i)) continue;
    add(Kind::kDeliver, i, b);
    if (may_hold) add(Kind::kHold, wire.from, i);
    return true;
  }
  return false;
}

// A way on which nothing is, holds nothing back.
void World::ForgetEmptyWays() {
  if (held_ == 0) return;
  uint32_t used = 0;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (alive(i) && (IsStale(i) || !nodes_[i].outcomes.empty())) used |= uint32_t{1} << WayOf(i, i);
  }
  for (const auto& [key, wire] : wires_) {
    if (wire.messages.empty() && !wire.ended) continue;
    used |= uint32_t{1} << WayOf(wire.from, key.first);
  }
  held_ &= used;
}

// Nothing else can happen, and it is none of the steps that may be put off for ever.
bool World::IsForced(const std::vector<Choice>& choices) const {
  if (choices.size() != 1) return false;
  std::vector<Choice> now;
  return AddUrgent(&now) || AddFlow(&now);
}

}  // namespace ringjournal::small_scope
