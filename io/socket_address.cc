#include "io/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <charconv>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ringjournal::io {
namespace {

struct HostPort {
  std::string host;
  uint16_t port = 0;
  bool bracketed = false;
};

absl::Status Malformed(std::string_view text, const char* why) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", std::string(text), "' is not an address: ", why,
                   ". Write it as 127.0.0.1:7000, [::1]:7000 or localhost:7000."));
}

bool ParsePort(std::string_view text, uint16_t* port) {
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *port);
  return !text.empty() && error == std::errc() && stop == end;
}

absl::StatusOr<HostPort> Split(std::string_view text) {
  HostPort parts;
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Malformed(text, "the port is missing");
  std::string_view host = text.substr(0, colon);
  if (!ParsePort(text.substr(colon + 1), &parts.port)) {
    return Malformed(text, "the port is not a number from 0 to 65535");
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    parts.bracketed = true;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return Malformed(text, "an IPv6 address needs brackets");
  }
  if (host.empty()) return Malformed(text, "the host is missing");
  parts.host = std::string(host);
  return parts;
}

}  // namespace

absl::StatusOr<Address> Address::Parse(std::string_view text) {
  absl::StatusOr<HostPort> parts = Split(text);
  if (!parts.ok()) return parts.status();
  Address address;
  if (parts->bracketed) {
    address.v6_ = {};
    address.v6_.sin6_family = AF_INET6;
    if (inet_pton(AF_INET6, parts->host.c_str(), &address.v6_.sin6_addr) != 1) {
      return Malformed(text, "what stands in brackets is not an IPv6 address");
    }
  } else {
    const char* host = parts->host == "localhost" ? "127.0.0.1" : parts->host.c_str();
    if (inet_pton(AF_INET, host, &address.v4_.sin_addr) != 1) {
      return Malformed(text, "the host is neither an IP address nor localhost");
    }
  }
  address.set_port(parts->port);
  return address;
}

absl::StatusOr<Address> Address::FromSockaddr(const sockaddr* raw, socklen_t bytes) {
  Address address;
  if (raw->sa_family == AF_INET && bytes >= sizeof(sockaddr_in)) {
    std::memcpy(&address.v4_, raw, sizeof(sockaddr_in));
  } else if (raw->sa_family == AF_INET6 && bytes >= sizeof(sockaddr_in6)) {
    std::memcpy(&address.v6_, raw, sizeof(sockaddr_in6));
  } else {
    return absl::InvalidArgumentError(absl::StrCat("a socket address of family ", raw->sa_family,
                                                   " is neither IPv4 nor IPv6; use TCP"));
  }
  return address;
}

std::string Address::ToString() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &v6_.sin6_addr, host, sizeof host);
    return absl::StrCat("[", host, "]:", port());
  }
  inet_ntop(AF_INET, &v4_.sin_addr, host, sizeof host);
  return absl::StrCat(host, ":", port());
}

// The port lies at the same place in both.
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
uint16_t Address::port() const { return ntohs(v4_.sin_port); }
void Address::set_port(uint16_t port) { v4_.sin_port = htons(port); }

bool Address::is_loopback() const {
  if (family() == AF_INET) return (ntohl(v4_.sin_addr.s_addr) >> 24) == 127;
  if (IN6_IS_ADDR_V4MAPPED(&v6_.sin6_addr)) return v6_.sin6_addr.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6_.sin6_addr);
}

absl::StatusOr<Address> ResolveAddress(std::string_view text) {
  if (absl::StatusOr<Address> numeric = Address::Parse(text); numeric.ok()) return numeric;
  absl::StatusOr<HostPort> parts = Split(text);
  if (!parts.ok()) return parts.status();
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  int error = getaddrinfo(parts->host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    std::string message =
        absl::StrCat("cannot look up the host '", parts->host, "': ", gai_strerror(error),
                     ". Check the name, or use an IP address.");
    return error == EAI_NONAME ? absl::NotFoundError(message) : absl::UnavailableError(message);
  }
  absl::StatusOr<Address> address = Address::FromSockaddr(found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (address.ok()) address->set_port(parts->port);
  return address;
}

}  // namespace ringjournal::io
