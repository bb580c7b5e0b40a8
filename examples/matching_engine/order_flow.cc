#include "examples/matching_engine/order_flow.h"

#include <algorithm>
#include <optional>

#include "journal/base/check.h"

namespace ringjournal::matching {
namespace {

constexpr int64_t kTick = 100;  // a cent
constexpr int64_t kMidMin = 100'000;
constexpr int64_t kMidMax = 100'000'000;
constexpr uint64_t kPassiveTicksMax = 40;
constexpr uint64_t kThroughTicksMax = 6;
constexpr uint64_t kMeanGapNs = 1'000'000;
// Below it more orders come than go, above it fewer.
constexpr size_t kLiveTarget = 1000;

// In percent of messages; deletions are the rest. About the mix of a large stock.
constexpr uint64_t kNewWhenFew = 55;
constexpr uint64_t kNewWhenMany = 45;
constexpr uint64_t kCancelPart = 4;
constexpr uint64_t kExecute = 7;
// In percent of new orders: priced through the other side's best.
constexpr uint32_t kThrough = 4;

LobsterMessage About(LobsterType type, const OrderView& order, uint64_t size) {
  return {.type = type,
          .order_id = static_cast<int64_t>(order.order_id),
          .size = static_cast<int64_t>(size),
          .price = order.price,
          .direction = order.side == SIDE_BUY ? kLobsterBuy : kLobsterSell};
}

}  // namespace

LobsterMessage OrderFlow::Next() {
  Drift();
  time_ns_ += random_.Exponential(kMeanGapNs);
  LobsterMessage message = Choose();
  message.time_ns = time_ns_;
  const std::optional<Command> command = ToCommand(message, ++messages_);
  const Outcome outcome = book_.Apply(*command, InputNumber(messages_));
  RJ_CHECK(outcome.reject == REJECT_NONE);
  for (const Trade& trade : outcome.trades) Track(trade.maker_order_id());
  Track(static_cast<uint64_t>(message.order_id));
  return message;
}

Command OrderFlow::NextCommand() {
  const LobsterMessage message = Next();
  return *ToCommand(message, messages_);
}

LobsterMessage OrderFlow::Choose() {
  const uint64_t roll = random_.Below(100);
  const uint64_t enter = live_.size() < kLiveTarget ? kNewWhenFew : kNewWhenMany;
  if (live_.empty() || roll < enter) return Enter();
  if (roll < enter + kCancelPart) return CancelSome();
  if (roll < enter + kCancelPart + kExecute) return Execute();
  const OrderView order = AnyOrder();
  return About(LobsterType::kDelete, order, order.size);
}

LobsterMessage OrderFlow::Enter() {
  const bool is_buy = random_.Chance(50);
  const int64_t away = is_buy ? -kTick : kTick;  // from the mid, and from trading
  int64_t price = mid_price_ + away * static_cast<int64_t>(1 + random_.Skewed(kPassiveTicksMax));
  const std::optional<OrderView> other = book_.Best(is_buy ? SIDE_SELL : SIDE_BUY);
  if (other && random_.Chance(kThrough)) {
    price = other->price - away * static_cast<int64_t>(random_.Skewed(kThroughTicksMax));
  }
  const OrderView order = {.order_id = ++orders_,
                           .side = is_buy ? SIDE_BUY : SIDE_SELL,
                           .price = std::max(price, kTick)};
  return About(LobsterType::kNew, order, OrderSize());
}

LobsterMessage OrderFlow::CancelSome() {
  const OrderView order = AnyOrder();
  if (order.size == 1) return About(LobsterType::kDelete, order, order.size);
  return About(LobsterType::kCancelPart, order, random_.Between(1, order.size - 1));
}

// Like a LOBSTER file: one line tells of one resting order, the first in line on its side.
LobsterMessage OrderFlow::Execute() {
  const Side side = random_.Chance(50) ? SIDE_BUY : SIDE_SELL;
  std::optional<OrderView> maker = book_.Best(side);
  if (!maker) maker = book_.Best(side == SIDE_BUY ? SIDE_SELL : SIDE_BUY);
  const uint64_t size = random_.Chance(50) ? maker->size : random_.Between(1, maker->size);
  return About(LobsterType::kExecuteVisible, *maker, size);
}

void OrderFlow::Drift() {
  if (random_.Below(1000) == 0) trend_ = -trend_;
  if (mid_price_ <= kMidMin) trend_ = 1;
  if (mid_price_ >= kMidMax) trend_ = -1;
  if (random_.Chance(5)) mid_price_ += random_.Chance(55) ? trend_ * kTick : -trend_ * kTick;
}

// Mostly round lots.
uint64_t OrderFlow::OrderSize() {
  return random_.Chance(75) ? 100 * (1 + random_.Skewed(9)) : random_.Between(1, 99);
}

OrderView OrderFlow::AnyOrder() { return *book_.Find(live_[random_.Below(live_.size())]); }

void OrderFlow::Track(uint64_t order_id) {
  const auto found = live_index_.find(order_id);
  const bool was_live = found != live_index_.end();
  const bool is_live = book_.Find(order_id).has_value();
  if (is_live == was_live) return;
  if (is_live) {
    live_index_[order_id] = live_.size();
    live_.push_back(order_id);
    return;
  }
  const size_t index = found->second;
  live_index_.erase(found);
  if (index + 1 != live_.size()) {
    live_[index] = live_.back();
    live_index_[live_[index]] = index;
  }
  live_.pop_back();
}

}  // namespace ringjournal::matching
