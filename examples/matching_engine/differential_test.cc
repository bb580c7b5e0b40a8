// The book against one that looks at every order at every step: same trades, same rejects, same
// queues, for commands that are often bad.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "examples/matching_engine/order_book.h"
#include "examples/matching_engine/random.h"
#include "examples/matching_engine/test_commands.h"
#include "examples/matching_engine/test_naive_book.h"
#include "gtest/gtest.h"

namespace ringjournal::matching {
namespace {

constexpr uint64_t kSeeds = 8;
constexpr uint64_t kCommands = 10'000;

uint64_t AnySize(Random* random) {
  if (random->Chance(3)) return 0;
  if (random->Chance(2)) return kSizeMax - 1 + random->Below(3);
  if (random->Chance(2)) return random->Next();
  return random->Between(1, 50);
}

// Few prices, so that levels have queues and most orders cross sooner or later.
int64_t AnyPrice(Random* random) {
  if (random->Chance(2)) return static_cast<int64_t>(random->Next());
  if (random->Chance(2)) return kPriceMax - 1 + static_cast<int64_t>(random->Below(3));
  return static_cast<int64_t>(random->Below(20));
}

Side AnySide(Random* random) {
  if (random->Chance(2)) return static_cast<Side>(static_cast<int>(random->Below(6)) - 2);
  return random->Chance(50) ? SIDE_BUY : SIDE_SELL;
}

Command AnyCommand(Random* random) {
  const uint64_t order_id = random->Below(300);
  const uint64_t roll = random->Below(100);
  if (roll < 1) return Command();
  if (roll < 20) return Cancel(order_id, AnySize(random));
  if (roll < 35) return Delete(order_id);
  const Command command = New(AnySide(random), order_id, AnySize(random), AnyPrice(random));
  return random->Chance(15) ? AtOnce(command) : command;
}

std::string Text(const Outcome& outcome) {
  std::string text = absl::StrCat("reject ", static_cast<int>(outcome.reject));
  for (const Trade& trade : outcome.trades) absl::StrAppend(&text, "; ", trade.ShortDebugString());
  return text;
}

std::string Text(const OrderView& order) {
  return absl::StrCat(order.order_id, " ", order.size, "@", order.price);
}

std::vector<std::string> Queue(const OrderBook& book, Side side) {
  const BookSnapshot snapshot = book.Save();
  std::vector<std::string> queue;
  for (const auto& level : side == SIDE_BUY ? snapshot.bids() : snapshot.asks()) {
    for (const auto& order : level.orders()) {
      queue.push_back(Text(OrderView{order.order_id(), side, level.price(), order.size()}));
    }
  }
  return queue;
}

std::vector<std::string> Queue(const NaiveBook& book, Side side) {
  std::vector<std::string> queue;
  for (const OrderView& order : book.Queue(side)) queue.push_back(Text(order));
  return queue;
}

class Differential : public testing::TestWithParam<uint64_t> {};

TEST_P(Differential, TheBookDoesWhatTheNaiveOneDoes) {
  Random random(GetParam());
  OrderBook book;
  NaiveBook naive;
  for (uint64_t input = 1; input <= kCommands; ++input) {
    const Command command = AnyCommand(&random);
    ASSERT_EQ(Text(book.Apply(command, InputNumber(input))), Text(naive.Apply(command, input)))
        << "input number " << input << ": " << command.ShortDebugString();
    if (input % 50 != 0) continue;
    ASSERT_EQ(Queue(book, SIDE_BUY), Queue(naive, SIDE_BUY)) << "input number " << input;
    ASSERT_EQ(Queue(book, SIDE_SELL), Queue(naive, SIDE_SELL)) << "input number " << input;
  }
  // The comparison was worth something: every kind of thing has happened.
  EXPECT_GT(book.totals().trades, kCommands / 20);
  EXPECT_GT(book.order_count(), 0u);
  for (int reason = REJECT_NO_ACTION; reason < RejectReason_ARRAYSIZE; ++reason) {
    EXPECT_GT(book.totals().rejects[static_cast<size_t>(reason)], 0u) << reason;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Differential, testing::Range(uint64_t{1}, kSeeds + 1));

}  // namespace
}  // namespace ringjournal::matching
