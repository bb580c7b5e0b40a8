// Standing by and taking over through the C interface, against a fake journal.
#include "client/c/c_program.h"
#include "client/c/takeover_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CTakeover : public CTakeoverFixture {};

TEST_F(CTakeover, CProgramTakesOver) {
  EXPECT_EQ(RunCTakeover(fake_.address().c_str(), "orders"), 0) << "line of c_program.c";
  EXPECT_THAT(fake_.Payloads(), ElementsAre("1", "1"));
}

TEST_F(CTakeover, StandbyAppliesOnceAndInOrder) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  for (const char* payload : {"t1", "t2", "t3"}) AppendOne(a, payload);
  CBook book;
  rj_standby* b = OpenStandby(&book, Named("b"));
  ASSERT_EQ(FollowUntil(b, [&] { return book.applied.size() == 3; }), RJ_OK) << error_.message;
  AppendOne(a, "t4");
  ASSERT_EQ(FollowUntil(b, [&] { return book.applied.size() == 4; }), RJ_OK) << error_.message;
  EXPECT_THAT(book.applied, ElementsAre("t1", "t2", "t3", "t4"));
  rj_standby_readiness readiness = Init<rj_standby_readiness>();
  EXPECT_EQ(rj_standby_get_readiness(b, &readiness, &error_), RJ_OK);
  EXPECT_STREQ(readiness.claimant, "a");
  EXPECT_EQ(readiness.writer_generation, 1u);
  EXPECT_EQ(readiness.writer_epoch, 1u);
  EXPECT_GT(readiness.next_lsn, 4u);
  EXPECT_GT(readiness.fence_round_trip_ns, 0);
  EXPECT_EQ(rj_standby_close(b, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_close(a, &error_), RJ_OK);
}

TEST_F(CTakeover, LivingWriterIsHeardAndOneThatIsGoneIsSilent) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  CBook book;
  rj_standby_options patient = Named("b");
  patient.silent_after_ns = kSecond / 2;
  rj_standby* b = OpenStandby(&book, patient);
  int32_t step = -1;
  EXPECT_EQ(rj_standby_follow(b, kSecond * 3 / 4, &step, &error_), RJ_OK) << error_.message;
  EXPECT_EQ(step, RJ_STANDBY_FOLLOWING);
  rj_active_writer_close(a, nullptr);
  EXPECT_EQ(FollowForEver(b), RJ_STANDBY_WRITER_SILENT);
  rj_promotion* promotion = Promote(b);
  EXPECT_GE(ReportOf(promotion).silence_ns, kSecond / 2);
  EXPECT_EQ(rj_promotion_close(promotion, &error_), RJ_OK);
}

TEST_F(CTakeover, ReportNamesWhatIsInDoubtAndItsEffects) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  std::vector<uint64_t> lsns;
  for (const char* payload : {"t1", "t2", "t3", "t4"}) {
    lsns.push_back(AppendOne(a, payload).first_lsn);
  }
  EXPECT_EQ(rj_active_writer_mark_acted(a, lsns[1], &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_flush_marks(a, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK) << error_.message;
  CBook book;
  rj_promotion* promotion = Promote(OpenStandby(&book, Named("b")));
  rj_takeover_report report = ReportOf(promotion);
  EXPECT_EQ(report.verdict, uint32_t{RJ_VERDICT_NOTHING_LOST});
  EXPECT_STREQ(report.journal, "orders");
  EXPECT_STREQ(report.old_claimant, "a");
  EXPECT_STREQ(report.new_claimant, "b");
  EXPECT_EQ(report.old_generation, 1u);
  EXPECT_EQ(report.old_epoch, 1u);
  EXPECT_EQ(report.new_generation, 1u);
  EXPECT_EQ(report.new_epoch, 2u);
  EXPECT_EQ(report.acted_lsn, lsns[1]);
  EXPECT_GE(report.final_lsn, lsns[3]);
  EXPECT_EQ(report.in_doubt_transactions, 2u);
  EXPECT_EQ(report.in_doubt_exact, 1u);
  ASSERT_GE(report.in_doubt_count, 1u);
  EXPECT_EQ(report.in_doubt[0].first_lsn, lsns[2]);
  EXPECT_EQ(report.in_doubt[report.in_doubt_count - 1].last_lsn, lsns[3]);
  ASSERT_EQ(report.effect_count, 2u);
  EXPECT_EQ(report.effects[0].lsn, lsns[2]);
  EXPECT_EQ(StringOf(report.effects[0].bytes), "effect of t3");
  EXPECT_EQ(StringOf(report.effects[1].bytes), "effect of t4");
  EXPECT_EQ(report.replayed, 4u);
  EXPECT_EQ(report.forced, 0u);
  EXPECT_EQ(report.silence_ns, 0);
  EXPECT_GT(report.fence_ns, 0);
  EXPECT_GT(report.open_ns, 0);
  EXPECT_STREQ(report.lost_why, "");
  EXPECT_THAT(report.cursor, HasSubstr("ringjournal cursor"));
  EXPECT_THAT(report.text, HasSubstr("verdict=nothing lost\n"));
  // The views are the promotion's: a second question shows the same ones.
  EXPECT_EQ(ReportOf(promotion).effects, report.effects);
  rj_active_writer* b = TakeWriter(promotion);
  EXPECT_EQ(rj_active_writer_mark_acted(b, report.final_lsn, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_flush_marks(b, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  rj_promotion_close(promotion, nullptr);
  CBook other;
  promotion = Promote(OpenStandby(&other, Named("c")));
  EXPECT_EQ(ReportOf(promotion).effect_count, 0u);
  for (rj_active_writer* writer : {a, b}) rj_active_writer_close(writer, nullptr);
  rj_promotion_close(promotion, nullptr);
}

TEST_F(CTakeover, ALossIsInTheVerdict) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  const uint64_t lost = AppendOne(a, "x").first_lsn;
  rj_active_writer_close(a, nullptr);
  fake_.LoseTransactionsFrom(Lsn(lost));
  CBook book;
  rj_promotion* promotion = Promote(OpenStandby(&book, Named("b")));
  rj_takeover_report report = ReportOf(promotion);
  EXPECT_EQ(report.verdict, uint32_t{RJ_VERDICT_MAY_BE_LOST});
  EXPECT_GT(report.lost_from_lsn, 0u);
  EXPECT_LE(report.lost_from_lsn, lost);
  EXPECT_STRNE(report.lost_why, "");
  rj_promotion_close(promotion, nullptr);
}

TEST_F(CTakeover, ApplyThatFailsEndsTheStandbyWithWhatItSaid) {
  const struct {
    const char* payload;
    const char* said;
  } cases[] = {{"refuse", "no such order"}, {"mute", "returned -3"}, {"flood", "rj_sink_put"}};
  for (const auto& c : cases) {
    fake_.ReplaceJournal();
    fake_.SetFenced(true);
    fake_.AddTransactions({"fine", c.payload, "behind"});
    CBook book;
    rj_standby* standby = OpenStandby(&book, Named("b"));
    EXPECT_EQ(FollowToItsEnd(standby), RJ_APPLY_FAILED) << c.payload;
    EXPECT_THAT(error_.message, HasSubstr(c.said));
    EXPECT_THAT(error_.message, HasSubstr("LSN 2"));
    EXPECT_EQ(book.applied.front(), "fine");
    EXPECT_NE(book.applied.back(), "behind");
    rj_promotion* promotion = nullptr;
    EXPECT_EQ(rj_standby_take_over(standby, nullptr, kSecond, &promotion, &error_),
              RJ_APPLY_FAILED);
    EXPECT_EQ(promotion, nullptr);
    rj_standby_close(standby, nullptr);
  }
}

TEST_F(CTakeover, AnotherDigestThanTheWritersIsDivergence) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  AppendOne(a, "x");
  const uint64_t lsn = AppendOne(a, "y").first_lsn;
  EXPECT_EQ(rj_active_writer_add_digest(a, lsn + 100, 1, &error_), RJ_BAD_MARK);
  EXPECT_EQ(rj_active_writer_add_digest(a, lsn, 999, &error_), RJ_OK) << error_.message;
  EXPECT_EQ(rj_active_writer_flush_marks(a, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  rj_standby_options options = Named("b");
  options.digest_every = 1;
  CBook book;
  rj_standby* b = OpenStandby(&book, options);
  EXPECT_EQ(FollowToItsEnd(b), RJ_STATE_DIVERGED);
  EXPECT_THAT(error_.message, HasSubstr("LSN " + std::to_string(lsn)));
  rj_standby_close(b, nullptr);
  // Who has no digest has nothing to compare.
  CBook without;
  without.has_digest = false;
  rj_promotion* promotion = Promote(OpenStandby(&without, options));
  EXPECT_EQ(ReportOf(promotion).digests_compared, 0u);
  rj_promotion_close(promotion, nullptr);
  rj_active_writer_close(a, nullptr);
}

TEST_F(CTakeover, TheSameDigestIsCounted) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  const uint64_t lsn = AppendOne(a, "x").first_lsn;
  EXPECT_EQ(rj_active_writer_add_digest(a, lsn, 1001, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_flush_marks(a, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  rj_standby_options options = Named("b");
  options.digest_every = 1;
  CBook book;
  rj_promotion* promotion = Promote(OpenStandby(&book, options));
  EXPECT_EQ(ReportOf(promotion).digests_compared, 1u);
  rj_promotion_close(promotion, nullptr);
  rj_active_writer_close(a, nullptr);
}

TEST_F(CTakeover, WhoComesSecondIsToldAndFollowsOn) {
  rj_active_writer_close(BecomeWriter(Named("a")), nullptr);
  CBook books[2];
  rj_standby* b = OpenStandby(&books[0], Named("b"));
  rj_standby* c = OpenStandby(&books[1], Named("c"));
  EXPECT_EQ(FollowForEver(b), RJ_STANDBY_WRITER_SILENT);
  EXPECT_EQ(FollowForEver(c), RJ_STANDBY_WRITER_SILENT);
  rj_promotion* promotion = Promote(b);
  rj_promotion* second = promotion;
  EXPECT_EQ(rj_standby_take_over(c, nullptr, RJ_TIMEOUT_DEFAULT, &second, &error_), RJ_WRITER_HELD)
      << error_.message;
  EXPECT_EQ(second, nullptr);
  rj_active_writer* writer = TakeWriter(promotion);
  AppendOne(writer, "x");
  EXPECT_EQ(FollowUntil(c, [&] { return books[1].applied.size() == 1; }), RJ_OK) << error_.message;
  rj_active_writer_close(writer, nullptr);
  rj_promotion_close(promotion, nullptr);
  rj_standby_close(c, nullptr);
}

TEST_F(CTakeover, OptionsSayFromWhomAndByForce) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  CBook book;
  rj_standby* b = OpenStandby(&book, Named("b"));
  rj_take_over_options options = Init<rj_take_over_options>();
  options.replaces_only = 1;  // of nobody: but there is one
  rj_promotion* promotion = nullptr;
  EXPECT_EQ(rj_standby_take_over(b, &options, RJ_TIMEOUT_DEFAULT, &promotion, &error_),
            RJ_WRITER_HELD);
  options = Init<rj_take_over_options>();
  options.force = 1;
  options.reason = "a was a mistake";
  options.no_writer = 1;
  ASSERT_EQ(rj_standby_take_over(b, &options, RJ_TIMEOUT_DEFAULT, &promotion, &error_), RJ_OK)
      << error_.message;
  EXPECT_EQ(ReportOf(promotion).forced, 1u);
  rj_active_writer* writer = a;
  EXPECT_EQ(rj_promotion_take_writer(promotion, &writer, &error_), RJ_INVALID_ARGUMENT);
  EXPECT_EQ(writer, nullptr);
  int32_t step = 0;
  EXPECT_EQ(rj_standby_follow(b, kSecond, &step, &error_), RJ_STOPPED) << "it is at its end";
  rj_promotion_close(promotion, nullptr);
  rj_standby_close(b, nullptr);
  rj_active_writer_close(a, nullptr);
}

// What calls of the standby said inside of apply.
TEST_F(CTakeover, CallbackMayNotCallItsOwnStandby) {
  fake_.AddTransactions({"x"});
  CBook book;
  rj_standby* standby = OpenStandby(&book, Named("b"));
  std::vector<rj_code> codes;
  book.inside = [&] {
    int32_t step = 0;
    char cursor[RJ_CURSOR_BYTES];
    rj_promotion* promotion = nullptr;
    rj_standby_readiness readiness = Init<rj_standby_readiness>();
    codes = {rj_standby_follow(standby, 0, &step, nullptr),
             rj_standby_take_over(standby, nullptr, 0, &promotion, nullptr),
             rj_standby_get_readiness(standby, &readiness, nullptr),
             rj_standby_save_cursor(standby, cursor, sizeof cursor, nullptr, nullptr),
             rj_standby_close(standby, &error_)};
    EXPECT_THAT(error_.message, HasSubstr("rj_standby_close"));
  };
  EXPECT_EQ(FollowUntil(standby, [&] { return !book.applied.empty(); }), RJ_OK) << error_.message;
  EXPECT_THAT(codes, testing::AllOf(testing::SizeIs(5), testing::Each(RJ_WRONG_THREAD)));
  EXPECT_EQ(rj_standby_close(standby, &error_), RJ_OK);
}

}  // namespace
}  // namespace ringjournal::client
