#include "client/core/send_queue.h"

#include <algorithm>
#include <utility>

#include "journal/base/check.h"

namespace ringjournal::client {

uint64_t SendQueue::PushBorrowed(ByteSpan bytes) {
  pieces_.push_back(Piece{.borrowed = bytes});
  return completed_ + pieces_.size() - 1;
}

uint64_t SendQueue::PushOwned(std::string bytes) {
  pieces_.push_back(Piece{.owned = std::move(bytes), .is_owned = true});
  return completed_ + pieces_.size() - 1;
}

size_t SendQueue::Gather(std::span<ByteSpan> out) const {
  size_t n = std::min(out.size(), pieces_.size());
  for (size_t i = 0; i < n; ++i) out[i] = pieces_[i].bytes();
  if (n > 0) out[0] = out[0].subspan(offset_);
  return n;
}

void SendQueue::Advance(size_t bytes) {
  while (bytes > 0) {
    RJ_CHECK(!pieces_.empty());
    size_t rest = pieces_.front().bytes().size() - offset_;
    size_t step = std::min(rest, bytes);
    bytes -= step;
    offset_ += step;
    if (step < rest) return;
    pieces_.pop_front();
    offset_ = 0;
    ++completed_;
  }
}

void SendQueue::DropUnbegun() {
  if (offset_ == 0) {
    pieces_.clear();
    return;
  }
  pieces_.resize(1);
  Piece& piece = pieces_.front();
  if (piece.is_owned) return;
  piece.owned = std::string(AsView(piece.borrowed));
  piece.is_owned = true;
}

void SendQueue::Clear() {
  pieces_.clear();
  offset_ = 0;
}

}  // namespace ringjournal::client
