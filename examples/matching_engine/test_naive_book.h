// The rules once more, so plainly that they can be read off: the oracle of differential_test.
#ifndef EXAMPLES_MATCHING_ENGINE_TEST_NAIVE_BOOK_H_
#define EXAMPLES_MATCHING_ENGINE_TEST_NAIVE_BOOK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "examples/matching_engine/engine.pb.h"
#include "examples/matching_engine/order_book.h"

namespace ringjournal::matching {

// Orders in one vector, by arrival; every step looks at all of them.
class NaiveBook {
 public:
  Outcome Apply(const Command& command, uint64_t input) {
    Outcome outcome;
    outcome.reject = WhyNot(command);
    if (outcome.reject != REJECT_NONE) return outcome;
    if (command.has_new_order()) Enter(command.new_order(), input, &outcome);
    if (command.has_cancel_part()) {
      Take(IndexOf(command.cancel_part().order_id()), command.cancel_part().size());
    }
    if (command.has_delete_order()) {
      const size_t index = IndexOf(command.delete_order().order_id());
      Take(index, orders_[index].size);
    }
    return outcome;
  }

  // The side's orders as they would trade.
  std::vector<OrderView> Queue(Side side) const {
    std::vector<OrderView> queue, rest = orders_;
    for (size_t best = Best(rest, side); best < rest.size(); best = Best(rest, side)) {
      queue.push_back(rest[best]);
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(best));
    }
    return queue;
  }

 private:
  static bool IsBetter(const OrderView& a, const OrderView& b) {
    return a.side == SIDE_BUY ? a.price > b.price : a.price < b.price;
  }

  // The first of those with the best price; the vector's size if there is none.
  static size_t Best(const std::vector<OrderView>& orders, Side side) {
    size_t best = orders.size();
    for (size_t i = 0; i < orders.size(); ++i) {
      if (orders[i].side != side) continue;
      if (best == orders.size() || IsBetter(orders[i], orders[best])) best = i;
    }
    return best;
  }

  size_t IndexOf(uint64_t order_id) const {
    size_t i = 0;
    while (i < orders_.size() && orders_[i].order_id != order_id) ++i;
    return i;
  }
  bool Has(uint64_t order_id) const { return IndexOf(order_id) < orders_.size(); }

  RejectReason WhyNot(const Command& command) const {
    const bool enters = command.has_new_order(), cancels = command.has_cancel_part();
    if (!enters && !cancels && !command.has_delete_order()) return REJECT_NO_ACTION;
    const uint64_t id = enters    ? command.new_order().order_id()
                        : cancels ? command.cancel_part().order_id()
                                  : command.delete_order().order_id();
    if (id == 0) return REJECT_ORDER_ID_ZERO;
    const int side = command.new_order().side();
    if (enters && side != 1 && side != 2) return REJECT_BAD_SIDE;
    const uint64_t size = enters ? command.new_order().size() : command.cancel_part().size();
    if ((enters || cancels) && size == 0) return REJECT_SIZE_ZERO;
    if ((enters || cancels) && size > 4294967295) return REJECT_SIZE_TOO_LARGE;
    if (enters && command.new_order().price() < 1) return REJECT_PRICE_NOT_POSITIVE;
    if (enters && command.new_order().price() > 1000000000000) return REJECT_PRICE_TOO_HIGH;
    if (enters && Has(id)) return REJECT_DUPLICATE_ORDER_ID;
    if (!enters && !Has(id)) return REJECT_UNKNOWN_ORDER_ID;
    if (cancels && size > orders_[IndexOf(id)].size) return REJECT_CANCEL_TOO_LARGE;
    return REJECT_NONE;
  }

  void Take(size_t index, uint64_t size) {
    orders_[index].size -= size;
    if (orders_[index].size == 0) orders_.erase(orders_.begin() + static_cast<long>(index));
  }

  void Enter(const NewOrder& order, uint64_t input, Outcome* outcome) {
    OrderView taker = {order.order_id(), order.side(), order.price(), order.size()};
    while (taker.size > 0) {
      const size_t best = Best(orders_, taker.side == SIDE_BUY ? SIDE_SELL : SIDE_BUY);
      if (best == orders_.size()) break;
      const OrderView maker = orders_[best];
      const bool crosses =
          taker.side == SIDE_BUY ? maker.price <= taker.price : maker.price >= taker.price;
      if (!crosses) break;
      const uint64_t size = maker.size < taker.size ? maker.size : taker.size;
      AddTrade(taker, maker, size, input, outcome);
      taker.size -= size;
      Take(best, size);
    }
    if (taker.size > 0 && !order.immediate_or_cancel()) orders_.push_back(taker);
  }

  void AddTrade(const OrderView& taker, const OrderView& maker, uint64_t size, uint64_t input,
                Outcome* outcome) {
    Trade trade;
    trade.set_trade_number(++trades_);
    trade.set_input_number(input);
    trade.set_maker_order_id(maker.order_id);
    trade.set_taker_order_id(taker.order_id);
    trade.set_price(maker.price);
    trade.set_size(size);
    trade.set_aggressor(taker.side);
    outcome->trades.push_back(trade);
  }

  std::vector<OrderView> orders_;
  uint64_t trades_ = 0;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_TEST_NAIVE_BOOK_H_
