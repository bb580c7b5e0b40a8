// What a server says about a journal, as plain values.
#ifndef CLIENT_JOURNAL_INFO_H_
#define CLIENT_JOURNAL_INFO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/outcome.h"
#include "journal/base/types.h"

namespace ringjournal::client {

// oldest: the first transaction that is kept. durable (on the disk of the node that answers),
// committed, end: the last that is so; LSN 0 if there is none.
struct Watermarks {
  Watermark oldest;
  Watermark durable;
  Watermark committed;
  Watermark end;
};

// What is chosen when a journal is created. 0 stands for the server's default.
struct JournalSettings {
  uint64_t ring_bytes = 0;  // a power of two
  uint64_t segment_bytes = 0;
  uint64_t checkpoint_bytes = 0;        // a checkpoint starts when so much is not on disk
  uint32_t checkpoint_interval_ms = 0;  // or when the oldest of it is this old
  bool memory_only = false;             // no segments: disk levels are refused
  uint64_t retention_bytes = 0;         // trim what is older than this many bytes; 0: keep
  uint64_t retention_age_ms = 0;        // trim what is older by log time; 0: keep
  uint32_t producers_max = 0;
  bool fenced = false;  // only the holder of the writer epoch may append: Journal::AcquireWriter
};

struct JournalInfo {
  std::string name;
  JournalId id;  // for ever, also when the name is given to another journal
  Epoch epoch;
  JournalSettings settings;
  std::vector<std::string> members;  // nodes that should hold a copy
  Watermarks watermarks;
  uint64_t ring_bytes = 0;
  uint64_t ring_bytes_used = 0;
  uint64_t segment_count = 0;
  uint64_t segment_bytes = 0;
  uint64_t producer_count = 0;
  std::string storage_state;  // "ok", "full"
};

// Who may append to a fenced journal, as its newest fence says.
struct WriterInfo {
  Epoch epoch;            // the writer epoch, (generation, number); zero: none was ever granted
  std::string claimant;   // for people
  uint64_t since_ns = 0;  // log time of the fence, Unix nanoseconds
  Lsn next_lsn;           // the fence stands before it: what older writers have appended is below
  uint64_t chain = 0;     // chain hash of the fence: of the whole journal up to there
  uint64_t nonce = 0;     // of the claim
  // The journal has begun another generation since, perhaps without a fence that was granted:
  // nobody is the writer.
  bool ended_by_loss = false;
  uint32_t generation = 0;  // of the journal
  bool fenced = false;      // the journal's setting
};

// Somebody wants to be the writer.
struct WriterClaim {
  std::string claimant;  // 1 to limits::kWriterClaimantBytesMax bytes, for people
  Epoch replaces;        // the writer epoch that it ends; zero: none was ever granted
  bool force = false;    // ends whichever is current; the journal says so for ever
  std::string reason;    // at most limits::kWriterReasonBytesMax bytes, for people
  // Who makes the same claim again, after a crash or a deadline, gives the same number: what was
  // granted is granted again. 0: a random one, and WriterInfo::nonce says later whose grant it is.
  uint64_t nonce = 0;
};

// What a journal has of one producer, committed.
struct ProducerInfo {
  std::string name;
  uint64_t id = 0;         // index of the entry that first opened it
  uint32_t epoch = 0;      // raised by every opening; older sessions are fenced
  Sequence last_sequence;  // it goes on with the next one; 0: it has appended nothing yet
  Lsn last_lsn;            // of that sequence
  Index last_index;        // of the entry that holds it
  bool open = false;       // a session that may append as it is connected
};

// Which producers are asked for.
struct ProducerQuery {
  std::string prefix;  // those whose names begin so
  std::string from;    // and are not below it, by bytes
  uint32_t limit = 0;  // of one page; 0: as many as a server names at once
};

// In the order of their names.
struct ProducerPage {
  std::vector<ProducerInfo> producers;
  std::string next;             // `from` of the page behind; empty: there is none
  uint64_t producer_count = 0;  // of the journal
  uint32_t generation = 0;      // of the journal: if above 1, one may have been lost
};

// Whether a journal still holds what a receipt says that it held.
struct ReceiptCheck {
  enum class Verdict {
    kCannotTell,  // the entry is trimmed, or in no node's memory any more
    kContinuous,  // it is there, and so is everything below it: the chain hash is the same
    kDiverged,    // it is not: what was acknowledged or read has been lost since
  };
  Verdict verdict = Verdict::kCannotTell;
  // With kDiverged: the journal and what the receipt was given for differ at this LSN or before it.
  Lsn diverged;
  // With kDiverged: the newest epoch of the journal that is not newer than the receipt's. If the
  // receipt's history had it, it is the last that both have in common. Zero: there is none.
  Epoch last_common;
  Epoch epoch;  // of the journal now
};

// What became of one sequence of one producer.
struct Resolution {
  enum class Outcome {
    kUnknown,          // the server said something that this version does not know
    kAtLsn,            // applied; see lsn
    kAppliedTrimmed,   // applied; its place is no longer known
    kNever,            // not applied, and never will be: older sessions of the producer are fenced
    kNotYet,           // not present; an open session of the producer may still append it
    kMayHaveBeenLost,  // not present, and a recovery since may have lost it
  };
  Outcome outcome = Outcome::kUnknown;
  Lsn lsn;                  // with kAtLsn
  uint32_t generation = 0;  // of the journal
  // The same as an append's fate: kUnknown for kNotYet and kMayHaveBeenLost.
  Fate fate() const;
};

}  // namespace ringjournal::client

#endif  // CLIENT_JOURNAL_INFO_H_
