// The connections of a node to its peers: dialed ones, on which it asks, and accepted ones, on
// which it answers.
#ifndef SERVER_CLUSTER_PEER_LINKS_H_
#define SERVER_CLUSTER_PEER_LINKS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "journal/format/frame.h"
#include "journal/replication/in_sync_set.h"
#include "server/cluster/peer_frames.h"
#include "server/session/effects.h"

namespace ringjournal {

inline NodeLife LifeOf(const v1::ReplicaId& id) {
  return {id.node(), Incarnation(id.incarnation())};
}

// "n1/7", for messages.
std::string Text(const NodeLife& life);

// Who this node is.
struct NodeIdentity {
  std::string cluster_id;
  NodeLife self;
};

// One connection. Frames of a batch are gathered and handed out together.
struct PeerConnection {
  explicit PeerConnection(ConnectionNumber n, bool is_dialed)
      : number(n), dialed(is_dialed), decoder(limits::kFrameBytesMaxBeforeHello) {}

  ConnectionNumber number;
  bool dialed;
  bool connected = false;     // of a dialed one; an accepted one always is
  bool up = false;            // both hellos are done
  NodeLife life;              // the other side; of a dialed one whom we expect there
  int64_t since_ns = 0;       // dialed or accepted
  int64_t heard_ns = 0;       // it connected, or anything came
  uint64_t queued_bytes = 0;  // not taken by the socket
  std::string preface;
  FrameDecoder decoder;
  std::string out;
};

// What the links tell their owner. Called inside Received and friends.
class PeerHandler {
 public:
  virtual ~PeerHandler() = default;
  virtual void OnUp(PeerConnection* peer) = 0;
  virtual void OnDown(const PeerConnection& peer) = 0;
  virtual void OnPeerFrame(PeerConnection* peer, const PeerFrame& frame) = 0;
  // Somebody has seen a newer document than this node may have.
  virtual void OnConfigVersion(uint64_t version) = 0;
};

// Pure; one thread. Keeps one dialed connection to each node in `wanted`, tried again every
// kPeerRetryMs; checks the hellos, so that a connection is bound to both incarnations.
class PeerLinks {
 public:
  PeerLinks(NodeIdentity identity, PeerHandler* handler)
      : identity_(std::move(identity)), handler_(handler) {}

  // First in every Step: where effects go until the next. What the last Step handed out is gone.
  void BeginStep(int64_t now_ns, ShardEffects* effects);

  // Which Step runs: bytes that its effects name are free in the next.
  uint64_t step() const { return step_; }

  // ---- events ----
  void OnAccepted(ConnectionNumber connection);
  void OnDialed(const Dialed& event);
  void OnReceived(const Received& event);
  void OnEnded(ConnectionNumber connection);
  void OnSendQueue(const SendQueue& event);
  bool Owns(ConnectionNumber connection) const { return connections_.count(connection) > 0; }

  // Whom to be connected to, with the addresses and lives of this document. Connections to lives
  // that are over are closed.
  void SetWanted(const std::set<std::string>& nodes, const v1::ConfigDocument& document);
  // Dials what is due.
  void Turn();
  int64_t deadline_ns() const;
  // Last in every Step: hands out what was gathered. The bytes stay valid until the next Step.
  void Flush();

  void Send(PeerConnection* peer, const v1::PeerMessage& message);
  // Once to each life.
  void SendToAll(const v1::PeerMessage& message);
  // At once: the entries are ring bytes, valid until the end of the Step only.
  void SendReplicate(PeerConnection* peer, const v1::Replicate& head, ByteSpan entries);
  void Close(ConnectionNumber connection);

  PeerConnection* Find(ConnectionNumber connection);
  // The dialed connection to that life, if it is up.
  PeerConnection* FindDialed(const std::string& node);
  // The node's host says that nothing listens at its address any more: the process is gone. True
  // until a connection to it succeeds or another life is known.
  bool IsGone(const NodeLife& life) const;
  // The document names a later life of that node.
  bool IsOver(const NodeLife& life) const;
  // Whether anything came from the node since, in whatever life, or its address took a connection.
  bool HeardFrom(const std::string& node, int64_t since_ns) const;
  // Whether a message of that process has come since. That its kernel takes connections says
  // nothing.
  bool HasSaid(const NodeLife& life, int64_t since_ns) const;
  // Closes the dialed connection to the node, if there is one: whether another comes about shows
  // whether somebody is there.
  void DialAnew(const std::string& node);

 private:
  struct Target {
    std::string address;
    NodeLife life;
    ConnectionNumber connection = 0;  // 0: none
    int64_t dial_at_ns = 0;
    bool refused = false;  // the last attempt
  };
  // Each returns what is wrong; empty: nothing.
  std::string Hear(PeerConnection* peer, ByteSpan bytes);
  std::string TakeHello(PeerConnection* peer, const v1::PeerMessage& message);
  std::string WrongWithHello(const PeerConnection& peer, const v1::PeerHello& hello) const;
  bool TakePreface(PeerConnection* peer, ByteSpan* bytes);
  void Refuse(ConnectionNumber connection, const std::string& why);
  void SendHello(PeerConnection* peer, const NodeLife& to);
  void EmitOut(PeerConnection* peer, ByteSpan body);
  void Forget(ConnectionNumber connection);
  void Dial(Target* target);

  NodeIdentity identity_;
  PeerHandler* handler_;
  uint64_t config_version_ = 0;
  std::map<ConnectionNumber, std::unique_ptr<PeerConnection>> connections_;
  std::map<std::string, Target> targets_;
  std::map<std::string, Incarnation> lives_;  // by the document
  std::map<std::string, int64_t> heard_ns_;   // on connections that are over
  ConnectionNumber next_number_ = kDialedConnections;
  int64_t now_ns_ = 0;
  uint64_t step_ = 0;
  ShardEffects* effects_ = nullptr;
  std::string last_refusal_;      // noted once, however often it is tried again
  std::deque<std::string> sent_;  // bytes that effects of this Step point into
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_PEER_LINKS_H_
