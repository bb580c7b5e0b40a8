#include "server/cluster/peer_links.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/base/mutants.h"
#include "server/config_store/document.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;

void SetLife(const NodeLife& life, v1::ReplicaId* id) {
  id->set_node(life.node);
  id->set_incarnation(life.incarnation.value());
}

}  // namespace

void PeerLinks::BeginStep(int64_t now_ns, ShardEffects* effects) {
  now_ns_ = now_ns;
  effects_ = effects;
  ++step_;
  sent_.clear();
}

// ---- connecting ----

void PeerLinks::SetWanted(const std::set<std::string>& nodes, const v1::ConfigDocument& document) {
  config_version_ = document.version();
  for (const v1::NodeRegistration& node : document.nodes()) {
    lives_[node.node()] = Incarnation(node.incarnation());
  }
  // Packets of a life that is over must cause nothing (I7).
  std::vector<ConnectionNumber> over;
  for (const auto& [number, peer] : connections_) {
    auto life = lives_.find(peer->life.node);
    if (Mutated(Mutant::kOldLivesHeard)) continue;
    if (life != lives_.end() && peer->life.incarnation < life->second) over.push_back(number);
  }
  for (ConnectionNumber number : over) Close(number);
  std::erase_if(targets_, [&](const auto& t) { return nodes.count(t.first) == 0; });
  for (const std::string& node : nodes) {
    const v1::NodeRegistration* registration = FindNode(document, node);
    if (registration == nullptr || node == identity_.self.node) continue;
    Target* target = &targets_[node];
    NodeLife life{node, Incarnation(registration->incarnation())};
    if (target->life == life) continue;
    *target = {registration->address(), life, 0, now_ns_, false};
  }
}

void PeerLinks::Dial(Target* target) {
  target->connection = next_number_++;
  auto peer = std::make_unique<PeerConnection>(target->connection, true);
  peer->life = target->life;
  peer->dialed_ns = now_ns_;
  connections_[target->connection] = std::move(peer);
  effects_->dials.push_back({target->connection, target->address});
}

void PeerLinks::Turn() {
  std::vector<ConnectionNumber> unneeded;
  for (auto& [number, peer] : connections_) {
    if (!peer->dialed) continue;
    auto target = targets_.find(peer->life.node);
    bool wanted = target != targets_.end() && target->second.connection == number;
    // Connected or greeted too late: the other side may be stopped, and its host still answers.
    bool stuck = !peer->up && now_ns_ - peer->dialed_ns > limits::kPeerGraceMs * kMs;
    if (!wanted || stuck) unneeded.push_back(number);
  }
  for (ConnectionNumber number : unneeded) Close(number);
  for (auto& [node, target] : targets_) {
    if (target.connection == 0 && now_ns_ >= target.dial_at_ns) Dial(&target);
  }
}

int64_t PeerLinks::deadline_ns() const {
  int64_t deadline = INT64_MAX;
  for (const auto& [node, target] : targets_) {
    if (target.connection == 0) deadline = std::min(deadline, target.dial_at_ns);
  }
  for (const auto& [number, peer] : connections_) {
    if (!peer->dialed || peer->up) continue;
    deadline = std::min(deadline, peer->dialed_ns + limits::kPeerGraceMs * kMs + 1);
  }
  return deadline;
}

void PeerLinks::OnAccepted(ConnectionNumber connection) {
  auto peer = std::make_unique<PeerConnection>(connection, false);
  peer->connected = true;
  connections_[connection] = std::move(peer);
}

void PeerLinks::OnDialed(const Dialed& event) {
  PeerConnection* peer = Find(event.connection);
  if (peer == nullptr) return;
  auto target = targets_.find(peer->life.node);
  if (target != targets_.end() && target->second.connection == event.connection) {
    target->second.refused = event.error == ECONNREFUSED;
  }
  if (event.error != 0) return Forget(event.connection);
  peer->connected = true;
  peer->out.append(kPeerPreface);
  SendHello(peer, peer->life);
}

bool PeerLinks::IsGone(const NodeLife& life) const {
  auto target = targets_.find(life.node);
  return target != targets_.end() && target->second.life == life && target->second.refused;
}

// ---- talking ----

void PeerLinks::SendHello(PeerConnection* peer, const NodeLife& to) {
  v1::PeerMessage message;
  v1::PeerHello* hello = message.mutable_hello();
  hello->set_cluster_id(identity_.cluster_id);
  hello->set_protocol_min(1);
  hello->set_protocol_max(1);
  hello->set_config_version(config_version_);
  SetLife(identity_.self, hello->mutable_from());
  SetLife(to, hello->mutable_to());
  Send(peer, message);
}

bool PeerLinks::IsForMe(const PeerConnection& peer, const v1::PeerHello& hello) const {
  if (hello.cluster_id() != identity_.cluster_id) return false;
  if (hello.protocol_min() > 1 || hello.protocol_max() < 1) return false;
  if (Mutated(Mutant::kOldLivesHeard)) return true;
  if (LifeOf(hello.to()) != identity_.self) return false;
  NodeLife from = LifeOf(hello.from());
  if (peer.dialed) return from == peer.life;
  auto known = lives_.find(from.node);
  return known == lives_.end() || from.incarnation >= known->second;
}

bool PeerLinks::TakeHello(PeerConnection* peer, const v1::PeerMessage& message) {
  if (!message.has_hello()) return false;
  const v1::PeerHello& hello = message.hello();
  handler_->OnConfigVersion(hello.config_version());
  if (!IsForMe(*peer, hello)) return false;
  peer->life = LifeOf(hello.from());
  if (!peer->dialed) SendHello(peer, peer->life);
  peer->up = true;
  handler_->OnUp(peer);
  return true;
}

bool PeerLinks::TakePreface(PeerConnection* peer, ByteSpan* bytes) {
  if (peer->dialed) return true;
  while (peer->preface.size() < kPeerPreface.size() && !bytes->empty()) {
    peer->preface.push_back(static_cast<char>(bytes->front()));
    *bytes = bytes->subspan(1);
  }
  return kPeerPreface.substr(0, peer->preface.size()) == peer->preface;
}

PeerLinks::Heard PeerLinks::Hear(PeerConnection* peer, ByteSpan bytes) {
  if (!TakePreface(peer, &bytes)) return Heard::kWrong;
  ConnectionNumber number = peer->number;
  PeerFrame frame;
  ByteSpan body;
  while (true) {
    FrameDecoder::Result result = peer->decoder.Next(&bytes, &body);
    if (result == FrameDecoder::Result::kNeedMore) return Heard::kGoesOn;
    if (result == FrameDecoder::Result::kTooLarge) return Heard::kWrong;
    frame.message.Clear();
    if (!ParsePeerFrame(body, &frame)) return Heard::kWrong;
    if (!peer->up) {
      if (!TakeHello(peer, frame.message)) return Heard::kWrong;
    } else {
      handler_->OnPeerFrame(peer, frame);
    }
    // What the frame caused may have closed its connection.
    if (Find(number) == nullptr) return Heard::kGoesOn;
  }
}

void PeerLinks::OnReceived(const Received& event) {
  PeerConnection* peer = Find(event.connection);
  if (peer == nullptr) return;
  peer->last_heard_ns = now_ns_;
  if (Hear(peer, event.bytes) == Heard::kWrong) Close(event.connection);
}

void PeerLinks::OnEnded(ConnectionNumber connection) {
  if (Find(connection) != nullptr) Close(connection);
}

void PeerLinks::OnSendQueue(const SendQueue& event) {
  if (PeerConnection* peer = Find(event.connection)) peer->queued_bytes = event.queued_bytes;
}

void PeerLinks::Send(PeerConnection* peer, const v1::PeerMessage& message) {
  AppendPeerFrame(message, &peer->out);
}

void PeerLinks::SendReplicate(PeerConnection* peer, const v1::Replicate& head, ByteSpan entries) {
  AppendReplicateHead(head, entries.size(), &peer->out);
  if (!entries.empty()) EmitOut(peer, entries);
}

void PeerLinks::EmitOut(PeerConnection* peer, ByteSpan body) {
  sent_.push_back(std::move(peer->out));
  peer->out.clear();
  effects_->sends.push_back({peer->number, AsBytes(sent_.back()), body});
}

void PeerLinks::Flush() {
  for (auto& [number, peer] : connections_) {
    if (peer->connected && !peer->out.empty()) EmitOut(peer.get(), {});
  }
}

// ---- ending ----

void PeerLinks::Forget(ConnectionNumber connection) {
  auto it = connections_.find(connection);
  if (it == connections_.end()) return;
  std::unique_ptr<PeerConnection> peer = std::move(it->second);
  connections_.erase(it);
  auto target = targets_.find(peer->life.node);
  if (target != targets_.end() && target->second.connection == connection) {
    target->second.connection = 0;
    // At once after a working one: its end may be the process's.
    target->second.dial_at_ns = peer->up ? now_ns_ : now_ns_ + limits::kPeerRetryMs * kMs;
  }
  if (peer->up) handler_->OnDown(*peer);
}

void PeerLinks::Close(ConnectionNumber connection) {
  effects_->closes.push_back(connection);
  Forget(connection);
}

PeerConnection* PeerLinks::Find(ConnectionNumber connection) {
  auto it = connections_.find(connection);
  return it == connections_.end() ? nullptr : it->second.get();
}

PeerConnection* PeerLinks::FindDialed(const std::string& node) {
  auto target = targets_.find(node);
  if (target == targets_.end()) return nullptr;
  PeerConnection* peer = Find(target->second.connection);
  return peer != nullptr && peer->up ? peer : nullptr;
}

}  // namespace ringjournal
