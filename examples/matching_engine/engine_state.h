// The matching engine as the takeover library sees it.
#ifndef EXAMPLES_MATCHING_ENGINE_ENGINE_STATE_H_
#define EXAMPLES_MATCHING_ENGINE_ENGINE_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/takeover/state_machine.h"
#include "examples/matching_engine/engine.pb.h"
#include "examples/matching_engine/order_book.h"

namespace ringjournal::matching {

// An order book that is fed with journaled Commands. The effect of a command is its Trades,
// serialised; a command without trades has none.
class EngineState : public client::StateMachine {
 public:
  absl::Status Apply(const client::ReadTransaction& transaction, std::string* effect) override;
  std::optional<uint64_t> Digest() override { return book_.Digest(); }
  absl::StatusOr<std::string> Save() override;
  absl::Status Load(std::string_view state) override;

  // The same for a command that this process has journaled itself.
  std::string Apply(const Command& command);
  const OrderBook& book() const { return book_; }
  // The next input that is to be journaled.
  uint64_t next_input() const { return book_.totals().last_input.value() + 1; }

 private:
  OrderBook book_;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_ENGINE_STATE_H_
