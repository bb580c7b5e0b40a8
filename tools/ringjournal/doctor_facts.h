// What `ringjournal doctor` looks at, beside server/config/machine_facts.h.
#ifndef TOOLS_RINGJOURNAL_DOCTOR_FACTS_H_
#define TOOLS_RINGJOURNAL_DOCTOR_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/config/options.h"

namespace ringjournal::cli {

struct FeatureFact {
  std::string name;    // "waiting with a time limit"
  std::string since;   // kernel version, "5.11"
  bool needed = true;  // else it only makes things faster
  bool present = false;
};

// How long a write of one block and its sync take in a directory.
struct SyncFacts {
  absl::Status status;  // why it could not be tried
  int64_t median_ns = 0, max_ns = 0;
  int count = 0;
};

struct DoctorFacts {
  std::string kernel_release;  // "6.1.0-13-amd64"
  int uring_disabled = -1;     // sysctl kernel.io_uring_disabled; -1: there is none
  absl::Status uring;          // of setting a ring up
  std::vector<FeatureFact> features;
  uint64_t open_files_max = 0;    // 0: not known
  uint64_t locked_bytes_max = 0;  // UINT64_MAX: no limit
  uint64_t memory_bytes = 0, memory_available_bytes = 0;
  SyncFacts sync;
  absl::Status port;                               // of binding the address
  uint16_t ephemeral_low = 0, ephemeral_high = 0;  // ports that the system gives away
};

// Blocking, for about a second at most; leaves nothing behind. The file for `sync` is unlinked
// before it is written.
DoctorFacts ReadDoctorFacts(const ServerOptions& options);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DOCTOR_FACTS_H_
