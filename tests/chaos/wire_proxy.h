// A network between programs on one machine that can be cut, slowed and narrowed: everybody
// connects to a port of the proxy, which knows who is whose peer and forwards, holds or delays the
// bytes.
//
// Fault model: a cut from A to B holds every byte, end and new connection of that direction, as
// packets are lost and sent again; what waits goes on when it is healed, unless an end gave up.
// A new connection needs both directions. Ports refuse while their owner is down.
#ifndef TESTS_CHAOS_WIRE_PROXY_H_
#define TESTS_CHAOS_WIRE_PROXY_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/file_descriptor.h"

namespace ringjournal::chaos {

// A port of the proxy on loopback, and the port that it stands for.
struct WireLink {
  std::string from;  // who connects here; "?": a node, which says so in its peer hello
  std::string to;    // who listens behind it
  uint16_t port = 0;
  uint16_t behind = 0;
};

// From one to another.
struct WireRule {
  bool cut = false;
  int64_t delay_ns = 0;
  uint64_t bytes_per_s = 0;  // 0: no limit
};

// One thread.
class WireProxy {
 public:
  explicit WireProxy(std::vector<WireLink> links);

  // One command; "" or what is wrong with it:
  //   cut A B, delay A B MS, rate A B BYTES_PER_S, heal, down A, up A
  // A and B: a name, or * for everybody. down and up: ports that lead to A refuse, or do not.
  std::string Carry(const std::string& command, int64_t now_ns);
  // Waits at most `wait_ms` for bytes, or for input on `also_fd`, and forwards what may go. True:
  // there is input on also_fd.
  bool Turn(int also_fd, int wait_ms);

 private:
  struct Chunk {
    std::string bytes;
    size_t sent = 0;
    int64_t due_ns = 0;
  };
  // One direction of a connection.
  struct Half {
    std::deque<Chunk> queue;
    size_t queued_bytes = 0;
    bool read_end = false;
    bool told_end = false;
    int64_t next_send_ns = 0;  // of a limited rate
  };
  struct Connection {
    size_t link = 0;
    std::string from;  // "" until the hello says it
    io::FileDescriptor dialer;
    io::FileDescriptor listener;  // not open: not connected yet
    bool dialer_ready = false;    // by the last poll
    bool listener_ready = false;
    Half to_listener;
    Half to_dialer;
    bool broken = false;
  };

  void Listen(size_t link);
  void Accept(size_t link);
  void Serve(Connection* c, int64_t now_ns);
  void LearnName(Connection* c);
  void Connect(Connection* c);
  void Read(int fd, Half* half, const WireRule& rule, int64_t now_ns);
  // False: the connection is broken.
  bool Write(int fd, Half* half, const WireRule& rule, int64_t now_ns);
  const WireRule& RuleOf(const std::string& from, const std::string& to) const;
  std::vector<std::pair<std::string, std::string>> PairsOf(const std::string& from,
                                                           const std::string& to) const;

  const std::vector<WireLink> links_;
  std::set<std::string> names_;
  std::vector<io::FileDescriptor> listeners_;  // one for each link; not open: it refuses
  std::map<std::pair<std::string, std::string>, WireRule> rules_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_WIRE_PROXY_H_
