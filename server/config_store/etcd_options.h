// How the config store on etcd is reached, and what an operator may write for it. Pure.
#ifndef SERVER_CONFIG_STORE_ETCD_OPTIONS_H_
#define SERVER_CONFIG_STORE_ETCD_OPTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "journal/base/limits.h"

namespace ringjournal {

// How long etcd is waited for; limits.h says why so long.
struct EtcdTimes {
  uint32_t request_ms = limits::kEtcdRequestTimeoutMs;     // a request with all its attempts
  uint32_t connect_ms = limits::kEtcdConnectTimeoutMs;     // the first attempt; later ones longer
  uint32_t read_attempt_ms = limits::kEtcdReadAttemptMs;   // the first attempt; later ones longer
  uint32_t change_attempt_ms = limits::kEtcdCasAttemptMs;  // there is one
};

struct EtcdOptions {
  // "http://<host>:<port>" or "https://<host>:<port>", as ParseEtcdEndpoints gives them. The first
  // is asked first; put the nearest there.
  std::vector<std::string> endpoints;
  // The document is the value of this one key. Two clusters on one etcd need two prefixes.
  std::string prefix = "/ringjournal/default/config";
  // Files in PEM. `ca`: who may have signed etcd's certificate; empty: those that the system
  // trusts. `cert` and `key`: what this node shows; both or neither. Only for https.
  std::string ca;
  std::string cert;
  std::string key;
  // Of etcd's own users; both or neither. The password is the first line of the file. It is read
  // anew whenever etcd wants it, so a changed password needs no restart.
  std::string user;
  std::string password_file;

  EtcdTimes times;

  // Make a new, empty document where there is none. False where the data directory already holds
  // segments: then a missing document is damage.
  bool create_if_missing = true;
  std::string cluster_id;  // 16 random bytes, used only when the document is made
};

// "http://127.0.0.1:2379,https://localhost:2379" as a list. Spaces around commas and one '/' at the
// end are allowed; the port may be left out (2379). InvalidArgument says which part is wrong, why,
// and what an endpoint looks like.
absl::StatusOr<std::vector<std::string>> ParseEtcdEndpoints(std::string_view text);

// The key of a cluster's document: "/ringjournal/CLUSTER/config".
std::string EtcdKeyOfCluster(std::string_view cluster);

// OK, or InvalidArgument with what does not fit together. Looks at no file.
absl::Status CheckEtcdOptions(const EtcdOptions& options);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_OPTIONS_H_
