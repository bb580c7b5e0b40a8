/* For a test: the header in C11, and what a C program does with it. */
#include "client/c/c_program.h"

#include <string.h>

#include "client/c/ringjournal.h"

/* The line at which something was not as it must be. */
#define MUST(condition) \
  if (!(condition)) return __LINE__

static int AppendOneByOne(rj_writer* writer) {
  rj_error error = RJ_INIT(rj_error);
  rj_outcome outcome = RJ_INIT(rj_outcome);
  for (uint64_t lsn = 1; lsn <= 3; ++lsn) {
    MUST(rj_writer_append(writer, "abc", (size_t)lsn, NULL, RJ_TIMEOUT_DEFAULT, &outcome, &error) ==
         RJ_OK);
    MUST(outcome.fate == RJ_FATE_APPLIED && outcome.first_lsn == lsn && outcome.count == 1);
  }
  return 0;
}

static int AppendBatch(rj_writer* writer) {
  rj_header headers[] = {{{"who", 3}, {"me", 2}}, {{"why", 3}, {NULL, 0}}};
  rj_transaction transactions[2] = {RJ_INIT(rj_transaction), RJ_INIT(rj_transaction)};
  transactions[0].payload = (rj_bytes){"first", 5};
  transactions[0].key = (rj_bytes){"key", 3};
  transactions[0].id = (rj_bytes){"id\0x", 4};
  transactions[0].type = (rj_bytes){"a.Type", 6};
  transactions[0].client_time_ns = 77;
  transactions[0].headers = headers;
  transactions[0].header_count = 2;
  transactions[1].payload = (rj_bytes){NULL, 0};
  rj_outcome outcome = RJ_INIT(rj_outcome);
  MUST(rj_writer_append_batch(writer, transactions, 2, NULL, RJ_TIMEOUT_DEFAULT, &outcome, NULL) ==
       RJ_OK);
  MUST(outcome.first_lsn == 4 && outcome.count == 2 && outcome.first_sequence == 4);
  return 0;
}

static int IsBytes(rj_bytes bytes, const char* text, size_t size) {
  return bytes.size == size && memcmp(bytes.data, text, size) == 0;
}

static int ReadBack(const rj_journal* journal) {
  rj_error error = RJ_INIT(rj_error);
  rj_subscription* subscription = NULL;
  MUST(rj_subscription_open(journal, NULL, &subscription, &error) == RJ_OK);
  rj_read_transaction t = RJ_INIT(rj_read_transaction);
  int32_t step = RJ_READ_NOTHING_YET;
  for (uint64_t lsn = 1; lsn <= 4; ++lsn) {
    MUST(rj_subscription_next(subscription, RJ_TIMEOUT_DEFAULT, &step, &t, &error) == RJ_OK);
    MUST(step == RJ_READ_TRANSACTION && t.lsn == lsn);
    MUST(lsn > 3 || IsBytes(t.payload, "abc", (size_t)lsn));
  }
  MUST(IsBytes(t.payload, "first", 5) && IsBytes(t.key, "key", 3) && IsBytes(t.id, "id\0x", 4));
  MUST(IsBytes(t.type, "a.Type", 6) && t.client_time_ns == 77 && t.header_count == 2);
  MUST(IsBytes(t.headers[0].name, "who", 3) && IsBytes(t.headers[0].value, "me", 2));
  MUST(rj_subscription_next(subscription, RJ_TIMEOUT_DEFAULT, &step, &t, &error) == RJ_OK);
  MUST(t.lsn == 5 && t.payload.size == 0 && t.header_count == 0);
  MUST(rj_subscription_next(subscription, RJ_TIMEOUT_DEFAULT, &step, &t, &error) == RJ_OK);
  MUST(step == RJ_READ_FINISHED);
  rj_subscription_close(subscription);
  return 0;
}

static int WriteAndRead(const rj_journal* journal) {
  rj_writer_options options = RJ_INIT(rj_writer_options);
  options.producer = "c";
  rj_writer* writer = NULL;
  MUST(rj_writer_open(journal, &options, &writer, NULL) == RJ_OK);
  MUST(strcmp(rj_writer_producer(writer), "c") == 0);
  int line = AppendOneByOne(writer);
  if (line == 0) line = AppendBatch(writer);
  MUST(rj_writer_close(writer, NULL) == RJ_OK);
  return line != 0 ? line : ReadBack(journal);
}

/* A state: the sum of what was appended, one digit at a time. */
static int32_t ApplyDigit(void* user, const rj_read_transaction* t, rj_sink* effect,
                          rj_error* why) {
  int* sum = user;
  const char digit = t->payload.size == 1 ? *(const char*)t->payload.data : '?';
  if (digit < '0' || digit > '9') {
    strcpy(why->message, "not a digit");
    return 1;
  }
  *sum += digit - '0';
  return rj_sink_put(effect, &digit, 1);
}

/* Follows, takes over, and appends as the one writer; what an earlier one has not marked is in
 * doubt. */
static int TakeOver(const rj_journal* journal, const char* name, int expected_sum) {
  int sum = 0;
  rj_error error = RJ_INIT(rj_error);
  rj_state_machine machine = RJ_INIT(rj_state_machine);
  machine.user = &sum;
  machine.apply = ApplyDigit;
  rj_standby_options options = RJ_INIT(rj_standby_options);
  options.name = name;
  rj_standby* standby = NULL;
  MUST(rj_standby_open(journal, &machine, &options, &standby, &error) == RJ_OK);
  int32_t step = RJ_STANDBY_FOLLOWING;
  MUST(rj_standby_follow(standby, RJ_TIMEOUT_DEFAULT, &step, &error) == RJ_OK);
  MUST(step == RJ_STANDBY_WRITER_SILENT);
  rj_promotion* promotion = NULL;
  MUST(rj_standby_take_over(standby, NULL, RJ_TIMEOUT_DEFAULT, &promotion, &error) == RJ_OK);
  rj_takeover_report report = RJ_INIT(rj_takeover_report);
  MUST(rj_promotion_get_report(promotion, &report, &error) == RJ_OK);
  MUST(report.verdict == RJ_VERDICT_NOTHING_LOST && strcmp(report.new_claimant, name) == 0);
  MUST(sum == expected_sum && (int)report.effect_count == expected_sum);
  MUST(sum == 0 || IsBytes(report.effects[0].bytes, "1", 1));
  rj_active_writer* writer = NULL;
  MUST(rj_promotion_take_writer(promotion, &writer, &error) == RJ_OK);
  rj_outcome outcome = RJ_INIT(rj_outcome);
  MUST(rj_active_writer_append(writer, "1", 1, RJ_TIMEOUT_DEFAULT, &outcome, &error) == RJ_OK);
  MUST(outcome.fate == RJ_FATE_APPLIED);
  MUST(rj_active_writer_close(writer, &error) == RJ_OK);
  MUST(rj_promotion_close(promotion, &error) == RJ_OK);
  MUST(rj_standby_close(standby, &error) == RJ_OK);
  return 0;
}

static int Open(const char* address, const char* name, rj_journal** journal) {
  rj_error error = RJ_INIT(rj_error);
  rj_client* client = NULL;
  MUST(rj_version() == RJ_ABI_VERSION);
  MUST(rj_client_open(address, NULL, &client, &error) == RJ_OK);
  MUST(rj_client_ping(client, RJ_TIMEOUT_DEFAULT, &error) == RJ_OK);
  MUST(rj_journal_open(client, name, journal, &error) == RJ_OK);
  rj_client_close(client);
  return 0;
}

int RunCProgram(const char* address, const char* name) {
  rj_journal* journal = NULL;
  int line = Open(address, name, &journal);
  if (line == 0) line = WriteAndRead(journal);
  rj_journal_close(journal);
  return line;
}

int RunCTakeover(const char* address, const char* name) {
  rj_journal* journal = NULL;
  int line = Open(address, name, &journal);
  if (line == 0) line = TakeOver(journal, "first", 0);
  if (line == 0) line = TakeOver(journal, "second", 1);
  rj_journal_close(journal);
  return line;
}
