// The floor's event loop; see bench_floor.h for what it stands for.
#ifndef TOOLS_RINGJOURNAL_BENCH_FLOOR_LOOP_H_
#define TOOLS_RINGJOURNAL_BENCH_FLOOR_LOOP_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "io/buffer_group.h"
#include "io/socket.h"
#include "io/uring.h"
#include "tools/ringjournal/bench_floor.h"
#include "tools/ringjournal/bench_pool.h"

namespace ringjournal::bench {

// Serves the connections of one pool, then compares what it has stored. One thread.
class FloorLoop {
 public:
  // Allocates and touches the ring, listens on loopback. Borrows `pool`. Errors: those of io_uring
  // and of listening; ResourceExhausted without memory.
  static absl::StatusOr<std::unique_ptr<FloorLoop>> Create(const FloorOptions& options,
                                                           AppendPool* pool);
  ~FloorLoop();
  FloorLoop(const FloorLoop&) = delete;
  FloorLoop& operator=(const FloorLoop&) = delete;

  const io::Address& address() const { return listener_.address; }

  // Accepts, serves until every connection is closed, compares. DataLoss if the ring holds other
  // bytes than were sent, Internal if io_uring fails.
  absl::Status Run(FloorReport* report);

 private:
  struct Connection {
    io::FileDescriptor fd;
    std::byte head[kFrameRunAt];  // of the frame being received
    size_t head_bytes = 0;
    size_t run_left = 0;      // bytes of its run not received yet
    uint64_t run_to = 0;      // where in the ring the next of them goes
    uint32_t crc = 0;         // of those received
    uint64_t appends = 0;     // whole ones
    uint64_t request_id = 0;  // of the newest
    uint32_t unacked = 0;     // of them, since the last acknowledgement
    bool armed = false;
    bool open = true;
  };

  FloorLoop(const FloorOptions& options, AppendPool* pool);
  absl::Status MapRing();
  absl::Status Accept();
  absl::Status Serve();
  void Wait();
  void Arm(uint32_t index);
  void Reap();
  void OnReceive(uint32_t index, const io_uring_cqe& cqe);
  void Feed(Connection* c, ByteSpan bytes);
  void BeginRun(Connection* c);
  void EndRun(Connection* c);
  void Copy(Connection* c, ByteSpan bytes);
  void SendAcks();
  absl::Status Compare();
  void CopyOut(uint64_t from, std::span<std::byte> out) const;

  FloorOptions options_;
  AppendPool* pool_;
  io::Listener listener_;
  std::unique_ptr<io::BufferGroup> buffers_;  // outlives the ring
  std::unique_ptr<io::Uring> uring_;
  std::vector<Connection> connections_;
  uint32_t open_ = 0;
  std::byte* ring_ = nullptr;
  uint64_t ring_end_ = 0;  // bytes of all runs begun
  size_t turn_bytes_ = 0;
  uint32_t turn_completions_ = 0;
  FloorReport* report_ = nullptr;
  absl::Status failure_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_FLOOR_LOOP_H_
