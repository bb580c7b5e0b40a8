// Hands out submission entries and counts what is in flight.
#ifndef IO_OP_QUEUE_H_
#define IO_OP_QUEUE_H_

#include <cstdint>

#include "io/completion_key.h"
#include "io/uring.h"

namespace ringjournal::io {

// An operation lives from Begin until its completion without IORING_CQE_F_MORE, cancelled or not;
// until then its memory belongs to the kernel. Belongs to the ring's thread.
class OpQueue {
 public:
  explicit OpQueue(Uring* ring) : ring_(ring) {}

  // Prepares an entry with `prepare(sqe)` and gives it its key.
  template <class Prepare>
  void Begin(CompletionKey key, Prepare prepare) {
    io_uring_sqe* sqe = ring_->GetSqe();
    prepare(sqe);
    sqe->user_data = key.Pack();
    ++in_flight_;
  }
  static bool IsFinal(const io_uring_cqe& cqe) { return (cqe.flags & IORING_CQE_F_MORE) == 0; }
  // For each completion, once.
  void NoteCompletion(const io_uring_cqe& cqe) { in_flight_ -= IsFinal(cqe) ? 1 : 0; }
  uint64_t in_flight() const { return in_flight_; }

 private:
  Uring* ring_;
  uint64_t in_flight_ = 0;
};

}  // namespace ringjournal::io

#endif  // IO_OP_QUEUE_H_
