#include "tests/sim/peer.h"

#include <algorithm>
#include <cerrno>

#include "client/errors.h"

namespace ringjournal::sim {
namespace {

// Bytes that a client may have under way; more waits in its session.
constexpr size_t kUpBytesMax = 256 * 1024;

absl::Status Gone() {
  return client::MakeError(client::ErrorCode::kCannotConnect, "the connection ended");
}

}  // namespace

Peer::~Peer() { Drop(); }

void Peer::Drop() {
  if (link_ == nullptr) return;
  c_.links->erase(link_->number);
  link_.reset();
}

// Often everything, sometimes a single byte.
size_t Peer::PieceOf(size_t bytes) {
  if (c_.random->Chance(50)) return bytes;
  if (c_.random->Chance(15)) return 1;
  return 1 + c_.random->Below(bytes);
}

bool Peer::Act(SimNode* node, Time now, bool may_work) {
  if (session()->stopped()) {
    Drop();
    Check(now, may_work);
    return false;
  }
  if (session()->deadline_ns() <= now.monotonic_ns) session()->Tick(now.monotonic_ns);
  Check(now, may_work);
  if (session()->stopped()) return true;
  if (session()->wants_connection()) return Connect(node, now);
  if (session()->wants_close()) {
    Cut(node, now);
    return true;
  }
  uint64_t first = c_.random->Below(5);
  for (uint64_t i = 0; i < 5; ++i) {
    bool did = false;
    switch ((first + i) % 5) {
      case 0:
        did = may_work && Work(now);
        break;
      case 1:
        did = Send(now);
        break;
      case 2:
        did = DeliverUp(node, now);
        break;
      case 3:
        did = DeliverDown(now);
        break;
      case 4:
        did = EndClosed(node, now);
        break;
    }
    if (did) {
      Check(now, may_work);
      return true;
    }
  }
  return false;
}

bool Peer::Connect(SimNode* node, Time now) {
  Drop();
  if (node == nullptr || !node->serving()) {
    session()->Disconnected(Gone(), now.monotonic_ns);
    return true;
  }
  link_ = std::make_unique<Link>();
  link_->number = (*c_.next_connection)++;
  (*c_.links)[link_->number] = link_.get();
  node->Step(Accepted{link_->number}, now);
  session()->Connected(now.monotonic_ns);
  return true;
}

bool Peer::Send(Time now) {
  if (link_ == nullptr || link_->up.size() >= kUpBytesMax) return false;
  ByteSpan spans[8];
  size_t n = session()->Gather(spans);
  size_t total = 0;
  for (size_t i = 0; i < n; ++i) total += spans[i].size();
  if (total == 0) return false;
  size_t take = PieceOf(total), left = take;
  for (size_t i = 0; i < n && left > 0; ++i) {
    size_t part = std::min(left, spans[i].size());
    if (!link_->server_gone) link_->up += AsView(spans[i].first(part));
    left -= part;
  }
  session()->Sent(take, now.monotonic_ns);
  return true;
}

bool Peer::DeliverUp(SimNode* node, Time now) {
  if (link_ == nullptr || link_->server_gone || node == nullptr || !node->serving()) return false;
  if (link_->queued_bytes() != link_->reported_queue) {
    link_->reported_queue = link_->queued_bytes();
    node->Step(SendQueue{link_->number, link_->reported_queue}, now);
    return true;
  }
  if (link_->up.empty() || link_->paused) return false;
  std::string piece = link_->up.substr(0, PieceOf(link_->up.size()));
  link_->up.erase(0, piece.size());
  node->Step(Received{link_->number, AsBytes(piece)}, now);
  return true;
}

bool Peer::DeliverDown(Time now) {
  if (link_ == nullptr || link_->down.empty()) return false;
  std::string piece = link_->down.substr(0, PieceOf(link_->down.size()));
  link_->down.erase(0, piece.size());
  if (c_.mutant == Mutant::kSwallowsAnswers && name_ == "appender 1") return true;
  session()->Received(AsBytes(piece), now.monotonic_ns);
  return true;
}

bool Peer::EndClosed(SimNode* node, Time now) {
  if (link_ == nullptr || !link_->server_gone || !link_->down.empty()) return false;
  Drop();
  session()->Disconnected(Gone(), now.monotonic_ns);
  return true;
}

void Peer::Cut(SimNode* node, Time now) {
  if (link_ == nullptr) {
    if (session()->wants_close()) session()->Disconnected(Gone(), now.monotonic_ns);
    return;
  }
  ConnectionNumber number = link_->number;
  bool server_knows = link_->server_gone;
  std::string up = link_->up.substr(0, c_.random->Below(link_->up.size() + 1));
  std::string down = link_->down.substr(0, c_.random->Below(link_->down.size() + 1));
  bool paused = link_->paused;
  if (!session()->wants_close() && !down.empty()) {
    session()->Received(AsBytes(down), now.monotonic_ns);
  }
  Drop();
  if (node != nullptr && node->serving() && !server_knows) {
    if (!up.empty() && !paused) node->Step(Received{number, AsBytes(up)}, now);
    node->Step(ReceiveEnded{number, c_.random->Chance(50) ? ECONNRESET : 0}, now);
  }
  session()->Disconnected(Gone(), now.monotonic_ns);
}

void Peer::OnProcessGone() {
  if (link_ == nullptr || link_->server_gone) return;
  link_->server_gone = true;
  link_->up.clear();
  if (c_.random->Chance(60)) link_->down.resize(c_.random->Below(link_->down.size() + 1));
}

int64_t Peer::deadline_ns() const {
  return session()->stopped() ? INT64_MAX : session()->deadline_ns();
}

}  // namespace ringjournal::sim
