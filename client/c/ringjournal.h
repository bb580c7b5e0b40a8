/* The client library of ringjournal for C, and for every language that can call C.
 *
 *   rj_error error = RJ_INIT(rj_error);
 *   rj_client* client = NULL;
 *   if (rj_client_open("10.0.0.1:7411", NULL, &client, &error) != RJ_OK) puts(error.message);
 *
 * Errors. Calls return an rj_code. With an rj_error they also say in a sentence what, why and what
 * to do next. It belongs to the caller, and NULL is allowed: nothing hidden, so a callback, another
 * thread or a coroutine never reads somebody else's error. No C++ exception leaves the library.
 *
 * Structs. Each begins with struct_size, which the caller sets to sizeof (RJ_INIT does); the rest
 * is 0 unless it is set, and 0 always means the default. The library reads and writes only so many
 * bytes. Fields are only ever appended. Size: a multiple of 8. In a struct that the library reads,
 * bytes that it does not know must be 0, else the call is refused: a newer program asks for
 * something that this library cannot do. In one that it writes, it sets them to 0. What the library
 * hands to a callback has its own struct_size: read no field behind it. In an array all elements
 * have the struct_size of the first. rj_bytes, rj_header, rj_range and rj_effect are frozen and
 * have none.
 *
 * Strings. A `const char*` is UTF-8, ends with a NUL, and is copied. NULL stands for "" in a
 * struct, unless it says that it is required; as an argument it is refused. Bytes are an rj_bytes
 * (pointer and length), are copied too, and may be NULL with length 0.
 *
 * Handles. Who opens closes, once; closing NULL does nothing. What was opened from a handle
 * outlives it: rj_client_close may come first. After a failed open the handle is NULL. After fork,
 * a child uses no handle of its parent. No thread inside a call may be cancelled (pthread_cancel).
 *
 * Threads. rj_client, rj_journal, rj_writer and rj_active_writer: any thread, at any time, but not
 * while or after one closes it. The others: one thread at a time. Which thread runs a callback
 * stands at its type. A callback must neither throw nor jump out.
 *
 * Time. A duration is in nanoseconds. timeout_ns: RJ_TIMEOUT_DEFAULT (any negative number) or more;
 * more than ten years are ten years. An `_ns` of options: 0 is the default. A time is Unix time.
 *
 * docs/client.md explains outcomes, levels and what is repeated. It is the same for this interface.
 */
#ifndef CLIENT_C_RINGJOURNAL_H_
#define CLIENT_C_RINGJOURNAL_H_

#include <stddef.h>
#include <stdint.h>

#define RJ_API __attribute__((visibility("default")))
/* Raised when something that exists is changed or removed; not when something is added. */
#define RJ_ABI_VERSION 1u
#define RJ_INIT(type) \
  { .struct_size = (uint32_t)sizeof(type) }
#define RJ_TIMEOUT_DEFAULT ((int64_t)-1)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors ---- */

/* Below 1000: what a server refuses. From 1000 on: what the client finds out. From 2000 on: this
 * interface. A number that is not here comes from a newer server: treat it as an error. */
typedef int32_t rj_code;
enum {
  RJ_OK = 0,
  RJ_PROTOCOL = 1,
  RJ_TOO_LARGE = 2,
  RJ_MALFORMED = 3,
  RJ_CHECKSUM = 4,
  RJ_EMPTY_APPEND = 5,
  RJ_NAME_NOT_ALLOWED = 6,
  RJ_JOURNAL_NOT_FOUND = 7,
  RJ_JOURNAL_EXISTS = 8,
  RJ_NOT_OPEN = 9,
  RJ_OUT_OF_ORDER = 10,
  RJ_FENCED = 11,
  RJ_NOT_LEADER = 12,
  RJ_TRIMMED = 13,
  RJ_BACK_PRESSURE = 14,
  RJ_DATA_LOSS = 15,
  RJ_DISK_FULL = 16,
  RJ_EXPECTED_LSN = 17,
  RJ_LIMIT = 18,
  RJ_BAD_SETTING = 19,
  RJ_LEVEL_NOT_OFFERED = 20,
  RJ_SHUTTING_DOWN = 21,
  RJ_BEHIND_REFUSED = 22,
  RJ_UNKNOWN_PRODUCER = 23,
  RJ_NOT_SUPPORTED = 24,
  RJ_UNAVAILABLE = 25,
  RJ_RECOVERY_REFUSED = 29,
  RJ_TRANSACTION_NOT_FOUND = 30,
  RJ_NOT_YET = 31,
  RJ_WRITER_HELD = 32,
  RJ_CANNOT_CONNECT = 1000,
  RJ_OUTCOME_UNKNOWN = 1001, /* it was sent; whether it took effect is not known */
  RJ_DAMAGED = 1002,
  RJ_BAD_ADDRESS = 1003,
  RJ_WINDOW_FULL = 1004, /* the writer is full: wait for outcomes, then append again */
  RJ_STOPPED = 1005,
  RJ_BAD_CURSOR = 1006,
  RJ_DEADLINE = 1007,
  RJ_WRONG_THREAD = 1008,     /* a call that waits, from a callback, which must not */
  RJ_STATE_DIVERGED = 1009,   /* the writer's digest of its state is not the standby's */
  RJ_APPLY_FAILED = 1010,     /* a callback of the state machine said so */
  RJ_BAD_RECORD = 1011,       /* what a writer has said of itself cannot be */
  RJ_BAD_MARK = 1012,         /* a mark or a digest of what is not acknowledged */
  RJ_EFFECTS_FULL = 1013,     /* more effects without an act marker than are kept */
  RJ_INVALID_ARGUMENT = 2000, /* the message says which argument */
  RJ_NO_MEMORY = 2001,
  RJ_INTERNAL = 2002,        /* an exception inside the library */
  RJ_UNKNOWN = 2003,         /* an error without a code of its own; see the message */
  RJ_BUFFER_TOO_SMALL = 2004 /* *needed says how many bytes it takes */
};

typedef struct rj_error {
  uint32_t struct_size;
  rj_code code;
  char message[1016]; /* ends with a NUL; a longer one ends with "..." */
} rj_error;

/* RJ_ABI_VERSION of the library that runs. */
RJ_API uint32_t rj_version(void);
/* "BACK_PRESSURE", ...; "UNKNOWN" for a number without a name. Valid for ever. */
RJ_API const char* rj_code_name(rj_code code);
/* 1 where the same request can succeed later without being changed, else 0. */
RJ_API int32_t rj_code_is_transient(rj_code code);

/* ---- values ---- */

typedef struct rj_bytes {
  const void* data;
  size_t size;
} rj_bytes;

typedef struct rj_header {
  rj_bytes name; /* UTF-8 */
  rj_bytes value;
} rj_header;

/* Both included. */
typedef struct rj_range {
  uint64_t first_lsn;
  uint64_t last_lsn;
} rj_range;

enum {
  RJ_LEVEL_DEFAULT = 0,
  RJ_LEVEL_RECEIVED = 1,
  RJ_LEVEL_REPLICATED = 2,
  RJ_LEVEL_DISK = 3,
  RJ_LEVEL_DISK_QUORUM = 4
};
enum { RJ_FATE_UNKNOWN = 0, RJ_FATE_APPLIED = 1, RJ_FATE_NOT_APPLIED = 2 };

/* A recovery may have lost acknowledged transactions. Everything belongs to the library. */
typedef struct rj_loss {
  uint32_t struct_size;
  uint32_t generation;          /* accept this one to go on */
  uint64_t first_lsn;           /* start of the possible loss, exact */
  uint64_t known_committed_lsn; /* all below it had been committed; 0: not known */
  uint64_t receipt_lsn; /* last LSN of the receipt shown, if at or above first_lsn; else 0 */
  const char* reason;
  const char* received; /* "none", "possible", "certain", "unknown"; so for each level */
  const char* replicated;
  const char* disk;
  const char* disk_quorum;
  const rj_range* held; /* what this client holds receipts for from first_lsn on */
  size_t held_count;
  uint32_t held_is_complete; /* 0: `held` may contain LSNs of others too */
  uint32_t reserved;
} rj_loss;

/* ---- client ---- */

typedef struct rj_client rj_client;

typedef struct rj_client_options {
  uint32_t struct_size;
  uint32_t busy_poll;         /* 1: spin while waiting: lowest latency, a whole processor */
  const char* client_name;    /* shown in the server's log; default "ringjournal" */
  int64_t retry_for_ns;       /* default 60 s; negative: one try */
  int64_t connect_timeout_ns; /* of one try; default 5 s */
  int64_t request_timeout_ns; /* what RJ_TIMEOUT_DEFAULT stands for in requests; default 10 s */
  int64_t notice_after_ns;    /* how long trouble lasts before on_notice hears of it */
  /* A file descriptor above 0; while it is readable, waiting calls but those of a writer return
   * RJ_STOPPED. */
  int32_t interrupt_fd;
  uint32_t reserved;
  /* One line about a connection that is lost or well again. From inside waiting calls and from the
   * threads of writers, several at once. `user` must live as long as anything of this client. */
  void (*on_notice)(void* user, const char* line);
  void* user;
} rj_client_options;

/* servers: "host:port" or "host:port,host:port". Does not connect. options: NULL for defaults. */
RJ_API rj_code rj_client_open(const char* servers, const rj_client_options* options,
                              rj_client** client, rj_error* error);
/* RJ_OK once a node has answered. */
RJ_API rj_code rj_client_ping(const rj_client* client, int64_t timeout_ns, rj_error* error);
RJ_API void rj_client_close(rj_client* client);

/* ---- journal: each request blocks, with a connection of its own ---- */

typedef struct rj_journal rj_journal;

/* For a new journal. */
typedef struct rj_journal_settings {
  uint32_t struct_size;
  uint32_t checkpoint_interval_ms;
  uint64_t ring_bytes; /* a power of two */
  uint64_t segment_bytes;
  uint64_t checkpoint_bytes;
  uint64_t retention_bytes;
  uint64_t retention_age_ms;
  uint32_t producers_max;
  uint32_t memory_only; /* 1: nothing on disk */
  uint32_t fenced;      /* 1: only the holder of the writer epoch may append */
  uint32_t reserved;
} rj_journal_settings;

/* oldest: first transaction that is kept. The others: the last that is so; LSN 0: none. */
typedef struct rj_watermarks {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t oldest_lsn;
  uint64_t durable_lsn;
  uint64_t committed_lsn;
  uint64_t end_lsn;
  uint64_t oldest_index;
  uint64_t durable_index;
  uint64_t committed_index;
  uint64_t end_index;
} rj_watermarks;

typedef struct rj_journal_info {
  uint32_t struct_size;
  uint32_t generation;
  uint32_t epoch;
  uint32_t member_count;
  uint64_t ring_bytes;
  uint64_t ring_bytes_used;
  uint64_t segment_count;
  uint64_t segment_bytes;
  uint64_t producer_count;
  char id[40]; /* 32 hexadecimal digits; of this journal for ever */
  char name[104];
  char storage_state[32]; /* "ok", "full" */
  char members[4168];     /* nodes that should hold a copy: "a,b,c" */
} rj_journal_info;

/* What became of one sequence of a producer. */
enum {
  RJ_RESOLVED_UNKNOWN = 0,         /* the server said something that this version does not know */
  RJ_RESOLVED_AT_LSN = 1,          /* applied */
  RJ_RESOLVED_APPLIED_TRIMMED = 2, /* applied; its place is no longer known */
  RJ_RESOLVED_NEVER = 3,           /* not applied, and never will be */
  RJ_RESOLVED_NOT_YET = 4,         /* not present; an open session may still append it */
  RJ_RESOLVED_MAY_HAVE_BEEN_LOST = 5
};
typedef struct rj_resolution {
  uint32_t struct_size;
  int32_t outcome; /* RJ_RESOLVED_... */
  int32_t fate;    /* RJ_FATE_...; unknown with RJ_RESOLVED_NOT_YET and ..._MAY_HAVE_BEEN_LOST */
  uint32_t generation;
  uint64_t lsn;
} rj_resolution;

/* Who may append to a fenced journal. */
typedef struct rj_writer_info {
  uint32_t struct_size;
  uint32_t generation; /* of the writer epoch; with epoch 0: nobody was ever granted it */
  uint32_t epoch;
  uint32_t journal_generation;
  uint64_t since_ns;
  uint64_t next_lsn; /* what older writers have appended is below */
  uint64_t chain;
  uint64_t nonce;
  uint32_t ended_by_loss; /* 1: a recovery since may have lost the fence; nobody is the writer */
  uint32_t fenced;
  char claimant[72];
} rj_writer_info;

typedef struct rj_writer_claim {
  uint32_t struct_size;
  uint32_t force;               /* 1: ends whichever writer epoch is current */
  uint32_t replaces_generation; /* else: the writer epoch that is ended, of rj_writer_info */
  uint32_t replaces_epoch;
  const char* claimant; /* for people; required */
  const char* reason;
  uint64_t nonce; /* the same again: the same grant again. 0: random */
} rj_writer_claim;

/* Asks nobody: the journal need not exist. */
RJ_API rj_code rj_journal_open(const rj_client* client, const char* name, rj_journal** journal,
                               rj_error* error);
RJ_API void rj_journal_close(rj_journal* journal);
/* settings: NULL for the server's defaults. */
RJ_API rj_code rj_journal_create(const rj_journal* journal, const rj_journal_settings* settings,
                                 int64_t timeout_ns, rj_error* error);
/* RJ_OK also if there is one, whatever its settings. */
RJ_API rj_code rj_journal_create_if_missing(const rj_journal* journal,
                                            const rj_journal_settings* settings, int64_t timeout_ns,
                                            rj_error* error);
RJ_API rj_code rj_journal_remove(const rj_journal* journal, int64_t timeout_ns, rj_error* error);
/* One request for all; each of the three may be NULL. */
RJ_API rj_code rj_journal_get_info(const rj_journal* journal, int64_t timeout_ns,
                                   rj_journal_info* info, rj_journal_settings* settings,
                                   rj_watermarks* watermarks, rj_error* error);
/* Forgets what is below first_kept_lsn. watermarks may be NULL. */
RJ_API rj_code rj_journal_trim(const rj_journal* journal, uint64_t first_kept_lsn,
                               int64_t timeout_ns, rj_watermarks* watermarks, rj_error* error);
/* Returns once everything appended before is on disk. watermarks may be NULL. */
RJ_API rj_code rj_journal_checkpoint(const rj_journal* journal, int64_t timeout_ns,
                                     rj_watermarks* watermarks, rj_error* error);
RJ_API rj_code rj_journal_resolve(const rj_journal* journal, const char* producer,
                                  uint64_t sequence, int64_t timeout_ns, rj_resolution* resolution,
                                  rj_error* error);
/* The same, and makes "not yet" final: sessions of the producer are fenced, your own too.
 * writer_generation, writer_epoch: of a fenced journal, the writer epoch held; else 0, 0. */
RJ_API rj_code rj_journal_settle(const rj_journal* journal, const char* producer, uint64_t sequence,
                                 uint32_t writer_generation, uint32_t writer_epoch,
                                 int64_t timeout_ns, rj_resolution* resolution, rj_error* error);
RJ_API rj_code rj_journal_get_writer(const rj_journal* journal, int64_t timeout_ns,
                                     rj_writer_info* writer, rj_error* error);
/* RJ_WRITER_HELD: another writer epoch than the one named is current. */
RJ_API rj_code rj_journal_acquire_writer(const rj_journal* journal, const rj_writer_claim* claim,
                                         int64_t timeout_ns, rj_writer_info* writer,
                                         rj_error* error);

#ifdef __cplusplus
}
#endif

#include "client/c/ringjournal_stream.h"   /* writers and subscriptions */
#include "client/c/ringjournal_takeover.h" /* standing by, taking over */

#endif  // CLIENT_C_RINGJOURNAL_H_
