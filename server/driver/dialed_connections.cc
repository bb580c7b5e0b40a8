#include "server/driver/dialed_connections.h"

#include <cerrno>

namespace ringjournal {

void DialedConnections::Dial(ConnectionNumber number, const absl::StatusOr<io::Address>& address,
                             const io::SocketOptions& sockets) {
  if (wanted_.erase(number) == 0) return;
  absl::StatusOr<io::ConnectionId> id =
      address.ok() ? loop_->Connect(*address, sockets) : address.status();
  if (!id.ok()) {
    // Whatever it is, it says nothing about the process there.
    failed_.push_back({number, EHOSTUNREACH});
    return;
  }
  ids_[number] = *id;
  numbers_[id->ToU64()] = number;
}

ConnectionNumber DialedConnections::NumberOf(io::ConnectionId id) const {
  if (numbers_.empty()) return id.ToU64();
  auto it = numbers_.find(id.ToU64());
  return it == numbers_.end() ? id.ToU64() : it->second;
}

void DialedConnections::Forget(io::ConnectionId id) {
  auto it = numbers_.find(id.ToU64());
  if (it == numbers_.end()) return;
  ids_.erase(it->second);
  numbers_.erase(it);
}

void DialedConnections::CloseAll() {
  for (const auto& [number, id] : ids_) loop_->Close(id);
}

io::ConnectionId DialedConnections::Find(io::ConnectionId named) const {
  const ConnectionNumber number = named.ToU64();
  if (number < kDialedConnections) return named;
  auto it = ids_.find(number);
  return it == ids_.end() ? io::ConnectionId() : it->second;
}

}  // namespace ringjournal
