/* Writers and subscriptions. Rules for errors, structs, strings, handles: see ringjournal.h, which
 * includes this file. */
#ifndef CLIENT_C_RINGJOURNAL_STREAM_H_
#define CLIENT_C_RINGJOURNAL_STREAM_H_

#include "client/c/ringjournal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- writer: appends, with one connection and one thread of its own ---- */

typedef struct rj_writer rj_writer;

/* Runs on the writer's thread. 1: go on behind what is left. 0: the writer ends (RJ_DATA_LOSS).
 * `loss` is valid until it returns. */
typedef int32_t (*rj_loss_callback)(void* user, const rj_loss* loss);

typedef struct rj_writer_options {
  uint32_t struct_size;
  uint32_t create;            /* 1: create the journal with defaults if there is none */
  const char* producer;       /* stable name of who appends; default: a random one */
  uint32_t writer_generation; /* of a fenced journal: what rj_journal_acquire_writer granted */
  uint32_t writer_epoch;
  uint32_t level; /* RJ_LEVEL_...; default: replicated */
  uint32_t appends_in_flight_max;
  uint64_t bytes_in_flight_max;
  int64_t open_timeout_ns;   /* to connect and open, in all */
  int64_t append_timeout_ns; /* every append has an outcome at the latest so long after */
  rj_loss_callback on_loss;  /* default: the writer ends */
  void* on_loss_user;
} rj_writer_options;

typedef struct rj_append_options {
  uint32_t struct_size;
  uint32_t level;        /* default: the writer's */
  uint64_t expected_lsn; /* refuse unless the first transaction gets this LSN; 0: any */
} rj_append_options;

/* Everything but the payload may be left out. */
typedef struct rj_transaction {
  uint32_t struct_size;
  uint32_t header_count;
  const rj_header* headers;
  rj_bytes payload;
  rj_bytes type; /* full protobuf name of the payload's message, if it is one; UTF-8 */
  rj_bytes key;
  rj_bytes id;
  uint64_t client_time_ns; /* 0: not given */
} rj_transaction;

/* The definite answer to one append. */
typedef struct rj_outcome {
  uint32_t struct_size;
  int32_t fate; /* RJ_FATE_...; unknown: rj_journal_resolve, and do not append it again before */
  rj_code code; /* why, unless RJ_OK */
  uint32_t count;
  uint64_t first_sequence; /* 0: it never got one */
  /* From here on with RJ_FATE_APPLIED only. */
  uint64_t first_lsn; /* 0: applied, but its place is no longer known */
  uint64_t index;     /* of the entry */
  uint64_t chain;
  uint32_t generation;
  uint32_t epoch;
  uint32_t level;     /* reached, not asked */
  uint32_t duplicate; /* 1: an earlier try had been applied */
  uint32_t memory_copies;
  uint32_t disk_copies;
} rj_outcome;

/* Runs once for each append that was accepted, on the writer's thread, one at a time, in the order
 * of the appends. It must not wait: nothing is sent or received meanwhile. It may append with
 * rj_writer_try_append and rj_writer_append_async; calls that wait, and rj_writer_close of its own
 * writer, return RJ_WRONG_THREAD. Both structs are valid until it returns. */
typedef void (*rj_append_callback)(void* user, const rj_outcome* outcome, const rj_error* error);

typedef struct rj_writer_stats {
  uint32_t struct_size;
  uint32_t in_flight; /* accepted and without an outcome */
  uint64_t accepted;
  uint64_t applied;
  uint64_t not_applied;
  uint64_t unknown;
  uint64_t answered_late;
  uint64_t resent;
  uint64_t duplicates;
  uint64_t refusals;
  uint64_t reconnects;
} rj_writer_stats;

/* Connects, and opens the journal as a producer. options: NULL for defaults. */
RJ_API rj_code rj_writer_open(const rj_journal* journal, const rj_writer_options* options,
                              rj_writer** writer, rj_error* error);
/* One transaction with only a payload. Waits for its outcome; RJ_TIMEOUT_DEFAULT:
 * append_timeout_ns. RJ_OK if it is applied, else outcome->code. `outcome` is required, and is
 * filled whenever it can be: also with an invalid argument (not applied). options: NULL for none.
 */
RJ_API rj_code rj_writer_append(rj_writer* writer, const void* payload, size_t size,
                                const rj_append_options* options, int64_t timeout_ns,
                                rj_outcome* outcome, rj_error* error);
/* All of them as one entry: applied together or not at all. */
RJ_API rj_code rj_writer_append_batch(rj_writer* writer, const rj_transaction* transactions,
                                      size_t count, const rj_append_options* options,
                                      int64_t timeout_ns, rj_outcome* outcome, rj_error* error);
/* Returns once it is accepted; while the writer is full, waits for room up to append_timeout_ns.
 * With RJ_OK `done` runs once, perhaps before this returns. Else it never runs, and nothing was
 * appended. NULL: nobody wants to know; rj_writer_flush tells of failures. */
RJ_API rj_code rj_writer_append_async(rj_writer* writer, const void* payload, size_t size,
                                      const rj_append_options* options, rj_append_callback done,
                                      void* user, rj_error* error);
RJ_API rj_code rj_writer_append_batch_async(rj_writer* writer, const rj_transaction* transactions,
                                            size_t count, const rj_append_options* options,
                                            rj_append_callback done, void* user, rj_error* error);
/* The same and never waits: RJ_WINDOW_FULL at once. */
RJ_API rj_code rj_writer_try_append(rj_writer* writer, const void* payload, size_t size,
                                    const rj_append_options* options, rj_append_callback done,
                                    void* user, rj_error* error);
RJ_API rj_code rj_writer_try_append_batch(rj_writer* writer, const rj_transaction* transactions,
                                          size_t count, const rj_append_options* options,
                                          rj_append_callback done, void* user, rj_error* error);
/* Waits until every append accepted before has its outcome and is as safe as `level` (0:
 * replicated). RJ_OK: all since the last flush are applied. Else the first of their errors (of
 * waiting appends too), once; RJ_DEADLINE if they are still under way. RJ_TIMEOUT_DEFAULT:
 * append_timeout_ns. */
RJ_API rj_code rj_writer_flush(rj_writer* writer, uint32_t level, int64_t timeout_ns,
                               rj_error* error);
/* RJ_OK while appends are accepted; else why the writer has ended: open another one. */
RJ_API rj_code rj_writer_status(const rj_writer* writer, rj_error* error);
RJ_API rj_code rj_writer_get_stats(const rj_writer* writer, rj_writer_stats* stats,
                                   rj_error* error);
/* The producer's last sequence before this writer opened: so many transactions were there. */
RJ_API rj_code rj_writer_last_sequence_at_open(const rj_writer* writer, uint64_t* sequence,
                                               rj_error* error);
/* Its name with a NUL, also a random one. Valid until the writer is closed; NULL for NULL. */
RJ_API const char* rj_writer_producer(const rj_writer* writer);
/* Sends nothing more; to wait for answers, flush before. Every append gets its outcome first, so
 * callbacks run until this returns. RJ_WRONG_THREAD from a callback of this writer: it stays open.
 * RJ_OK for NULL. */
RJ_API rj_code rj_writer_close(rj_writer* writer, rj_error* error);

/* ---- subscription: reads, on the caller's thread ---- */

typedef struct rj_subscription rj_subscription;

enum {
  RJ_FROM_OLDEST = 0, /* the first transaction that is kept */
  RJ_FROM_NEWEST = 1, /* behind the last visible one */
  RJ_FROM_LSN = 2,    /* from_value: an LSN */
  RJ_FROM_LAST = 3,   /* from_value: so many before the end */
  RJ_FROM_TIME = 4,   /* from_value: the first at or after this time, by the leader's clock */
  RJ_FROM_ID = 5      /* from_id: the first transaction with this id */
};

typedef struct rj_subscription_options {
  uint32_t struct_size;
  uint32_t from; /* RJ_FROM_... */
  uint64_t from_value;
  rj_bytes from_id;
  const char* cursor; /* text of rj_subscription_save_cursor: goes on there instead of at `from` */
  uint64_t until_lsn; /* first that is not wanted any more; 0: none */
  uint64_t credit_bytes;      /* memory that the reader may fill */
  uint32_t follow;            /* 1: wait for more at the end */
  uint32_t durable_only;      /* 1: only what is on the server's disk */
  uint32_t accept_generation; /* after RJ_DATA_LOSS: rj_loss.generation */
  uint32_t reserved;
} rj_subscription_options;

enum {
  RJ_READ_NOTHING_YET = 0, /* the time is over */
  RJ_READ_TRANSACTION = 1,
  RJ_READ_FINISHED = 2 /* everything that was asked for has been delivered */
};

/* A view: all bytes belong to the subscription, until its next call of rj_subscription_next. */
typedef struct rj_read_transaction {
  uint32_t struct_size;
  uint32_t header_count;
  const rj_header* headers;
  rj_bytes payload;
  rj_bytes type;
  rj_bytes key;
  rj_bytes id;
  uint64_t client_time_ns;
  uint64_t lsn;
  uint64_t index; /* of the entry that holds it */
  uint32_t generation;
  uint32_t epoch;
  uint64_t log_time_ns; /* of the entry, by the leader's clock */
  uint64_t chain;       /* chain hash up to and with the entry */
} rj_read_transaction;

/* Connects and opens the journal. options: NULL for all of it from the oldest on. RJ_BAD_CURSOR:
 * not a cursor, or of another journal. */
RJ_API rj_code rj_subscription_open(const rj_journal* journal,
                                    const rj_subscription_options* options,
                                    rj_subscription** subscription, rj_error* error);
/* Waits at most timeout_ns; 0: only what is here; RJ_TIMEOUT_DEFAULT: for ever. `transaction` is
 * filled with RJ_READ_TRANSACTION only. After an error but RJ_STOPPED open again with the cursor.
 */
RJ_API rj_code rj_subscription_next(rj_subscription* subscription, int64_t timeout_ns,
                                    int32_t* step, rj_read_transaction* transaction,
                                    rj_error* error);
/* Text with a NUL, a few lines, of where to go on: behind the last transaction that was delivered.
 * RJ_CURSOR_BYTES are enough. `needed` may be NULL; else it gets the size with the NUL. Save it
 * behind what you did with the transaction, or in one step with that. */
#define RJ_CURSOR_BYTES 512
RJ_API rj_code rj_subscription_save_cursor(const rj_subscription* subscription, char* buffer,
                                           size_t capacity, size_t* needed, rj_error* error);
/* The same of an append that was applied: behind its last transaction. journal_id:
 * rj_journal_info.id. RJ_BAD_CURSOR: `outcome` has no place. */
RJ_API rj_code rj_outcome_save_cursor(const rj_outcome* outcome, const char* journal_id,
                                      char* buffer, size_t capacity, size_t* needed,
                                      rj_error* error);
/* The newest loss that was reported to it; generation 0: none. Valid until its next call. */
RJ_API rj_code rj_subscription_last_loss(rj_subscription* subscription, rj_loss* loss,
                                         rj_error* error);
RJ_API void rj_subscription_close(rj_subscription* subscription);

#ifdef __cplusplus
}
#endif

#endif  // CLIENT_C_RINGJOURNAL_STREAM_H_
