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

TEST(PlanInto, WhatTheSourceHasLostBelowTheCopysEndIsRefused) {
  IntoRequest request = From(1);
  request.generation = 2;
  request.losses = {{2, Lsn(91)}};
  const std::string text = Refusal(request, {{"replay-abc-1", 100}});
  EXPECT_THAT(text, HasSubstr("holds orders from LSN 1 to 100"));
  EXPECT_THAT(text, HasSubstr("lost what it held from LSN 91 on (generation 2)"));
  EXPECT_THAT(text, HasSubstr("--from 91 --producer NAME"));
  EXPECT_THAT(text, HasSubstr("behind it: --from 101 --producer NAME"));
}

TEST(PlanInto, BehindALossThatTookNothingOfTheCopyItGoesOnAsAnotherPartOfIt) {
  IntoRequest request = From(1);
  request.generation = 2;
  request.losses = {{2, Lsn(91)}};
  auto plan = PlanInto(request, {{"replay-abc-1", 90}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-91g2");
  EXPECT_EQ(plan->base, Lsn(91));
}

TEST(PlanInto, ACopyInPartsIsRepeatedAsOneAndLaterLossesCount) {
  IntoRequest request = From(1);
  request.generation = 3;
  request.losses = {{2, Lsn(91)}, {3, Lsn(121)}};
  std::vector<CopyProducer> parts = {{"replay-abc-91g2", 30}, {"replay-abc-1", 90}};
  auto plan = PlanInto(request, parts);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-121g3");
  parts.push_back({"replay-abc-121g3", 5});
  for (uint64_t from : {1, 100, 126}) {
    request.from = Lsn(from);
    plan = PlanInto(request, parts);
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->producer, "replay-abc-121g3");
    EXPECT_EQ(plan->base, Lsn(121));
  }
  request.losses.push_back({4, Lsn(122)});
  EXPECT_THAT(Refusal(request, parts), HasSubstr("from LSN 1 to 125; since then"));
}

TEST(PlanInto, APartBehindAHoleIsNoneAndGoingBackBeforeItIsRefused) {
  const std::vector<CopyProducer> copies = {{"replay-abc-1", 80}, {"replay-abc-91g2", 30}};
  EXPECT_THAT(Refusal(From(1), copies), HasSubstr("from LSN 91 to 120"));
}

TEST(PlanInto, ACopyThatBeganAfterALossGoesOnButNotOverALaterOne) {
  IntoRequest request = From(50);
  request.generation = 2;
  request.losses = {{2, Lsn(60)}};
  auto plan = PlanInto(request, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-50g2");
  plan = PlanInto(request, {{"replay-abc-50g2", 30}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->producer, "replay-abc-50g2");
  EXPECT_EQ(plan->base, Lsn(50));
  request.losses.push_back({3, Lsn(79)});
  EXPECT_THAT(Refusal(request, {{"replay-abc-50g2", 30}}), HasSubstr("from LSN 79 on"));
}

TEST(PlanInto, AFilteredCopyIsRefusedAfterAnyLossSinceItBegan) {
  IntoRequest request = Filtered(1);
  request.losses = {{2, Lsn(1000)}};
  EXPECT_THAT(Refusal(request, {{"replay-abc-1-0a1b2c3d", 3}}), HasSubstr("from LSN 1000 on"));
}

TEST(PlanInto, AProducersNameThatWouldBeTooLongIsRefusedBeforeAnythingIsCopied) {
  IntoRequest request = From(7);
  request.prefix = std::string(63, 'n') + "-";
  EXPECT_THAT(Refusal(request, {}), HasSubstr("give a --producer that is 1 bytes shorter"));
  request.prefix = std::string(62, 'n') + "-";
  EXPECT_TRUE(PlanInto(request, {}).ok());
}

TEST(CopyPrefix, NamesTheSourceWhateverTheCopyIsCalled) {
  JournalId one, other;
  ASSERT_TRUE(JournalId::FromView("0123456789abcdef", &one));
  ASSERT_TRUE(JournalId::FromView("1123456789abcdef", &other));
  EXPECT_EQ(CopyPrefix("", one), "replay-3031323334353637-");
  EXPECT_EQ(CopyPrefix("nightly", one), "nightly-3031323334353637-");
  EXPECT_NE(CopyPrefix("nightly", one), CopyPrefix("nightly", other));
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
