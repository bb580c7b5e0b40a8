// Made-up order flow that looks like a real one: orders arrive as a Poisson process does, most of
// them near a price that drifts, most are deleted again, some are executed.
#ifndef EXAMPLES_MATCHING_ENGINE_ORDER_FLOW_H_
#define EXAMPLES_MATCHING_ENGINE_ORDER_FLOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "examples/matching_engine/engine.pb.h"
#include "examples/matching_engine/lobster.h"
#include "examples/matching_engine/order_book.h"
#include "examples/matching_engine/random.h"

namespace ringjournal::matching {

// The same seed gives the same messages on every machine: integers only. It keeps a book of its
// own, so that it cancels and executes only what is there and a book that gets all of it rejects
// nothing. Endless. One owner.
class OrderFlow {
 public:
  explicit OrderFlow(uint64_t seed) : random_(seed) {}

  // The next line of a LOBSTER file. Types 1 to 4.
  LobsterMessage Next();
  // The same as a command: what LobsterParser makes of that line.
  Command NextCommand();

  // Messages so far: the line number of the last one.
  uint64_t messages() const { return messages_; }
  // As it is behind the last message.
  const OrderBook& book() const { return book_; }

 private:
  LobsterMessage Choose();
  LobsterMessage Enter();
  LobsterMessage CancelSome();
  LobsterMessage Execute();
  void Drift();
  uint64_t OrderSize();
  OrderView AnyOrder();
  // Keeps live_ in step with the book.
  void Track(uint64_t order_id);

  Random random_;
  OrderBook book_;
  uint64_t messages_ = 0;
  uint64_t orders_ = 0;
  uint64_t time_ns_ = uint64_t{34'200} * 1'000'000'000;  // half past nine: the market opens
  int64_t mid_price_ = 1'000'000;                        // a hundred dollars
  int64_t trend_ = 1;
  // The orders that rest, in an order of no meaning but the same in every run, so that any of them
  // can be drawn; and where each stands, for look-ups only.
  std::vector<uint64_t> live_;
  absl::flat_hash_map<uint64_t, size_t> live_index_;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_ORDER_FLOW_H_
