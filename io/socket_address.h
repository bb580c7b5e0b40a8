// Addresses of TCP sockets: "127.0.0.1:7000", "[::1]:7000", "localhost:7000".
#ifndef IO_SOCKET_ADDRESS_H_
#define IO_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ringjournal::io {

// An IPv4 or IPv6 address with a port. A value; the default is 0.0.0.0:0.
class Address {
 public:
  Address() : v4_{} { v4_.sin_family = AF_INET; }

  // Reads a numeric address with a port, an IPv6 one in brackets, or localhost (which is
  // 127.0.0.1). InvalidArgument, with the forms that are accepted, on anything else. Looks nothing
  // up, so it never blocks.
  static absl::StatusOr<Address> Parse(std::string_view text);

  // From what the kernel filled in. InvalidArgument unless it is IPv4 or IPv6.
  static absl::StatusOr<Address> FromSockaddr(const sockaddr* raw, socklen_t bytes);

  // The form that Parse reads.
  std::string ToString() const;
  int family() const { return v4_.sin_family; }
  uint16_t port() const;
  void set_port(uint16_t port);
  // 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104.
  bool is_loopback() const;

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&v4_); }
  socklen_t raw_bytes() const { return family() == AF_INET6 ? sizeof v6_ : sizeof v4_; }

  friend bool operator==(const Address& a, const Address& b) {
    return a.ToString() == b.ToString();
  }

 private:
  // Both begin with the family.
  union {
    sockaddr_in v4_;
    sockaddr_in6 v6_;
  };
};

// Like Parse, but also looks up host names: "journal-1.example:7000". Blocks, perhaps for many
// seconds: never call it in a loop's thread. Returns the resolver's first address. Unavailable if
// the name cannot be looked up now, NotFound if it does not exist.
absl::StatusOr<Address> ResolveAddress(std::string_view text);

}  // namespace ringjournal::io

#endif  // IO_SOCKET_ADDRESS_H_
