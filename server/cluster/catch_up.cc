#include "server/cluster/catch_up.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"

namespace ringjournal {

// Where the backup keeps something the last entry of that is read too: it shows the chain hash.
CatchUp::CatchUp(const Request& request, uint32_t token, CatchUpSeats* seats)
    : request_(request),
      seats_(seats),
      reader_(std::max(request.keeps, Index(1)), token),
      next_(request.keeps.next()),
      knows_chain_(request.keeps == Index(0)) {
  RJ_CHECK(seats->free());
  ++seats_->taken_;
}

void CatchUp::Read(const Replica& replica, std::vector<StorageOp>* ops) {
  RJ_CHECK(rest_.empty());
  Reader::Turn turn = reader_.Next(replica, limits::kReadChunkBytes, ops);
  idle_ = turn.kind == Reader::Kind::kWait && !reader_.waits_for_disk();
  if (turn.kind == Reader::Kind::kEnd) wrong_ = turn.message;
  if (turn.kind != Reader::Kind::kRun) return;
  wrong_ = WrongWith(turn.run);
  if (!wrong_.empty()) return;
  rest_ = turn.run;
  if (!knows_chain_) TakeChain();
}

// A hole that the disk does not know of.
std::string CatchUp::WrongWith(ByteSpan run) const {
  RecordView view;
  ReadTrustedRecord(run.data(), &view);
  Index expected = knows_chain_ ? next_ : request_.keeps;
  if (view.header.index == expected) return "";
  return absl::StrCat("entry ", view.header.index.value(), " stands where ", expected.value(),
                      " must follow; run `ringjournal verify`");
}

void CatchUp::TakeChain() {
  RecordView view;
  ReadTrustedRecord(rest_.data(), &view);
  chain_ = view.header.chain;
  knows_chain_ = true;
  rest_ = rest_.subspan(view.record.size());
}

ByteSpan CatchUp::Take(size_t bytes_max) {
  RJ_CHECK(!rest_.empty());
  size_t bytes = 0;
  while (bytes < rest_.size()) {
    RecordView view;
    ReadTrustedRecord(rest_.data() + bytes, &view);
    if (bytes > 0 && bytes + view.record.size() > bytes_max) break;
    bytes += view.record.size();
    next_ = view.header.index.next();
  }
  ByteSpan taken = rest_.first(bytes);
  rest_ = rest_.subspan(bytes);
  taken_bytes_ += bytes;
  sent_.push_back({next_.prev(), taken_bytes_});
  return taken;
}

void CatchUp::OnDurable(Index durable) {
  while (!sent_.empty() && sent_.front().last <= durable) {
    safe_bytes_ = sent_.front().bytes_end;
    sent_.pop_front();
  }
}

}  // namespace ringjournal
