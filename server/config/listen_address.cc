#include "server/config/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstdint>
#include <string>

namespace ringjournal {
namespace {

absl::Status Refuse(std::string_view text, std::string_view why) {
  std::string message("\"");
  message.append(text).append("\" is not an address to listen on: ").append(why);
  message.append("; write HOST:PORT with an address in digits, for example 127.0.0.1:7000 or ");
  return absl::InvalidArgumentError(message.append("[::1]:7000 (port 0: a free one)"));
}

bool IsIpv4(const std::string& host) {
  in_addr parsed;
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1;
}

bool IsIpv6(const std::string& host, in6_addr* parsed) {
  return inet_pton(AF_INET6, host.c_str(), parsed) == 1;
}

bool ParsePort(std::string_view text, uint16_t* port) {
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), *port);
  return error == std::errc() && rest == text.data() + text.size();
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  // inet_pton would take what stands before it for the whole.
  if (text.find('\0') != std::string_view::npos) return Refuse("", "it holds a zero byte");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Refuse(text, "the port is missing");
  ListenAddress address;
  if (!ParsePort(text.substr(colon + 1), &address.port)) {
    return Refuse(text, "the port is not a number from 0 to 65535");
  }
  std::string_view host = text.substr(0, colon);
  if (host == "localhost") return address;
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  address.host = std::string(bracketed ? host.substr(1, host.size() - 2) : host);
  in6_addr unused;
  if (bracketed ? IsIpv6(address.host, &unused) : IsIpv4(address.host)) return address;
  if (IsIpv6(address.host, &unused)) return Refuse(text, "an IPv6 address needs brackets");
  return Refuse(text, "the host is not an address in digits");
}

bool IsLoopback(const ListenAddress& address) {
  in6_addr v6;
  if (IsIpv6(address.host, &v6)) return IN6_IS_ADDR_LOOPBACK(&v6);
  return IsIpv4(address.host) && address.host.starts_with("127.");
}

std::string ListenAddressText(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  std::string text;
  text.append(v6 ? "[" : "").append(address.host).append(v6 ? "]:" : ":");
  return text.append(std::to_string(address.port));
}

}  // namespace ringjournal
