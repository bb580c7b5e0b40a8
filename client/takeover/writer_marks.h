// What an active writer says of itself in its journal, and when, without clock, thread or socket.
#ifndef CLIENT_TAKEOVER_WRITER_MARKS_H_
#define CLIENT_TAKEOVER_WRITER_MARKS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"
#include "proto/application.pb.h"

namespace ringjournal::client {

struct WriterMarksOptions {
  Epoch writer;  // the writer epoch that it holds
  std::string claimant;
  int64_t heartbeat_ns = limits::kWriterHeartbeatMs * int64_t{1'000'000};
  // Where it takes over: what was committed and acted on until then.
  Lsn committed;
  Lsn acted;
};

// Gathers act markers and digests, and says when a WriterRecord with the newest of them is due: at
// every heartbeat. One owner, no threads; times are of one monotonic clock.
class WriterMarks {
 public:
  explicit WriterMarks(const WriterMarksOptions& options);

  // An append was acknowledged as replicated or safer, up to this LSN.
  void OnCommitted(Lsn last);
  // The effects of everything up to `through` have been brought about. kBadMark: that is not
  // acknowledged yet, so it must not have been acted on. Falling marks are ignored.
  absl::Status MarkActed(Lsn through);
  // The state's digest behind `lsn`. kBadMark as above, and if digests come faster than heartbeats
  // can carry them (limits::kStateDigestsKept).
  absl::Status AddDigest(Lsn lsn, uint64_t value);

  // When the next record is due.
  int64_t due_ns() const { return due_ns_; }
  // It is due: what is to be appended. At most one is under way, so none while the last one has no
  // outcome.
  std::optional<v1::WriterRecord> Next(int64_t now_ns);
  // The record has its outcome. Not applied: its digests are said again.
  void OnOutcome(bool applied);

  // It was refused for the moment, as the Writer is full: the next try is an eighth of a heartbeat
  // later, or a busy writer would be taken for a silent one.
  void OnRefused(int64_t now_ns) {
    OnOutcome(false);
    due_ns_ = now_ns + options_.heartbeat_ns / 8;
  }
  // Wants to say all it knows at once, and has done so.
  void Hurry() { due_ns_ = 0; }
  bool said_all() const {
    return said_ == acted_ && next_.digests_size() == 0 && !under_way_.has_value();
  }

  Lsn acted() const { return acted_; }
  Lsn committed() const { return committed_; }

 private:
  WriterMarksOptions options_;
  Lsn committed_;
  Lsn acted_;
  v1::WriterRecord next_;
  std::optional<v1::WriterRecord> under_way_;
  Lsn said_;            // by the newest record that got through
  int64_t due_ns_ = 0;  // the first one at once
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_WRITER_MARKS_H_
