#include "tools/ringjournal/into_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringjournal::cli {
namespace {

using ::testing::HasSubstr;

IntoRequest From(uint64_t from, uint64_t oldest = 1) {
  IntoRequest request;
  request.prefix = "replay-abc-";
  request.from = Lsn(from);
  request.oldest = Lsn(oldest);
  request.source = "orders";
  request.target = "copy";
  return request;
}

IntoRequest Filtered(uint64_t from, uint64_t oldest = 1) {
  IntoRequest request = From(from, oldest);
  request.filtered = true;
  request.suffix = "-0a1b2c3d";
  return request;
}

std::string Refusal(const IntoRequest& request, const std::vector<CopyProducer>& producers) {
  auto plan = PlanInto(request, producers);
  EXPECT_TRUE(absl::IsFailedPrecondition(plan.status())) << plan.status();
  return std::string(plan.status().message());
}

TEST(PlanInto, TheFirstCopyBeginsWhereItIsAskedTo) {
  auto plan = PlanInto(From(7), {{"somebody", 9}, {"replay-abcd-7", 3}, {"replay-abc-x", 3}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-7");
  EXPECT_EQ(plan->base, Lsn(7));
}

TEST(PlanInto, ARepetitionGoesOnBehindWhatIsThereWhereverInItTheRangeBegins) {
  for (uint64_t from : {1, 2, 15, 30, 31}) {
    auto plan = PlanInto(From(from, from), {{"replay-abc-1", 30}});
    ASSERT_TRUE(plan.ok()) << from << ": " << plan.status();
    EXPECT_EQ(plan->producer, "replay-abc-1");
    EXPECT_EQ(plan->base, Lsn(1));
  }
}

TEST(PlanInto, OfSeveralCopiesTheOneThatReachesFurthestGoesOn) {
  auto plan = PlanInto(From(205), {{"replay-abc-200", 10}, {"replay-abc-1", 30}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-200");
  EXPECT_EQ(plan->base, Lsn(200));
}

TEST(PlanInto, ACopyThatHoldsNothingBindsNobody) {
  auto plan = PlanInto(From(50), {{"replay-abc-1", 0}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-50");
}

TEST(PlanInto, AHoleIsRefusedWithWhatWouldBeLeftOut) {
  const std::string text = Refusal(From(40), {{"replay-abc-1", 30}});
  EXPECT_THAT(text, HasSubstr("leave out LSN 31 to 39"));
  EXPECT_THAT(text, HasSubstr("--from 31"));
  EXPECT_THAT(text, HasSubstr("--producer NAME"));
}

TEST(PlanInto, AHoleThatATrimHasMadeIsRefusedAndSaysSo) {
  const std::string text = Refusal(From(40, 40), {{"replay-abc-1", 30}});
  EXPECT_THAT(text, HasSubstr("the oldest that is kept is LSN 40"));
  EXPECT_THAT(text, HasSubstr("LSN 31 to 39 cannot be copied"));
}

TEST(PlanInto, GoingBackIsRefused) {
  const std::string text = Refusal(From(5), {{"replay-abc-10", 3}});
  EXPECT_THAT(text, HasSubstr("holds orders from LSN 10 to 12"));
  EXPECT_THAT(text, HasSubstr("twice"));
}

TEST(PlanInto, AFilteredCopyIsCountedAgainFromItsFirstTransaction) {
  auto plan = PlanInto(Filtered(20), {{"replay-abc-1", 99}, {"replay-abc-10-0a1b2c3d", 3}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-10-0a1b2c3d");
  EXPECT_EQ(plan->base, Lsn(10));
}

TEST(PlanInto, AFilteredCopyWhoseBeginningWasTrimmedIsRefused) {
  EXPECT_THAT(Refusal(Filtered(15, 15), {{"replay-abc-1-0a1b2c3d", 3}}),
              HasSubstr("nobody can tell"));
}

}  // namespace
}  // namespace ringjournal::cli
