#include "server/cluster/peer_links.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
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

std::string Text(const NodeLife& life) {
  return absl::StrCat(life.node, "/", life.incarnation.value());
}

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
    const std::string& own = registration->peer_address();
    *target = {own.empty() ? registration->address() : own, life, 0, now_ns_, false};
  }
}

void PeerLinks::Dial(Target* target) {
  target->connection = next_number_++;
  auto peer = std::make_unique<PeerConnection>(target->connection, true);
  peer->life = target->life;
  peer->since_ns = now_ns_;
  connections_[target->connection] = std::move(peer);
  effects_->dials.push_back({target->connection, target->address});
}

void PeerLinks::Turn() {
  std::vector<ConnectionNumber> unneeded;
  for (auto& [number, peer] : connections_) {
    auto target = targets_.find(peer->life.node);
    bool wanted =
        !peer->dialed || (target != targets_.end() && target->second.connection == number);
    // Connected or greeted too late: the other side may be stopped, and its host still answers.
    bool stuck = !peer->up && now_ns_ - peer->since_ns > limits::kPeerGraceMs * kMs;
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
    if (!peer->up) deadline = std::min(deadline, peer->since_ns + limits::kPeerGraceMs * kMs + 1);
  }
  return deadline;
}

void PeerLinks::OnAccepted(ConnectionNumber connection) {
  if (connections_.size() >= limits::kPeerConnectionsMax) {
    effects_->closes.push_back(connection);
    return;
  }
  auto peer = std::make_unique<PeerConnection>(connection, false);
  peer->connected = true;
  peer->since_ns = now_ns_;
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
  peer->heard_ns = now_ns_;
  peer->out.append(kPeerPreface);
  SendHello(peer, peer->life);
}

bool PeerLinks::IsGone(const NodeLife& life) const {
  auto target = targets_.find(life.node);
  return target != targets_.end() && target->second.life == life && target->second.refused;
}

bool PeerLinks::IsOver(const NodeLife& life) const {
  auto known = lives_.find(life.node);
  return known != lives_.end() && life.incarnation < known->second;
}

bool PeerLinks::HeardFrom(const std::string& node, int64_t since_ns) const {
  auto heard = heard_ns_.find(node);
  if (heard != heard_ns_.end() && heard->second >= since_ns) return true;
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& numbered) {
    return numbered.second->life.node == node && numbered.second->heard_ns >= since_ns;
  });
}

bool PeerLinks::HasSaid(const NodeLife& life, int64_t since_ns) const {
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& numbered) {
    const PeerConnection& peer = *numbered.second;
    return peer.up && peer.life == life && peer.heard_ns >= since_ns;
  });
}

void PeerLinks::DialAnew(const std::string& node) {
  auto target = targets_.find(node);
  if (target != targets_.end() && target->second.connection != 0) {
    Close(target->second.connection);
  }
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

std::string PeerLinks::WrongWithHello(const PeerConnection& peer,
                                      const v1::PeerHello& hello) const {
  NodeLife from = LifeOf(hello.from());
  if (hello.cluster_id() != identity_.cluster_id) {
    return absl::StrCat("node ", from.node, " is of another cluster: check the peers' addresses");
  }
  if (hello.protocol_min() > 1 || hello.protocol_max() < 1) {
    return absl::StrCat("node ", from.node, " speaks protocol ", hello.protocol_min(), " to ",
                        hello.protocol_max(), ", this one 1: use versions that go together");
  }
  if (Mutated(Mutant::kOldLivesHeard)) return "";
  if (LifeOf(hello.to()) != identity_.self) {
    return absl::StrCat("node ", from.node, " wants ", Text(LifeOf(hello.to())), ", this is ",
                        Text(identity_.self),
                        ": it has an older document, or the address is another "
                        "node's");
  }
  auto known = lives_.find(from.node);
  bool right =
      peer.dialed ? from == peer.life : known == lives_.end() || from.incarnation >= known->second;
  return right ? ""
               : absl::StrCat(Text(from),
                              " is not the life that was expected: it is over, or "
                              "the address is another node's");
}

std::string PeerLinks::TakeHello(PeerConnection* peer, const v1::PeerMessage& message) {
  if (!message.has_hello()) return "a peer's first message is no hello";
  const v1::PeerHello& hello = message.hello();
  handler_->OnConfigVersion(hello.config_version());
  if (hello.cluster_id() == identity_.cluster_id) heard_ns_[hello.from().node()] = now_ns_;
  std::string wrong = WrongWithHello(*peer, hello);
  if (!wrong.empty()) return wrong;
  peer->life = LifeOf(hello.from());
  if (!peer->dialed) SendHello(peer, peer->life);
  peer->up = true;
  peer->decoder.set_limit_bytes(limits::kPeerFrameBytesMax);
  handler_->OnUp(peer);
  return "";
}

bool PeerLinks::TakePreface(PeerConnection* peer, ByteSpan* bytes) {
  if (peer->dialed) return true;
  while (peer->preface.size() < kPeerPreface.size() && !bytes->empty()) {
    peer->preface.push_back(static_cast<char>(bytes->front()));
    *bytes = bytes->subspan(1);
  }
  return kPeerPreface.substr(0, peer->preface.size()) == peer->preface;
}

std::string PeerLinks::Hear(PeerConnection* peer, ByteSpan bytes) {
  if (!TakePreface(peer, &bytes)) {
    return "somebody on the peers' port is no node: the preface is wrong; clients have another "
           "port";
  }
  ConnectionNumber number = peer->number;
  PeerFrame frame;
  ByteSpan body;
  while (true) {
    FrameDecoder::Result result = peer->decoder.Next(&bytes, &body);
    if (result == FrameDecoder::Result::kNeedMore) return "";
    if (result == FrameDecoder::Result::kTooLarge) {
      return absl::StrCat("a peer's frame of ", peer->decoder.announced_bytes(),
                          " bytes is over the limit: compare the versions of both nodes");
    }
    frame.message.Clear();
    if (!ParsePeerFrame(body, &frame)) {
      return "a peer's frame does not parse: compare the versions of both nodes";
    }
    if (peer->up) {
      handler_->OnPeerFrame(peer, frame);
    } else if (std::string wrong = TakeHello(peer, frame.message); !wrong.empty()) {
      return wrong;
    }
    // What the frame caused may have closed its connection.
    if (Find(number) == nullptr) return "";
  }
}

void PeerLinks::OnReceived(const Received& event) {
  PeerConnection* peer = Find(event.connection);
  if (peer == nullptr) return;
  peer->heard_ns = now_ns_;
  std::string wrong = Hear(peer, event.bytes);
  if (!wrong.empty()) Refuse(event.connection, wrong);
}

void PeerLinks::Refuse(ConnectionNumber connection, const std::string& why) {
  if (why != last_refusal_) {
    effects_->notes.push_back(absl::StrCat("a peer's connection was closed: ", why));
  }
  last_refusal_ = why;
  Close(connection);
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

void PeerLinks::SendToAll(const v1::PeerMessage& message) {
  std::set<NodeLife> told;
  for (auto& [number, peer] : connections_) {
    if (peer->up && told.insert(peer->life).second) Send(peer.get(), message);
  }
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
  if (!peer->life.node.empty() && peer->heard_ns != 0) {
    int64_t* heard = &heard_ns_[peer->life.node];
    *heard = std::max(*heard, peer->heard_ns);
  }
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
