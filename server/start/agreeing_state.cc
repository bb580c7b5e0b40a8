#include "server/start/agreeing_state.h"

#include "journal/recovery/start_decision.h"

namespace ringjournal {

// What stands before `position` cannot be what the ring's log has there.
bool AgreeingState::Contradicts(const LogPosition& position) const {
  if (position.next_index > end_.next_index) return true;
  if (position.next_index == end_.next_index) return position.chain != end_.chain;
  std::optional<RingPlace> next = ring_->Find(position.next_index);
  if (!next.has_value()) return false;  // below the ring's oldest
  LogPosition after = position;
  return !after.Advance(ring_->Record(*next)).empty();
}

void AgreeingState::OnStart(const v1::StateSnapshot& state) {
  derived_ = DerivedState::ReadFrom(state);
  started_ = true;
  differs_from_start_ = cut_ = Contradicts(derived_.position());
}

void AgreeingState::OnEntry(const RecordView& view) {
  if (cut_ || !status_.ok()) return;
  const Index index = view.header.index;
  if (index >= until_) return;
  std::optional<RingPlace> own = ring_->Find(index);
  bool common = own.has_value() ? ring_->Record(*own).header.chain == view.header.chain
                                : index < ring_->oldest().index;
  if (!common) {
    cut_ = true;
    return;
  }
  status_ = derived_.Apply(view);
}

bool AgreeingState::joins() const {
  return started_ && !differs_from_start_ && status_.ok() &&
         RingJoinsDisk(ring_->oldest().index, derived_.position()) &&
         !Contradicts(derived_.position());
}

}  // namespace ringjournal
