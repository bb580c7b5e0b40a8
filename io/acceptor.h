// Listening sockets of one loop: multishot accept, and what to do when descriptors run out.
#ifndef IO_ACCEPTOR_H_
#define IO_ACCEPTOR_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "io/completion_key.h"
#include "io/op_queue.h"
#include "io/socket.h"

namespace ringjournal::io {

// Belongs to the loop's thread.
class Acceptor {
 public:
  explicit Acceptor(OpQueue* queue) : queue_(queue) {}

  // Listens and accepts from the next submission on; returns the bound address. ResourceExhausted
  // beyond limits::kListenersMax; otherwise OpenListener's errors.
  absl::StatusOr<Address> Listen(const Address& address, const SocketOptions& options);

  // An accepted descriptor that the caller now owns, or -1.
  int OnAccept(CompletionKey key, const io_uring_cqe& cqe, int64_t now_ns);

  // A descriptor was closed: accepting may work again.
  void OnDescriptorFreed();
  // Accepts again where the pause is over.
  void Tick(int64_t now_ns);
  // When Tick has something to do; INT64_MAX: never.
  int64_t deadline_ns() const { return retry_at_ns_; }

  // Cancels accepting, of all listeners or of the n-th; it is closed when its last completion came.
  void Stop();
  void Stop(uint32_t slot);

  // How often accepting had to pause for want of descriptors.
  uint64_t pauses() const { return pauses_; }

 private:
  struct Slot {
    FileDescriptor fd;
    uint32_t generation = 1;
    bool armed = false;
    bool stopped = false;
  };
  void Arm(uint32_t slot);

  OpQueue* queue_;
  std::vector<Slot> listeners_;
  int64_t retry_at_ns_ = INT64_MAX;
  uint64_t pauses_ = 0;
};

}  // namespace ringjournal::io

#endif  // IO_ACCEPTOR_H_
