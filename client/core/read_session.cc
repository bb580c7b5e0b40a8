#include "client/core/read_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/core/loss.h"
#include "client/core/receipt_proto.h"
#include "client/errors.h"
#include "client/trimmed.h"
#include "journal/base/check.h"

namespace ringjournal::client {
namespace {

// Fields of ReadData, taken apart by hand: the entries are large and stay bytes.
constexpr uint64_t kTagRequestId = 1 << 3;
constexpr uint64_t kTagVisibleLsn = 2 << 3;
constexpr uint64_t kTagEntries = 31 << 3 | 2;

}  // namespace

ReadSession::ReadSession(ReadSessionOptions options)
    : Session(options.session), options_(std::move(options)) {
  if (options_.cursor) StartFrom(*options_.cursor);
}

void ReadSession::OnHello(const v1::HelloReply& reply, int64_t now_ns) {
  uint64_t limit = reply.limits().read_credit_bytes_max();
  if (limit > 0) options_.credit_bytes = std::min(options_.credit_bytes, limit);
}

void ReadSession::OnConnected(int64_t now_ns) {
  v1::ClientMessage message;
  v1::Open* open = message.mutable_open();
  open_id_ = TakeRequestId();
  open->set_request_id(open_id_);
  open->set_journal(options_.journal);
  open->set_accept_generation(std::max(options_.accept_generation, seen_generation_));
  open->set_linearizable(options_.linearizable && NeedsEnd());
  if (options_.cursor && options_.cursor->index > Index(0) && !resolved_) {
    FillReceipt(*options_.cursor, open->mutable_last_receipt());
  }
  Send(message);
}

void ReadSession::OnFrame(const ServerFrame& frame, int64_t now_ns) {
  switch (frame.field) {
    case v1::ServerMessage::kReadData:
      return HandleReadData(frame);
    case v1::ServerMessage::kReadEnd: {
      v1::ReadEnd end;
      if (ParseBody(frame, &end)) HandleReadEnd(end);
      return;
    }
    case v1::ServerMessage::kOpenReply: {
      v1::OpenReply reply;
      if (ParseBody(frame, &reply)) HandleOpenReply(reply);
      return;
    }
    case v1::ServerMessage::kLocateReply: {
      v1::LocateReply reply;
      if (ParseBody(frame, &reply)) HandleLocateReply(reply);
      return;
    }
    case v1::ServerMessage::kError: {
      v1::ErrorReply error;
      if (ParseBody(frame, &error)) HandleError(error, now_ns);
      return;
    }
    default:
      return;  // nothing that this session asked for
  }
}

void ReadSession::HandleOpenReply(const v1::OpenReply& reply) {
  if (reply.request_id() != open_id_ || reading_) {
    return ProtocolError("an open reply that nobody asked for");
  }
  if (!journal_id_.empty() && journal_id_ != reply.journal_id()) {
    return Stop(MakeError(ErrorCode::kJournalNotFound,
                          absl::StrCat("journal ", options_.journal,
                                       " was removed and created again while this reader was "
                                       "away: read the new one from its oldest transaction")));
  }
  bool has_read = !options_.cursor || resolved_;
  if (has_read && reply.generation() < seen_generation_) {
    return Reconnect(OlderGeneration(options_.journal, reply.generation(), seen_generation_));
  }
  journal_id_ = reply.journal_id();
  generation_ = reply.generation();
  if (absl::Status status = CheckCursor(reply); !status.ok()) return Stop(status);
  // Nothing was read before the first open, so nothing read can have been lost before it.
  if (seen_generation_ == 0) seen_generation_ = generation_;
  // No transaction that was read is lost, but control entries behind the last one may be others
  // now.
  if (generation_ != seen_generation_) reader_.Forget();
  const v1::Watermarks& marks = reply.watermarks();
  visible_lsn_ = Lsn(marks.committed().lsn());
  if (options_.durable_only) visible_lsn_ = std::min(visible_lsn_, Lsn(marks.durable().lsn()));
  Established();
  Progressed();
  ResolvePositions(reply.watermarks());
  if (!end_seen_ && !SendLocate()) SendRead();
}

void ReadSession::SendRead() {
  if (options_.until_lsn && next_lsn_ >= *options_.until_lsn) {
    finished_ = true;
    return;
  }
  v1::ClientMessage message;
  v1::Read* read = message.mutable_read();
  read_id_ = TakeRequestId();
  read->set_request_id(read_id_);
  if (next_lsn_ == Lsn()) {
    read->mutable_from()->set_oldest(true);
  } else {
    read->mutable_from()->set_lsn(next_lsn_.value());
  }
  if (options_.until_lsn) read->mutable_until()->set_lsn(options_.until_lsn->value());
  read->set_follow(options_.follow);
  read->set_visibility(options_.durable_only ? v1::VISIBILITY_DURABLE : v1::VISIBILITY_COMMITTED);
  read->set_credit_bytes(options_.credit_bytes);
  read->set_generation(seen_generation_);
  Send(message);
  reading_ = true;
  end_seen_ = false;
  credit_owed_bytes_ = 0;
  reader_.Restart();
}

void ReadSession::HandleReadData(const ServerFrame& frame) {
  Chunk chunk;
  ByteSpan body;
  chunk.frame = KeepFrame(frame, &body);
  const std::byte* pos = body.data();
  const std::byte* end = pos + body.size();
  uint64_t request_id = 0;
  while (pos != end) {
    uint64_t tag, value;
    if (!ReadVarint(&pos, end, &tag) || !ReadVarint(&pos, end, &value)) {
      return ProtocolError("read data does not parse");
    }
    if (tag == kTagRequestId) request_id = value;
    if (tag == kTagVisibleLsn) visible_lsn_ = Lsn(value);
    if ((tag & 7) == 0) continue;
    if ((tag & 7) != 2 || value > static_cast<size_t>(end - pos)) {
      return ProtocolError("read data does not parse");
    }
    if (tag == kTagEntries && !chunk.entries.empty()) {
      return ProtocolError("read data in two parts");
    }
    if (tag == kTagEntries) chunk.entries = {pos, static_cast<size_t>(value)};
    pos += value;
  }
  if (request_id != read_id_ || !reading_ || end_seen_) {
    return ProtocolError("read data that nobody asked for");
  }
  seen_generation_ = generation_;  // the server let us read on: nothing seen was lost
  if (chunk.entries.empty()) return;
  chunks_.push_back(std::move(chunk));
  if (chunks_.size() == 1) reader_.SetRun(chunks_.front().entries);
}

void ReadSession::HandleReadEnd(const v1::ReadEnd& end) {
  if (end.request_id() != read_id_ || !reading_) return;
  switch (end.reason()) {
    case v1::ReadEnd::REASON_REACHED_UNTIL:
    case v1::ReadEnd::REASON_REACHED_END:
    case v1::ReadEnd::REASON_STOPPED:
      return EndWith(absl::OkStatus());
    case v1::ReadEnd::REASON_SHUTDOWN:
      return Reconnect(MakeError(ErrorCode::kShuttingDown, "the server is shutting down"));
    case v1::ReadEnd::REASON_TRIMMED: {
      std::string next = end.resume_lsn() > 0 ? absl::StrCat("read on from LSN ", end.resume_lsn())
                                              : "read on from `oldest`";
      return EndWith(TrimmedError(absl::StrCat("transactions from LSN ", end.next_lsn(),
                                               " on were trimmed and are gone: ", next),
                                  Lsn(end.resume_lsn())));
    }
    case v1::ReadEnd::REASON_JOURNAL_REMOVED:
      return EndWith(
          MakeError(ErrorCode::kJournalNotFound,
                    absl::StrCat("journal ", options_.journal, " was removed while it was read")));
    default:
      return EndWith(
          MakeError(ErrorCode::kDamaged, absl::StrCat("the server cannot read on from LSN ",
                                                      end.next_lsn(), ": ", end.message())));
  }
}

// What has arrived is delivered first.
void ReadSession::EndWith(const absl::Status& status) {
  end_seen_ = true;
  end_status_ = status;
}

size_t ReadSession::Next(std::span<ReadTransaction> into) {
  RJ_CHECK(!into.empty());
  while (!finished_ && !stopped()) {
    absl::Status error;
    size_t taken = 0;
    while (!chunks_.empty() && (taken = reader_.Next(into, &error)) > 0) {
      size_t kept = KeepWanted(into.first(taken));
      if (kept > 0 || finished_ || stopped()) return kept;
    }
    if (!Fill(error)) return 0;
  }
  return 0;
}

// Drops what lies before and behind the range inside an entry, and moves next_lsn_ behind the rest,
// which it returns the number of. LSNs inside `taken` follow each other: the reader has checked it.
size_t ReadSession::KeepWanted(std::span<ReadTransaction> taken) {
  size_t before = 0;
  while (before < taken.size() && taken[before].lsn < next_lsn_) ++before;
  if (before == taken.size() || !Accepts(taken[before].lsn)) return 0;
  size_t kept = taken.size() - before;
  if (before > 0) std::copy(taken.begin() + before, taken.end(), taken.begin());
  if (options_.until_lsn && *options_.until_lsn - taken[0].lsn < kept) {
    kept = *options_.until_lsn - taken[0].lsn;
    finished_ = true;
  }
  next_lsn_ = taken[kept - 1].lsn.next();
  return kept;
}

bool ReadSession::NextEntry(RecordView* view) {
  while (!finished_ && !stopped()) {
    absl::Status error;
    while (!chunks_.empty() && reader_.NextRecord(view, &error)) {
      const EntryHeader& h = view->header;
      if (h.count > 0 && h.next_lsn() <= next_lsn_) continue;
      if (!Accepts(std::max(h.first_lsn, std::min(next_lsn_, h.next_lsn())))) return false;
      next_lsn_ = std::max(next_lsn_, h.next_lsn());
      return true;
    }
    if (!Fill(error)) return false;
  }
  return false;
}

// True if the range goes on with `first`. False: it is at its end, or the server left something
// out.
bool ReadSession::Accepts(Lsn first) {
  if (next_lsn_ != Lsn() && first > next_lsn_) {
    Stop(MakeError(ErrorCode::kDamaged,
                   absl::StrCat("the server sent LSN ", first.value(), " where ", next_lsn_.value(),
                                " must follow: nothing was skipped; read again from there")));
    return false;
  }
  if (options_.until_lsn && first >= *options_.until_lsn) {
    finished_ = true;
    return false;
  }
  anything_seen_ = true;
  return true;
}

// Makes the next chunk ready. False: there is none, or *error ends the session.
bool ReadSession::Fill(const absl::Status& error) {
  if (error.ok()) return NextChunk();
  Stop(error);
  return false;
}

// Drops the chunk that is used up. False: there is no other.
bool ReadSession::NextChunk() {
  if (!chunks_.empty()) {
    GiveCredit(chunks_.front().entries.size());
    ReuseFrame(std::move(chunks_.front().frame));
    chunks_.pop_front();
  }
  if (!chunks_.empty()) {
    reader_.SetRun(chunks_.front().entries);
    return true;
  }
  if (!end_seen_) return false;
  if (end_status_.ok()) {
    finished_ = true;
  } else {
    Stop(end_status_);
  }
  return false;
}

void ReadSession::GiveCredit(uint64_t bytes) {
  credit_owed_bytes_ += bytes;
  // A quarter at a time: few frames, and the server never runs dry.
  if (!ready() || !reading_ || end_seen_ || credit_owed_bytes_ < options_.credit_bytes / 4) return;
  v1::ClientMessage message;
  message.mutable_read_credit()->set_request_id(read_id_);
  message.mutable_read_credit()->set_bytes(std::exchange(credit_owed_bytes_, 0));
  Send(message);
}

void ReadSession::OnDisconnected(int64_t now_ns) {
  // What was not taken is asked for again.
  reading_ = false;
  if (end_seen_) return;
  chunks_.clear();
  reader_.Restart();
}

void ReadSession::HandleError(const v1::ErrorReply& error, int64_t now_ns) {
  absl::Status why = StatusOf(error);
  if (CodeOf(why) == ErrorCode::kDataLoss && error.has_data_loss()) {
    return HandleLoss(error, now_ns);
  }
  if (IsTransient(CodeOf(why))) return Reconnect(why);
  if (reading_ && error.request_id() == read_id_) return EndWith(why);
  if (!reading_ && error.request_id() == locate_id_ && locate_id_ != 0) return Stop(why);
  if (error.request_id() == 0 || error.request_id() == open_id_) Stop(why);
}

void ReadSession::HandleLoss(const v1::ErrorReply& error, int64_t now_ns) {
  LossNotice notice = LossNoticeOf(error.data_loss());
  if (notice.generation <= std::max(options_.accept_generation, seen_generation_)) {
    return Stop(StatusOf(error));  // accepted already: asking again will not help
  }
  if (anything_seen_ && next_lsn_ > notice.first_lsn) {
    notice.held.push_back({notice.first_lsn, next_lsn_.prev()});
  }
  bool seen_is_safe = notice.held.empty();
  last_loss_ = std::move(notice);
  loss_pending_ = true;
  Hold();
  if (seen_is_safe) AcceptLoss(now_ns);
  Reconnect(StatusOf(error));
}

void ReadSession::AcceptLoss(int64_t now_ns) {
  if (!loss_pending_) return;
  loss_pending_ = false;
  options_.accept_generation = seen_generation_ = last_loss_->generation;
  if (anything_seen_) next_lsn_ = std::min(next_lsn_, last_loss_->first_lsn);
  reader_.Forget();
  Unhold(now_ns);
}

}  // namespace ringjournal::client
