// Every setting of ringjournald: its meaning, unit, default and reason. Plain values: how they are
// given (flags, environment) is in flags.h.
#ifndef SERVER_CONFIG_OPTIONS_H_
#define SERVER_CONFIG_OPTIONS_H_

#include <cstdint>
#include <string>

#include "journal/base/limits.h"
#include "server/log/log.h"

namespace ringjournal {

// A numeric address to listen on; no resolver is asked at start.
struct ListenAddress {
  std::string host = "127.0.0.1";  // IPv4 or IPv6 in digits, without brackets
  uint16_t port = 0;               // 0: the system chooses a free one
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
  // --node: the stable name of this node in the config document.
  std::string node = "node1";
  // --log-level: events below it are not written.
  LogLevel log_level = LogLevel::kInfo;
  // --drain-timeout, nanoseconds: how long a stopping server waits for sessions and checkpoints.
  int64_t drain_timeout_ns = int64_t{limits::kDrainTimeoutMs} * 1'000'000;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_OPTIONS_H_
