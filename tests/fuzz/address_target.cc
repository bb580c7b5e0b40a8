// Addresses: the server's and the sockets' reader agree, and each prints what it reads.
#include "io/socket_address.h"
#include "journal/base/check.h"
#include "server/config/listen_address.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {

std::string Decode(ByteSpan input) {
  const std::string_view text = AsView(input);
  const absl::StatusOr<ListenAddress> listen = ParseListenAddress(text);
  const absl::StatusOr<io::Address> socket = io::Address::Parse(text);
  if (socket.ok()) {
    const absl::StatusOr<io::Address> again = io::Address::Parse(socket->ToString());
    RJ_CHECK(again.ok() && *again == *socket);
  }
  if (!listen.ok()) {
    RJ_CHECK(listen.status().code() == absl::StatusCode::kInvalidArgument);
    return socket.ok() ? "socket only" : "refused";
  }
  const absl::StatusOr<ListenAddress> again = ParseListenAddress(ListenAddressText(*listen));
  RJ_CHECK(again.ok() && again->host == listen->host && again->port == listen->port);
  // What is accepted at the command line must not fail later, when the socket is made.
  RJ_CHECK(socket.ok());
  RJ_CHECK(socket->port() == listen->port);
  if (IsLoopback(*listen)) RJ_CHECK(socket->is_loopback());
  return IsLoopback(*listen) ? "loopback" : "remote";
}

std::vector<std::string> Seeds() {
  return {"127.0.0.1:7000",
          "[::1]:0",
          "localhost:7",
          "0.0.0.0:65535",
          "[2001:db8::1]:1",
          "::1:80",
          "host:80",
          "1.2.3.4:65536",
          "",
          "[::ffff:127.0.0.1]:5",
          "[fe80::1%lo]:1",
          "127.0.0.1: 7"};
}

}  // namespace ringjournal::fuzz
