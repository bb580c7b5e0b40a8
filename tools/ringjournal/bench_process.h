// What the kernel knows about a process and the machine: CPU time, memory, processors.
#ifndef TOOLS_RINGJOURNAL_BENCH_PROCESS_H_
#define TOOLS_RINGJOURNAL_BENCH_PROCESS_H_

#include <sched.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace ringjournal::bench {

// Resident memory, bytes, as /proc/PID/status splits it.
struct ResidentMemory {
  uint64_t anonymous = 0;
  uint64_t shared = 0;  // shared memory: the rings
  uint64_t file = 0;
  uint64_t total() const { return anonymous + shared + file; }
};

// CPU time of all threads of a process so far, nanoseconds; 0 if it is gone.
int64_t ProcessCpuNs(pid_t pid);
// NotFound if the process is gone.
absl::StatusOr<ResidentMemory> ReadResidentMemory(pid_t pid);

// Keeps the calling thread and its later children on one processor; does nothing for `cpu` < 0.
// False if the kernel refuses.
bool PinToCpu(int cpu);
// Pins the calling thread for its own lifetime, then gives back what it was allowed before.
class CpuPin {
 public:
  explicit CpuPin(int cpu);
  ~CpuPin();
  CpuPin(const CpuPin&) = delete;
  CpuPin& operator=(const CpuPin&) = delete;

 private:
  cpu_set_t before_;
  bool restore_;
};

// Two different processors that this process may use, for server and client; -1 each if there is
// only one.
struct CpuPair {
  int server = -1;
  int client = -1;
};
CpuPair ChooseCpus();

// What a figure is worthless without.
struct MachineFacts {
  int processors = 0;
  std::string model;
  std::string kernel;
  std::string governor;     // "not readable" in most virtual machines
  double load_average = 0;  // of the last minute, before the run
};
MachineFacts ReadMachineFacts();

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_PROCESS_H_
