// What callers get wrong of standbys, promotions, active writers and checkpoint savers.
#include <cstring>

#include "client/c/takeover_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kWait = RJ_TIMEOUT_DEFAULT;

class CTakeoverArguments : public CTakeoverFixture {
 protected:
  void ExpectInvalidOpen(const rj_state_machine* machine, const rj_standby_options* options,
                         const std::string& argument) {
    auto* standby = reinterpret_cast<rj_standby*>(this);
    ExpectInvalid(rj_standby_open(journal_, machine, options, &standby, e()), argument);
    EXPECT_EQ(standby, nullptr);
  }
};

TEST_F(CTakeoverArguments, NullHandles) {
  rj_outcome outcome = Init<rj_outcome>();
  rj_active_writer* writer = nullptr;
  rj_promotion* promotion = nullptr;
  int32_t step = 0;
  ExpectInvalid(rj_standby_follow(nullptr, 0, &step, e()), "standby");
  ExpectInvalid(rj_standby_take_over(nullptr, nullptr, kWait, &promotion, e()), "standby");
  ExpectInvalid(rj_standby_get_readiness(nullptr, nullptr, e()), "standby");
  ExpectInvalid(rj_standby_save_cursor(nullptr, nullptr, 0, nullptr, e()), "standby");
  ExpectInvalid(rj_promotion_get_report(nullptr, nullptr, e()), "promotion");
  ExpectInvalid(rj_promotion_take_writer(nullptr, &writer, e()), "promotion");
  ExpectInvalid(rj_active_writer_append(nullptr, "x", 1, kWait, &outcome, e()), "writer");
  EXPECT_EQ(outcome.fate, RJ_FATE_NOT_APPLIED);
  EXPECT_EQ(outcome.code, RJ_INVALID_ARGUMENT);
  ExpectInvalid(rj_active_writer_append_batch(nullptr, nullptr, 0, kWait, &outcome, e()), "writer");
  ExpectInvalid(rj_active_writer_append_async(nullptr, "x", 1, nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_active_writer_append_batch_async(nullptr, nullptr, 0, nullptr, nullptr, e()),
                "writer");
  ExpectInvalid(rj_active_writer_try_append(nullptr, "x", 1, nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_active_writer_try_append_batch(nullptr, nullptr, 0, nullptr, nullptr, e()),
                "writer");
  ExpectInvalid(rj_active_writer_mark_acted(nullptr, 1, e()), "writer");
  ExpectInvalid(rj_active_writer_add_digest(nullptr, 1, 1, e()), "writer");
  ExpectInvalid(rj_active_writer_flush_marks(nullptr, kWait, e()), "writer");
  ExpectInvalid(rj_active_writer_flush(nullptr, 0, kWait, e()), "writer");
  ExpectInvalid(rj_active_writer_get_stats(nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_active_writer_status(nullptr, e()), "writer");
  ExpectInvalid(rj_checkpoint_saver_save(nullptr, "", 0, nullptr, 0, e()), "saver");
  EXPECT_EQ(rj_sink_put(nullptr, "x", 1), RJ_INVALID_ARGUMENT);
}

TEST_F(CTakeoverArguments, ClosingNullDoesNothing) {
  EXPECT_EQ(rj_standby_close(nullptr, nullptr), RJ_OK);
  EXPECT_EQ(rj_promotion_close(nullptr, nullptr), RJ_OK);
  EXPECT_EQ(rj_active_writer_close(nullptr, nullptr), RJ_OK);
  rj_checkpoint_saver_close(nullptr);
}

TEST_F(CTakeoverArguments, OfAStandby) {
  CBook book;
  rj_state_machine machine = book.Machine();
  rj_standby_options options = Named("a");
  rj_standby* standby = nullptr;
  ExpectInvalid(rj_standby_open(journal_, &machine, &options, nullptr, e()), "standby");
  ExpectInvalid(rj_standby_open(nullptr, &machine, &options, &standby, e()), "journal");
  ExpectInvalidOpen(nullptr, &options, "machine");
  ExpectInvalidOpen(&machine, nullptr, "options");
  machine.apply = nullptr;
  ExpectInvalidOpen(&machine, &options, "machine->apply");
  machine = book.Machine();
  machine.reserved = 1;
  ExpectInvalidOpen(&machine, &options, "machine->reserved");
  machine = book.Machine();
  options.reserved = 1;
  ExpectInvalidOpen(&machine, &options, "options->reserved");
  options = Named(nullptr);
  ExpectInvalidOpen(&machine, &options, "options->name");
  options = Named("");
  EXPECT_EQ(rj_standby_open(journal_, &machine, &options, &standby, e()), RJ_BAD_SETTING);
  options = Named("a");
  options.heartbeat_ns = -1;
  EXPECT_EQ(rj_standby_open(journal_, &machine, &options, &standby, e()), RJ_BAD_SETTING);
  fake_.SetFenced(false);
  options = Named("a");
  EXPECT_EQ(rj_standby_open(journal_, &machine, &options, &standby, e()), RJ_BAD_SETTING);
  EXPECT_THAT(error_.message, HasSubstr("not fenced"));
  EXPECT_EQ(standby, nullptr);
}

TEST_F(CTakeoverArguments, OfTheWriterToCome) {
  CBook book;
  const rj_state_machine machine = book.Machine();
  rj_standby_options options = Named("a");
  rj_writer_options writer = Init<rj_writer_options>();
  options.writer = &writer;
  for (int field = 0; field < 4; ++field) {
    writer = Init<rj_writer_options>();
    if (field == 0) writer.producer = "p";
    if (field == 1) writer.writer_generation = 1;
    if (field == 2) writer.writer_epoch = 1;
    if (field == 3) writer.create = 1;
    ExpectInvalidOpen(&machine, &options, "options->writer");
  }
  writer = Init<rj_writer_options>();
  writer.level = 9;
  ExpectInvalidOpen(&machine, &options, "options->writer->level");
  writer.struct_size = 0;
  ExpectInvalidOpen(&machine, &options, "options->writer->struct_size");
  writer = Init<rj_writer_options>();
  writer.level = RJ_LEVEL_RECEIVED;
  rj_standby* standby = nullptr;
  EXPECT_EQ(rj_standby_open(journal_, &machine, &options, &standby, e()), RJ_BAD_SETTING);
}

TEST_F(CTakeoverArguments, OfFollowingAndTakingOver) {
  CBook book;
  rj_standby* standby = OpenStandby(&book, Named("a"));
  rj_standby_readiness readiness = {};
  rj_take_over_options options = Init<rj_take_over_options>();
  rj_promotion* promotion = nullptr;
  ExpectInvalid(rj_standby_follow(standby, 0, nullptr, e()), "step");
  ExpectInvalid(rj_standby_get_readiness(standby, nullptr, e()), "readiness");
  ExpectInvalid(rj_standby_get_readiness(standby, &readiness, e()), "readiness->struct_size");
  ExpectInvalid(rj_standby_save_cursor(standby, nullptr, 999, nullptr, e()), "buffer");
  ExpectInvalid(rj_standby_take_over(standby, nullptr, kWait, nullptr, e()), "promotion");
  options.replaces_epoch = 7;
  ExpectInvalid(rj_standby_take_over(standby, &options, kWait, &promotion, e()),
                "options->replaces_only");
  // None of these has ended it.
  promotion = Promote(standby);
  rj_takeover_report report = {};
  ExpectInvalid(rj_promotion_get_report(promotion, nullptr, e()), "report");
  ExpectInvalid(rj_promotion_get_report(promotion, &report, e()), "report->struct_size");
  ExpectInvalid(rj_promotion_take_writer(promotion, nullptr, e()), "writer");
  rj_active_writer* writer = TakeWriter(promotion);
  rj_outcome outcome = Init<rj_outcome>();
  ExpectInvalid(rj_active_writer_append(writer, "x", 1, kWait, nullptr, e()), "outcome");
  ExpectInvalid(rj_active_writer_append(writer, nullptr, 1, kWait, &outcome, e()), "payload");
  ExpectInvalid(rj_active_writer_append_batch(writer, nullptr, 1, kWait, &outcome, e()),
                "transactions");
  ExpectInvalid(rj_active_writer_flush(writer, 9, kWait, e()), "level");
  ExpectInvalid(rj_active_writer_get_stats(writer, nullptr, e()), "stats");
  rj_promotion_close(promotion, nullptr);
  rj_active_writer_close(writer, nullptr);
}

TEST_F(CTakeoverArguments, OfASaverAndACursor) {
  rj_checkpoint_saver_options options = Init<rj_checkpoint_saver_options>();
  rj_checkpoint_saver* saver = nullptr;
  ExpectInvalid(rj_checkpoint_saver_open(journal_, &options, nullptr, e()), "saver");
  ExpectInvalid(rj_checkpoint_saver_open(nullptr, &options, &saver, e()), "journal");
  ExpectInvalid(rj_checkpoint_saver_open(journal_, nullptr, &saver, e()), "options");
  ExpectInvalid(rj_checkpoint_saver_open(journal_, &options, &saver, e()), "options->name");
  options.name = "a";
  ASSERT_EQ(rj_checkpoint_saver_open(journal_, &options, &saver, e()), RJ_OK) << error_.message;
  ExpectInvalid(rj_checkpoint_saver_save(saver, nullptr, 0, nullptr, 0, e()), "cursor");
  ExpectInvalid(rj_checkpoint_saver_save(saver, "x", 0, nullptr, 1, e()), "state");
  EXPECT_EQ(rj_checkpoint_saver_save(saver, "x", 0, "x", SIZE_MAX, e()), RJ_TOO_LARGE);
  EXPECT_EQ(rj_checkpoint_saver_save(saver, "x", 0, "x", 1, e()), RJ_BAD_CURSOR);
  EXPECT_THAT(error_.message, HasSubstr("cursor: "));
  rj_checkpoint_saver_close(saver);

  char text[RJ_CURSOR_BYTES];
  const char* id = "00000000000000000000000000000000";
  rj_outcome outcome = Init<rj_outcome>();
  auto save = [&](const rj_outcome* given, const char* journal_id) {
    return rj_outcome_save_cursor(given, journal_id, text, sizeof text, nullptr, e());
  };
  ExpectInvalid(save(nullptr, id), "outcome");
  ExpectInvalid(save(&outcome, nullptr), "journal_id");
  ExpectInvalid(save(&outcome, "orders"), "journal_id");
  EXPECT_EQ(save(&outcome, id), RJ_BAD_CURSOR);
  outcome.fate = RJ_FATE_APPLIED;
  outcome.first_lsn = outcome.index = 7;
  EXPECT_EQ(save(&outcome, id), RJ_BAD_CURSOR) << "of no transaction";
  outcome.count = 2;
  EXPECT_EQ(save(&outcome, id), RJ_OK) << error_.message;
  EXPECT_THAT(text, HasSubstr("lsn=8\n"));
}

// ---- sizes ----

TEST_F(CTakeoverArguments, SizesAndBytesThatAreNotKnown) {
  CBook book;
  struct {
    rj_standby_options known;
    uint64_t added;
  } options = {Named("a"), 0};
  struct {
    rj_state_machine known;
    uint64_t added;
  } machine = {book.Machine(), 0};
  options.known.struct_size = sizeof options;
  machine.known.struct_size = sizeof machine;
  rj_standby_close(OpenStandby(&book, options.known), nullptr);
  options.added = 1;
  ExpectInvalidOpen(&machine.known, &options.known, "options");
  options.added = 0;
  machine.added = 1;
  ExpectInvalidOpen(&machine.known, &options.known, "machine");
  for (uint32_t size : {0u, 4u, 65544u}) {
    options.known.struct_size = size;
    machine.known = book.Machine();
    ExpectInvalidOpen(&machine.known, &options.known, "options->struct_size");
    options.known.struct_size = sizeof options.known;
    machine.known.struct_size = size;
    ExpectInvalidOpen(&machine.known, &options.known, "machine->struct_size");
  }
}

// A program that was compiled when the report ended before `lost_from_lsn`.
TEST_F(CTakeoverArguments, OlderReportIsNotWrittenBehindItsEnd) {
  CBook book;
  rj_promotion* promotion = Promote(OpenStandby(&book, Named("a")));
  rj_takeover_report report;
  std::memset(&report, 0x5a, sizeof report);
  report.struct_size = offsetof(rj_takeover_report, lost_from_lsn);
  EXPECT_EQ(rj_promotion_get_report(promotion, &report, e()), RJ_OK);
  EXPECT_STREQ(report.new_claimant, "a");
  EXPECT_EQ(report.lost_from_lsn, 0x5a5a5a5a5a5a5a5au);
  rj_promotion_close(promotion, nullptr);
}

}  // namespace
}  // namespace ringjournal::client
