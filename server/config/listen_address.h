// "HOST:PORT" as a person writes it, and back.
#ifndef SERVER_CONFIG_LISTEN_ADDRESS_H_
#define SERVER_CONFIG_LISTEN_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/config/options.h"

namespace ringjournal {

// Accepts IPv4 ("127.0.0.1:7000"), IPv6 in brackets ("[::1]:7000") and "localhost", which is
// 127.0.0.1; port 0 is "a free one". InvalidArgument says what is wrong and shows an example.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// True if only this machine can reach the address: 127.0.0.0/8, ::1.
bool IsLoopback(const ListenAddress& address);

// "127.0.0.1:7000", "[::1]:7000".
std::string ListenAddressText(const ListenAddress& address);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_LISTEN_ADDRESS_H_
