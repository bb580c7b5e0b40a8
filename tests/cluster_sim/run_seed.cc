// One run in this process: a check that fails in it ends the run, not the process.
#include <malloc.h>

#include <csetjmp>
#include <csignal>

#include "tests/cluster_sim/world_state.h"

namespace ringjournal::cluster_sim {
namespace {

sigjmp_buf back_to_run;

void OnAbort(int) { siglongjmp(back_to_run, 1); }

// Nothing of theirs may lie in the frame that is jumped back to.
[[gnu::noinline]] void Finish(ClusterWorld* world, RunResult* result) { *result = world->Run(); }
[[gnu::noinline]] void GiveUp(ClusterWorld* world, RunResult* result) {
  *result = world->Aborted();
}

// False: a check failed.
[[gnu::noinline]] bool RunToTheEnd(ClusterWorld* world, RunResult* result) {
  if (sigsetjmp(back_to_run, 1) != 0) return false;
  Finish(world, result);
  return true;
}

}  // namespace

// Processes start and end thousands of times a second here: what they free stays with the
// allocator, or most of the time would go into page faults.
void KeepFreedMemory() {
  static const bool once = [] {
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
    return true;
  }();
  static_cast<void>(once);
}

RunResult RunSeed(const RunOptions& options) {
  KeepFreedMemory();
  // On the heap: it is still needed after the jump, and destroyed before the result is used.
  ClusterWorld* const world = new ClusterWorld(options);
  struct sigaction catches = {}, before = {};
  catches.sa_handler = OnAbort;
  sigaction(SIGABRT, &catches, &before);
  RunResult result;
  if (RunToTheEnd(world, &result)) {
    delete world;
  } else {
    GiveUp(world, &result);
  }
  sigaction(SIGABRT, &before, nullptr);
  return result;
}

std::string TraceHashLine(uint64_t seed, const RunResult& result) {
  return absl::StrCat(seed, " ", absl::Hex(result.trace_hash, absl::kZeroPad16));
}

}  // namespace ringjournal::cluster_sim
