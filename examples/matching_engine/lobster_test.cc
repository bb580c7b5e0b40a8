// LOBSTER lines: what they mean, and what is said of bad ones.
#include "examples/matching_engine/lobster.h"

#include <string>
#include <utility>
#include <vector>

#include "examples/matching_engine/test_commands.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::matching {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Seconds alone differ; the rest of the line is good.
uint64_t TimeOf(const std::string& seconds) {
  const auto message = ParseLobsterLine(seconds + ",1,1,1,1,1", 1);
  EXPECT_TRUE(message.ok()) << message.status();
  return message.ok() ? message->time_ns : 0;
}

std::string TextOf(Command command) { return command.ShortDebugString(); }

Command At(uint64_t time_ns, Command command) {
  command.set_time_ns(time_ns);
  return command;
}

TEST(Lobster, SecondsAreExactToTheNanosecond) {
  EXPECT_EQ(TimeOf("34200"), 34'200'000'000'000u);
  EXPECT_EQ(TimeOf("34200.004241176"), 34'200'004'241'176u);
  EXPECT_EQ(TimeOf("34200.5"), 34'200'500'000'000u);
  EXPECT_EQ(TimeOf("0.000000001"), 1u);
  EXPECT_EQ(TimeOf("0"), 0u);
  EXPECT_EQ(TimeOf("999999999.999999999"), 999'999'999'999'999'999u) << "no double holds this";
}

TEST(Lobster, ALineIsReadFieldByField) {
  const auto message = ParseLobsterLine("34200.004241176,3,16113575,18,5853300,-1", 1);
  ASSERT_TRUE(message.ok()) << message.status();
  const LobsterMessage expected = {.time_ns = 34'200'004'241'176,
                                   .type = LobsterType::kDelete,
                                   .order_id = 16113575,
                                   .size = 18,
                                   .price = 5853300,
                                   .direction = kLobsterSell};
  EXPECT_EQ(*message, expected);
  EXPECT_EQ(FormatLobsterLine(*message), "34200.004241176,3,16113575,18,5853300,-1");
}

TEST(Lobster, EachTypeBecomesItsCommand) {
  LobsterParser parser;
  const auto next = [&parser](const char* line) {
    const auto command = parser.Next(line);
    EXPECT_TRUE(command.ok()) << command.status();
    return command.ok() && *command ? TextOf(**command) : "";
  };
  EXPECT_EQ(next("1,1,7,18,5000,1"), TextOf(At(1'000'000'000, Buy(7, 18, 5000))));
  EXPECT_EQ(next("1,1,8,18,5100,-1"), TextOf(At(1'000'000'000, Sell(8, 18, 5100))));
  EXPECT_EQ(next("2,2,7,5,5000,1"), TextOf(At(2'000'000'000, Cancel(7, 5))));
  EXPECT_EQ(next("3,3,7,13,5000,1"), TextOf(At(3'000'000'000, Delete(7))));
  EXPECT_EQ(next("4,4,8,3,5100,-1"),
            TextOf(At(4'000'000'000, AtOnce(Buy(kTakerIdBase + 5, 3, 5100)))));
  EXPECT_EQ(next("5,4,9,3,5000,1"),
            TextOf(At(5'000'000'000, AtOnce(Sell(kTakerIdBase + 6, 3, 5000)))));
  EXPECT_EQ(parser.skipped(), 0u);
}

TEST(Lobster, WhatDoesNotTouchVisibleOrdersIsSkippedAndCounted) {
  LobsterParser parser;
  for (const char* line : {"1,5,0,100,5000,1", "2,6,-1,250,5000,-1", "3,7,0,0,-1,-1",
                           "4,7,0,0,0,-1", "5,7,0,0,1,-1"}) {
    const auto command = parser.Next(line);
    ASSERT_TRUE(command.ok()) << command.status();
    EXPECT_EQ(*command, std::nullopt) << line;
  }
  EXPECT_EQ(parser.skipped(), 5u);
  EXPECT_EQ(parser.lines(), 5u);
}

TEST(Lobster, AnExecutionTradesWithTheOrderItNamesAndLeavesNothingBehind) {
  LobsterParser parser;
  OrderBook book;
  for (const char* line : {"1,1,7,18,5000,1", "2,1,8,18,5000,1", "3,4,7,10,5000,1"}) {
    const Outcome outcome = Do(&book, **parser.Next(line));
    EXPECT_EQ(outcome.reject, REJECT_NONE);
  }
  EXPECT_THAT(LevelsOf(book, SIDE_BUY), testing::ElementsAre("5000: 7x8 8x18"));
  Do(&book, **parser.Next("4,4,99,10,6000,1"));
  EXPECT_EQ(book.level_count(SIDE_SELL), 0u) << "an execution that finds nobody does not rest";
}

TEST(Lobster, CarriageReturnsAndEmptyLastLinesAreFine) {
  LobsterParser parser;
  EXPECT_TRUE((*parser.Next("1,1,7,18,5000,1\r")).has_value());
  EXPECT_EQ(*parser.Next("\r"), std::nullopt);
  EXPECT_EQ(*parser.Next(""), std::nullopt);
  EXPECT_EQ(parser.skipped(), 0u);
}

TEST(Lobster, AnEmptyLineThatIsNotTheLastIsReportedWithItsOwnNumber) {
  LobsterParser parser;
  EXPECT_TRUE(parser.Next("1,1,7,18,5000,1").ok());
  EXPECT_TRUE(parser.Next("").ok());
  EXPECT_TRUE(parser.Next("").ok());
  const absl::Status status = parser.Next("1,1,8,18,5000,1").status();
  EXPECT_THAT(std::string(status.message()),
              StartsWith("line 2, column 1: the line is empty, which only the last may be"));
}

const std::pair<const char*, const char*> kBadLines[] = {
    {"1,1,7,18,5000", "column 14: the line ends behind column 5 of 6"},
    {"hello", "column 6: the line ends behind column 1 of 6"},
    {"1,1,7,18,5000,1,", "column 16: the line goes on behind its sixth column"},
    {"1,1,7,18,5000,1,null", "column 16: the line goes on behind its sixth column"},
    {",1,7,18,5000,1", "column 1: the time \"\" does not begin with 1 to 9 digits"},
    {"-1,1,7,18,5000,1", "column 1: the time \"-1\" does not begin with"},
    {"1e4,1,7,18,5000,1", "column 1: the time \"1e4\" does not begin with"},
    {"1000000000,1,7,18,5000,1", "column 1: the time \"1000000000\" does not begin with"},
    {".5,1,7,18,5000,1", "column 1: the time \".5\" does not begin with"},
    {"1.,1,7,18,5000,1", "column 1: the time \"1.\" does not have 1 to 9 digits"},
    {"1.0000000001,1,7,18,5000,1", "column 1: the time \"1.0000000001\" does not have 1 to 9"},
    {"1.5.5,1,7,18,5000,1", "column 1: the time \"1.5.5\" does not have 1 to 9 digits"},
    {"1,0,7,18,5000,1", "column 3: the type \"0\" is not from 1 to 7"},
    {"1,8,7,18,5000,1", "column 3: the type \"8\" is not from 1 to 7"},
    {"1,x,7,18,5000,1", "column 3: the type \"x\" is not a whole number"},
    {"1,1,0,18,5000,1", "column 5: the order id \"0\" is not from 1 to 9223372036854775807"},
    {"1,1,9223372036854775808,18,5000,1", "\"9223372036854775808\" is not from 1 to"},
    {"1,1,7a,18,5000,1", "column 5: the order id \"7a\" is not a whole number"},
    {"1,1,99999999999999999999999x,18,5000,1", "column 5: the order id \"999999999999999999"},
    {"1,1, 7,18,5000,1", "column 5: the order id \" 7\" is not a whole number"},
    {"1,1,7,0,5000,1", "column 7: the size \"0\" is not from 1 to 4294967295"},
    {"1,4,7,-3,5000,1", "column 7: the size \"-3\" is not from 1 to 4294967295"},
    {"1,1,7,18,0,1", "column 10: the price \"0\" is not from 1 to 1000000000000"},
    {"1,1,7,18,50.25,1", "column 10: the price \"50.25\" is not a whole number"},
    {"1,1,7,18,5000,0", "column 15: the direction \"0\" is neither 1 (buy) nor -1 (sell)"},
    {"1,1,7,18,5000,2", "column 15: the direction \"2\" is not from -1 to 1"},
    {"1,1,7,18,5000,", "column 15: the direction \"\" is not a whole number"},
    {"1,7,x,0,-1,-1", "column 5: the order id \"x\" is not a whole number"},
    {"1,1,7,18,5000,\x01\xff", "column 15: the direction \"\\x01\\xff\" is not a whole number"},
};

TEST(Lobster, ABadLineIsReportedWithLineColumnReasonAndRemedy) {
  for (const auto& [line, error] : kBadLines) {
    const absl::Status status = ParseLobsterLine(line, 12).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line;
    const std::string message(status.message());
    EXPECT_THAT(message, StartsWith("line 12, column ")) << line;
    EXPECT_THAT(message, HasSubstr(error)) << line;
    EXPECT_THAT(message, HasSubstr("A line is seconds,type,order id,size,price,direction: "
                                   "correct it or take it out"));
  }
}

TEST(Lobster, ALongFieldIsCutInTheError) {
  const std::string line = "1,1," + std::string(5000, 'z') + ",1,1,1";
  const absl::Status status = ParseLobsterLine(line, 1).status();
  EXPECT_LT(status.message().size(), 300u);
  EXPECT_THAT(std::string(status.message()), HasSubstr("zzz...\" is not a whole number"));
}

}  // namespace
}  // namespace ringjournal::matching
