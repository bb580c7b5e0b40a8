/* Every request of the C interface, from C11, against a real server. usage: c_interface HOST:PORT
 */
#include <stdio.h>
#include <string.h>

#include "ringjournal/client/c/ringjournal.h"

static rj_error error = RJ_INIT(rj_error);

#define MUST(condition)                                                                        \
  if (!(condition)) {                                                                          \
    fprintf(stderr, "line %d: %s (%d %s)\n", __LINE__, #condition, error.code, error.message); \
    return 0;                                                                                  \
  }
#define OK(call) MUST((call) == RJ_OK)
#define T RJ_TIMEOUT_DEFAULT

static int CreateAndInfo(const rj_journal* journal) {
  rj_journal_settings settings = RJ_INIT(rj_journal_settings);
  settings.ring_bytes = 1 << 20;
  settings.segment_bytes = 1 << 20;
  settings.producers_max = 7;
  settings.fenced = 1;
  OK(rj_journal_create(journal, &settings, T, &error));
  MUST(rj_journal_create(journal, &settings, T, &error) == RJ_JOURNAL_EXISTS);
  OK(rj_journal_create_if_missing(journal, NULL, T, &error));
  rj_journal_info info = RJ_INIT(rj_journal_info);
  rj_journal_settings got = RJ_INIT(rj_journal_settings);
  rj_watermarks marks = RJ_INIT(rj_watermarks);
  OK(rj_journal_get_info(journal, T, &info, &got, &marks, &error));
  OK(rj_journal_get_info(journal, T, NULL, NULL, NULL, &error));
  MUST(got.fenced == 1 && got.producers_max == 7 && got.ring_bytes == 1 << 20);
  MUST(strcmp(info.name, "fenced") == 0 && strlen(info.id) == 32);
  MUST(strcmp(info.storage_state, "ok") == 0 && info.ring_bytes == 1 << 20);
  MUST(marks.end_lsn == 0);
  return 1;
}

static int Acquire(const rj_journal* journal, rj_writer_info* grant) {
  rj_writer_info before = RJ_INIT(rj_writer_info);
  OK(rj_journal_get_writer(journal, T, &before, &error));
  MUST(before.fenced == 1);
  rj_writer_claim claim = RJ_INIT(rj_writer_claim);
  claim.claimant = "engine";
  claim.replaces_generation = before.generation;
  claim.replaces_epoch = before.epoch;
  OK(rj_journal_acquire_writer(journal, &claim, T, grant, &error));
  MUST(strcmp(grant->claimant, "engine") == 0 && grant->epoch > before.epoch);
  claim.claimant = "other";
  MUST(rj_journal_acquire_writer(journal, &claim, T, grant, &error) == RJ_WRITER_HELD);
  return 1;
}

static int OpenWriter(const rj_journal* journal, const rj_writer_info* grant, rj_writer** writer) {
  rj_writer_options options = RJ_INIT(rj_writer_options);
  options.producer = "p";
  options.writer_generation = grant->generation;
  options.writer_epoch = grant->epoch;
  OK(rj_writer_open(journal, &options, writer, &error));
  return 1;
}

/* The first writer is fenced by the second. */
static int Fences(const rj_journal* journal, rj_writer_info* second) {
  rj_writer_info first = RJ_INIT(rj_writer_info);
  rj_writer* old = NULL;
  rj_outcome outcome = RJ_INIT(rj_outcome);
  MUST(rj_writer_open(journal, NULL, &old, &error) == RJ_FENCED && old == NULL);
  MUST(Acquire(journal, &first) && OpenWriter(journal, &first, &old));
  OK(rj_writer_append(old, "one", 3, NULL, T, &outcome, &error));
  MUST(Acquire(journal, second) && second->epoch > first.epoch);
  MUST(second->next_lsn == 2);
  MUST(rj_writer_append(old, "late", 4, NULL, T, &outcome, &error) == RJ_FENCED);
  MUST(rj_writer_status(old, &error) == RJ_FENCED);
  OK(rj_writer_close(old, &error));
  return 1;
}

static int WriteMore(const rj_journal* journal, const rj_writer_info* grant) {
  rj_writer* writer = NULL;
  MUST(OpenWriter(journal, grant, &writer));
  rj_outcome outcome = RJ_INIT(rj_outcome);
  rj_append_options options = RJ_INIT(rj_append_options);
  options.level = RJ_LEVEL_DISK;
  options.expected_lsn = 2;
  OK(rj_writer_append(writer, "two", 3, &options, T, &outcome, &error));
  MUST(outcome.first_lsn == 2 && outcome.level >= RJ_LEVEL_DISK);
  MUST(rj_writer_append(writer, "x", 1, &options, T, &outcome, &error) == RJ_EXPECTED_LSN);
  MUST(outcome.fate == RJ_FATE_NOT_APPLIED);
  MUST(rj_writer_flush(writer, RJ_LEVEL_DISK, T, &error) == RJ_EXPECTED_LSN);
  OK(rj_writer_append_async(writer, "three", 5, NULL, NULL, NULL, &error));
  OK(rj_writer_try_append(writer, "four", 4, NULL, NULL, NULL, &error));
  OK(rj_writer_flush(writer, RJ_LEVEL_DISK, T, &error));
  OK(rj_writer_close(writer, &error));
  return 1;
}

static int Resolves(const rj_journal* journal, const rj_writer_info* grant) {
  rj_resolution resolution = RJ_INIT(rj_resolution);
  OK(rj_journal_resolve(journal, "p", 2, T, &resolution, &error));
  MUST(resolution.outcome == RJ_RESOLVED_AT_LSN && resolution.lsn == 2);
  OK(rj_journal_resolve(journal, "p", 99, T, &resolution, &error));
  MUST(resolution.outcome == RJ_RESOLVED_NOT_YET && resolution.fate == RJ_FATE_UNKNOWN);
  MUST(rj_journal_settle(journal, "p", 99, 0, 0, T, &resolution, &error) == RJ_FENCED);
  OK(rj_journal_settle(journal, "p", 99, grant->generation, grant->epoch, T, &resolution, &error));
  MUST(resolution.outcome == RJ_RESOLVED_NEVER && resolution.fate == RJ_FATE_NOT_APPLIED);
  MUST(rj_journal_resolve(journal, "who", 1, T, &resolution, &error) == RJ_UNKNOWN_PRODUCER);
  return 1;
}

static int TrimsAndReads(const rj_journal* journal) {
  rj_watermarks marks = RJ_INIT(rj_watermarks);
  OK(rj_journal_checkpoint(journal, T, &marks, &error));
  MUST(marks.durable_lsn == 4);
  OK(rj_journal_trim(journal, 3, T, &marks, &error));
  MUST(marks.oldest_lsn == 3 && marks.end_lsn == 4);
  rj_subscription_options options = RJ_INIT(rj_subscription_options);
  options.durable_only = 1;
  rj_subscription* subscription = NULL;
  OK(rj_subscription_open(journal, &options, &subscription, &error));
  rj_read_transaction t = RJ_INIT(rj_read_transaction);
  int32_t step = 0;
  OK(rj_subscription_next(subscription, T, &step, &t, &error));
  MUST(step == RJ_READ_TRANSACTION && t.lsn == 3 && t.payload.size == 5);
  MUST(memcmp(t.payload.data, "three", 5) == 0 && t.log_time_ns > 0);
  rj_subscription_close(subscription);
  return 1;
}

static int32_t Count(void* user, const rj_read_transaction* t, rj_sink* effect, rj_error* why) {
  (void)why;
  ++*(int*)user;
  return rj_sink_put(effect, t->payload.data, t->payload.size);
}

/* Replaces the writer; `three` and `four` are kept, and nobody has marked them. */
static int TakesOver(const rj_journal* journal, const rj_writer_info* grant,
                     rj_promotion** promotion) {
  int count = 0;
  rj_state_machine machine = RJ_INIT(rj_state_machine);
  machine.user = &count;
  machine.apply = Count;
  rj_standby_options options = RJ_INIT(rj_standby_options);
  options.name = "standby";
  options.from_oldest = 1;
  rj_standby* standby = NULL;
  int32_t step = 0;
  OK(rj_standby_open(journal, &machine, &options, &standby, &error));
  OK(rj_standby_follow(standby, T, &step, &error));
  MUST(step == RJ_STANDBY_WRITER_SILENT && count == 2);
  rj_standby_readiness readiness = RJ_INIT(rj_standby_readiness);
  OK(rj_standby_get_readiness(standby, &readiness, &error));
  MUST(readiness.writer_epoch == grant->epoch && readiness.lag == 0);
  rj_take_over_options how = RJ_INIT(rj_take_over_options);
  how.reason = "a test";
  how.replaces_only = 1;
  how.replaces_generation = readiness.writer_generation;
  how.replaces_epoch = readiness.writer_epoch;
  OK(rj_standby_take_over(standby, &how, T, promotion, &error));
  OK(rj_standby_close(standby, &error));
  rj_takeover_report report = RJ_INIT(rj_takeover_report);
  OK(rj_promotion_get_report(*promotion, &report, &error));
  MUST(report.verdict == RJ_VERDICT_NOTHING_LOST && report.final_lsn == 4);
  MUST(strcmp(report.old_claimant, "engine") == 0);
  MUST(report.effect_count == 2 && memcmp(report.effects[1].bytes.data, "four", 4) == 0);
  return 1;
}

/* As the writer: appends, marks, and saves a checkpoint behind that. */
static int WritesOn(const rj_journal* journal, rj_promotion* promotion) {
  rj_active_writer* writer = NULL;
  rj_outcome outcome = RJ_INIT(rj_outcome);
  rj_journal_info info = RJ_INIT(rj_journal_info);
  rj_checkpoint_saver_options options = RJ_INIT(rj_checkpoint_saver_options);
  rj_checkpoint_saver* saver = NULL;
  char cursor[RJ_CURSOR_BYTES];
  options.name = "standby";
  options.ring_bytes = 1 << 20;
  OK(rj_promotion_take_writer(promotion, &writer, &error));
  OK(rj_active_writer_append(writer, "five", 4, T, &outcome, &error));
  OK(rj_active_writer_mark_acted(writer, outcome.first_lsn, &error));
  OK(rj_active_writer_flush_marks(writer, T, &error));
  OK(rj_journal_get_info(journal, T, &info, NULL, NULL, &error));
  OK(rj_outcome_save_cursor(&outcome, info.id, cursor, sizeof cursor, NULL, &error));
  OK(rj_checkpoint_saver_open(journal, &options, &saver, &error));
  OK(rj_checkpoint_saver_save(saver, cursor, outcome.first_lsn, "3", 1, &error));
  rj_checkpoint_saver_close(saver);
  OK(rj_active_writer_close(writer, &error));
  OK(rj_promotion_close(promotion, &error));
  return 1;
}

static int Run(const char* address) {
  rj_client* client = NULL;
  rj_journal* journal = NULL;
  rj_promotion* promotion = NULL;
  rj_writer_info grant = RJ_INIT(rj_writer_info);
  OK(rj_client_open(address, NULL, &client, &error));
  OK(rj_client_ping(client, T, &error));
  OK(rj_journal_open(client, "fenced", &journal, &error));
  MUST(CreateAndInfo(journal) && Fences(journal, &grant) && WriteMore(journal, &grant));
  MUST(Resolves(journal, &grant) && TrimsAndReads(journal));
  MUST(TakesOver(journal, &grant, &promotion) && WritesOn(journal, promotion));
  OK(rj_journal_remove(journal, T, &error));
  MUST(rj_journal_get_info(journal, T, NULL, NULL, NULL, &error) == RJ_JOURNAL_NOT_FOUND);
  rj_journal_close(journal);
  rj_client_close(client);
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: c_interface HOST:PORT\n", stderr);
    return 2;
  }
  return Run(argv[1]) ? 0 : 1;
}
