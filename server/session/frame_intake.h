// The receiving side of one connection: preface, frames, and what waits while the journal is full.
#ifndef SERVER_SESSION_FRAME_INTAKE_H_
#define SERVER_SESSION_FRAME_INTAKE_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "journal/format/frame.h"

namespace ringjournal {

// Fed chunk by chunk; any split of the bytes gives the same frames. When a frame cannot be taken
// yet (kStall), it and everything behind it wait here, in order; what may pile up is bounded by
// what the kernel had already delivered before the pause took effect.
class FrameIntake {
 public:
  enum class Taken { kYes, kStall, kEnd };
  using OnFrame = absl::FunctionRef<Taken(ByteSpan frame)>;
  enum class Outcome {
    kOk,
    kStalled,       // Retry later
    kEnded,         // on_frame said so: bytes behind it are dropped
    kWrongPreface,  // `complaint` is what to answer, as it stands
    kTooLarge,      // `complaint` says what
  };

  explicit FrameIntake(uint32_t limit_bytes) : decoder_(limit_bytes) {}
  void set_limit_bytes(uint32_t limit_bytes) { decoder_.set_limit_bytes(limit_bytes); }

  Outcome Feed(ByteSpan bytes, OnFrame on_frame, std::string* complaint);
  // Offers the waiting frame again, then goes on.
  Outcome Retry(OnFrame on_frame, std::string* complaint);

  bool stalled() const { return stalled_; }
  // In the middle of the preface or of a frame.
  bool mid_frame() const { return preface_.size() < kPreface.size() || decoder_.mid_frame(); }
  // Memory that what waits takes; above waiting_bytes by what was taken since the last Feed.
  uint64_t buffered_bytes() const { return waiting_frame_.size() + waiting_.size(); }
  uint64_t waiting_bytes() const { return waiting_frame_.size() + waiting_.size() - waiting_from_; }

 private:
  bool TakePreface(ByteSpan* bytes);
  // Moves *bytes behind what was taken.
  Outcome Decode(ByteSpan* bytes, OnFrame on_frame, std::string* complaint);

  std::string preface_;
  FrameDecoder decoder_;
  bool stalled_ = false;
  std::vector<std::byte> waiting_frame_;
  std::vector<std::byte> waiting_;  // what waits behind it, from `waiting_from_` on
  size_t waiting_from_ = 0;
};

// What to tell somebody who speaks another protocol: one readable line, in his own protocol where
// that is simple.
std::string PrefaceComplaint(std::string_view received);

}  // namespace ringjournal

#endif  // SERVER_SESSION_FRAME_INTAKE_H_
