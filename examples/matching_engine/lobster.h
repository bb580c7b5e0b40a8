// Message files of LOBSTER: one line for each change of a real order book. README.md explains the
// columns and what becomes of each type.
#ifndef EXAMPLES_MATCHING_ENGINE_LOBSTER_H_
#define EXAMPLES_MATCHING_ENGINE_LOBSTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "examples/matching_engine/engine.pb.h"

namespace ringjournal::matching {

enum class LobsterType : int64_t {
  kNew = 1,
  kCancelPart = 2,
  kDelete = 3,
  kExecuteVisible = 4,
  kExecuteHidden = 5,
  kCross = 6,
  kHalt = 7,
};

inline constexpr int64_t kLobsterBuy = 1;
inline constexpr int64_t kLobsterSell = -1;

// One line. For types 5, 6 and 7 the last four are whatever the file says.
struct LobsterMessage {
  uint64_t time_ns = 0;  // after midnight, below 10^18
  LobsterType type = LobsterType::kNew;
  int64_t order_id = 0;
  int64_t size = 0;       // shares
  int64_t price = 0;      // dollars x 10000
  int64_t direction = 0;  // of the order with that id, also when it is executed

  friend bool operator==(const LobsterMessage&, const LobsterMessage&) = default;
};

// Line n's aggressive order gets the id kTakerIdBase + n. Ids in files are below 2^63 (the parser
// refuses others), and no two lines have one number, so these collide with nothing in one file.
inline constexpr uint64_t kTakerIdBase = uint64_t{1} << 63;

// `line` is without its end ("\n" or "\r\n"); `line_number`, from 1, goes into the error.
// InvalidArgument with line, column, what, why and what to do.
absl::StatusOr<LobsterMessage> ParseLobsterLine(std::string_view line, uint64_t line_number);

// The line without its end, with all nine digits of the fraction: what ParseLobsterLine reads back.
std::string FormatLobsterLine(const LobsterMessage& message);

// What the engine is to be told; nullopt for the types 5, 6 and 7, which do not touch visible
// orders. `line_number` below 2^63.
std::optional<Command> ToCommand(const LobsterMessage& message, uint64_t line_number);

// Reads a file line by line. One owner.
class LobsterParser {
 public:
  // The next line: with "\r" or without, but without "\n". nullopt: nothing to apply. Empty lines
  // are fine at the file's end, so one that another line follows is reported only then. After an
  // error the parser is behind the line that it was given: stop, or lose that line.
  absl::StatusOr<std::optional<Command>> Next(std::string_view line);

  // Lines so far, the last one included: the number of the last line.
  uint64_t lines() const { return lines_; }
  // Lines of the types 5, 6 and 7.
  uint64_t skipped() const { return skipped_; }

 private:
  uint64_t lines_ = 0;
  uint64_t skipped_ = 0;
  uint64_t first_empty_line_ = 0;  // 0: none
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_LOBSTER_H_
