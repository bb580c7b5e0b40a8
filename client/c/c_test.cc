// The C interface against a fake journal: a whole program, outcomes, callbacks, cursors.
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "client/c/c_fixture.h"
#include "client/c/c_program.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(CFixture, CProgramWritesAndReads) {
  EXPECT_EQ(RunCProgram(fake_.address().c_str(), "orders"), 0) << "line of c_program.c";
  EXPECT_THAT(fake_.Payloads(), ElementsAre("a", "ab", "abc", "first", ""));
}

TEST_F(CFixture, LostAnswerIsAppliedOnce) {
  rj_writer* writer = OpenWriter();
  fake_.LoseConnectionAfterApplying();
  rj_outcome outcome = Init<rj_outcome>();
  EXPECT_EQ(Append(writer, "once", &outcome), RJ_OK);
  EXPECT_EQ(outcome.fate, RJ_FATE_APPLIED);
  EXPECT_EQ(outcome.first_lsn, 1u);
  EXPECT_EQ(outcome.duplicate, 1u);
  rj_writer_stats stats = Init<rj_writer_stats>();
  EXPECT_EQ(rj_writer_get_stats(writer, &stats, nullptr), RJ_OK);
  EXPECT_EQ(stats.applied, 1u);
  EXPECT_EQ(stats.in_flight, 0u);
  EXPECT_GE(stats.reconnects, 1u);
  rj_writer_close(writer, nullptr);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("once"));
}

TEST_F(CFixture, RefusalSaysWhy) {
  rj_writer* writer = OpenWriter();
  fake_.RefuseAppends(ErrorCode::kTooLarge);
  rj_outcome outcome = Init<rj_outcome>();
  EXPECT_EQ(Append(writer, "x", &outcome), RJ_TOO_LARGE);
  EXPECT_EQ(outcome.fate, RJ_FATE_NOT_APPLIED);
  EXPECT_EQ(outcome.code, RJ_TOO_LARGE);
  EXPECT_EQ(error_.code, RJ_TOO_LARGE);
  EXPECT_STRNE(error_.message, "");
  EXPECT_EQ(Append(writer, "y", &outcome), RJ_OK);
  EXPECT_EQ(error_.code, RJ_OK);
  EXPECT_STREQ(error_.message, "");
  rj_writer_close(writer, nullptr);
}

TEST_F(CFixture, NoAnswerIsUnknownAndResolved) {
  rj_writer* writer = OpenWriter();
  fake_.DelayAnswers(std::chrono::milliseconds(300));
  rj_outcome outcome = Init<rj_outcome>();
  rj_code code = rj_writer_append(writer, "x", 1, nullptr, 30'000'000, &outcome, &error_);
  EXPECT_EQ(code, RJ_OUTCOME_UNKNOWN);
  EXPECT_EQ(outcome.fate, RJ_FATE_UNKNOWN);
  EXPECT_EQ(outcome.first_sequence, 1u);
  EXPECT_EQ(rj_writer_flush(writer, RJ_LEVEL_DEFAULT, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  rj_resolution resolution = Init<rj_resolution>();
  EXPECT_EQ(rj_journal_resolve(journal_, "p", outcome.first_sequence, RJ_TIMEOUT_DEFAULT,
                               &resolution, &error_),
            RJ_OK)
      << error_.message;
  EXPECT_EQ(resolution.outcome, RJ_RESOLVED_AT_LSN);
  EXPECT_EQ(resolution.fate, RJ_FATE_APPLIED);
  EXPECT_EQ(resolution.lsn, 1u);
  rj_writer_close(writer, nullptr);
}

// What callbacks were told.
struct Told {
  rj_writer* writer = nullptr;
  std::vector<uint64_t> lsns;
  std::vector<rj_code> codes;
  std::string message;
  rj_code close_code = RJ_OK, flush_code = RJ_OK, append_code = RJ_OK;
};

void Note(void* user, const rj_outcome* outcome, const rj_error* error) {
  auto* told = static_cast<Told*>(user);
  told->lsns.push_back(outcome->first_lsn);
  told->codes.push_back(error->code);
  told->message = error->message;
}

TEST_F(CFixture, CallbacksRunInOrder) {
  rj_writer* writer = OpenWriter();
  Told told;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(rj_writer_append_async(writer, "x", 1, nullptr, Note, &told, &error_), RJ_OK);
  }
  EXPECT_EQ(rj_writer_append_async(writer, "x", 1, nullptr, nullptr, nullptr, &error_), RJ_OK);
  EXPECT_EQ(rj_writer_flush(writer, RJ_LEVEL_DISK, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  EXPECT_EQ(rj_writer_close(writer, &error_), RJ_OK);
  ASSERT_EQ(told.lsns.size(), 100u);
  for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(told.lsns[i], i + 1);
  EXPECT_EQ(fake_.end_lsn(), Lsn(101));
}

TEST_F(CFixture, CallbackHearsOfRefusalAndFlushToo) {
  rj_writer* writer = OpenWriter();
  fake_.RefuseAppends(ErrorCode::kExpectedLsn);
  Told told;
  EXPECT_EQ(rj_writer_append_async(writer, "x", 1, nullptr, Note, &told, &error_), RJ_OK);
  EXPECT_EQ(rj_writer_flush(writer, RJ_LEVEL_DEFAULT, RJ_TIMEOUT_DEFAULT, &error_),
            RJ_EXPECTED_LSN);
  rj_writer_close(writer, nullptr);
  EXPECT_THAT(told.codes, ElementsAre(RJ_EXPECTED_LSN));
  EXPECT_NE(told.message, "");
}

// Calls that would wait for the thread that they run on.
void CallWhatWaits(void* user, const rj_outcome* outcome, const rj_error*) {
  auto* told = static_cast<Told*>(user);
  rj_outcome mine = Init<rj_outcome>();
  told->flush_code = rj_writer_flush(told->writer, 0, RJ_TIMEOUT_DEFAULT, nullptr);
  told->append_code =
      rj_writer_append(told->writer, "n", 1, nullptr, RJ_TIMEOUT_DEFAULT, &mine, nullptr);
  told->close_code = rj_writer_close(told->writer, nullptr);
  told->lsns.push_back(outcome->first_lsn);
  rj_writer_try_append(told->writer, "later", 5, nullptr, nullptr, nullptr, nullptr);
}

TEST_F(CFixture, CallbackThatWaitsIsRefused) {
  Told told;
  told.writer = OpenWriter();
  EXPECT_EQ(rj_writer_try_append(told.writer, "x", 1, nullptr, CallWhatWaits, &told, &error_),
            RJ_OK);
  EXPECT_EQ(rj_writer_flush(told.writer, 0, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  EXPECT_EQ(rj_writer_flush(told.writer, 0, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  EXPECT_EQ(rj_writer_close(told.writer, &error_), RJ_OK);
  EXPECT_EQ(told.flush_code, RJ_WRONG_THREAD);
  EXPECT_EQ(told.append_code, RJ_WRONG_THREAD);
  EXPECT_EQ(told.close_code, RJ_WRONG_THREAD);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("x", "later"));
}

TEST_F(CFixture, FullWriterSaysSo) {
  rj_writer_options options = Init<rj_writer_options>();
  options.appends_in_flight_max = 2;
  rj_writer* writer = OpenWriter(options);
  fake_.SetRingFull(true);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(rj_writer_try_append(writer, "x", 1, nullptr, nullptr, nullptr, &error_), RJ_OK);
  }
  EXPECT_EQ(rj_writer_try_append(writer, "x", 1, nullptr, nullptr, nullptr, &error_),
            RJ_WINDOW_FULL);
  EXPECT_THAT(error_.message, HasSubstr("full"));
  fake_.SetRingFull(false);
  EXPECT_EQ(rj_writer_flush(writer, 0, RJ_TIMEOUT_DEFAULT, &error_), RJ_OK);
  rj_writer_close(writer, nullptr);
}

int32_t Decide(void* user, const rj_loss* loss) {
  bool right = loss->held_count == 1 && loss->held[0].first_lsn == 2 && loss->held[0].last_lsn == 3;
  *static_cast<uint64_t*>(user) = right && loss->reason[0] != '\0' ? loss->first_lsn : 0;
  return 1;
}

TEST_F(CFixture, LossIsToldAndAccepted) {
  uint64_t told = 0;
  rj_writer_options options = Init<rj_writer_options>();
  options.on_loss = Decide;
  options.on_loss_user = &told;
  rj_writer* writer = OpenWriter(options);
  rj_outcome outcome = Init<rj_outcome>();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Append(writer, "x", &outcome), RJ_OK);
  fake_.LoseTransactionsFrom(Lsn(2));
  EXPECT_EQ(Append(writer, "y", &outcome), RJ_OK) << error_.message;
  EXPECT_EQ(outcome.first_lsn, 2u);
  EXPECT_EQ(told, 2u);
  EXPECT_EQ(rj_writer_status(writer, &error_), RJ_OK);
  rj_writer_close(writer, nullptr);
}

TEST_F(CFixture, WriterThatWasFencedSaysSo) {
  rj_writer* writer = OpenWriter();
  fake_.Fence("p");
  rj_outcome outcome = Init<rj_outcome>();
  EXPECT_EQ(Append(writer, "x", &outcome), RJ_FENCED);
  EXPECT_EQ(rj_writer_status(writer, &error_), RJ_FENCED);
  EXPECT_STRNE(error_.message, "");
  rj_writer_close(writer, nullptr);
}

TEST_F(CFixture, SequenceAtOpenCounts) {
  rj_outcome outcome = Init<rj_outcome>();
  rj_writer* writer = OpenWriter();
  Append(writer, "x", &outcome);
  rj_writer_close(writer, nullptr);
  writer = OpenWriter();
  uint64_t sequence = 0;
  EXPECT_EQ(rj_writer_last_sequence_at_open(writer, &sequence, &error_), RJ_OK);
  EXPECT_EQ(sequence, 1u);
  rj_writer_close(writer, nullptr);
}

class CReading : public CFixture {
 protected:
  rj_subscription* Open(rj_subscription_options options = Init<rj_subscription_options>()) {
    rj_subscription* subscription = nullptr;
    EXPECT_EQ(rj_subscription_open(journal_, &options, &subscription, &error_), RJ_OK)
        << error_.message;
    return subscription;
  }
  // The next payload, or what the step says.
  std::string Next(rj_subscription* subscription, int64_t timeout_ns = 30 * kSecond) {
    rj_read_transaction t = Init<rj_read_transaction>();
    int32_t step = -1;
    rj_code code = rj_subscription_next(subscription, timeout_ns, &step, &t, &error_);
    if (code != RJ_OK) return rj_code_name(code);
    if (step == RJ_READ_TRANSACTION)
      return {static_cast<const char*>(t.payload.data), t.payload.size};
    return step == RJ_READ_FINISHED ? "finished" : "nothing yet";
  }
};

TEST_F(CReading, CursorGoesOn) {
  fake_.AddTransactions({"a", "b", "c"});
  rj_subscription* first = Open();
  EXPECT_EQ(Next(first), "a");
  EXPECT_EQ(Next(first), "b");
  char cursor[RJ_CURSOR_BYTES];
  size_t needed = 0;
  EXPECT_EQ(rj_subscription_save_cursor(first, cursor, 10, &needed, &error_), RJ_BUFFER_TOO_SMALL);
  EXPECT_GT(needed, 10u);
  EXPECT_EQ(rj_subscription_save_cursor(first, cursor, needed, &needed, &error_), RJ_OK);
  EXPECT_EQ(strlen(cursor) + 1, needed);
  rj_subscription_close(first);
  rj_subscription_options options = Init<rj_subscription_options>();
  options.cursor = cursor;
  rj_subscription* second = Open(options);
  EXPECT_EQ(Next(second), "c");
  EXPECT_EQ(Next(second), "finished");
  rj_subscription_close(second);
}

TEST_F(CReading, CursorOfAnotherJournalIsRefused) {
  fake_.AddTransactions({"a"});
  rj_subscription* first = Open();
  Next(first);
  char cursor[RJ_CURSOR_BYTES];
  EXPECT_EQ(rj_subscription_save_cursor(first, cursor, sizeof cursor, nullptr, &error_), RJ_OK);
  rj_subscription_close(first);
  fake_.ReplaceJournal();
  rj_subscription_options options = Init<rj_subscription_options>();
  for (const char* text : {static_cast<const char*>(cursor), "nonsense", ""}) {
    options.cursor = text;
    rj_subscription* subscription = first;
    EXPECT_EQ(rj_subscription_open(journal_, &options, &subscription, &error_), RJ_BAD_CURSOR);
    EXPECT_EQ(subscription, nullptr);
  }
}

TEST_F(CReading, PositionsAndRange) {
  fake_.AddTransactions({"a"});
  fake_.AddTransactions({"b"});
  fake_.AddTransactions({"c"});
  rj_subscription_options options = Init<rj_subscription_options>();
  options.from = RJ_FROM_LSN;
  options.from_value = 2;
  options.until_lsn = 3;
  rj_subscription* some = Open(options);
  EXPECT_EQ(Next(some), "b");
  EXPECT_EQ(Next(some), "finished");
  rj_subscription_close(some);
  options = Init<rj_subscription_options>();
  options.from = RJ_FROM_LAST;
  options.from_value = 1;
  options.follow = 1;
  rj_subscription* tail = Open(options);
  EXPECT_EQ(Next(tail), "c");
  EXPECT_EQ(Next(tail, 0), "nothing yet");
  fake_.AddTransactions({"d"});
  EXPECT_EQ(Next(tail), "d");
  rj_subscription_close(tail);
}

TEST_F(CReading, NoLossIsGenerationZero) {
  rj_subscription* subscription = Open();
  rj_loss loss = Init<rj_loss>();
  loss.generation = 7;
  EXPECT_EQ(rj_subscription_last_loss(subscription, &loss, &error_), RJ_OK);
  EXPECT_EQ(loss.generation, 0u);
  EXPECT_EQ(loss.reason, nullptr);
  rj_subscription_close(subscription);
}

}  // namespace
}  // namespace ringjournal::client
