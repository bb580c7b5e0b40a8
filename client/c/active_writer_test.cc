// The writer that a takeover gives, and application checkpoints, through the C interface.
#include <algorithm>
#include <atomic>

#include "client/c/takeover_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CActiveWriter : public CTakeoverFixture {};

TEST_F(CActiveWriter, IsTakenOnceAndOutlivesThePromotion) {
  CBook book;
  rj_promotion* promotion = Promote(OpenStandby(&book, Named("a")));
  rj_active_writer* writer = TakeWriter(promotion);
  rj_active_writer* again = writer;
  EXPECT_EQ(rj_promotion_take_writer(promotion, &again, &error_), RJ_INVALID_ARGUMENT);
  EXPECT_THAT(error_.message, HasSubstr("taken already"));
  EXPECT_EQ(again, nullptr);
  EXPECT_EQ(rj_promotion_close(promotion, &error_), RJ_OK);
  AppendOne(writer, "x");
  EXPECT_EQ(rj_active_writer_close(writer, &error_), RJ_OK);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x"));
}

TEST_F(CActiveWriter, MayBeClosedBeforeThePromotion) {
  CBook book;
  rj_promotion* promotion = Promote(OpenStandby(&book, Named("a")));
  EXPECT_EQ(rj_active_writer_close(TakeWriter(promotion), &error_), RJ_OK);
  EXPECT_STREQ(ReportOf(promotion).new_claimant, "a");
  EXPECT_EQ(rj_promotion_close(promotion, &error_), RJ_OK);
}

TEST_F(CActiveWriter, ThatNobodyTookEndsWithThePromotion) {
  CBook book;
  EXPECT_EQ(rj_promotion_close(Promote(OpenStandby(&book, Named("a"))), &error_), RJ_OK);
  rj_standby* b = OpenStandby(&book, Named("b"));
  EXPECT_EQ(FollowForEver(b), RJ_STANDBY_WRITER_SILENT) << "else its heartbeats were heard";
  rj_standby_close(b, nullptr);
}

TEST_F(CActiveWriter, AppendsInEveryWay) {
  rj_active_writer* writer = BecomeWriter(Named("a"));
  std::vector<uint64_t> lsns;
  auto note = [](void* user, const rj_outcome* outcome, const rj_error* error) {
    EXPECT_EQ(error->code, RJ_OK);
    static_cast<std::vector<uint64_t>*>(user)->push_back(outcome->first_lsn);
  };
  rj_transaction batch[2] = {Init<rj_transaction>(), Init<rj_transaction>()};
  batch[0].payload = {"1", 1};
  batch[1].payload = {"2", 1};
  rj_outcome outcome = Init<rj_outcome>();
  EXPECT_EQ(rj_active_writer_append(writer, "0", 1, RJ_TIMEOUT_DEFAULT, &outcome, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_append_batch(writer, batch, 2, RJ_TIMEOUT_DEFAULT, &outcome, &error_),
            RJ_OK);
  EXPECT_EQ(outcome.count, 2u);
  EXPECT_EQ(rj_active_writer_append_async(writer, "a", 1, note, &lsns, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_append_batch_async(writer, batch, 2, note, &lsns, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_try_append(writer, "t", 1, note, &lsns, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_try_append_batch(writer, batch, 2, note, &lsns, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_append_async(writer, "n", 1, nullptr, nullptr, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_flush(writer, RJ_LEVEL_DISK, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  rj_writer_stats stats = Init<rj_writer_stats>();
  EXPECT_EQ(rj_active_writer_get_stats(writer, &stats, &error_), RJ_OK);
  EXPECT_GE(stats.applied, 7u);
  EXPECT_EQ(rj_active_writer_status(writer, &error_), RJ_OK);
  EXPECT_EQ(rj_active_writer_close(writer, &error_), RJ_OK);
  ASSERT_EQ(lsns.size(), 4u);
  EXPECT_TRUE(std::is_sorted(lsns.begin(), lsns.end()));
  EXPECT_THAT(fake_.Payloads(), ElementsAre("0", "1", "2", "a", "1", "2", "t", "1", "2", "n"));
}

TEST_F(CActiveWriter, MarksOnlyWhatIsAcknowledged) {
  rj_active_writer* writer = BecomeWriter(Named("a"));
  const uint64_t lsn = AppendOne(writer, "x").first_lsn;
  EXPECT_EQ(rj_active_writer_mark_acted(writer, lsn + 100, &error_), RJ_BAD_MARK);
  EXPECT_EQ(rj_active_writer_mark_acted(writer, lsn, &error_), RJ_OK);
  rj_active_writer_close(writer, nullptr);
}

TEST_F(CActiveWriter, EndsFencedOnceItIsReplaced) {
  rj_active_writer* a = BecomeWriter(Named("a"));
  rj_active_writer* b = BecomeWriter(Named("b"));
  ASSERT_TRUE(Eventually([&] { return rj_active_writer_status(a, &error_) != RJ_OK; }));
  EXPECT_EQ(rj_active_writer_status(a, &error_), RJ_FENCED) << error_.message;
  rj_outcome outcome = Init<rj_outcome>();
  EXPECT_EQ(rj_active_writer_append(a, "zombie", 6, kSecond, &outcome, &error_), RJ_FENCED);
  EXPECT_EQ(outcome.fate, RJ_FATE_NOT_APPLIED);
  AppendOne(b, "x");
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x"));
  for (rj_active_writer* writer : {a, b}) EXPECT_EQ(rj_active_writer_close(writer, nullptr), RJ_OK);
}

struct Inside {
  rj_active_writer* writer = nullptr;
  std::vector<rj_code> codes;
};

// Calls that would wait for the thread that they run on; and one that does not.
void CallWhatWaits(void* user, const rj_outcome* outcome, const rj_error*) {
  auto* inside = static_cast<Inside*>(user);
  rj_outcome mine = Init<rj_outcome>();
  inside->codes = {rj_active_writer_append(inside->writer, "n", 1, kSecond, &mine, nullptr),
                   rj_active_writer_flush(inside->writer, 0, kSecond, nullptr),
                   rj_active_writer_flush_marks(inside->writer, kSecond, nullptr),
                   rj_active_writer_close(inside->writer, nullptr)};
  EXPECT_EQ(rj_active_writer_mark_acted(inside->writer, outcome->first_lsn, nullptr), RJ_OK);
  EXPECT_EQ(rj_active_writer_try_append(inside->writer, "later", 5, nullptr, nullptr, nullptr),
            RJ_OK);
}

TEST_F(CActiveWriter, CallbackThatWaitsIsRefused) {
  Inside inside;
  inside.writer = BecomeWriter(Named("a"));
  EXPECT_EQ(rj_active_writer_try_append(inside.writer, "x", 1, CallWhatWaits, &inside, &error_),
            RJ_OK);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(rj_active_writer_flush(inside.writer, 0, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  }
  EXPECT_EQ(rj_active_writer_close(inside.writer, &error_), RJ_OK);
  EXPECT_THAT(inside.codes, testing::AllOf(testing::SizeIs(4), testing::Each(RJ_WRONG_THREAD)));
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x", "later"));
}

struct LossTold {
  rj_promotion* promotion = nullptr;
  rj_code code = RJ_OK;
  std::atomic<bool> is_told = false;
};

// The writer's thread asks whether it goes on: nothing may wait for it meanwhile.
int32_t Decide(void* user, const rj_loss*) {
  auto* told = static_cast<LossTold*>(user);
  if (!told->is_told) told->code = rj_promotion_close(told->promotion, nullptr);
  told->is_told = true;
  return 0;
}

TEST_F(CActiveWriter, OnLossMayNotCloseThePromotionThatHoldsTheWriter) {
  LossTold told;
  rj_writer_options writer_options = Init<rj_writer_options>();
  writer_options.on_loss = Decide;
  writer_options.on_loss_user = &told;
  rj_standby_options options = Named("a");
  options.writer = &writer_options;
  CBook book;
  told.promotion = Promote(OpenStandby(&book, options));
  // Its heartbeats are transactions that it holds receipts for.
  ASSERT_TRUE(Eventually([&] { return fake_.end_lsn() > Lsn(1); }));
  fake_.LoseTransactionsFrom(Lsn(1));
  ASSERT_TRUE(Eventually([&] { return told.is_told.load(); }));
  EXPECT_EQ(told.code, RJ_WRONG_THREAD);
  EXPECT_EQ(rj_promotion_close(told.promotion, nullptr), RJ_OK);
}

class CCheckpoints : public CTakeoverFixture {
 protected:
  CCheckpoints() : writer_(BecomeWriter(Named("a"))) {}
  ~CCheckpoints() override { rj_active_writer_close(writer_, nullptr); }

  rj_checkpoint_saver* OpenSaver(uint32_t writer_epoch = 0) {
    rj_checkpoint_saver_options options = Init<rj_checkpoint_saver_options>();
    options.name = "a";
    options.writer_generation = writer_epoch != 0 ? 1 : 0;
    options.writer_epoch = writer_epoch;
    rj_checkpoint_saver* saver = nullptr;
    EXPECT_EQ(rj_checkpoint_saver_open(journal_, &options, &saver, &error_), RJ_OK)
        << error_.message;
    return saver;
  }
  std::string CursorOf(const rj_outcome& outcome) {
    rj_journal_info info = Init<rj_journal_info>();
    EXPECT_EQ(rj_journal_get_info(journal_, RJ_TIMEOUT_DEFAULT, &info, nullptr, nullptr, &error_),
              RJ_OK);
    char cursor[RJ_CURSOR_BYTES];
    EXPECT_EQ(rj_outcome_save_cursor(&outcome, info.id, cursor, sizeof cursor, nullptr, &error_),
              RJ_OK)
        << error_.message;
    return cursor;
  }
  rj_code Save(rj_checkpoint_saver* saver, const rj_outcome& outcome, const std::string& state) {
    return rj_checkpoint_saver_save(saver, CursorOf(outcome).c_str(), outcome.first_lsn,
                                    state.data(), state.size(), &error_);
  }

  rj_active_writer* writer_;
};

TEST_F(CCheckpoints, NextStandbyStartsFromWhatTheWriterSaved) {
  rj_checkpoint_saver* saver = OpenSaver();
  AppendOne(writer_, "x");
  EXPECT_EQ(Save(saver, AppendOne(writer_, "y"), "x,y"), RJ_OK) << error_.message;
  rj_checkpoint_saver_close(saver);
  AppendOne(writer_, "z");
  CBook book;
  rj_standby* b = OpenStandby(&book, Named("b"));
  EXPECT_EQ(book.loaded, "x,y");
  rj_promotion* promotion = Promote(b);
  EXPECT_THAT(book.applied, ElementsAre("z"));
  EXPECT_EQ(ReportOf(promotion).effect_count, 1u);
  rj_promotion_close(promotion, nullptr);
  CBook whole;
  rj_standby_options options = Named("c");
  options.ignore_checkpoints = 1;
  promotion = Promote(OpenStandby(&whole, options));
  EXPECT_EQ(whole.loaded, "");
  EXPECT_THAT(whole.applied, ElementsAre("x", "y", "z"));
  rj_promotion_close(promotion, nullptr);
}

TEST_F(CCheckpoints, AStandbySavesBehindWhatItHasApplied) {
  AppendOne(writer_, "x");
  CBook book;
  rj_standby* b = OpenStandby(&book, Named("b"));
  ASSERT_EQ(FollowUntil(b, [&] { return !book.applied.empty(); }), RJ_OK);
  char cursor[RJ_CURSOR_BYTES];
  size_t needed = 0;
  EXPECT_EQ(rj_standby_save_cursor(b, cursor, 1, &needed, &error_), RJ_BUFFER_TOO_SMALL);
  ASSERT_EQ(rj_standby_save_cursor(b, cursor, needed, nullptr, &error_), RJ_OK);
  rj_standby_readiness readiness = Init<rj_standby_readiness>();
  EXPECT_EQ(rj_standby_get_readiness(b, &readiness, &error_), RJ_OK);
  rj_checkpoint_saver* saver = OpenSaver();
  EXPECT_EQ(rj_checkpoint_saver_save(saver, cursor, 0, "x", 1, &error_), RJ_BAD_MARK);
  EXPECT_EQ(rj_checkpoint_saver_save(saver, cursor, readiness.next_lsn - 1, "x", 1, &error_), RJ_OK)
      << error_.message;
  rj_checkpoint_saver_close(saver);
  rj_standby_close(b, nullptr);
  CBook next;
  rj_standby_close(OpenStandby(&next, Named("c")), nullptr);
  EXPECT_EQ(next.loaded, "x");
}

TEST_F(CCheckpoints, LoadThatFailsOrIsMissingSaysSo) {
  rj_checkpoint_saver* saver = OpenSaver();
  EXPECT_EQ(Save(saver, AppendOne(writer_, "x"), "refuse"), RJ_OK);
  rj_checkpoint_saver_close(saver);
  CBook book;
  rj_state_machine machine = book.Machine();
  const rj_standby_options options = Named("b");
  rj_standby* standby = nullptr;
  EXPECT_EQ(rj_standby_open(journal_, &machine, &options, &standby, &error_), RJ_APPLY_FAILED);
  EXPECT_THAT(error_.message, HasSubstr("not a book"));
  machine.load = nullptr;
  EXPECT_EQ(rj_standby_open(journal_, &machine, &options, &standby, &error_), RJ_APPLY_FAILED);
  EXPECT_THAT(error_.message, HasSubstr("`load`"));
  EXPECT_EQ(standby, nullptr);
}

TEST_F(CCheckpoints, WhoWasReplacedSavesNothing) {
  rj_checkpoint_saver* saver = OpenSaver(1);
  const rj_outcome outcome = AppendOne(writer_, "x");
  EXPECT_EQ(Save(saver, outcome, "x"), RJ_OK) << error_.message;
  rj_active_writer* b = BecomeWriter(Named("b"));
  EXPECT_EQ(Save(saver, outcome, "x"), RJ_FENCED) << error_.message;
  rj_active_writer_close(b, nullptr);
  rj_checkpoint_saver_close(saver);
}

}  // namespace
}  // namespace ringjournal::client
