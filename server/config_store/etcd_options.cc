#include "server/config_store/etcd_options.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

absl::Status Bad(std::string_view part, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the etcd endpoint \"", std::string(part), "\" is wrong: ", std::string(why),
      "; write http://<host>:<port> or https://<host>:<port>, several with commas between"));
}

// The host of "host:port", "[v6]:port" or "host"; what is behind it goes to `rest`.
std::string_view HostOf(std::string_view authority, std::string_view* rest) {
  size_t end = authority.find(':');
  if (!authority.empty() && authority[0] == '[') {
    end = authority.find(']');
    if (end != std::string_view::npos) ++end;
  }
  end = std::min(end, authority.size());
  *rest = authority.substr(end);
  return authority.substr(0, end);
}

bool IsHost(std::string_view host) {
  const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  std::string_view inner = v6 ? host.substr(1, host.size() - 2) : host;
  return !inner.empty() && std::all_of(inner.begin(), inner.end(), [v6](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' ||
           (v6 && (c == ':' || c == '%'));
  });
}

absl::StatusOr<std::string> ParseOne(std::string_view part) {
  if (part.empty()) return Bad(part, "it is empty");
  if (part.size() > limits::kEtcdEndpointBytesMax) {
    return Bad(part.substr(0, 40), "it is too long");
  }
  const size_t colon = part.find("://");
  const std::string_view scheme = part.substr(0, std::min(colon, part.size()));
  if (colon == std::string_view::npos)
    return Bad(part, "it does not start with http:// or https://");
  if (scheme != "http" && scheme != "https") return Bad(part, "only http and https are spoken");
  std::string_view authority = part.substr(colon + 3);
  if (!authority.empty() && authority.back() == '/') authority.remove_suffix(1);
  if (authority.find('@') != std::string_view::npos) {
    return Bad("(not shown)", "a user and a password have no place in it, as it is logged");
  }
  if (authority.find_first_of("/?#") != std::string_view::npos) {
    return Bad(part, "it has a path, and etcd's is known");
  }
  std::string_view port;
  const std::string_view host = HostOf(authority, &port);
  if (!IsHost(host)) return Bad(part, "its host is no name and no address");
  if (port.empty()) port = ":2379";
  uint32_t number = 0;
  const std::string digits(port.substr(1));
  if (port[0] != ':' || !absl::SimpleAtoi(digits, &number) || number == 0 || number > 65535 ||
      !std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c); })) {
    return Bad(part, "its port is no number from 1 to 65535");
  }
  return absl::StrCat(std::string(scheme), "://", std::string(host), ":", number);
}

absl::Status NotTogether(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the etcd settings are wrong: ", std::string(what)));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseEtcdEndpoints(std::string_view text) {
  std::vector<std::string> endpoints;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(std::string(text), ','))) {
    absl::StatusOr<std::string> endpoint = ParseOne(std::string(absl::StripAsciiWhitespace(part)));
    if (!endpoint.ok()) return endpoint.status();
    if (std::find(endpoints.begin(), endpoints.end(), *endpoint) != endpoints.end()) {
      return Bad(part, "it is named twice");
    }
    endpoints.push_back(*std::move(endpoint));
  }
  if (endpoints.size() > limits::kEtcdEndpointsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(endpoints.size(), " etcd endpoints are named, allowed are ",
                     limits::kEtcdEndpointsMax, "; name only the members of one etcd cluster"));
  }
  return endpoints;
}

std::string EtcdKeyOfCluster(std::string_view cluster) {
  return absl::StrCat("/ringjournal/", std::string(cluster), "/config");
}

absl::Status CheckEtcdOptions(const EtcdOptions& options) {
  if (options.endpoints.empty()) return NotTogether("no endpoint is named; name at least one");
  for (const std::string& endpoint : options.endpoints) {
    absl::StatusOr<std::string> parsed = ParseOne(endpoint);
    if (!parsed.ok()) return parsed.status();
  }
  if (options.endpoints.size() > limits::kEtcdEndpointsMax) {
    return NotTogether("too many endpoints; name only the members of one etcd cluster");
  }
  const size_t length = options.prefix.size();
  if (length == 0 || length > limits::kEtcdPrefixBytesMax) {
    return NotTogether(absl::StrCat("the key has ", length, " bytes; choose one of 1 to ",
                                    limits::kEtcdPrefixBytesMax));
  }
  if (options.cert.empty() != options.key.empty()) {
    return NotTogether("a client certificate needs its key, and a key its certificate; give both");
  }
  const bool https = std::all_of(options.endpoints.begin(), options.endpoints.end(),
                                 [](const std::string& e) { return e.starts_with("https://"); });
  if (!https && !(options.ca.empty() && options.cert.empty())) {
    return NotTogether(
        "certificates are given, but an endpoint starts with http://, which would not use them; "
        "write https:// for all");
  }
  if (options.user.empty() != options.password_file.empty()) {
    return NotTogether("a user needs a file with the password, and the file a user; give both");
  }
  return absl::OkStatus();
}

}  // namespace ringjournal
