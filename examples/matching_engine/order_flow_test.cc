// The generator: the same on every machine, good LOBSTER lines, and like a real flow.
#include "examples/matching_engine/order_flow.h"

#include <algorithm>
#include <map>
#include <string>

#include "examples/matching_engine/lobster.h"
#include "examples/matching_engine/test_commands.h"
#include "gtest/gtest.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"

namespace ringjournal::matching {
namespace {

std::string LinesOf(uint64_t seed, int count) {
  OrderFlow flow(seed);
  std::string lines;
  for (int i = 0; i < count; ++i) lines += FormatLobsterLine(flow.Next()) + "\n";
  return lines;
}

TEST(OrderFlow, ASeedIsARun) {
  EXPECT_EQ(LinesOf(1, 1000), LinesOf(1, 1000));
  EXPECT_NE(LinesOf(1, 1000), LinesOf(2, 1000));
}

TEST(OrderFlow, ItsLinesParseBackIntoItsCommands) {
  OrderFlow lines(5), commands(5);
  LobsterParser parser;
  OrderBook book;
  for (int i = 1; i <= 20'000; ++i) {
    const LobsterMessage message = lines.Next();
    const std::string line = FormatLobsterLine(message);
    const auto parsed = ParseLobsterLine(line, lines.messages());
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    ASSERT_EQ(*parsed, message) << line;
    const auto command = parser.Next(line);
    ASSERT_TRUE(command.ok()) << command.status();
    ASSERT_EQ((**command).ShortDebugString(), commands.NextCommand().ShortDebugString());
    ASSERT_EQ(Do(&book, **command).reject, REJECT_NONE) << line;
  }
  EXPECT_EQ(book.Digest(), commands.book().Digest());
  EXPECT_EQ(parser.skipped(), 0u);
}

// An execution trades with the very order that its line names, and all of its size.
TEST(OrderFlow, ExecutionsAreOnesThatARealFileCouldHold) {
  OrderFlow flow(6);
  OrderBook book;
  int executions = 0;
  for (int i = 1; i <= 20'000; ++i) {
    const LobsterMessage message = flow.Next();
    const Outcome outcome = Do(&book, *ToCommand(message, flow.messages()));
    if (message.type != LobsterType::kExecuteVisible) continue;
    ++executions;
    ASSERT_EQ(outcome.trades.size(), 1u);
    ASSERT_EQ(outcome.trades[0].maker_order_id(), static_cast<uint64_t>(message.order_id));
    ASSERT_EQ(outcome.trades[0].size(), static_cast<uint64_t>(message.size));
  }
  EXPECT_GT(executions, 1000);
}

TEST(OrderFlow, TheMixIsThatOfAMarket) {
  OrderFlow flow(7);
  constexpr int kMessages = 100'000;
  std::map<LobsterType, int> types;
  int64_t low = kPriceMax, high = 0;
  size_t largest = 0;
  const uint64_t begin_ns = flow.Next().time_ns;
  uint64_t last_ns = begin_ns;
  for (int i = 0; i < kMessages; ++i) {
    const LobsterMessage message = flow.Next();
    ASSERT_GE(message.time_ns, last_ns);
    last_ns = message.time_ns;
    ++types[message.type];
    low = std::min(low, message.price);
    high = std::max(high, message.price);
    largest = std::max(largest, flow.book().order_count());
  }
  EXPECT_NEAR(types[LobsterType::kNew], 0.54 * kMessages, 0.03 * kMessages);
  EXPECT_NEAR(types[LobsterType::kDelete], 0.35 * kMessages, 0.03 * kMessages);
  EXPECT_NEAR(types[LobsterType::kCancelPart], 0.04 * kMessages, 0.01 * kMessages);
  EXPECT_NEAR(types[LobsterType::kExecuteVisible], 0.07 * kMessages, 0.01 * kMessages);
  EXPECT_NEAR(static_cast<double>(last_ns - begin_ns) / kMessages, 1.04e6, 2e4) << "ns a message";
  EXPECT_GT(high - low, 10'000) << "the price drifts by more than a dollar";
  EXPECT_GT(low, 500'000);
  EXPECT_LT(largest, 1500u) << "the book does not grow without end";
  EXPECT_GT(flow.book().level_count(SIDE_BUY), 10u);
}

TEST(OrderFlow, SomeOrdersSweepSeveralLevels) {
  OrderFlow flow(8);
  size_t deepest = 0;
  OrderBook book;
  for (int i = 0; i < 20'000; ++i) {
    deepest = std::max(deepest, Do(&book, flow.NextCommand()).trades.size());
  }
  EXPECT_GT(deepest, 5u);
}

// Golden values: whoever changes them changes what old journals replay to, and what others
// measured. A new snapshot version, or a new generator, is the better way.
TEST(OrderFlow, NeitherTheGeneratorNorTheBookChangesByAccident) {
  const std::string lines = LinesOf(1, 10'000);
  EXPECT_EQ(lines.substr(0, lines.find('\n')), "34200.000864263,1,1,71,999900,1");
  EXPECT_EQ(ChainHash(0, AsBytes(lines)), 10258182231666758463u);
  OrderFlow flow(1);
  OrderBook book;
  for (int i = 0; i < 10'000; ++i) Do(&book, flow.NextCommand());
  Do(&book, Delete(1ull << 40));
  EXPECT_EQ(book.totals().trades, 1844u);
  EXPECT_EQ(book.totals().trade_digest, 15291012806565732939u);
  EXPECT_EQ(book.Digest(), 10673412497616646084u);
  EXPECT_EQ(ChainHash(0, AsBytes(book.Save().SerializeAsString())), 4879696674605326856u);
}

}  // namespace
}  // namespace ringjournal::matching
