#include "tests/cluster_sim/network.h"

#include <algorithm>
#include <cerrno>

namespace ringjournal::cluster_sim {
namespace {

// What the kernel takes off a process's hands; above it the process sees a queue.
constexpr uint64_t kSocketBytes = 64 * 1024;
constexpr int64_t kLatencyNs = 30 * kUs;
constexpr uint64_t kJitterNs = 120 * kUs;
// A blocked link is tried again so much later at the latest: TCP's retransmission.
constexpr uint64_t kRetransmitNs = 60 * kMs;
constexpr int64_t kConnectTimeOutNs = 400 * kMs;
constexpr int64_t kSilenceTimeOutNs = 4 * kSecond;

}  // namespace

Network::Network(EventQueue* events, Random* random, Report* report, HostNumber hosts)
    : events_(events),
      random_(random),
      report_(report),
      hosts_(hosts),
      links_(hosts * hosts),
      heard_(hosts * hosts) {}

// ---- hosts ----

void Network::DropClosed(Host* host) {
  auto closed = [&](EndNumber e) { return !end(e).open; };
  host->ends.erase(std::remove_if(host->ends.begin(), host->ends.end(), closed), host->ends.end());
}

// Of what was sent, some had not left the machine.
void Network::LoseTail(End* e) {
  if (!random_->Chance(60) || e->left() == 0) return;
  e->bytes.resize(e->head + random_->Below(e->left() + 1));
}

void Network::SetUp(HostNumber host, bool up) {
  hosts_[host].up = up;
  if (up) return;
  hosts_[host].listener = nullptr;
  DropClosed(&hosts_[host]);
  for (EndNumber e : hosts_[host].ends) {
    LoseTail(&end(e));
    end(e).open = false;
    end(e).vanished = true;
  }
  hosts_[host].ends.clear();
}

void Network::ProcessGone(HostNumber host) {
  hosts_[host].listener = nullptr;
  DropClosed(&hosts_[host]);
  for (EndNumber e : hosts_[host].ends) {
    LoseTail(&end(e));
    Close(e);
    end(e).fin_error = random_->Chance(50) ? ECONNRESET : 0;
  }
  hosts_[host].ends.clear();
}

// ---- a process's calls ----

EndNumber Network::Dial(HostNumber from, NetworkUser* user, HostNumber to, bool peer) {
  auto connection = std::make_unique<Connection>();
  connection->peer = peer;
  End& near = connection->ends[0];
  near.user = user;
  near.host = from;
  near.open = true;
  connection->ends[1].host = to;
  EndNumber e = static_cast<EndNumber>(2 * connections_.size());
  connections_.push_back(std::move(connection));
  if (hosts_[from].ends.size() > 64) DropClosed(&hosts_[from]);
  hosts_[from].ends.push_back(e);
  events_->ScheduleIn(2 * Latency(from, to), this, kDialArrives, e);
  return e;
}

void Network::Send(EndNumber e, ByteSpan head, ByteSpan body) {
  End& from = end(e);
  if (!from.open || from.told_end || connections_[e / 2]->cut) return;
  from.bytes.append(AsView(head)).append(AsView(body));
  report_->MixTrace(e);
  report_->MixTrace(AsView(head));
  report_->MixTrace(AsView(body));
  ScheduleDelivery(e, Latency(from.host, other(e).host));
  ReportQueue(e);
}

void Network::Close(EndNumber e) {
  End& from = end(e);
  if (!from.open) return;
  from.open = false;
  from.fin = true;
  from.user = nullptr;
  if (connections_[e / 2]->established) ScheduleDelivery(e, Latency(from.host, other(e).host));
  // What was on its way to the closer meets nobody.
  End& far = other(e);
  if (far.left() > 0) ScheduleDelivery(e ^ 1, Latency(far.host, from.host));
}

void Network::SetReading(EndNumber e, bool reading) {
  end(e).reading = reading;
  End& far = other(e);
  if (reading && (far.left() > 0 || far.fin)) ScheduleDelivery(e ^ 1, kUs);
}

uint64_t Network::unsent_bytes(EndNumber e) const {
  const End& from = connections_[e / 2]->ends[e & 1];
  return from.left() > kSocketBytes ? from.left() - kSocketBytes : 0;
}

// ---- faults ----

bool Network::Block(HostNumber from, HostNumber to, int64_t until_ns) {
  Link& l = link(from, to);
  if (until_ns <= l.blocked_until_ns) return false;
  l.blocked_until_ns = until_ns;
  return true;
}

void Network::Slow(HostNumber from, HostNumber to, uint32_t factor, int64_t until_ns) {
  link(from, to).slow_until_ns = until_ns;
  link(from, to).slow_factor = factor;
}

void Network::HealAll() {
  for (Link& l : links_) l = Link();
}

bool Network::Cut(HostNumber host) {
  DropClosed(&hosts_[host]);
  if (hosts_[host].ends.empty()) return false;
  EndNumber e = hosts_[host].ends[random_->Below(hosts_[host].ends.size())];
  Connection* connection = connections_[e / 2].get();
  if (!connection->established || connection->cut) return false;
  connection->cut = true;
  for (EndNumber side : {e & ~1u, e | 1u}) {
    End& from = end(side);
    from.bytes.resize(from.head + random_->Below(from.left() + 1));
    from.fin = true;
    from.fin_error = ECONNRESET;
    ScheduleDelivery(side, Latency(from.host, other(side).host));
  }
  return true;
}

int Network::Heard(HostNumber from, HostNumber to, int64_t since_ns, int64_t until_ns) const {
  const std::vector<int64_t>& heard = heard_[from * hosts_.size() + to];
  const int64_t first = since_ns / kHeardPeriodNs + 1, last = until_ns / kHeardPeriodNs;
  return static_cast<int>(std::count_if(heard.begin(), heard.end(), [&](int64_t period) {
    return period >= first && period < last;
  }));
}

// ---- what happens ----

int64_t Network::Latency(HostNumber from, HostNumber to) {
  const Link& l = link(from, to);
  int64_t latency = kLatencyNs + static_cast<int64_t>(random_->Skewed(kJitterNs));
  return l.slow_until_ns > events_->now_ns() ? latency * l.slow_factor : latency;
}

void Network::ScheduleDelivery(EndNumber from, int64_t in_ns) {
  if (end(from).delivery_due) return;
  end(from).delivery_due = true;
  events_->ScheduleIn(in_ns, this, kDeliver, from);
}

void Network::OnEvent(uint32_t kind, uint64_t arg) {
  EndNumber e = static_cast<EndNumber>(arg);
  switch (static_cast<Kind>(kind)) {
    case kDeliver:
      return Deliver(e);
    case kDialArrives:
      return DialArrives(e);
    case kDialFails:
      return DialFails(e);
    case kReset:
      return TellEnd(e, ECONNRESET);
    case kTimeOut:
      return TellEnd(e, ETIMEDOUT);
  }
}

// What comes to a process that stands still waits for it, in the same order.
bool Network::DeferWhilePaused(const NetworkUser& user, Kind kind, EndNumber e) {
  if (user.paused_until_ns() <= events_->now_ns()) return false;
  events_->Schedule(user.paused_until_ns(), this, kind, e);
  return true;
}

void Network::DialFails(EndNumber e) {
  if (!end(e).open || DeferWhilePaused(*end(e).user, kDialFails, e)) return;
  end(e).open = false;
  end(e).user->OnDialed(e, ETIMEDOUT);
}

void Network::DialArrives(EndNumber e) {
  End& near = end(e);
  if (!near.open) return;
  End& far = other(e);
  Host& host = hosts_[far.host];
  if (DeferWhilePaused(*near.user, kDialArrives, e)) return;
  if (!host.up || blocked(near.host, far.host) || blocked(far.host, near.host)) {
    int64_t wait = kConnectTimeOutNs + static_cast<int64_t>(random_->Skewed(2 * kSecond));
    return events_->ScheduleIn(wait, this, kDialFails, e);
  }
  if (host.listener == nullptr) {
    near.open = false;
    return near.user->OnDialed(e, ECONNREFUSED);
  }
  if (DeferWhilePaused(*host.listener, kDialArrives, e)) return;
  connections_[e / 2]->established = true;
  far.user = host.listener;
  far.open = true;
  if (host.ends.size() > 64) DropClosed(&host);
  host.ends.push_back(e ^ 1);
  NetworkUser* dialer = near.user;
  far.user->OnAccepted(e ^ 1, connections_[e / 2]->peer);
  if (end(e).open) dialer->OnDialed(e, 0);
}

void Network::TellEnd(EndNumber e, int error) {
  End& to = end(e);
  if (!to.open || to.told_end) return;
  if (DeferWhilePaused(*to.user, error == ETIMEDOUT ? kTimeOut : kReset, e)) return;
  to.told_end = true;
  to.user->OnEnded(e, error);
}

void Network::ReportQueue(EndNumber e) {
  End& from = end(e);
  if (!from.open || unsent_bytes(e) == from.reported_queue) return;
  ScheduleDelivery(e, kUs);
}

// The receiver holds the connection no more.
void Network::DeliverToNobody(EndNumber e) {
  End& from = end(e);
  bool had_bytes = from.left() > 0;
  from.bytes.clear();
  from.head = 0;
  if (!from.open || from.told_end) return;
  const End& to = other(e);
  if (!had_bytes) return;
  if (hosts_[to.host].up) {
    events_->ScheduleIn(Latency(to.host, from.host), this, kReset, e);
  } else {
    events_->ScheduleIn(kSilenceTimeOutNs, this, kTimeOut, e);
  }
}

void Network::NoteHeard(HostNumber from, HostNumber to) {
  std::vector<int64_t>* heard = &heard_[from * hosts_.size() + to];
  heard->resize(kHeardPeriods, -1);
  const int64_t period = events_->now_ns() / kHeardPeriodNs;
  (*heard)[static_cast<size_t>(period) % kHeardPeriods] = period;
}

void Network::Deliver(EndNumber e) {
  End& from = end(e);
  End& to = other(e);
  from.delivery_due = false;
  int64_t now = events_->now_ns();
  if (blocked(from.host, to.host)) {
    int64_t again = link(from.host, to.host).blocked_until_ns - now;
    return ScheduleDelivery(e, again + static_cast<int64_t>(random_->Skewed(kRetransmitNs)));
  }
  if (!to.open) return DeliverToNobody(e);
  if (to.user->paused_until_ns() > now) {
    return ScheduleDelivery(e, to.user->paused_until_ns() - now);
  }
  if (from.open && unsent_bytes(e) != from.reported_queue && from.user->paused_until_ns() <= now) {
    from.reported_queue = unsent_bytes(e);
    ScheduleDelivery(e, kUs);
    return from.user->OnQueue(e, from.reported_queue);
  }
  if (!to.reading) return;
  if (from.left() > 0) {
    size_t n = from.left();
    if (random_->Chance(20)) n = random_->Chance(20) ? 1 : 1 + random_->Below(n);
    piece_.assign(from.bytes, from.head, n);
    from.head += n;
    if (from.left() == 0) {
      from.bytes.clear();
      from.head = 0;
    }
    if (connections_[e / 2]->peer) NoteHeard(from.host, to.host);
    bool more = from.left() > 0 || from.fin;
    if (more || unsent_bytes(e) != from.reported_queue) {
      ScheduleDelivery(e, static_cast<int64_t>(random_->Skewed(50 * kUs)));
    }
    std::string piece;
    piece.swap(piece_);
    to.user->OnBytes(e ^ 1, AsBytes(piece));
    piece_.swap(piece);
  } else if (from.fin) {
    TellEnd(e ^ 1, from.fin_error);
  }
}

}  // namespace ringjournal::cluster_sim
