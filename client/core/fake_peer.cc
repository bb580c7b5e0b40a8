#include "client/core/fake_peer.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "absl/status/status.h"
#include "client/errors.h"
#include "journal/base/check.h"

namespace ringjournal::client {

void FakePeer::Connect() {
  for (int i = 0; i < 1000 && !session_->wants_connection(); ++i) {
    if (session_->wants_close()) session_->Disconnected(absl::UnavailableError("closed"), now_ns);
    if (session_->stopped()) return;
    AdvanceTime(kMsNs);
  }
  RJ_CHECK(session_->wants_connection());
  connected_ = true;
  StartConnection();
  session_->Connected(now_ns);
}

void FakePeer::Disconnect() {
  if (!connected_) return;
  connected_ = false;
  session_->Disconnected(MakeError(ErrorCode::kCannotConnect, "connection reset"), now_ns);
}

void FakePeer::Deliver(size_t bytes_max) {
  ByteSpan spans[8];
  while (connected_ && bytes_max > 0) {
    size_t n = session_->Gather(spans);
    if (n == 0) break;
    size_t take = std::min(bytes_max, spans[0].size());
    std::string bytes(AsView(spans[0].first(take)));
    session_->Sent(take, now_ns);
    bytes_max -= take;
    Feed(AsBytes(bytes));
  }
}

void FakePeer::Answer(size_t bytes_max, size_t piece) {
  while (connected_ && !outbound()->empty() && bytes_max > 0) {
    size_t n = std::min({bytes_max, piece, outbound()->size()});
    std::string bytes = outbound()->substr(0, n);
    outbound()->erase(0, n);
    bytes_max -= n;
    // As the driver does: large frames are received where they will lie.
    std::span<std::byte> room = session_->ReceiveRoom(n);
    if (!room.empty()) std::memcpy(room.data(), bytes.data(), room.size());
    session_->Received(room.size(), AsBytes(bytes).subspan(room.size()), now_ns);
    if (session_->wants_close()) Disconnect();
  }
}

void FakePeer::Settle() {
  ByteSpan span[1];
  for (int i = 0; i < 1000 && connected_; ++i) {
    Deliver();
    if (outbound()->empty() && session_->Gather(span) == 0) return;
    Answer();
  }
}

void FakePeer::AdvanceTime(int64_t ns) {
  now_ns += ns;
  session_->Tick(now_ns);
}

}  // namespace ringjournal::client
