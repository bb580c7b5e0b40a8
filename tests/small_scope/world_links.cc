// Connections between nodes, and what is on its way over them.
#include <algorithm>
#include <cerrno>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "journal/base/bytes.h"
#include "journal/base/check.h"
#include "journal/format/frame.h"
#include "server/cluster/peer_frames.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {
namespace {

// Whose order does not depend on how often anybody has connected.
auto LabelOf(uint32_t from, bool dialed, Incarnation from_life, Incarnation to_life,
             ConnectionNumber number) {
  return std::tuple(from, dialed, from_life, to_life, number);
}

void PutFollow(const v1::Follow& f, Hasher* h) {
  h->Put(Epoch{f.generation(), f.epoch()});
  h->Put(f.end_index());
  h->Put(f.chain());
  for (const v1::EpochHistory& e : f.history()) h->Put(std::string_view(e.SerializeAsString()));
  h->Put(f.commit_index());
  h->Put(f.oldest_index());
  h->Put(f.needs_snapshot());
}

// Everything that its receiver looks at, but for nonces and for what counts attempts.
Digest DigestOfFrame(const PeerFrame& frame) {
  Hasher h;
  const v1::PeerMessage& m = frame.message;
  h.Put(static_cast<int>(m.message_case()));
  if (m.has_replicate()) {
    h.Put(Epoch{m.replicate().generation(), m.replicate().epoch()});
    h.Put(m.replicate().commit_index());
    h.Put(m.replicate().first_index());
    h.Put(AsView(frame.entries));
  } else if (m.has_replicate_ack()) {
    h.Put(Epoch{m.replicate_ack().generation(), m.replicate_ack().epoch()});
    h.Put(m.replicate_ack().end_index());
    h.Put(m.replicate_ack().durable_index());
    h.Put(m.replicate_ack().leaving());
  } else if (m.has_follow()) {
    PutFollow(m.follow(), &h);
  } else if (m.has_follow_ok()) {
    h.Put(Epoch{m.follow_ok().generation(), m.follow_ok().epoch()});
    h.Put(m.follow_ok().truncate_to());
    h.Put(m.follow_ok().chain());
    h.Put(std::string_view(m.follow_ok().snapshot().SerializeAsString()));
  } else if (m.has_probe_reply()) {
    for (const v1::LogAnswer& log : m.probe_reply().logs()) {
      h.Put(std::string_view(log.SerializeAsString()));
    }
  }
  return h.digest();
}

}  // namespace

// ---- sending ----

void World::Send(uint32_t i, ConnectionNumber connection, const std::string& bytes) {
  if (client_.node == static_cast<int>(i) && client_.connection == connection) {
    return TakeClient(bytes);
  }
  auto own = wires_.find({i, connection});
  if (own == wires_.end()) return;
  auto to = wires_.find(own->second.other);
  // A later process of that node numbers its connections anew.
  if (to == wires_.end() || to->second.other != own->first) return;
  Wire* wire = &to->second;
  wire->partial += bytes;
  while (true) {
    size_t preface = wire->partial.substr(0, 8) == kPeerPreface ? kPeerPreface.size() : 0;
    if (wire->partial.size() < preface + kFrameHeaderBytes) return;
    size_t whole = preface + kFrameHeaderBytes + Load32(wire->partial.data() + preface);
    if (wire->partial.size() < whole) return;
    std::string frame = wire->partial.substr(0, whole);
    wire->partial.erase(0, whole);
    Enqueue(wire, std::move(frame));
  }
}

void World::Enqueue(Wire* to, std::string frame) {
  size_t head = frame.substr(0, 8) == kPeerPreface ? kPeerPreface.size() : 0;
  PeerFrame parsed;
  RJ_CHECK(ParsePeerFrame(AsBytes(frame).subspan(head + kFrameHeaderBytes), &parsed));
  Message message;
  message.digest = DigestOfFrame(parsed);
  const v1::PeerMessage& m = parsed.message;
  if (m.has_follow()) {
    message.kind = Message::Kind::kFollow;
    message.nonce = m.follow().nonce();
    message.epoch = {m.follow().generation(), m.follow().epoch()};
  } else if (m.has_follow_ok()) {
    message.kind = Message::Kind::kFollowOk;
    message.nonce = m.follow_ok().nonce();
    message.epoch = {m.follow_ok().generation(), m.follow_ok().epoch()};
  } else if (m.has_probe()) {
    message.kind = Message::Kind::kProbe;
  } else if (m.has_probe_reply()) {
    message.kind = Message::Kind::kProbeReply;
  }
  if (!all_beats_ && !IsNews(to, parsed, message)) {
    if (!IsBeat(*to)) return;
    for (const auto& [key, wire] : wires_) {
      if (&wire == to) beats_.push_back({key, std::move(frame)});
    }
    return;
  }
  if (m.has_replicate()) to->last_commit = std::max(to->last_commit, m.replicate().commit_index());
  if (m.has_replicate_ack()) to->last_ack = message.digest;
  // What it may have passed over while it asked is news again.
  if (m.has_follow()) to->known_commit = m.follow().commit_index();
  if (m.has_follow_ok()) {
    auto back = wires_.find(to->other);
    to->last_commit = back == wires_.end() ? 0 : back->second.known_commit;
  }
  message.bytes = std::move(frame);
  to->messages.push_back(std::move(message));
}

bool World::IsNews(Wire* to, const PeerFrame& frame, const Message& message) const {
  const v1::PeerMessage& m = frame.message;
  auto queued = [&](const Message& other) {
    return other.kind == message.kind && other.digest == message.digest &&
           other.nonce == message.nonce;
  };
  if (m.has_replicate()) {
    return !frame.entries.empty() || m.replicate().commit_index() > to->last_commit;
  }
  if (m.has_replicate_ack()) return message.digest != to->last_ack;
  // Whoever asks for logs wants to propose a change.
  if (m.has_probe() && changes_ >= scope_.changes) return false;
  if (m.has_follow() || m.has_probe() || m.has_probe_reply()) {
    return std::none_of(to->messages.begin(), to->messages.end(), queued);
  }
  return true;
}

bool World::IsBeat(const Wire& to) const {
  if (beat_leader_ < 0) return false;
  uint32_t leader = static_cast<uint32_t>(beat_leader_);
  auto hears = [&](uint32_t node) {
    return std::find(heard_.begin(), heard_.end(), node) != heard_.end();
  };
  uint32_t reader = UINT32_MAX;
  for (const auto& [key, wire] : wires_) {
    if (&wire == &to) reader = key.first;
  }
  return (to.from == leader && hears(reader)) || (reader == leader && hears(to.from));
}

// ---- connecting ----

void World::ConnectAll() {
  for (bool any = true; any;) {
    any = false;
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
      while (!nodes_[i].dials.empty() && alive(i)) {
        any = true;
        ShardEffects::Dial dial = nodes_[i].dials.front();
        nodes_[i].dials.erase(nodes_[i].dials.begin());
        Connect(i, dial);
      }
    }
  }
}

// Connects and lets both sides greet each other.
void World::Connect(uint32_t from, const ShardEffects::Dial& dial) {
  uint32_t to = static_cast<uint32_t>(dial.address[1] - '1');
  if (!alive(to)) return StepAndBatch(from, Dialed{dial.connection, ECONNREFUSED});
  Key here{from, dial.connection}, there{to, next_connection_++};
  Wire* at_here = &wires_[here];
  at_here->other = there;
  at_here->from = to;
  at_here->from_incarnation = nodes_[to].incarnation;
  at_here->to_incarnation = nodes_[from].incarnation;
  at_here->dialed = true;
  Wire* at_there = &wires_[there];
  at_there->other = here;
  at_there->from = from;
  at_there->from_incarnation = nodes_[from].incarnation;
  at_there->to_incarnation = nodes_[to].incarnation;
  StepAndBatch(to, PeerAccepted{there.second});
  StepAndBatch(from, Dialed{dial.connection, 0});
  DeliverHello(there);
  DeliverHello(here);
}

void World::DeliverHello(const Key& key) {
  auto wire = wires_.find(key);
  if (wire == wires_.end()) return;
  if (wire->second.messages.empty() && !wire->second.ended) return;
  Deliver(key);
}

// Ends a connection: what is on its way to the other side still arrives, and then its end.
void World::Cut(uint32_t i, ConnectionNumber connection) {
  if (client_.node == static_cast<int>(i) && client_.connection == connection) return EndClient();
  auto own = wires_.find({i, connection});
  if (own == wires_.end()) return;
  auto other = wires_.find(own->second.other);
  if (other != wires_.end() && other->second.other == own->first) other->second.ended = true;
  wires_.erase(own);
}

// ---- delivering ----

void World::Deliver(const Key& key) {
  auto wire = wires_.find(key);
  if (wire == wires_.end()) return;
  if (!wire->second.messages.empty()) {
    std::string bytes = std::move(wire->second.messages.front().bytes);
    wire->second.messages.pop_front();
    return StepAndBatch(key.first, Received{key.second, AsBytes(bytes)});
  }
  if (!wire->second.ended) return;
  wires_.erase(wire);
  StepAndBatch(key.first, ReceiveEnded{key.second, 0});
}

// One message, or all that were sent so far.
void World::DeliverSome(const Key& key) {
  size_t count = scope_.bursts ? wires_.at(key).messages.size() : 1;
  do {
    Deliver(key);
  } while (--count > 0 && wires_.count(key) > 0);
}

// What happens before anything else does: connections that are asked for, and their ends where
// nobody waits for what they would have brought. The end of a connection that a backup has made
// makes it look for a leader; that of one that it has accepted only stops a leader from sending.
void World::Settle() {
  while (report_.violation().empty()) {
    ConnectAll();
    auto over = std::find_if(wires_.begin(), wires_.end(), [](const auto& named) {
      const Wire& wire = named.second;
      return wire.ended && wire.messages.empty() && !wire.dialed;
    });
    if (over == wires_.end()) return;
    Deliver(over->first);
  }
}

std::vector<World::Key> World::WiresTo(uint32_t i) const {
  std::vector<Key> keys;
  for (auto it = wires_.lower_bound({i, 0}); it != wires_.end() && it->first.first == i; ++it) {
    keys.push_back(it->first);
  }
  auto label = [&](const Key& key) {
    const Wire& w = wires_.at(key);
    return LabelOf(w.from, w.dialed, w.from_incarnation, w.to_incarnation, key.second);
  };
  std::sort(keys.begin(), keys.end(),
            [&](const Key& a, const Key& b) { return label(a) < label(b); });
  return keys;
}

// Questions of the node that are on their way, and answers to them.
size_t World::QuestionsOf(uint32_t i) const {
  size_t questions = 0;
  for (const auto& [key, wire] : wires_) {
    for (const Message& m : wire.messages) {
      bool asks = m.kind == Message::Kind::kFollow || m.kind == Message::Kind::kProbe;
      bool answers = m.kind == Message::Kind::kFollowOk || m.kind == Message::Kind::kProbeReply;
      questions += (asks && wire.from == i) || (answers && key.first == i);
    }
  }
  return questions;
}

}  // namespace ringjournal::small_scope
