#include "journal/subscription/seek.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/format/append_scan.h"
#include "journal/node/refusals.h"

namespace ringjournal {
namespace {

constexpr uint32_t kIdField = 4;  // Transaction.id

// First entry of the ring with this log time or a later one: log time is monotone. The end's place
// if there is none.
RingPlace FindTimeInRing(const Ring& ring, uint64_t time_ns) {
  Index low = ring.oldest().index, high = ring.end().index;
  while (low < high) {
    Index middle = low + (high - low) / 2;
    std::optional<RingPlace> place = ring.Find(middle);
    if (place && ring.Record(*place).header.log_time_ns < time_ns) {
      low = middle.next();
    } else {
      high = middle;
    }
  }
  std::optional<RingPlace> place = ring.Find(low);
  return place ? *place : ring.end();
}

// Where a scan for a log time must begin: at the last segment before which the log was older.
Lsn ScanStart(const SegmentCatalog& catalog, uint64_t time_ns, Lsn oldest) {
  Lsn start = oldest;
  for (const CatalogSegment& segment : catalog.segments()) {
    if (segment.first_log_time_ns < time_ns) start = std::max(start, segment.first_lsn);
  }
  return start;
}

}  // namespace

Seek::Kind Seek::Next(const Replica& replica, std::vector<StorageOp>* ops) {
  if (!begun_) return Begin(replica);
  Reader::Turn turn = reader_->Next(replica, limits::kReadChunkBytes, ops);
  if (turn.kind == Reader::Kind::kWait) return Kind::kWait;
  if (turn.kind == Reader::Kind::kEnd) return OnEnd(turn, ops);
  std::optional<Lsn> found = Look(turn.run);
  if (!found.has_value()) return Kind::kMore;
  Stop(ops);
  return Found(*found);
}

void Seek::Stop(std::vector<StorageOp>* ops) {
  if (reader_.has_value()) reader_->Stop(ops);
}

Seek::Kind Seek::Found(Lsn lsn) {
  lsn_ = lsn;
  return Kind::kFound;
}

Seek::Kind Seek::Begin(const Replica& replica) {
  begun_ = true;
  end_ = replica.marks().committed.lsn.next();
  oldest_ = std::min(OldestUntrimmed(replica), end_);
  switch (position_.at_case()) {
    case v1::Position::kLsn:
      return Found(std::max(Lsn(position_.lsn()), Lsn(1)));
    case v1::Position::kOldest:
      return Found(oldest_);
    case v1::Position::kNewest:
      return Found(end_);
    case v1::Position::kLast:
      return Found(end_ - std::min(position_.last(), end_ - oldest_));
    case v1::Position::kLogTimeNs:
      return BeginTime(replica);
    case v1::Position::kTransactionId:
      return BeginId(replica);
    default:
      Refuse(v1::ERROR_CODE_MALFORMED,
             "a position must say lsn, oldest, newest, last, log time or transaction id", &error_);
      return Kind::kFailed;
  }
}

Seek::Kind Seek::BeginTime(const Replica& replica) {
  RingPlace place = FindTimeInRing(replica.ring(), position_.log_time_ns());
  Lsn in_ring = std::clamp(place.first_lsn, oldest_, end_);
  if (place.index > replica.ring().oldest().index) return Found(in_ring);
  // The whole ring is of that time or later: the first may lie before it.
  Lsn start = ScanStart(replica.checkpointer().catalog(), position_.log_time_ns(), oldest_);
  if (start >= in_ring) return Found(in_ring);
  scan_end_ = in_ring;
  Scan(start);
  return Kind::kMore;
}

Seek::Kind Seek::BeginId(const Replica& replica) {
  size_t bytes = position_.transaction_id().size();
  if (bytes == 0 || bytes > limits::kPositionIdBytesMax) {
    Refuse(v1::ERROR_CODE_TOO_LARGE,
           absl::StrCat("the id that a position names has ", bytes, " bytes; 1 to ",
                        limits::kPositionIdBytesMax, " can be searched for"),
           &error_);
    return Kind::kFailed;
  }
  scan_end_ = end_;
  Scan(oldest_);
  return Kind::kMore;
}

void Seek::Scan(Lsn from) {
  ReadRange range;
  range.from = from;
  range.until = scan_end_;
  reader_.emplace(range, token_);
}

// The scan has seen all that it can: nothing there, or a hole.
Seek::Kind Seek::OnEnd(const Reader::Turn& turn, std::vector<StorageOp>* ops) {
  reader_->Stop(ops);
  bool damaged = turn.reason == v1::ReadEnd::REASON_DAMAGED;
  bool hole = damaged || turn.reason == v1::ReadEnd::REASON_TRIMMED;
  bool by_time = position_.at_case() == v1::Position::kLogTimeNs;
  // Where the journal is damaged a read from here on says so; it must not be led past it.
  if (by_time && damaged) return Found(turn.next);
  if (damaged) absl::StrAppend(&unread_, "; from LSN ", turn.next.value(), ": ", turn.message);
  if (hole && turn.resume > turn.next && turn.resume < scan_end_) {
    Scan(turn.resume);
    return Kind::kMore;
  }
  if (by_time) return Found(scan_end_);
  Refuse(v1::ERROR_CODE_TRANSACTION_NOT_FOUND,
         absl::StrCat("no transaction from LSN ", oldest_.value(), " to ", end_.prev().value(),
                      " has the id \"", absl::CHexEscape(position_.transaction_id()),
                      "\"; check the id, or read from a time and look for it",
                      unread_.empty() ? "" : "; not searched", unread_),
         &error_);
  return Kind::kFailed;
}

std::optional<Lsn> Seek::Look(ByteSpan run) const {
  bool by_time = position_.at_case() == v1::Position::kLogTimeNs;
  // Looking for the bytes first saves taking nearly every transaction apart.
  const std::string& id = position_.transaction_id();
  if (!by_time && std::string_view(AsView(run)).find(id) == std::string_view::npos) {
    return std::nullopt;
  }
  while (!run.empty()) {
    RecordView view;
    ReadTrustedRecord(run.data(), &view);
    run = run.subspan(view.record.size());
    if (view.header.count == 0) continue;
    if (!by_time) {
      if (std::optional<Lsn> lsn = LookForId(view)) return lsn;
    } else if (view.header.log_time_ns >= position_.log_time_ns()) {
      return std::max(view.header.first_lsn, oldest_);
    }
  }
  return std::nullopt;
}

std::optional<Lsn> Seek::LookForId(const RecordView& view) const {
  TransactionCursor cursor(view.body);
  ByteSpan transaction;
  for (Lsn lsn = view.header.first_lsn; cursor.Next(&transaction); lsn = lsn.next()) {
    if (lsn < oldest_ || lsn >= end_) continue;
    if (AsView(TransactionField(transaction, kIdField)) == position_.transaction_id()) return lsn;
  }
  return std::nullopt;
}

}  // namespace ringjournal
