// What the engine is told on its command line.
#ifndef EXAMPLES_MATCHING_ENGINE_ENGINE_FLAGS_H_
#define EXAMPLES_MATCHING_ENGINE_ENGINE_FLAGS_H_

#include <cstdint>
#include <string>

namespace ringjournal::matching {

struct EngineFlags {
  std::string server = "127.0.0.1:7411";
  std::string name;
  std::string journal = "orders";
  std::string trades = "trades";
  std::string input;            // a LOBSTER file, "-": stdin; empty: made up
  uint64_t generate = 100'000;  // commands that are made up
  uint64_t seed = 1;
  uint64_t rate = 0;              // commands per second; 0: as fast as they are journaled
  uint64_t digest_every = 64;     // LSNs
  uint64_t checkpoint_every = 0;  // commands; 0: never
  uint64_t silent_after_ms = 100;
  uint64_t heartbeat_ms = 25;
  uint64_t ring_bytes = 64 << 20;
};

// -1: go on; else the exit code: 0 behind --help, 2 behind an error that is already told.
int ParseEngineFlags(int argc, char** argv, EngineFlags* flags);

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_ENGINE_FLAGS_H_
