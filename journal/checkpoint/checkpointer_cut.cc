// What becomes of the disk when the log is cut, or begins anew.
#include <algorithm>

#include "journal/base/check.h"
#include "journal/checkpoint/checkpointer.h"

namespace ringjournal {

void Checkpointer::Truncate(const RingPlace& place, const v1::StateSnapshot& state) {
  RJ_CHECK(Index(state.next_index()) == place.index);
  Watermark last = {place.index.prev(), place.first_lsn.prev()};
  bool opens = opening_ != Opening::kNo;
  while (!boundaries_.empty() && boundaries_.back().place.index > place.index) {
    opening_is_stale_ = opens && boundaries_.size() == 1;
    boundaries_.pop_back();
  }
  if (submitted_.index <= place.index) return;  // nothing that was cut has been handed out
  durable_ = std::min(durable_, last);
  for (Group& group : groups_) group.last = std::min(group.last, last);
  submitted_ = place;
  pending_since_ns_ = 0;
  catalog_.Supersede(place.index);
  if (boundaries_.empty() || boundaries_.back().place.index < place.index) {
    boundaries_.push_back({place, state, DescriptionBytes(state)});
  }
}

// Its file holds nothing and has a name that promises other entries.
void Checkpointer::DropOpening(std::vector<StorageOp>* ops) {
  if (!opening_is_stale_ || opening_ != Opening::kReady) return;
  StorageOp* close = &ops->emplace_back();
  close->kind = StorageOp::Kind::kClose;
  close->file = next_.file;
  doomed_.push_back(next_.name);
  next_ = OpenFile();
  opening_ = Opening::kNo;
  opening_is_stale_ = false;
}

void Checkpointer::CloseCurrent(std::vector<StorageOp>* ops) {
  if (current_.file < 0) return;
  StorageOp* op = &ops->emplace_back();
  op->kind = StorageOp::Kind::kClose;
  op->file = current_.file;
  current_ = OpenFile();
}

void Checkpointer::BeginAnew(const RingPlace& place, const v1::StateSnapshot& state) {
  RJ_CHECK(!closing_ && Index(state.next_index()) == place.index);
  opening_is_stale_ = opening_ != Opening::kNo;
  boundaries_.clear();
  boundaries_.push_back({place, state, DescriptionBytes(state)});
  // What is in flight was durable for another log.
  for (Group& group : groups_) group.last = Watermark();
  durable_ = Watermark();
  submitted_ = place;
  pending_since_ns_ = 0;
  for (CatalogSegment& segment : catalog_.TakeAll()) doomed_.push_back(std::move(segment.name));
  clearing_ = true;
}

// True once nothing of the old log is left. A file is given away only when no write to it is in
// flight: recycled, it would get that write as a part of another segment.
bool Checkpointer::ClearOld(std::vector<StorageOp>* ops) {
  for (Group& group : groups_) {
    if (group.state == Group::State::kFailed) group.state = Group::State::kDone;
  }
  SettleDone();
  if (in_flight() > 0) return false;
  CloseCurrent(ops);
  RemoveNext(ops);
  clearing_ = !doomed_.empty();
  return !clearing_;
}

}  // namespace ringjournal
