// Where the engine's commands come from: a LOBSTER file, stdin, or made-up order flow.
#ifndef EXAMPLES_MATCHING_ENGINE_INPUT_H_
#define EXAMPLES_MATCHING_ENGINE_INPUT_H_

#include <cstdint>
#include <fstream>
#include <istream>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "examples/matching_engine/engine.pb.h"
#include "examples/matching_engine/lobster.h"
#include "examples/matching_engine/order_flow.h"

namespace ringjournal::matching {

// Commands numbered 1, 2, 3, … Whoever reads the same input finds the same command under each
// number: so a standby goes on where the journal ends, and nothing is journaled twice.
class Input {
 public:
  virtual ~Input() = default;
  // The next command; nullopt at the end. InvalidArgument for a line that cannot be read.
  virtual absl::StatusOr<std::optional<Command>> Next() = 0;
};

// `path` "-" is stdin. NotFound if it cannot be opened.
absl::StatusOr<std::unique_ptr<Input>> OpenLobster(const std::string& path);
std::unique_ptr<Input> MakeFlow(uint64_t seed, uint64_t commands);

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_INPUT_H_
