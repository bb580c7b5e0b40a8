// Price-time priority, and that nothing bad gets in.
#include "examples/matching_engine/order_book.h"

#include <limits>

#include "examples/matching_engine/test_commands.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

TEST(OrderBook, WhatDoesNotCrossRestsBestPriceFirst) {
  OrderBook book;
  for (const auto& command : {Buy(1, 10, 100), Buy(2, 20, 102), Buy(3, 30, 101), Sell(4, 40, 105),
                              Sell(5, 50, 103), Sell(6, 60, 103)}) {
    EXPECT_THAT(Told(Do(&book, command)), IsEmpty());
  }
  EXPECT_THAT(LevelsOf(book, SIDE_BUY), ElementsAre("102: 2x20", "101: 3x30", "100: 1x10"));
  EXPECT_THAT(LevelsOf(book, SIDE_SELL), ElementsAre("103: 5x50 6x60", "105: 4x40"));
  EXPECT_EQ(book.Best(SIDE_BUY)->order_id, 2u);
  EXPECT_EQ(book.Best(SIDE_SELL)->order_id, 5u);
  EXPECT_EQ(book.order_count(), 6u);
  EXPECT_EQ(book.level_count(SIDE_SELL), 2u);
}

TEST(OrderBook, ThePriceComesFirstThenTheTime) {
  OrderBook book;
  for (const auto& command : {Sell(1, 10, 102), Sell(2, 10, 101), Sell(3, 10, 101)}) {
    Do(&book, command);
  }
  EXPECT_THAT(Told(Do(&book, Buy(9, 25, 102))),
              ElementsAre("9<2 10@101", "9<3 10@101", "9<1 5@102"));
  EXPECT_THAT(LevelsOf(book, SIDE_SELL), ElementsAre("102: 1x5"));
}

TEST(OrderBook, ATradeSaysEverythingAboutItself) {
  OrderBook book;
  book.Apply(Buy(7, 10, 102), InputNumber(40));
  const Outcome outcome = book.Apply(Sell(8, 4, 100), InputNumber(50));
  ASSERT_EQ(outcome.trades.size(), 1u);
  const Trade& trade = outcome.trades[0];
  EXPECT_EQ(trade.trade_number(), 1u);
  EXPECT_EQ(trade.input_number(), 50u);
  EXPECT_EQ(trade.maker_order_id(), 7u);
  EXPECT_EQ(trade.taker_order_id(), 8u);
  EXPECT_EQ(trade.price(), 102) << "the maker's price, better than asked for";
  EXPECT_EQ(trade.size(), 4u);
  EXPECT_EQ(trade.aggressor(), SIDE_SELL);
}

TEST(OrderBook, APartlyFilledMakerKeepsItsPlaceAndAPartlyFilledTakerRests) {
  OrderBook book;
  Do(&book, Buy(1, 10, 100));
  Do(&book, Buy(2, 10, 100));
  EXPECT_THAT(Told(Do(&book, Sell(3, 4, 100))), ElementsAre("3<1 4@100"));
  EXPECT_THAT(LevelsOf(book, SIDE_BUY), ElementsAre("100: 1x6 2x10"));
  EXPECT_THAT(Told(Do(&book, Sell(4, 20, 100))), ElementsAre("4<1 6@100", "4<2 10@100"));
  EXPECT_THAT(LevelsOf(book, SIDE_BUY), IsEmpty());
  EXPECT_THAT(LevelsOf(book, SIDE_SELL), ElementsAre("100: 4x4"));
}

TEST(OrderBook, ALargeOrderSweepsManyLevelsButNotBeyondItsPrice) {
  OrderBook book;
  for (uint64_t i = 1; i <= 100; ++i) Do(&book, Sell(i, 10, 1000 + static_cast<int64_t>(i)));
  const Outcome outcome = Do(&book, Buy(500, 2000, 1090));
  EXPECT_EQ(outcome.trades.size(), 90u);
  EXPECT_EQ(outcome.trades.back().price(), 1090);
  EXPECT_EQ(book.totals().trades, 90u);
  EXPECT_EQ(book.totals().traded_size, 900u);
  EXPECT_EQ(book.Best(SIDE_SELL)->price, 1091);
  EXPECT_THAT(LevelsOf(book, SIDE_BUY), ElementsAre("1090: 500x1100"));
}

TEST(OrderBook, ImmediateOrCancelNeverRests) {
  OrderBook book;
  Do(&book, Sell(1, 10, 100));
  EXPECT_THAT(Told(Do(&book, AtOnce(Buy(2, 15, 100)))), ElementsAre("2<1 10@100"));
  EXPECT_THAT(Told(Do(&book, AtOnce(Buy(3, 15, 100)))), IsEmpty());
  EXPECT_EQ(book.order_count(), 0u);
  EXPECT_EQ(book.totals().rejects, Totals().rejects);
}

TEST(OrderBook, CancellingAPartKeepsTheTimePriority) {
  OrderBook book;
  Do(&book, Buy(1, 10, 100));
  Do(&book, Buy(2, 10, 100));
  EXPECT_EQ(Do(&book, Cancel(1, 9)).reject, REJECT_NONE);
  EXPECT_EQ(book.Find(1)->size, 1u);
  EXPECT_THAT(Told(Do(&book, Sell(3, 2, 100))), ElementsAre("3<1 1@100", "3<2 1@100"));
}

TEST(OrderBook, CancellingAllOfAnOrderOrDeletingItRemovesIt) {
  OrderBook book;
  for (uint64_t id : {1, 2, 3}) Do(&book, Sell(id, 10, 100));
  EXPECT_EQ(Do(&book, Cancel(2, 10)).reject, REJECT_NONE);
  EXPECT_THAT(LevelsOf(book, SIDE_SELL), ElementsAre("100: 1x10 3x10"));
  EXPECT_EQ(Do(&book, Delete(1)).reject, REJECT_NONE);
  EXPECT_EQ(Do(&book, Delete(3)).reject, REJECT_NONE);
  EXPECT_THAT(LevelsOf(book, SIDE_SELL), IsEmpty());
  EXPECT_EQ(book.Find(1), std::nullopt);
}

TEST(OrderBook, AnIdIsFreeAgainWhenItsOrderIsGone) {
  OrderBook book;
  Do(&book, Sell(1, 10, 100));
  EXPECT_EQ(Do(&book, Buy(1, 10, 90)).reject, REJECT_DUPLICATE_ORDER_ID);
  Do(&book, Delete(1));
  EXPECT_EQ(Do(&book, Buy(1, 10, 90)).reject, REJECT_NONE);
}

struct BadCommand {
  Command command;
  RejectReason reason;
};

std::vector<BadCommand> BadCommands() {
  return {{Command(), REJECT_NO_ACTION},
          {Buy(0, 1, 1), REJECT_ORDER_ID_ZERO},
          {Cancel(0, 1), REJECT_ORDER_ID_ZERO},
          {Delete(0), REJECT_ORDER_ID_ZERO},
          {Buy(1, 5, 100), REJECT_DUPLICATE_ORDER_ID},
          {Sell(1, 5, 100), REJECT_DUPLICATE_ORDER_ID},
          {Cancel(77, 1), REJECT_UNKNOWN_ORDER_ID},
          {Delete(77), REJECT_UNKNOWN_ORDER_ID},
          {New(SIDE_UNSPECIFIED, 5, 1, 1), REJECT_BAD_SIDE},
          {New(static_cast<Side>(3), 5, 1, 1), REJECT_BAD_SIDE},
          {New(static_cast<Side>(-1), 5, 1, 1), REJECT_BAD_SIDE},
          {Buy(5, 0, 100), REJECT_SIZE_ZERO},
          {Cancel(1, 0), REJECT_SIZE_ZERO},
          {Buy(5, kSizeMax + 1, 100), REJECT_SIZE_TOO_LARGE},
          {Cancel(1, ~uint64_t{0}), REJECT_SIZE_TOO_LARGE},
          {Buy(5, 1, 0), REJECT_PRICE_NOT_POSITIVE},
          {Sell(5, 1, kLowest), REJECT_PRICE_NOT_POSITIVE},
          {Buy(5, 1, kPriceMax + 1), REJECT_PRICE_TOO_HIGH},
          {Sell(5, 1, kHighest), REJECT_PRICE_TOO_HIGH},
          {Cancel(1, 11), REJECT_CANCEL_TOO_LARGE}};
}

TEST(OrderBook, ABadCommandIsCountedAndChangesNothingElse) {
  for (const BadCommand& bad : BadCommands()) {
    OrderBook book;
    Do(&book, Buy(1, 10, 100));
    Do(&book, Sell(2, 10, 101));
    BookSnapshot expected = book.Save();
    const Outcome outcome = Do(&book, bad.command);
    EXPECT_EQ(outcome.reject, bad.reason) << bad.command.ShortDebugString();
    EXPECT_THAT(outcome.trades, IsEmpty());
    expected.set_last_input(3);
    expected.set_commands(3);
    expected.add_rejects()->set_reason(bad.reason);
    expected.mutable_rejects(0)->set_count(1);
    EXPECT_NE(book.Digest(), expected.digest()) << "the count is part of the state";
    expected.set_digest(book.Digest());
    EXPECT_EQ(book.Save().DebugString(), expected.DebugString());
  }
}

TEST(OrderBook, TheLargestOrdersTrade) {
  OrderBook book;
  Do(&book, Buy(1, kSizeMax, kPriceMax));
  Do(&book, Buy(2, kSizeMax, 1));
  EXPECT_EQ(Do(&book, Sell(~uint64_t{0}, kSizeMax, 1)).trades.size(), 1u);
  EXPECT_EQ(Do(&book, Sell(3, kSizeMax, 1)).trades.size(), 1u);
  EXPECT_EQ(book.totals().traded_size, 2 * kSizeMax);
  EXPECT_EQ(book.order_count(), 0u);
}

TEST(OrderBook, ACommandThatWasAppliedBeforeDoesNothingAtAll) {
  OrderBook book;
  EXPECT_EQ(book.Apply(Buy(1, 10, 100), InputNumber(0)).reject, REJECT_STALE_INPUT);
  EXPECT_EQ(book.Apply(Buy(1, 10, 100), InputNumber(5)).reject, REJECT_NONE);
  const uint64_t digest = book.Digest();
  EXPECT_EQ(book.Apply(Sell(2, 10, 100), InputNumber(5)).reject, REJECT_STALE_INPUT);
  EXPECT_EQ(book.Apply(Sell(2, 10, 100), InputNumber(4)).reject, REJECT_STALE_INPUT);
  EXPECT_EQ(book.Digest(), digest);
  EXPECT_EQ(book.totals().commands, 1u);
}

TEST(OrderBook, AReaderOfTheTradesAloneGetsTheBooksTradeDigest) {
  OrderBook book;
  Do(&book, Sell(1, 10, 100));
  Do(&book, Sell(2, 10, 101));
  uint64_t digest = 0;
  for (const Trade& trade : Do(&book, Buy(3, 15, 101)).trades) {
    digest = ExtendTradeDigest(digest, trade);
  }
  EXPECT_EQ(digest, book.totals().trade_digest);
  EXPECT_NE(digest, 0u);
}

// A trade in which a single field differs has another digest.
TEST(OrderBook, TheTradeDigestCoversEveryField) {
  Trade trade;
  const uint64_t digest = ExtendTradeDigest(0, trade);
  const auto* fields = Trade::descriptor();
  for (int i = 0; i < fields->field_count(); ++i) {
    Trade other;
    const auto* field = fields->field(i);
    const auto* reflection = other.GetReflection();
    using Kind = google::protobuf::FieldDescriptor;
    if (field->cpp_type() == Kind::CPPTYPE_UINT64) reflection->SetUInt64(&other, field, 1);
    if (field->cpp_type() == Kind::CPPTYPE_INT64) reflection->SetInt64(&other, field, 1);
    if (field->cpp_type() == Kind::CPPTYPE_ENUM) reflection->SetEnumValue(&other, field, 1);
    EXPECT_NE(ExtendTradeDigest(0, other), digest) << field->name();
  }
  EXPECT_NE(ExtendTradeDigest(1, trade), digest);
}

}  // namespace
}  // namespace ringjournal::matching
