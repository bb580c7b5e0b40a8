#include "client/servers.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/errors.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

// Without what stands before an @: it may be a secret, and messages end up in logs.
std::string WithoutSecret(const std::string& text) {
  const size_t at = text.rfind('@');
  return at == std::string::npos ? text : "…" + text.substr(at);
}

absl::Status BadAddress(const std::string& whole, const std::string& why) {
  const std::string text = WithoutSecret(whole);
  return MakeError(ErrorCode::kBadAddress,
                   absl::StrCat("cannot use server address '", text, "': ", why,
                                "; write host:port, such as 127.0.0.1:7411 or [::1]:7411, and "
                                "commas between several"));
}

}  // namespace

absl::StatusOr<ServerAddress> ParseAddress(const std::string& text) {
  if (text.find('@') != std::string::npos) {
    return BadAddress(text, "it names a user or a secret, which this version does not know");
  }
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return BadAddress(text, "it has no port");
  ServerAddress address{text.substr(0, colon), text.substr(colon + 1)};
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return BadAddress(text, "an IPv6 address needs brackets");
  }
  if (address.host.empty()) return BadAddress(text, "it has no host");
  bool digits = !address.port.empty() && address.port.size() <= 5 &&
                std::ranges::all_of(address.port, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::stoi(address.port) < 1 || std::stoi(address.port) > 65535) {
    return BadAddress(text, "the port is not a number from 1 to 65535");
  }
  return address;
}

absl::StatusOr<std::vector<std::string>> ParseServers(const std::string& text) {
  if (text.size() > limits::kClientServersBytesMax) {
    return BadAddress(WithoutSecret(text).substr(0, 40) + "…", "the connection string is too long");
  }
  std::vector<std::string> servers;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(text, ','))) {
    std::string server(absl::StripAsciiWhitespace(part));
    if (server.empty()) return BadAddress(text, "a part of it is empty");
    absl::StatusOr<ServerAddress> parsed = ParseAddress(server);
    if (!parsed.ok()) return parsed.status();
    servers.push_back(std::move(server));
  }
  if (servers.size() > limits::kClientServersMax) {
    return BadAddress(WithoutSecret(text).substr(0, 40) + "…",
                      absl::StrCat("it names more than ", limits::kClientServersMax, " nodes"));
  }
  return servers;
}

}  // namespace ringjournal::client
