// What a standby knows and decides, without clock, thread or socket.
#ifndef CLIENT_TAKEOVER_STANDBY_CORE_H_
#define CLIENT_TAKEOVER_STANDBY_CORE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core/acked_ranges.h"
#include "client/journal_info.h"
#include "client/outcome.h"
#include "client/read_transaction.h"
#include "client/takeover/report.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"
#include "proto/application.pb.h"

namespace ringjournal::client {

struct StandbyCoreOptions {
  std::string journal;
  // No word of the writer for so long, while the journal has a leader: it is silent.
  int64_t silent_after_ns = limits::kWriterSilentMs * int64_t{1'000'000};
  uint64_t digest_every = 0;  // LSNs; 0: no digests
  uint64_t effect_bytes_max = limits::kEffectBytesMax;
  size_t in_doubt_ranges_max = limits::kInDoubtRangesMax;
};

// Takes the transactions of one fenced journal in order and says what is to be done with each;
// keeps the effects that are not known to have been brought about; watches the writer; and, once a
// fence was granted, knows where the old writers end and what is to be said of them.
//
//   for each transaction t:  core.Take(t, now) == kApply  →  Apply(t, &effect), core.Applied(…)
//   core.Suspects(now)       →  ask the leader how far its journal goes, core.OnAnswer(…),
//                               read on; core.writer_is_silent() →  claim, core.OnGranted(…)
//   core.at_boundary()       →  core.Report()
//
// Times are of one monotonic clock, nanoseconds. One owner, no threads.
class StandbyCore {
 public:
  explicit StandbyCore(const StandbyCoreOptions& options);
  // Before the first transaction: the state that it starts from (an application checkpoint) holds
  // everything up to `applied`, of which everything up to `acted` was acted on.
  void StartBehind(Lsn applied, Lsn acted);
  // Or: the journal is kept from this LSN on, and what was trimmed is of no interest.
  void StartAt(Lsn first) { next_lsn_ = first; }

  enum class Do {
    kApply,  // Apply it and call Applied
    kPass,   // of the library itself: nothing to do
  };
  // The next transaction of the journal, at the LSN behind the one before. Errors, all of them for
  // good: kTrimmed (some in between are missing), kStateDiverged (the writer's digest is another
  // one), kBadRecord (what the writer has said cannot be).
  absl::StatusOr<Do> Take(const ReadTransaction& transaction, int64_t now_ns);
  // Behind Apply of the transaction that was taken last. kEffectsFull: the writer does not say what
  // it has acted on, and the effects kept for it have reached their limit.
  absl::Status Applied(std::string effect);
  // The state's digest is wanted now, behind the transaction applied last.
  bool WantsDigest() const {
    const uint64_t lsn = next_lsn_.prev().value();
    return options_.digest_every > 0 && lsn > 0 && lsn % options_.digest_every == 0;
  }
  void OnDigest(uint64_t value);

  // The reader is in this generation of the journal, with nothing of what was taken so far lost.
  void OnReadIn(uint32_t generation) { read_in_ = std::max(read_in_, generation); }

  // ---- is the writer there? ----
  // The connection to the journal was made anew: before, nothing could be heard.
  // What a leader has answered before may be of a log that is no more.
  void OnConnected(int64_t now_ns) {
    heard_ns_ = now_ns;
    asked_ = false;
  }
  // It has been silent for long enough to ask the leader.
  bool Suspects(int64_t now_ns) const;
  // When to look again, unless something is read before: INT64_MAX while what the leader has
  // answered is still to be read.
  int64_t LookAgainAt() const { return must_read() ? INT64_MAX : silent_at(); }
  // What the leader has answered: its epoch, and the last committed transaction. With a leader
  // newer than the one that the writer was heard through last, the time starts anew: the writer
  // needs to find it, too.
  void OnAnswer(Epoch leader, Lsn committed, int64_t now_ns);
  // Who is the writer, as the leader has answered last. One who is new gets time to be heard: the
  // fence is no transaction, and what he writes comes later.
  void OnWriter(Epoch granted, int64_t now_ns);
  // Nothing of the writer's stands in the journal that the leader has answered for.
  bool writer_is_silent(int64_t now_ns) const;
  int64_t silent_for_ns(int64_t now_ns) const { return now_ns - heard_ns_; }

  // ---- taking over ----
  // The fence is committed. `replaced`: who was the writer, as the claim has named it (or, by
  // force, as was known).
  void OnGranted(const WriterInfo& granted, const WriterInfo& replaced);
  // Somebody else has come first, or since: he gets time to be heard.
  void OnReplaced(int64_t now_ns);
  // A recovery has begun a generation.
  struct Loss {
    uint32_t generation = 0;
    Lsn first;         // transactions from here on, of older generations, may be lost
    bool lost = true;  // false: none that was acknowledged as replicated or safer
    std::string why;
  };
  // Any number of times for the same one.
  void OnLoss(const Loss& loss);
  // After OnGranted, and the losses up to the grant's generation: kDataLoss if a recovery may have
  // taken back what was applied, which a claim does not show: the fence may stand below it, or
  // right behind it with other transactions below.
  absl::Status CheckHistory() const;
  // Everything that older writers have appended was applied. Only after OnGranted.
  bool at_boundary() const;
  bool granted() const { return granted_; }
  // Last LSN that is to be applied before acting; 0: none. Only after OnGranted.
  Lsn final_lsn() const { return boundary_.prev(); }
  // Without times and `replayed`. At the boundary only.
  TakeoverReport Report() const;
  // Effects of what is in doubt, in order; they are the caller's from now on.
  std::vector<Effect> TakeEffects();

  // ---- where it stands ----
  Lsn next_lsn() const { return next_lsn_; }
  Lsn acted_lsn() const { return acted_; }
  Epoch writer() const { return writer_; }
  const std::string& claimant() const { return claimant_; }
  uint64_t applied() const { return applied_count_; }

 private:
  int64_t silent_at() const { return heard_ns_ + options_.silent_after_ns; }
  bool must_read() const { return asked_ && next_lsn_ <= answered_; }

  struct Digest {
    Lsn lsn;
    uint64_t value = 0;
  };

  absl::Status Hole(Lsn lsn) const;
  absl::StatusOr<bool> TakeOwn(const ReadTransaction& transaction);
  absl::Status TakeRecord(const v1::WriterRecord& record, const ReadTransaction& transaction);
  absl::Status Compare(const v1::StateDigest& theirs);
  void MarkActed(Lsn lsn);
  void Judge(TakeoverReport* report) const;
  void Hear(const ReadTransaction& transaction, int64_t now_ns);

  StandbyCoreOptions options_;
  Lsn next_lsn_{1};
  uint32_t read_in_ = 1;  // generation
  uint64_t applied_count_ = 0;
  Lsn acted_;
  AckedRanges in_doubt_;
  std::deque<Effect> effects_;  // above acted_
  uint64_t effect_bytes_ = 0;
  std::deque<Digest> digests_;  // own, the newest ones
  uint64_t compared_ = 0;

  Epoch writer_;  // of the newest transaction
  std::string claimant_;
  int64_t heard_ns_ = 0;
  Epoch newest_writer_;  // that the leader has told of
  Epoch heard_through_;  // epoch of the newest entry, or of a leader that was given its time
  Lsn answered_;         // how far the leader's answer went
  bool asked_ = false;   // since the writer was heard last

  bool granted_ = false;
  Lsn boundary_;  // the first LSN behind the fence
  WriterInfo grant_, replaced_;
  std::map<uint32_t, Loss> losses_;  // by generation
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_STANDBY_CORE_H_
