/* Standing by for the writer of a fenced journal, taking over, writing on, and application
 * checkpoints. Rules for errors, structs, strings, handles: see ringjournal.h, which includes this
 * file. docs/client.md, "Standing by, and taking over", says what a takeover is. */
#ifndef CLIENT_C_RINGJOURNAL_TAKEOVER_H_
#define CLIENT_C_RINGJOURNAL_TAKEOVER_H_

#include "client/c/ringjournal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- state machine: what the application gives ---- */

/* Where a callback puts bytes. Valid until the callback returns. */
typedef struct rj_sink rj_sink;

/* Appends them. RJ_TOO_LARGE: over effect_bytes_max. After an error the callback counts as failed,
 * whatever it returns. */
RJ_API rj_code rj_sink_put(rj_sink* sink, const void* data, size_t size);

/* Deterministic: the same transactions give the same state and the same effects in every process.
 * The callbacks run inside rj_standby_open (load), rj_standby_follow and rj_standby_take_over, on
 * the caller's thread. They may wait; calls for their own standby return RJ_WRONG_THREAD.
 * 0: it went well. Anything else ends the standby with RJ_APPLY_FAILED, and what was put into
 * why->message is in the error's. */
typedef struct rj_state_machine {
  uint32_t struct_size;
  uint32_t reserved;
  void* user; /* must live as long as the standby */
  /* The next transaction: in the order of LSNs, each once. What the world is to see of it goes into
   * `effect` and is not done here. The view is valid until it returns. Required. */
  int32_t (*apply)(void* user, const rj_read_transaction* transaction, rj_sink* effect,
                   rj_error* why);
  /* 0: *digest is that of the whole state. Else, and without it, nothing is compared. */
  int32_t (*digest)(void* user, uint64_t* digest);
  /* Sets the state to what was saved, before the first apply. Required where there is a checkpoint
   * and ignore_checkpoints is 0. */
  int32_t (*load)(void* user, rj_bytes state, rj_error* why);
} rj_state_machine;

/* ---- standby: follows on the caller's thread; one thread at a time ---- */

typedef struct rj_standby rj_standby;
typedef struct rj_promotion rj_promotion;
typedef struct rj_active_writer rj_active_writer;

typedef struct rj_standby_options {
  uint32_t struct_size;
  uint32_t ignore_checkpoints; /* 1: from the journal's first transaction on */
  const char* name;            /* 1 to 64 bytes; another one for each process; required */
  int64_t silent_after_ns;     /* no word of the writer for so long; default 100 ms */
  int64_t heartbeat_ns;        /* as a writer; at most half of silent_after_ns; default 25 ms */
  uint64_t digest_every;       /* the digest is compared behind every so many LSNs; 0: never */
  uint64_t effect_bytes_max;   /* kept of what is not marked as acted on; default 64 MiB */
  uint32_t from_oldest; /* 1: without a checkpoint from the oldest transaction that is kept */
  uint32_t reserved;
  /* Of the writer after a takeover; default: NULL. Its producer, writer_generation, writer_epoch
   * and create are set by the takeover and must be 0; level: replicated or safer. */
  const rj_writer_options* writer;
} rj_standby_options;

enum {
  RJ_STANDBY_FOLLOWING = 0,    /* the time is over, and all is well */
  RJ_STANDBY_WRITER_SILENT = 1 /* nothing is heard of the writer, or there is none: take over? */
};

/* As known without asking anybody. */
typedef struct rj_standby_readiness {
  uint32_t struct_size;
  uint32_t writer_generation; /* who is the writer; 0.0: nobody */
  uint32_t writer_epoch;
  uint32_t reserved;
  uint64_t lag;                 /* transactions that can be read and are not applied yet */
  uint64_t next_lsn;            /* of the next transaction that will be applied */
  double replay_rate;           /* transactions per second while it had something to do */
  int64_t fence_round_trip_ns;  /* as last measured */
  int64_t takeover_estimate_ns; /* of fence and replay */
  int64_t silent_for_ns;        /* since the writer's last word */
  char claimant[72];            /* as the writer calls itself; "": it said nothing yet */
} rj_standby_readiness;

typedef struct rj_take_over_options {
  uint32_t struct_size;
  uint32_t force;     /* 1: whoever is the writer; the journal says so for ever */
  const char* reason; /* for people, at most 200 bytes; it is journaled */
  /* 1: only from the writer epoch that follows; 0.0: only if nobody was ever granted it. 0: from
   * whoever is the writer at the call, or was silent. */
  uint32_t replaces_only;
  uint32_t replaces_generation;
  uint32_t replaces_epoch;
  uint32_t no_writer; /* 1: no rj_active_writer is opened, as somebody else writes */
} rj_take_over_options;

/* Loads the newest application checkpoint, if any, and opens the journal there. Both structs are
 * copied. RJ_BAD_SETTING (not fenced; names; times), RJ_TRIMMED, RJ_APPLY_FAILED (load), ... */
RJ_API rj_code rj_standby_open(const rj_journal* journal, const rj_state_machine* machine,
                               const rj_standby_options* options, rj_standby** standby,
                               rj_error* error);
/* Applies what comes until nothing is heard of the writer or the time is over.
 * RJ_TIMEOUT_DEFAULT: until the writer is silent. Outages are waited for. An error but RJ_STOPPED
 * ends the standby: RJ_STATE_DIVERGED (the writer's digest is another one), RJ_APPLY_FAILED,
 * RJ_EFFECTS_FULL, RJ_TRIMMED, RJ_DATA_LOSS, RJ_BAD_CURSOR, ... */
RJ_API rj_code rj_standby_follow(rj_standby* standby, int64_t timeout_ns, int32_t* step,
                                 rj_error* error);
/* Becomes the writer, by hand at any time or behind RJ_STANDBY_WRITER_SILENT. options: NULL for
 * defaults. RJ_TIMEOUT_DEFAULT: 10 s. RJ_WRITER_HELD, RJ_FENCED: somebody else has come first;
 * follow on. RJ_DEADLINE, RJ_CANNOT_CONNECT: call again, what was granted is granted again. After
 * RJ_OK the standby is at its end, and may be closed before the promotion. */
RJ_API rj_code rj_standby_take_over(rj_standby* standby, const rj_take_over_options* options,
                                    int64_t timeout_ns, rj_promotion** promotion, rj_error* error);
RJ_API rj_code rj_standby_get_readiness(const rj_standby* standby, rj_standby_readiness* readiness,
                                        rj_error* error);
/* Behind the last transaction applied, for a checkpoint. See rj_subscription_save_cursor. */
RJ_API rj_code rj_standby_save_cursor(const rj_standby* standby, char* buffer, size_t capacity,
                                      size_t* needed, rj_error* error);
/* RJ_WRONG_THREAD from one of its callbacks: it stays open. RJ_OK for NULL. */
RJ_API rj_code rj_standby_close(rj_standby* standby, rj_error* error);

/* ---- promotion: the result of a takeover; one thread at a time ---- */

enum {
  RJ_VERDICT_NOTHING_LOST = 1, /* all that was acknowledged as replicated or safer was applied */
  RJ_VERDICT_MAY_BE_LOST = 2 /* a recovery may have lost acknowledged ones from lost_from_lsn on */
};

/* What apply put into the sink for one transaction. Frozen: no struct_size. */
typedef struct rj_effect {
  uint64_t lsn;
  rj_bytes bytes;
} rj_effect;

/* Everything it points to belongs to the promotion, until that is closed. */
typedef struct rj_takeover_report {
  uint32_t struct_size;
  uint32_t verdict; /* RJ_VERDICT_... */
  const char* journal;
  uint32_t old_generation; /* writer epoch that was ended; 0.0: there was none */
  uint32_t old_epoch;
  const char* old_claimant;
  uint32_t new_generation; /* writer epoch that was granted */
  uint32_t new_epoch;
  const char* new_claimant;
  uint64_t final_lsn; /* last transaction of all older writers; 0: there is none */
  uint64_t chain;     /* chain hash of the fence behind it */
  uint64_t lost_from_lsn;
  const char* lost_why;
  uint64_t acted_lsn; /* the old writers had acted on everything up to here; 0: none said so */
  /* Transactions above acted_lsn, of which nobody knows whether they were acted on; rising. */
  const rj_range* in_doubt;
  size_t in_doubt_count; /* ranges */
  uint64_t in_doubt_transactions;
  uint32_t in_doubt_exact; /* 0: ranges were joined, so they may hold more than is in doubt */
  uint32_t forced;
  /* Of those in doubt, in order: bring them about in a way that can be repeated, and then call
   * rj_active_writer_mark_acted with final_lsn. */
  const rj_effect* effects;
  size_t effect_count;
  const char* cursor; /* where the state stands: the last transaction below the fence */
  const char* text;   /* all of it but effects and cursor in lines `name=value` */
  uint64_t replayed;  /* transactions applied since the decision */
  uint64_t digests_compared;
  int64_t silence_ns; /* from the writer's last word to the decision; 0: by hand */
  int64_t fence_ns;   /* to the committed fence */
  int64_t replay_ns;  /* to the last transaction below it */
  int64_t open_ns;    /* to the open writer */
} rj_takeover_report;

RJ_API rj_code rj_promotion_get_report(const rj_promotion* promotion, rj_takeover_report* report,
                                       rj_error* error);
/* The writer, once: the caller closes it, before or behind the promotion. RJ_INVALID_ARGUMENT if it
 * was taken, or with no_writer. */
RJ_API rj_code rj_promotion_take_writer(rj_promotion* promotion, rj_active_writer** writer,
                                        rj_error* error);
/* Closes the writer too, if nobody has taken it. RJ_WRONG_THREAD from on_loss of that writer: both
 * stay open. RJ_OK for NULL. */
RJ_API rj_code rj_promotion_close(rj_promotion* promotion, rj_error* error);

/* ---- active writer: writes, and says that it lives and what was acted on; any thread ---- */

/* Act as follows: append; once it is applied, apply it to the state and bring its effects about;
 * then mark. Once somebody else has taken over it ends by itself, for good (RJ_FENCED): the process
 * must act on nothing any more.
 *
 * The appends are those of rj_writer, without options: the level is the standby's options'.
 * RJ_TIMEOUT_DEFAULT: append_timeout_ns. Callbacks run on the writer's thread and must not wait;
 * they may try_append, append_async, mark_acted and add_digest. */
RJ_API rj_code rj_active_writer_append(rj_active_writer* writer, const void* payload, size_t size,
                                       int64_t timeout_ns, rj_outcome* outcome, rj_error* error);
RJ_API rj_code rj_active_writer_append_batch(rj_active_writer* writer,
                                             const rj_transaction* transactions, size_t count,
                                             int64_t timeout_ns, rj_outcome* outcome,
                                             rj_error* error);
RJ_API rj_code rj_active_writer_append_async(rj_active_writer* writer, const void* payload,
                                             size_t size, rj_append_callback done, void* user,
                                             rj_error* error);
RJ_API rj_code rj_active_writer_append_batch_async(rj_active_writer* writer,
                                                   const rj_transaction* transactions, size_t count,
                                                   rj_append_callback done, void* user,
                                                   rj_error* error);
RJ_API rj_code rj_active_writer_try_append(rj_active_writer* writer, const void* payload,
                                           size_t size, rj_append_callback done, void* user,
                                           rj_error* error);
RJ_API rj_code rj_active_writer_try_append_batch(rj_active_writer* writer,
                                                 const rj_transaction* transactions, size_t count,
                                                 rj_append_callback done, void* user,
                                                 rj_error* error);
/* All up to through_lsn was acted on: goes out with the next heartbeat, and takes no effect if it
 * is below an earlier one. RJ_BAD_MARK: it is not acknowledged yet. */
RJ_API rj_code rj_active_writer_mark_acted(rj_active_writer* writer, uint64_t through_lsn,
                                           rj_error* error);
/* Digest of the state behind `lsn`, where digest_every divides the LSN. RJ_BAD_MARK as above. */
RJ_API rj_code rj_active_writer_add_digest(rj_active_writer* writer, uint64_t lsn, uint64_t digest,
                                           rj_error* error);
/* Before an orderly end: returns once all marks and digests are in the journal. RJ_DEADLINE: not
 * yet. RJ_TIMEOUT_DEFAULT: append_timeout_ns. */
RJ_API rj_code rj_active_writer_flush_marks(rj_active_writer* writer, int64_t timeout_ns,
                                            rj_error* error);
/* As of rj_writer; the library's own heartbeats count too. */
RJ_API rj_code rj_active_writer_flush(rj_active_writer* writer, uint32_t level, int64_t timeout_ns,
                                      rj_error* error);
RJ_API rj_code rj_active_writer_get_stats(const rj_active_writer* writer, rj_writer_stats* stats,
                                          rj_error* error);
/* RJ_OK while it may append; else why not, for good. */
RJ_API rj_code rj_active_writer_status(const rj_active_writer* writer, rj_error* error);
/* Sends nothing more. Every append gets its outcome first. RJ_WRONG_THREAD from a callback of this
 * writer: it stays open. RJ_OK for NULL. */
RJ_API rj_code rj_active_writer_close(rj_active_writer* writer, rj_error* error);

/* ---- checkpoint saver: application checkpoints; one thread at a time ---- */

typedef struct rj_checkpoint_saver rj_checkpoint_saver;

typedef struct rj_checkpoint_saver_options {
  uint32_t struct_size;
  uint32_t trim;    /* 1: the journal forgets what both of the checkpoints that are kept hold */
  const char* name; /* producer that it appends as: another one for each process; required */
  /* Of the side journal, if it is created here: a power of two, at least four times the state's
   * size; default 64 MiB. */
  uint64_t ring_bytes;
  uint32_t writer_generation; /* of rj_takeover_report: nothing is saved once another one writes */
  uint32_t writer_epoch;      /* 0.0: not asked */
  int64_t save_timeout_ns;    /* of one save; default 2 min */
} rj_checkpoint_saver_options;

/* Creates the side journal NAME.checkpoints if there is none. */
RJ_API rj_code rj_checkpoint_saver_open(const rj_journal* journal,
                                        const rj_checkpoint_saver_options* options,
                                        rj_checkpoint_saver** saver, rj_error* error);
/* Returns once the state is on the disks of a majority. cursor: of the last transaction in it, from
 * rj_standby_save_cursor, rj_outcome_save_cursor or a report. acted_lsn: all up to here was acted
 * on; not below the cursor (RJ_BAD_MARK). RJ_FENCED: another one writes. RJ_TOO_LARGE, RJ_DEADLINE,
 * RJ_BAD_CURSOR; the checkpoints before still stand. */
RJ_API rj_code rj_checkpoint_saver_save(rj_checkpoint_saver* saver, const char* cursor,
                                        uint64_t acted_lsn, const void* state, size_t size,
                                        rj_error* error);
RJ_API void rj_checkpoint_saver_close(rj_checkpoint_saver* saver);

#ifdef __cplusplus
}
#endif

#endif  // CLIENT_C_RINGJOURNAL_TAKEOVER_H_
