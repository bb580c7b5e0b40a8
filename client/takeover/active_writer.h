// The writer of a fenced journal at work: appends, and says in the journal that it lives and how
// far it has acted.
#ifndef CLIENT_TAKEOVER_ACTIVE_WRITER_H_
#define CLIENT_TAKEOVER_ACTIVE_WRITER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/journal.h"
#include "client/writer.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"

namespace ringjournal::client {

struct ActiveWriterOptions {
  std::string claimant;  // as in the claim: for people
  // `writer.writer` must be the epoch that was granted. Its level: replicated or safer.
  WriterOptions writer;
  std::chrono::nanoseconds heartbeat = std::chrono::milliseconds(limits::kWriterHeartbeatMs);
  // What was in the journal, and acted on, when it was taken over.
  Lsn committed;
  Lsn acted;
};

// A Writer with a voice of its own. Act as follows: append; once the outcome is `applied`, apply
// the transaction to the state and bring its effects about; then MarkActed. A standby that takes
// over tells what is journaled and not marked as in doubt.
//
// Every method may be called from any thread. Once somebody else has taken over, the Writer ends by
// itself (kFenced), at the next heartbeat at the latest, and for good: what had no outcome by then
// may or may not be in the journal, below the new writer's fence; the process must act on nothing
// any more.
class ActiveWriter {
 public:
  // Errors as for Journal::OpenWriter; kFenced: the epoch is not the current one any more.
  static absl::StatusOr<std::unique_ptr<ActiveWriter>> Open(const Journal& journal,
                                                            const ActiveWriterOptions& options);
  // Sends nothing more; outcomes that are missing are delivered first. See Writer.
  ~ActiveWriter();
  ActiveWriter(const ActiveWriter&) = delete;
  ActiveWriter& operator=(const ActiveWriter&) = delete;

  // As Writer's of the same names, with WriterOptions::level.
  AppendOutcome Append(std::string_view payload, std::chrono::nanoseconds timeout);
  AppendOutcome Append(TransactionRun run, std::chrono::nanoseconds timeout);
  absl::Status AppendAsync(TransactionRun run, AppendCallback done);
  absl::Status TryAppend(TransactionRun run, AppendCallback done);

  // The effects of everything up to `through` have been brought about: goes out with the next
  // heartbeat. kBadMark for what is not acknowledged yet.
  absl::Status MarkActed(Lsn through);
  // A digest of the state behind `lsn`, for standbys to compare. kBadMark as above.
  absl::Status AddDigest(Lsn lsn, uint64_t value);

  // Before an orderly end: returns once all act markers and digests are in the journal. kDeadline;
  // status() if the Writer has ended; kWrongThread from a callback, which must not wait.
  absl::Status FlushMarks(std::chrono::nanoseconds timeout);

  // OK while it may append; else why not, for good: kFenced.
  absl::Status status() const;
  // For what is not offered here: statistics, Flush. Not for appending.
  Writer& writer();

 private:
  struct Impl;
  explicit ActiveWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_ACTIVE_WRITER_H_
