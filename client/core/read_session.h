// A session that reads one journal from a position on, without gap or repeat through disconnects.
#ifndef CLIENT_CORE_READ_SESSION_H_
#define CLIENT_CORE_READ_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "client/core/entry_reader.h"
#include "client/core/session.h"
#include "client/cursor.h"
#include "client/outcome.h"
#include "client/position.h"
#include "journal/base/limits.h"
#include "journal/base/types.h"

namespace ringjournal::client {

struct ReadSessionOptions {
  SessionOptions session;
  std::string journal;
  Position from;                 // first transaction that is wanted
  std::optional<Cursor> cursor;  // instead of `from`: go on behind it
  std::optional<Lsn> until_lsn;  // first that is not wanted any more
  // Instead of until_lsn: the last that is wanted, where it names a transaction; a time or newest
  // lies between two.
  std::optional<Position> until;
  bool follow = false;        // wait for more at the end
  bool durable_only = false;  // else: what is committed
  // Positions that refer to the end, and the end of a read without `follow`, lie behind all that
  // was acknowledged to anybody before the session opened. Where that cannot be made sure of, as
  // members of the in-sync set do not answer, it waits for it like for a leader. False: the end is
  // what the node that answers knows of.
  bool linearizable = true;
  uint64_t credit_bytes = limits::kClientReadCreditBytes;
  uint32_t accept_generation = 0;
};

// Asks for entries with a bounded credit, verifies each one (header CRC, body CRC, chain, no hole
// in indexes and LSNs), and hands out transactions one by one.
//
// The positions are kept as LSNs: others are made absolute at the first open (times and ids by
// asking the server), so that a reconnect neither skips nor repeats. A loss that starts above all
// that this reader has seen is accepted silently (see last_loss); one that takes back something
// seen sets loss().
class ReadSession : public Session {
 public:
  explicit ReadSession(ReadSessionOptions options);

  // Takes the next transactions that have arrived, at most as many as `into` holds: their number.
  // Their bytes are valid until the next call of any method that is not const. 0: nothing is here
  // now; see finished() and stopped().
  size_t Next(std::span<ReadTransaction> into);
  bool Next(ReadTransaction* transaction) { return Next({transaction, 1}) == 1; }

  // Takes the next whole entry, control records too; entries that the range cuts come whole. Not to
  // be mixed with Next. The bytes are valid as there.
  bool NextEntry(RecordView* view);

  // Everything that was asked for has been taken.
  bool finished() const { return finished_; }
  // LSN of the next transaction that will be handed out; 0: not known yet.
  Lsn next_lsn() const { return next_lsn_; }
  // Where the range begins, once known: else 0. For `oldest` the first that was kept at the open.
  Lsn from_lsn() const { return from_lsn_; }
  // Both ends are known.
  bool located() const { return resolved_ && !locate_from_ && !locate_until_; }
  // First LSN that is not wanted any more, once known.
  std::optional<Lsn> until_lsn() const { return options_.until_lsn; }
  // 16 bytes; empty before the first open.
  const std::string& journal_id() const { return journal_id_; }
  uint32_t generation() const { return generation_; }
  // Up to which the server has said that nothing read here was lost.
  uint32_t seen_generation() const { return seen_generation_; }
  // Last LSN that could be read when the server last said so.
  Lsn visible_lsn() const { return visible_lsn_; }
  // All that was visible has been taken.
  bool caught_up() const { return reading_ && next_lsn_ > visible_lsn_; }

  const LossNotice* loss() const { return loss_pending_ ? &*last_loss_ : nullptr; }
  const std::optional<LossNotice>& last_loss() const { return last_loss_; }
  // Goes on at the start of the loss: from there on other transactions have the same LSNs.
  void AcceptLoss(int64_t now_ns);

 protected:
  void OnConnected(int64_t now_ns) override;
  void OnHello(const v1::HelloReply& reply, int64_t now_ns) override;
  void OnFrame(const ServerFrame& frame, int64_t now_ns) override;
  void OnDisconnected(int64_t now_ns) override;
  Owed owed() const override { return reading_ ? Owed::kPushes : Owed::kAnswers; }

 private:
  struct Chunk {
    FrameBuffer frame;  // that holds them
    ByteSpan entries;   // serialised Entries; their size is the credit to give back in the end
  };

  bool NeedsEnd() const;
  void HandleOpenReply(const v1::OpenReply& reply);
  void ResolvePositions(const v1::Watermarks& watermarks);
  Lsn Resolve(const Position& position, const v1::Watermarks& watermarks) const;
  absl::Status CheckCursor(const v1::OpenReply& reply);
  void StartFrom(const Cursor& cursor);
  bool SendLocate();
  void HandleLocateReply(const v1::LocateReply& reply);
  void SetUntil(Lsn lsn);
  bool Accepts(Lsn first);
  size_t KeepWanted(std::span<ReadTransaction> taken);
  bool Fill(const absl::Status& error);
  void SendRead();
  void HandleReadData(const ServerFrame& frame);
  void HandleReadEnd(const v1::ReadEnd& end);
  void HandleError(const v1::ErrorReply& error, int64_t now_ns);
  void HandleLoss(const v1::ErrorReply& error, int64_t now_ns);
  void EndWith(const absl::Status& status);
  bool NextChunk();
  void GiveCredit(uint64_t bytes);

  ReadSessionOptions options_;
  bool resolved_ = false;  // options_.from was made absolute where needed
  bool reading_ = false;   // a Read is under way on this connection
  bool finished_ = false;
  bool end_seen_ = false;  // no more data will come for this Read
  absl::Status end_status_;
  std::optional<Position> locate_from_, locate_until_;  // still to be asked for
  Lsn from_lsn_;
  uint64_t open_id_ = 0;
  uint64_t locate_id_ = 0;
  uint64_t read_id_ = 0;
  std::string journal_id_;
  uint32_t generation_ = 0;       // of the journal at the last open
  uint32_t seen_generation_ = 0;  // newest that this reader has read in, or accepted
  Lsn next_lsn_;
  Lsn visible_lsn_;
  bool anything_seen_ = false;
  uint64_t credit_owed_bytes_ = 0;
  std::deque<Chunk> chunks_;  // bounded by the credit
  EntryReader reader_;        // over the front chunk
  bool loss_pending_ = false;
  std::optional<LossNotice> last_loss_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_READ_SESSION_H_
