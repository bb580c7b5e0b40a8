#include "tools/ringjournal/producer_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

client::ProducerInfo Engine() {
  return {.name = "engine",
          .id = 2,
          .epoch = 3,
          .last_sequence = Sequence(9'007'199'254'740'993),
          .last_lsn = Lsn(1042),
          .last_index = Index(77),
          .open = true};
}

TEST(ProducerText, OneLineEachBelowAHeadlineAndNothingForNone) {
  EXPECT_EQ(ProducerTable({}), "");
  const std::string table = ProducerTable({Engine(), {.name = "a\x1b[31m\n"}});
  EXPECT_THAT(table, HasSubstr("last sequence"));
  EXPECT_THAT(table, HasSubstr("9007199254740993"));
  EXPECT_THAT(table, HasSubstr("a\\033[31m\\n"));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3);
}

TEST(ProducerText, OneOfThemSaysWhereItsLastTransactionIs) {
  EXPECT_THAT(ProducerText(Engine()), HasSubstr("9007199254740993, at LSN 1042 (index 77)"));
  EXPECT_THAT(ProducerText({.name = "new"}), HasSubstr("it has appended nothing yet"));
}

TEST(ProducerText, JsonKeepsAllDigitsAndQuotesNames) {
  EXPECT_EQ(ProducersJson("orders", {}), "{\"journal\": \"orders\", \"producers\": []}\n");
  EXPECT_THAT(ProducerJson(Engine()), HasSubstr("\"lastSequence\": \"9007199254740993\""));
  EXPECT_THAT(ProducersJson("o", {Engine(), {.name = "\"\n"}}), HasSubstr("\\\"\\u000a"));
}

}  // namespace
}  // namespace ringjournal::cli
