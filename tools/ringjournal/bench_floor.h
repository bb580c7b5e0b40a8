// The floor: the least that any server of this kind must do, on this machine, for the same bytes.
//
// A bare io_uring loop with the flags and the buffers of the real one: it receives, makes one
// CRC32C pass over each append's transactions, copies them once into a memory ring, and sends one
// acknowledgement for each session and turn. It knows nothing else: no entries, no journals.
#ifndef TOOLS_RINGJOURNAL_BENCH_FLOOR_H_
#define TOOLS_RINGJOURNAL_BENCH_FLOOR_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "io/socket.h"
#include "tools/ringjournal/bench_pool.h"

namespace ringjournal::bench {

struct FloorOptions {
  uint64_t ring_bytes = limits::kRingBytesDefault;
  bool busy_poll = false;  // spin instead of sleeping
  int cpu = -1;            // processor to stay on; -1: any
};

// What the floor did; `error` is empty if it did all of it.
struct FloorReport {
  uint64_t appends = 0;
  uint64_t bytes = 0;             // copied
  uint64_t checksum_errors = 0;   // appends whose CRC32C was not what the frame says
  uint64_t appends_compared = 0;  // still in the ring at the end, and equal to what was sent
  char error[200] = {};
};

// The floor in a process of its own. One thread.
class FloorProcess {
 public:
  // Starts it; it serves as many connections as the pool has and ends when they are closed.
  // `pool` is shared with it, to compare the ring's bytes at the end. The process must have no
  // other thread, since it is forked. Errors: Internal with errno's text, and those of io_uring.
  static absl::StatusOr<std::unique_ptr<FloorProcess>> Start(const FloorOptions& options,
                                                             AppendPool* pool);
  // Kills it if Finish was not called.
  ~FloorProcess();
  FloorProcess(const FloorProcess&) = delete;
  FloorProcess& operator=(const FloorProcess&) = delete;

  const io::Address& address() const { return address_; }
  pid_t pid() const { return pid_; }
  // Waits for its end (close the connections first) and its report. DataLoss if checksums or bytes
  // were wrong, Internal if it failed.
  absl::StatusOr<FloorReport> Finish();

 private:
  FloorProcess() = default;

  pid_t pid_ = -1;
  io::FileDescriptor report_fd_;
  io::Address address_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_FLOOR_H_
