// Commands and trades in a few letters, for tests.
#ifndef EXAMPLES_MATCHING_ENGINE_TEST_COMMANDS_H_
#define EXAMPLES_MATCHING_ENGINE_TEST_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "examples/matching_engine/engine.pb.h"
#include "examples/matching_engine/order_book.h"

namespace ringjournal::matching {

inline Command New(Side side, uint64_t order_id, uint64_t size, int64_t price) {
  Command command;
  command.mutable_new_order()->set_order_id(order_id);
  command.mutable_new_order()->set_side(side);
  command.mutable_new_order()->set_size(size);
  command.mutable_new_order()->set_price(price);
  return command;
}

inline Command Buy(uint64_t order_id, uint64_t size, int64_t price) {
  return New(SIDE_BUY, order_id, size, price);
}

inline Command Sell(uint64_t order_id, uint64_t size, int64_t price) {
  return New(SIDE_SELL, order_id, size, price);
}

inline Command AtOnce(Command command) {
  command.mutable_new_order()->set_immediate_or_cancel(true);
  return command;
}

inline Command Cancel(uint64_t order_id, uint64_t size) {
  Command command;
  command.mutable_cancel_part()->set_order_id(order_id);
  command.mutable_cancel_part()->set_size(size);
  return command;
}

inline Command Delete(uint64_t order_id) {
  Command command;
  command.mutable_delete_order()->set_order_id(order_id);
  return command;
}

// Applies with the next input number.
inline Outcome Do(OrderBook* book, const Command& command) {
  return book->Apply(command, book->totals().last_input.next());
}

// "taker<maker size@price", one for each trade.
inline std::vector<std::string> Told(const Outcome& outcome) {
  std::vector<std::string> told;
  for (const Trade& trade : outcome.trades) {
    told.push_back(absl::StrCat(trade.taker_order_id(), "<", trade.maker_order_id(), " ",
                                trade.size(), "@", trade.price()));
  }
  return told;
}

// "price: id x size, id x size", one for each level, best first.
inline std::vector<std::string> LevelsOf(const OrderBook& book, Side side) {
  const BookSnapshot snapshot = book.Save();
  std::vector<std::string> levels;
  for (const auto& level : side == SIDE_BUY ? snapshot.bids() : snapshot.asks()) {
    std::string text = absl::StrCat(level.price(), ":");
    for (const auto& order : level.orders()) {
      absl::StrAppend(&text, " ", order.order_id(), "x", order.size());
    }
    levels.push_back(text);
  }
  return levels;
}

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_TEST_COMMANDS_H_
