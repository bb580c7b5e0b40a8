// How a read finds its ends: cursors, relative positions, and those that only the server can find.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/core/position_proto.h"
#include "client/core/read_session.h"
#include "client/errors.h"

namespace ringjournal::client {
namespace {

bool NeedsServer(const Position& position) {
  return position.kind == Position::Kind::kTime || position.kind == Position::Kind::kTransactionId;
}

}  // namespace

// What the cursor stands for counts as seen: a loss of it is reported, not accepted silently.
void ReadSession::StartFrom(const Cursor& cursor) {
  options_.from = Position::At(cursor.lsn.next());
  next_lsn_ = cursor.lsn.next();
  anything_seen_ = cursor.lsn > Lsn(0);
  seen_generation_ = cursor.epoch.generation;
  if (cursor.index > Index(0)) {
    reader_.Expect(cursor.index, next_lsn_, cursor.chain, cursor.epoch);
  }
}

// Whether the range depends on where the journal ends now.
bool ReadSession::NeedsEnd() const {
  auto absolute = [](const Position& p) {
    return p.kind == Position::Kind::kLsn || p.kind == Position::Kind::kOldest;
  };
  if (!options_.follow) return true;
  if (resolved_) return locate_from_.has_value() || locate_until_.has_value();
  bool from_end = !options_.cursor && !absolute(options_.from);
  return from_end || (options_.until.has_value() && !absolute(*options_.until));
}

// At the first open: is this the journal that the cursor was taken of, and does it still hold that?
absl::Status ReadSession::CheckCursor(const v1::OpenReply& reply) {
  if (!options_.cursor || resolved_) return absl::OkStatus();
  const Cursor& cursor = *options_.cursor;
  if (cursor.journal.view() != reply.journal_id()) {
    return MakeError(ErrorCode::kBadCursor,
                     absl::StrCat("the cursor is of journal ", cursor.journal.ToHex(), ", but ",
                                  options_.journal,
                                  " is another one: it was made anew, or the "
                                  "cursor belongs elsewhere; begin without the cursor, or give the "
                                  "one of this journal"));
  }
  bool cut = false;  // a loss that was accepted
  for (const v1::LossReport& loss : reply.losses()) {
    bool since = loss.generation() > cursor.epoch.generation;
    if (!since || loss.generation() > options_.accept_generation) continue;
    seen_generation_ = std::max(seen_generation_, loss.generation());
    if (loss.first_lsn() >= next_lsn_.value()) continue;
    cut = true;
    next_lsn_ = std::min(next_lsn_, Lsn(loss.first_lsn()));
  }
  if (cut) {
    reader_.Forget();
    options_.from = Position::At(next_lsn_);
  } else if (reply.continuity() == v1::CONTINUITY_DIVERGED) {
    return MakeError(ErrorCode::kBadCursor,
                     absl::StrCat("journal ", options_.journal, " no longer holds the entry ",
                                  cursor.index.value(),
                                  " that the cursor was taken of: was it restored from an "
                                  "older copy? What was read up to LSN ",
                                  cursor.lsn.value(),
                                  " may not be in it; compare, then begin without the cursor"));
  }
  return absl::OkStatus();
}

// Makes relative positions absolute, once: what is appended while we are disconnected is ours.
void ReadSession::ResolvePositions(const v1::Watermarks& watermarks) {
  if (std::exchange(resolved_, true)) return;
  if (options_.until && NeedsServer(*options_.until)) {
    locate_until_ = options_.until;
  } else if (options_.until) {
    SetUntil(Resolve(*options_.until, watermarks));
  }
  if (NeedsServer(options_.from)) {
    locate_from_ = options_.from;
    return;
  }
  from_lsn_ = Resolve(options_.from, watermarks);
  // The server knows the oldest best, also when it trims meanwhile.
  if (options_.from.kind != Position::Kind::kOldest) next_lsn_ = from_lsn_;
}

Lsn ReadSession::Resolve(const Position& position, const v1::Watermarks& watermarks) const {
  Lsn behind_end = Lsn(watermarks.committed().lsn()).next();
  uint64_t oldest = std::max<uint64_t>(watermarks.oldest().lsn(), 1);
  uint64_t kept = behind_end.value() > oldest ? behind_end.value() - oldest : 0;
  switch (position.kind) {
    case Position::Kind::kLsn:
      return position.lsn;
    case Position::Kind::kNewest:
      return behind_end;
    case Position::Kind::kLast:
      return behind_end - std::min(kept, position.count);
    default:
      return Lsn(oldest);
  }
}

void ReadSession::SetUntil(Lsn lsn) {
  bool names_last = options_.until->names_a_transaction() && lsn < Lsn(UINT64_MAX);
  options_.until_lsn = names_last ? lsn.next() : lsn;
}

// Asks for the next position that only the server can find. False: there is none.
bool ReadSession::SendLocate() {
  const std::optional<Position>& wanted = locate_from_ ? locate_from_ : locate_until_;
  if (!wanted) return false;
  v1::ClientMessage message;
  locate_id_ = TakeRequestId();
  message.mutable_locate()->set_request_id(locate_id_);
  *message.mutable_locate()->mutable_position() = PositionProto(*wanted);
  Send(message);
  return true;
}

void ReadSession::HandleLocateReply(const v1::LocateReply& reply) {
  if (reply.request_id() != locate_id_ || reading_) return;
  if (locate_from_) {
    locate_from_.reset();
    from_lsn_ = next_lsn_ = Lsn(reply.lsn());
  } else if (locate_until_) {
    locate_until_.reset();
    SetUntil(Lsn(reply.lsn()));
  }
  Progressed();
  if (!SendLocate()) SendRead();
}

}  // namespace ringjournal::client
