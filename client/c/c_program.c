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

int RunCProgram(const char* address, const char* name) {
  rj_error error = RJ_INIT(rj_error);
  rj_client* client = NULL;
  rj_journal* journal = NULL;
  MUST(rj_version() == RJ_ABI_VERSION);
  MUST(rj_client_open(address, NULL, &client, &error) == RJ_OK);
  MUST(rj_client_ping(client, RJ_TIMEOUT_DEFAULT, &error) == RJ_OK);
  MUST(rj_journal_open(client, name, &journal, &error) == RJ_OK);
  rj_client_close(client);
  int line = WriteAndRead(journal);
  rj_journal_close(journal);
  return line;
}
