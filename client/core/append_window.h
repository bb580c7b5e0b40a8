// The appends of a session that have no outcome yet, oldest first.
#ifndef CLIENT_CORE_APPEND_WINDOW_H_
#define CLIENT_CORE_APPEND_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client/append_request.h"
#include "client/outcome.h"
#include "journal/base/bytes.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// Ordinal of a slot that is not on its way in this connection.
inline constexpr uint64_t kNotQueued = UINT64_MAX;

// One append in flight, with its frame ready for the wire.
struct AppendSlot {
  std::string frame;  // reused from append to append
  size_t request_id_offset = 0;
  size_t sequence_offset = 0;
  uint64_t request_id = 0;        // 0: not queued in this connection
  uint64_t ordinal = kNotQueued;  // of its piece in the send queue
  bool sent_before = false;       // put on the wire whole, on any connection
  bool maybe_applied = false;     // sent on a connection that was lost, nothing known
  bool known_applied = false;     // the server's last sequence says so
  bool done = false;              // the outcome is final
  AppendOutcome outcome;

  Sequence last_sequence() const { return outcome.first_sequence + (outcome.count - 1); }
};

// A ring of slots whose buffers are reused, so that appending allocates nothing once it is warm.
// Bounded in appends and in bytes. One owner, no threads.
class AppendWindow {
 public:
  // `writer`: the writer epoch that every append says it is of; zero: none.
  AppendWindow(uint32_t appends_max, uint64_t bytes_max, Epoch writer = Epoch());

  // An empty window takes any append, so that one above bytes_max is not stuck.
  bool HasRoom(size_t run_bytes) const;
  // Encodes the frame and adds it at the end. There must be room.
  AppendSlot& Push(const AppendRequest& request, Sequence first_sequence);
  void PopFront();

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  uint64_t bytes() const { return bytes_; }
  // `i` counts from the oldest.
  AppendSlot& at(size_t i) { return slots_[(head_ + i) & mask_]; }
  const AppendSlot& at(size_t i) const { return slots_[(head_ + i) & mask_]; }
  // Position of the queued append with that id; size() if there is none. Ids rise with position.
  size_t Find(uint64_t request_id) const;

  static void SetRequestId(AppendSlot* slot, uint64_t request_id);
  static void SetSequence(AppendSlot* slot, Sequence first_sequence);

 private:
  uint32_t appends_max_;
  uint64_t bytes_max_;
  Epoch writer_;
  std::vector<AppendSlot> slots_;  // a power of two
  size_t mask_;
  size_t head_ = 0;
  size_t count_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_APPEND_WINDOW_H_
