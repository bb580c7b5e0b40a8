// The nodes that a client may connect to, as its user writes them.
#ifndef CLIENT_SERVERS_H_
#define CLIENT_SERVERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ringjournal::client {

// Host and port of "host:port" or "[ipv6]:port".
struct ServerAddress {
  std::string host;
  std::string port;
};
// kBadAddress, with what is missing, on anything else.
absl::StatusOr<ServerAddress> ParseAddress(const std::string& text);

// The addresses of a connection string "host:port,host:port,…" in order; spaces around them are
// dropped. At most limits::kClientServersMax. kBadAddress, with the part that is wrong.
absl::StatusOr<std::vector<std::string>> ParseServers(const std::string& text);

}  // namespace ringjournal::client

#endif  // CLIENT_SERVERS_H_
