#include "examples/matching_engine/order_book.h"

#include <algorithm>
#include <cstdlib>
#include <span>

#include "journal/base/bytes.h"
#include "journal/base/checksum.h"

namespace ringjournal::matching {
namespace {

Side Opposite(Side side) { return side == SIDE_BUY ? SIDE_SELL : SIDE_BUY; }

RejectReason CheckSize(uint64_t size) {
  if (size == 0) return REJECT_SIZE_ZERO;
  if (size > kSizeMax) return REJECT_SIZE_TOO_LARGE;
  return REJECT_NONE;
}

}  // namespace

uint64_t ExtendTradeDigest(uint64_t digest, const Trade& trade) {
  // Not the protobuf bytes: those may differ between versions of the library.
  const std::array<uint64_t, 7> words = {
      trade.trade_number(),       trade.input_number(), trade.maker_order_id(),
      trade.taker_order_id(),     trade.size(),         static_cast<uint64_t>(trade.price()),
      uint64_t(trade.aggressor())};
  return ChainHash(digest, std::as_bytes(std::span(words)));
}

Outcome OrderBook::Apply(const Command& command, InputNumber input_number) {
  Outcome outcome;
  if (input_number <= totals_.last_input) {
    outcome.reject = REJECT_STALE_INPUT;
    return outcome;
  }
  totals_.last_input = input_number;
  ++totals_.commands;
  outcome.reject = Dispatch(command, &outcome.trades);
  if (outcome.reject != REJECT_NONE) ++totals_.rejects[outcome.reject];
  return outcome;
}

RejectReason OrderBook::Dispatch(const Command& command, std::vector<Trade>* trades) {
  switch (command.action_case()) {
    case Command::kNewOrder:
      return Enter(command.new_order(), trades);
    case Command::kCancelPart:
      return TakePart(command.cancel_part());
    case Command::kDeleteOrder:
      return Delete(command.delete_order());
    case Command::ACTION_NOT_SET:
      break;
  }
  return REJECT_NO_ACTION;
}

RejectReason OrderBook::Check(const NewOrder& order) const {
  if (order.order_id() == 0) return REJECT_ORDER_ID_ZERO;
  if (order.side() != SIDE_BUY && order.side() != SIDE_SELL) return REJECT_BAD_SIDE;
  if (const RejectReason reason = CheckSize(order.size()); reason != REJECT_NONE) return reason;
  if (order.price() <= 0) return REJECT_PRICE_NOT_POSITIVE;
  if (order.price() > kPriceMax) return REJECT_PRICE_TOO_HIGH;
  if (places_.contains(order.order_id())) return REJECT_DUPLICATE_ORDER_ID;
  return REJECT_NONE;
}

RejectReason OrderBook::Enter(const NewOrder& order, std::vector<Trade>* trades) {
  if (const RejectReason reason = Check(order); reason != REJECT_NONE) return reason;
  const uint64_t left = Match(order, trades);
  if (left > 0 && !order.immediate_or_cancel()) {
    Rest(order.side(), order.price(), {.order_id = order.order_id(), .size = left});
  }
  return REJECT_NONE;
}

RejectReason OrderBook::TakePart(const CancelPart& cancel) {
  if (cancel.order_id() == 0) return REJECT_ORDER_ID_ZERO;
  if (const RejectReason reason = CheckSize(cancel.size()); reason != REJECT_NONE) return reason;
  const auto found = places_.find(cancel.order_id());
  if (found == places_.end()) return REJECT_UNKNOWN_ORDER_ID;
  const Place place = found->second;
  if (cancel.size() > place.order->size) return REJECT_CANCEL_TOO_LARGE;
  Reduce(place, cancel.size());
  return REJECT_NONE;
}

RejectReason OrderBook::Delete(const DeleteOrder& order) {
  if (order.order_id() == 0) return REJECT_ORDER_ID_ZERO;
  const auto found = places_.find(order.order_id());
  if (found == places_.end()) return REJECT_UNKNOWN_ORDER_ID;
  const Place place = found->second;
  Reduce(place, place.order->size);
  return REJECT_NONE;
}

uint64_t OrderBook::Match(const NewOrder& taker, std::vector<Trade>* trades) {
  const Side maker_side = Opposite(taker.side());
  Levels& makers = LevelsOf(maker_side);
  const int64_t last_key = Key(maker_side, taker.price());
  uint64_t left = taker.size();
  while (left > 0 && !makers.empty() && makers.begin()->first <= last_key) {
    const Place best = {maker_side, makers.begin(), makers.begin()->second.begin()};
    const uint64_t size = std::min(left, best.order->size);
    trades->push_back(TradeWith(*best.order, std::abs(best.level->first), size, taker));
    Reduce(best, size);
    left -= size;
  }
  return left;
}

Trade OrderBook::TradeWith(const Resting& maker, int64_t price, uint64_t size,
                           const NewOrder& taker) {
  Trade trade;
  trade.set_trade_number(++totals_.trades);
  trade.set_input_number(totals_.last_input.value());
  trade.set_maker_order_id(maker.order_id);
  trade.set_taker_order_id(taker.order_id());
  trade.set_price(price);
  trade.set_size(size);
  trade.set_aggressor(taker.side());
  totals_.traded_size += size;
  totals_.trade_digest = ExtendTradeDigest(totals_.trade_digest, trade);
  return trade;
}

bool OrderBook::Rest(Side side, int64_t price, Resting order) {
  const auto [place, is_new] = places_.try_emplace(order.order_id);
  if (!is_new) return false;
  const auto level = LevelsOf(side).try_emplace(Key(side, price)).first;
  place->second = {side, level, level->second.insert(level->second.end(), order)};
  return true;
}

void OrderBook::Reduce(const Place& place, uint64_t size) {
  place.order->size -= size;
  if (place.order->size > 0) return;
  places_.erase(place.order->order_id);
  place.level->second.erase(place.order);
  if (place.level->second.empty()) LevelsOf(place.side).erase(place.level);
}

OrderView OrderBook::View(const Place& place) {
  return {.order_id = place.order->order_id,
          .side = place.side,
          .price = std::abs(place.level->first),
          .size = place.order->size};
}

std::optional<OrderView> OrderBook::Best(Side side) const {
  const Levels& levels = LevelsOf(side);
  if (levels.empty()) return std::nullopt;
  const auto& [key, level] = *levels.begin();
  return OrderView{level.front().order_id, side, std::abs(key), level.front().size};
}

std::optional<OrderView> OrderBook::Find(uint64_t order_id) const {
  const auto found = places_.find(order_id);
  if (found == places_.end()) return std::nullopt;
  return View(found->second);
}

}  // namespace ringjournal::matching
