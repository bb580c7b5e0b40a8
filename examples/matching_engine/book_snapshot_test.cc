// Save, Load and Digest: a loaded book is the saved one in all that follows.
#include <functional>
#include <string>
#include <utility>

#include "examples/matching_engine/order_book.h"
#include "examples/matching_engine/order_flow.h"
#include "examples/matching_engine/test_commands.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::matching {
namespace {

using ::testing::HasSubstr;

OrderBook SmallBook() {
  OrderBook book;
  for (const auto& command : {Buy(1, 10, 100), Buy(2, 20, 100), Buy(3, 30, 99), Sell(4, 40, 101),
                              Sell(5, 50, 102), Sell(6, 5, 100), Delete(77), Buy(8, 0, 1)}) {
    Do(&book, command);
  }
  return book;
}

TEST(BookSnapshot, AnEmptyBookSavesAndLoads) {
  const OrderBook empty;
  const auto loaded = OrderBook::Load(empty.Save());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->Digest(), empty.Digest());
}

TEST(BookSnapshot, ALoadedBookSavesTheSameBytesAgain) {
  const BookSnapshot snapshot = SmallBook().Save();
  const auto loaded = OrderBook::Load(snapshot);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->Save().SerializeAsString(), snapshot.SerializeAsString());
  EXPECT_EQ(loaded->Digest(), snapshot.digest());
  EXPECT_EQ(loaded->totals().rejects[REJECT_UNKNOWN_ORDER_ID], 1u);
  EXPECT_EQ(loaded->totals().last_input, InputNumber(8));
}

TEST(BookSnapshot, AMovedBookIsTheSameBook) {
  OrderBook book = SmallBook();
  const uint64_t digest = book.Digest();
  OrderBook moved = std::move(book);
  EXPECT_EQ(moved.Digest(), digest);
  EXPECT_THAT(Told(Do(&moved, Sell(20, 5, 100))), testing::ElementsAre("20<1 5@100"));
  EXPECT_EQ(Do(&moved, Delete(2)).reject, REJECT_NONE);
}

// What a takeover does: another book goes on from the bytes.
TEST(BookSnapshot, SavedAndLoadedInTheMiddleOfAFlowTheEndIsTheSame) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    OrderFlow flow(seed);
    OrderBook book;
    for (int i = 1; i <= 5000; ++i) {
      Do(&book, flow.NextCommand());
      if (i % 97 != 0) continue;
      BookSnapshot snapshot;
      ASSERT_TRUE(snapshot.ParseFromString(book.Save().SerializeAsString()));
      auto loaded = OrderBook::Load(snapshot);
      ASSERT_TRUE(loaded.ok()) << loaded.status();
      book = *std::move(loaded);
      ASSERT_EQ(book.Digest(), flow.book().Digest()) << "behind command " << i;
    }
    EXPECT_EQ(book.Digest(), flow.book().Digest());
    EXPECT_EQ(book.totals().trade_digest, flow.book().totals().trade_digest);
  }
}

// The same orders, reached in another way or order: the digest tells them apart.
TEST(BookSnapshot, TheDigestCoversTimePriorityAndHistory) {
  OrderBook a, b, c;
  for (const auto& command : {Buy(1, 10, 100), Buy(2, 10, 100)}) Do(&a, command);
  for (const auto& command : {Buy(2, 10, 100), Buy(1, 10, 100)}) Do(&b, command);
  EXPECT_NE(a.Digest(), b.Digest());
  c.Apply(Buy(1, 10, 100), InputNumber(1));
  c.Apply(Buy(2, 10, 100), InputNumber(3));
  EXPECT_NE(a.Digest(), c.Digest()) << "the input number is part of the state";
}

struct Damage {
  const char* error;
  std::function<void(BookSnapshot*)> make;
};

const Damage kDamages[] = {
    {"reject reason 1 with count 1",
     [](auto* s) { s->mutable_rejects(0)->set_reason(REJECT_STALE_INPUT); }},
    {"reject reason 99 with count 1",
     [](auto* s) { s->mutable_rejects(1)->set_reason(static_cast<RejectReason>(99)); }},
    {"reject reason -5 with count 1",
     [](auto* s) { s->mutable_rejects(0)->set_reason(static_cast<RejectReason>(-5)); }},
    {"with count 0 behind reason 5", [](auto* s) { s->mutable_rejects(1)->set_count(0); }},
    {"reject reason 5 with count 1 behind reason 7 is unknown, out of order or never happened",
     [](auto* s) { s->mutable_rejects()->SwapElements(0, 1); }},
    {"bid level 1 has the price 0, not one from 1 to 1000000000000",
     [](auto* s) { s->mutable_bids(0)->set_price(0); }},
    {"ask level 2 has the price 1000000000001",
     [](auto* s) { s->mutable_asks(1)->set_price(kPriceMax + 1); }},
    {"bid level 2 has no orders", [](auto* s) { s->mutable_bids(1)->clear_orders(); }},
    {"order 1 in bid level 1 has the size 0, not one from 1 to 4294967295",
     [](auto* s) { s->mutable_bids(0)->mutable_orders(0)->set_size(0); }},
    {"order 4 in ask level 1 has the size 4294967296",
     [](auto* s) { s->mutable_asks(0)->mutable_orders(0)->set_size(kSizeMax + 1); }},
    {"order 0 in ask level 1 has no id",
     [](auto* s) { s->mutable_asks(0)->mutable_orders(0)->set_order_id(0); }},
    {"order 1 in ask level 1 is there twice",
     [](auto* s) { s->mutable_asks(0)->mutable_orders(0)->set_order_id(1); }},
    {"bid level 2 has the price 100, which is not worse than the level before",
     [](auto* s) { s->mutable_bids(1)->set_price(100); }},
    {"ask level 2 has the price 101, which is not worse than the level before",
     [](auto* s) { s->mutable_asks()->SwapElements(0, 1); }},
    {"the best bid 101 is not below the best ask 101, and the two would have traded",
     [](auto* s) { s->mutable_bids(0)->set_price(101); }},
    {"its content has the digest ", [](auto* s) { s->set_commands(9); }},
    {"its content has the digest ", [](auto* s) { s->set_last_input(9); }},
    {"its content has the digest ", [](auto* s) { s->set_trades(9); }},
    {"its content has the digest ", [](auto* s) { s->set_traded_size(9); }},
    {"its content has the digest ", [](auto* s) { s->set_trade_digest(9); }},
    {"its content has the digest ", [](auto* s) { s->mutable_rejects(0)->set_count(2); }},
    {"its content has the digest ",
     [](auto* s) { s->mutable_asks(0)->mutable_orders(0)->set_size(9); }},
    {"its content has the digest ",
     [](auto* s) { s->mutable_bids(0)->mutable_orders()->SwapElements(0, 1); }},
    {" and it says 0000000000000009", [](auto* s) { s->set_digest(9); }},
};

TEST(BookSnapshot, WhatNoBookSavesIsRefusedWithAReason) {
  const BookSnapshot good = SmallBook().Save();
  ASSERT_TRUE(OrderBook::Load(good).ok());
  for (const Damage& damage : kDamages) {
    BookSnapshot bad = good;
    damage.make(&bad);
    const absl::Status status = OrderBook::Load(bad).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << damage.error;
    EXPECT_THAT(std::string(status.message()), HasSubstr(damage.error));
    EXPECT_THAT(
        std::string(status.message()),
        HasSubstr(
            "Load an older snapshot, or apply the input journal from its first input number"));
  }
}

TEST(BookSnapshot, AnotherVersionIsRefused) {
  BookSnapshot snapshot = SmallBook().Save();
  for (const uint32_t version : {0, 2}) {
    snapshot.set_version(version);
    const absl::Status status = OrderBook::Load(snapshot).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(
        std::string(status.message()),
        HasSubstr("its version is " + std::to_string(version) + " and this program knows 1"));
  }
}

}  // namespace
}  // namespace ringjournal::matching
