// The floor of reading: the least that a server and a client must do to hand over so many bytes.
#ifndef TOOLS_RINGJOURNAL_BENCH_READ_FLOOR_H_
#define TOOLS_RINGJOURNAL_BENCH_READ_FLOOR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace ringjournal::bench {

struct ReadFloorOptions {
  uint64_t bytes = 0;  // to hand over
  // The server reads them from a file in the page cache, with one CRC32C pass, as from a warm
  // segment; else it sends them from memory, as from the ring.
  bool from_file = false;
  std::string directory;  // for that file
  int server_cpu = -1;    // processors to stay on; -1: any
  int client_cpu = -1;
};

// A child process sends in runs of the server's size behind a small head; this process receives,
// makes one CRC32C pass, copies once into an output buffer and writes that to /dev/null. Blocking
// sockets on loopback. Returns nanoseconds from the first to the last byte. DataLoss if bytes
// arrived otherwise than they were sent; Internal with errno's text.
absl::StatusOr<int64_t> RunReadFloor(const ReadFloorOptions& options);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_READ_FLOOR_H_
