// The load generator: the same code, bytes and window against the server and against the floor, so
// that two figures differ by what is at the other end only.
#ifndef TOOLS_RINGJOURNAL_BENCH_LOAD_H_
#define TOOLS_RINGJOURNAL_BENCH_LOAD_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "io/socket.h"
#include "journal/base/limits.h"
#include "journal/format/frame.h"
#include "tools/ringjournal/bench_acks.h"
#include "tools/ringjournal/bench_histogram.h"
#include "tools/ringjournal/bench_pool.h"

namespace ringjournal::bench {

struct LoadOptions {
  uint32_t window = 256;    // appends in flight on each connection
  uint64_t appends = 0;     // of each connection; 0: until duration_ns
  int64_t duration_ns = 0;  // no more appends are begun after it; 0: no limit
  uint64_t write_bytes_max = limits::kBenchWriteBytes;  // of one send, but one append at least
  bool busy_poll = false;  // spin instead of sleeping while nothing can be done
  // The other end may acknowledge with the last append only, for all before it.
  bool cumulative_acks = false;
};

struct LoadResult {
  uint64_t appends = 0;  // acknowledged, of all connections
  uint64_t transactions = 0;
  int64_t first_send_ns = 0;
  int64_t last_ack_ns = 0;
  int64_t cpu_ns = 0;        // of this thread
  LatencyHistogram latency;  // of each append, from the moment it was due to its acknowledgement

  double seconds() const { return static_cast<double>(last_ack_ns - first_send_ns) / 1e9; }
  double transactions_per_s() const {
    return seconds() > 0 ? static_cast<double>(transactions) / seconds() : 0;
  }
};

// A closed loop in the calling thread: each connection keeps `window` appends in flight. Run may be
// called again; numbering goes on. Borrows the pool, owns the sockets.
class LoadGenerator {
 public:
  // `sockets` are connected and past their handshake, one for each connection of the pool.
  LoadGenerator(AppendPool* pool, std::vector<io::FileDescriptor> sockets);

  // Returns when every append is acknowledged. Errors: Unavailable if a connection breaks,
  // FailedPrecondition if the server refuses, DataLoss if an acknowledgement does not fit what was
  // sent (order, count, level).
  absl::Status Run(const LoadOptions& options, LoadResult* result);

  // Appends of each connection so far.
  uint64_t appends_done(uint32_t connection) const { return connections_[connection].acked; }

 private:
  struct Connection {
    io::FileDescriptor fd;
    FrameDecoder decoder{limits::kFrameBytesMax};
    uint64_t queued = 0;          // appends that are due
    uint64_t acked = 0;           // appends acknowledged
    uint64_t limit = 0;           // appends of this and earlier runs
    uint64_t sent_bytes = 0;      // of all appends since the beginning
    bool blocked = false;         // the socket takes no more now
    std::vector<int64_t> due_ns;  // by append number modulo the window
  };

  bool MayQueue(const Connection& c) const {
    return c.queued - c.acked < options_.window && c.queued < c.limit;
  }
  bool Finished() const;
  absl::Status Pump(uint32_t index);
  absl::Status Send(uint32_t index);
  absl::Status Receive(uint32_t index, bool* received);
  absl::Status TakeFrame(Connection* c, ByteSpan frame);
  absl::Status TakeAck(Connection* c, const AckedAppend& ack);
  absl::Status Wait();

  AppendPool* pool_;
  std::vector<Connection> connections_;
  std::vector<std::byte> buffer_;
  LoadOptions options_;
  LoadResult* result_ = nullptr;
  int64_t now_ns_ = 0;
  int64_t deadline_ns_ = 0;
};

// CPU time of the calling thread, nanoseconds.
int64_t ThreadCpuNs();

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_LOAD_H_
