// A limit-order book with price-time priority: a pure function of the commands applied.
//
// No clock, no thread, no I/O: the same commands with the same input numbers give the same trades
// and the same digest on every machine, which is what lets a standby replay them.
#ifndef EXAMPLES_MATCHING_ENGINE_ORDER_BOOK_H_
#define EXAMPLES_MATCHING_ENGINE_ORDER_BOOK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "examples/matching_engine/engine.pb.h"
#include "journal/base/types.h"

namespace ringjournal::matching {

// Of a command among all that are given to the engine: 1, 2, 3, … It is what the book goes by, not
// the LSN: between commands a journal holds records of the library's, in another run other ones.
struct InputTag;
using InputNumber = Number<InputTag, uint64_t>;

// In shares. Sums of sizes stay within 64 bits for the first four billion trades of this size.
inline constexpr uint64_t kSizeMax = 0xffffffff;
// Dollars x 10000: a hundred million dollars. Prices of both signs fit 64 bits.
inline constexpr int64_t kPriceMax = 1'000'000'000'000;

inline constexpr uint32_t kSnapshotVersion = 1;

// The digest of all trades up to `trade`, given that of those before it (0 before the first). With
// it a reader of the output journal checks it against the book's Totals.
uint64_t ExtendTradeDigest(uint64_t digest, const Trade& trade);

// What one command did.
struct Outcome {
  RejectReason reject = REJECT_NONE;
  std::vector<Trade> trades;  // in the order in which they happened; empty if rejected
};

// An order in the book, as its owner sees it.
struct OrderView {
  uint64_t order_id = 0;
  Side side = SIDE_UNSPECIFIED;
  int64_t price = 0;
  uint64_t size = 0;  // what is left of it
};

// Counts since the book began; they are part of its state and outlive Save and Load.
struct Totals {
  InputNumber last_input;  // of the last command applied
  uint64_t commands = 0;   // rejected ones included
  uint64_t trades = 0;
  uint64_t traded_size = 0;
  uint64_t trade_digest = 0;
  std::array<uint64_t, RejectReason_ARRAYSIZE> rejects = {};  // by RejectReason
};

// Owned by one thread. Can be moved, not copied (Save and Load copy it).
class OrderBook {
 public:
  OrderBook() = default;
  OrderBook(OrderBook&&) = default;
  OrderBook& operator=(OrderBook&&) = default;
  OrderBook(const OrderBook&) = delete;
  OrderBook& operator=(const OrderBook&) = delete;

  // O(log levels), plus that for each order it trades with. Any command is safe: a bad one is
  // counted and changes nothing else. Input numbers must rise, holes are fine; a command whose
  // input number is not above the last one was applied before, so it gets REJECT_STALE_INPUT and
  // not even a count.
  Outcome Apply(const Command& command, InputNumber input_number);

  // The order first in line on that side.
  std::optional<OrderView> Best(Side side) const;
  std::optional<OrderView> Find(uint64_t order_id) const;
  size_t order_count() const { return places_.size(); }
  size_t level_count(Side side) const { return LevelsOf(side).size(); }
  const Totals& totals() const { return totals_; }

  // XXH3-64 of the complete state in canonical order: equal books, equal digests. O(orders).
  uint64_t Digest() const;

  BookSnapshot Save() const;
  // FailedPrecondition for a version that this program does not know, DataLoss for a snapshot that
  // is no possible state or does not have the digest that it says.
  static absl::StatusOr<OrderBook> Load(const BookSnapshot& snapshot);

 private:
  struct Resting {
    uint64_t order_id = 0;
    uint64_t size = 0;
  };
  using Level = std::list<Resting>;  // oldest first; a list, so that places stay valid
  // By price for asks and by minus price for bids: the best is the first on both sides.
  using Levels = std::map<int64_t, Level>;
  struct Place {
    Side side = SIDE_UNSPECIFIED;
    Levels::iterator level;
    Level::iterator order;
  };

  static int64_t Key(Side side, int64_t price) { return side == SIDE_BUY ? -price : price; }
  Levels& LevelsOf(Side side) { return side == SIDE_BUY ? bids_ : asks_; }
  const Levels& LevelsOf(Side side) const { return side == SIDE_BUY ? bids_ : asks_; }

  RejectReason Dispatch(const Command& command, std::vector<Trade>* trades);
  RejectReason Check(const NewOrder& order) const;
  RejectReason Enter(const NewOrder& order, std::vector<Trade>* trades);
  RejectReason TakePart(const CancelPart& cancel);
  RejectReason Delete(const DeleteOrder& order);
  // What is left of the order behind all its trades.
  uint64_t Match(const NewOrder& taker, std::vector<Trade>* trades);
  Trade TradeWith(const Resting& maker, int64_t price, uint64_t size, const NewOrder& taker);
  // At the end of its level's queue. False, and nothing done, if there is such an id.
  bool Rest(Side side, int64_t price, Resting order);
  // Takes so much off an order, and removes what then has nothing left.
  void Reduce(const Place& place, uint64_t size);
  static OrderView View(const Place& place);

  // Save and Load; in book_snapshot.cc.
  void SaveTotals(BookSnapshot* snapshot) const;
  void SaveLevels(BookSnapshot* snapshot) const;
  absl::Status LoadTotals(const BookSnapshot& snapshot);
  absl::Status LoadSide(Side side, const BookSnapshot& snapshot);
  absl::Status LoadLevel(Side side, int number, const BookSnapshot::Level& level);

  Levels bids_;
  Levels asks_;
  // For look-ups only: its order differs from run to run.
  absl::flat_hash_map<uint64_t, Place> places_;
  Totals totals_;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_ORDER_BOOK_H_
