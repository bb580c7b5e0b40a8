// The simulated network between nodes and clients: connections that carry bytes in order, and all
// that may happen to them.
#ifndef TESTS_CLUSTER_SIM_NETWORK_H_
#define TESTS_CLUSTER_SIM_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "journal/base/bytes.h"
#include "tests/cluster_sim/event_queue.h"
#include "tests/sim/random.h"
#include "tests/sim/report.h"

namespace ringjournal::cluster_sim {

using sim::Random;
using sim::Report;

using HostNumber = uint32_t;
// One end of a connection; never reused.
using EndNumber = uint32_t;
inline constexpr EndNumber kNoEnd = UINT32_MAX;

// A process that has connections. Its calls come from Network::OnEvent, never from inside a call
// that it makes itself.
class NetworkUser {
 public:
  virtual ~NetworkUser() = default;
  // `peer`: at the listener for nodes, else at that for clients.
  virtual void OnAccepted(EndNumber end, bool peer) = 0;
  // What became of Dial: 0, ECONNREFUSED or ETIMEDOUT.
  virtual void OnDialed(EndNumber end, int error) = 0;
  virtual void OnBytes(EndNumber end, ByteSpan bytes) = 0;
  // No more will come: 0 for an orderly end.
  virtual void OnEnded(EndNumber end, int error) = 0;
  // Bytes that the kernel does not take have changed.
  virtual void OnQueue(EndNumber end, uint64_t queued_bytes) = 0;
  // The process does not run before: what arrives waits in its kernel.
  virtual int64_t paused_until_ns() const = 0;
};

// Fault model. Bytes of one connection arrive in order, in pieces of random size, after random
// delays; nothing is ordered across connections. A link (one direction between two hosts) may be
// blocked for a while (bytes wait and are sent again later, new connections time out) or slow. A
// connection may be reset at any byte, in each direction at another one. When a process ends, what
// it had sent arrives in part or whole, then the end; when its machine goes, what is on its way
// still arrives, and nothing ever tells the other side, but a reset once it sends to the machine
// that is back, or a time-out. One thread.
class Network : public EventTarget {
 public:
  Network(EventQueue* events, Random* random, Report* report, HostNumber hosts);

  // ---- hosts ----
  // Who takes connections on the host; null: nobody, they are refused.
  void Listen(HostNumber host, NetworkUser* user) { hosts_[host].listener = user; }
  // Down: nothing is answered at all. Connections that were there are forgotten.
  void SetUp(HostNumber host, bool up);
  // The process has ended: the kernel closes its connections.
  void ProcessGone(HostNumber host);

  // ---- a process's calls ----
  EndNumber Dial(HostNumber from, NetworkUser* user, HostNumber to, bool peer);
  void Send(EndNumber end, ByteSpan head, ByteSpan body = {});
  // After what is queued; nothing more is told to the closer.
  void Close(EndNumber end);
  void SetReading(EndNumber end, bool reading);
  uint64_t unsent_bytes(EndNumber end) const;
  // It leads to the other node's listener for nodes.
  bool between_nodes(EndNumber end) const { return connections_[end / 2]->peer; }

  // ---- faults ----
  // False: it was blocked for as long already.
  bool Block(HostNumber from, HostNumber to, int64_t until_ns);
  void Slow(HostNumber from, HostNumber to, uint32_t factor, int64_t until_ns);
  void HealAll();
  // Resets one connection of the host, chosen at random. False: it has none.
  bool Cut(HostNumber host);
  // In how many periods of kHeardPeriodNs from `since_ns` to `until_ns`, which is not long ago,
  // something came from one node to another and was taken.
  int Heard(HostNumber from, HostNumber to, int64_t since_ns, int64_t until_ns) const;
  static constexpr int64_t kHeardPeriodNs = 25 * kMs;
  bool blocked(HostNumber from, HostNumber to) const {
    return link(from, to).blocked_until_ns > events_->now_ns();
  }

  void OnEvent(uint32_t kind, uint64_t arg) override;

 private:
  enum Kind : uint32_t { kDeliver, kDialArrives, kDialFails, kReset, kTimeOut };
  struct End {
    NetworkUser* user = nullptr;
    HostNumber host = 0;
    bool open = false;  // the process holds it
    bool reading = true;
    bool told_end = false;  // the process knows that nothing more comes
    bool vanished = false;  // the machine went: no end was ever sent
    std::string bytes;      // sent by this end, not delivered yet: from `head` on
    size_t head = 0;
    bool fin = false;  // an end follows the bytes
    int fin_error = 0;
    bool delivery_due = false;
    uint64_t reported_queue = 0;
    size_t left() const { return bytes.size() - head; }
  };
  struct Connection {
    End ends[2];  // 0 has dialed
    bool peer = false;
    bool established = false;
    bool cut = false;
  };
  struct Link {
    int64_t blocked_until_ns = 0;
    int64_t slow_until_ns = 0;
    uint32_t slow_factor = 1;
  };
  static constexpr size_t kHeardPeriods = 512;
  struct Host {
    NetworkUser* listener = nullptr;
    bool up = true;
    std::vector<EndNumber> ends;  // closed ones are dropped now and then
  };
  End& end(EndNumber e) { return connections_[e / 2]->ends[e & 1]; }
  End& other(EndNumber e) { return connections_[e / 2]->ends[(e & 1) ^ 1]; }
  Link& link(HostNumber from, HostNumber to) { return links_[from * hosts_.size() + to]; }
  const Link& link(HostNumber from, HostNumber to) const {
    return links_[from * hosts_.size() + to];
  }
  int64_t Latency(HostNumber from, HostNumber to);
  void ScheduleDelivery(EndNumber from, int64_t in_ns);
  void Deliver(EndNumber from);
  void NoteHeard(HostNumber from, HostNumber to);
  void DeliverToNobody(EndNumber from);
  void DialArrives(EndNumber dialer);
  void DialFails(EndNumber dialer);
  bool DeferWhilePaused(const NetworkUser& user, Kind kind, EndNumber end);
  void TellEnd(EndNumber to, int error);
  void ReportQueue(EndNumber from);
  void LoseTail(End* end);
  void DropClosed(Host* host);

  EventQueue* events_;
  Random* random_;
  Report* report_;
  std::vector<Host> hosts_;
  std::vector<Link> links_;
  // By link: the newest of those periods in which something came, one after the other in a circle.
  std::vector<std::vector<int64_t>> heard_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::string piece_;  // scratch
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_NETWORK_H_
