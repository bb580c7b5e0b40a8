// Every setting of ringjournald: its meaning, unit, default and reason. Plain values: how they are
// given (flags, environment) is in flags.h.
#ifndef SERVER_CONFIG_OPTIONS_H_
#define SERVER_CONFIG_OPTIONS_H_

#include <cstdint>
#include <string>

#include "journal/base/limits.h"
#include "server/log/log.h"

namespace ringjournal {

// The name of a node that has no others.
inline constexpr char kNodeAlone[] = "node1";

// A numeric address to listen on; no resolver is asked at start.
struct ListenAddress {
  std::string host = "127.0.0.1";  // IPv4 or IPv6 in digits, without brackets
  uint16_t port = 0;               // 0: the system chooses a free one
};

// How a node of a cluster reaches etcd, which keeps the cluster's configuration.
struct EtcdSettings {
  // --etcd: URLs with commas between, tried in turn; empty: this is a node alone.
  std::string endpoints;
  std::string ca_file;  // --etcd-ca-file, PEM; empty: the system's
  std::string cert_file,
      key_file;      // --etcd-cert-file, --etcd-key-file, PEM: who this node is; both or none
  std::string user;  // --etcd-user
  std::string password_file;  // --etcd-password-file: its first line; never in argv or logs
};

struct ServerOptions {
  // --data-dir: segments, config document, lock. Required: data must not land where nobody looks.
  std::string data_dir;
  // --listen: loopback by default, because there is neither TLS nor authentication yet.
  ListenAddress listen;
  // --allow-remote: listen on an address that others can reach all the same.
  bool allow_remote = false;
  // --address-file: "host:port" is written here once the server accepts; empty: nowhere. For
  // scripts and tests that let the system choose the port.
  std::string address_file;
  // --ring-dir: where the rings' shared memory lies. On tmpfs it survives the process, not the
  // machine. One directory per user, so that two users do not meet.
  std::string ring_dir;
  // --ring-total, bytes: creating a ring beyond it is refused, before the machine swaps.
  uint64_t ring_bytes_total_max = limits::kRingBytesTotalDefault;
  // --sessions-max: connections beyond it are refused with a reason.
  uint32_t sessions_max = limits::kSessionsMaxDefault;
  // --spin-us, microseconds: how long the loop polls before it sleeps. 0, since on a machine with
  // few cores spinning takes the processor from the disk and the clients; with a core to spare it
  // is the largest single gain in latency.
  uint32_t spin_us_max = 0;
  // --node: the stable name of this node in the config document. Empty while flags are read: a node
  // alone becomes kNodeAlone, one of several must be named.
  std::string node;
  EtcdSettings etcd;
  // --cluster: several may share one etcd.
  std::string cluster = "default";
  // --peer-listen: for the other nodes.
  ListenAddress peer_listen;
  // --advertise, --peer-advertise: "host:port" under which clients and the other nodes find this
  // one; empty: the bound address.
  std::string advertise, peer_advertise;

  bool clustered() const { return !etcd.endpoints.empty(); }
  // --log-level: events below it are not written.
  LogLevel log_level = LogLevel::kInfo;
  // --drain-timeout, nanoseconds: how long a stopping server waits for sessions and checkpoints.
  int64_t drain_timeout_ns = int64_t{limits::kDrainTimeoutMs} * 1'000'000;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_OPTIONS_H_
