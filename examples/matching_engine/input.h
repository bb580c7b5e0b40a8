// Where the engine's commands come from: a LOBSTER file, stdin, or made-up order flow.
#ifndef EXAMPLES_MATCHING_ENGINE_INPUT_H_
#define EXAMPLES_MATCHING_ENGINE_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
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

// Lines of a stream that can be read once only. They are kept, all of them: a process that became a
// standby again begins at the first one when it takes over.
class KeptLines {
 public:
  explicit KeptLines(std::istream* in) : in_(in) {}
  // The line, from 0, that is asked for; null behind the last one. Waits for it. Callers go from
  // one line to the next.
  const std::string* Get(size_t line);

 private:
  std::istream* in_;
  std::deque<std::string> lines_;
};

// `path` "-" is stdin, which is read through `stdin_lines`. NotFound if it cannot be opened.
absl::StatusOr<std::unique_ptr<Input>> OpenLobster(const std::string& path, KeptLines* stdin_lines);
std::unique_ptr<Input> MakeFlow(uint64_t seed, uint64_t commands);

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_INPUT_H_
