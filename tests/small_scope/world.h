// A cluster of production shards in which nothing happens by itself: every step is chosen.
#ifndef TESTS_SMALL_SCOPE_WORLD_H_
#define TESTS_SMALL_SCOPE_WORLD_H_

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/session/shard.h"
#include "tests/cluster_sim/journal_truth.h"
#include "tests/sim/report.h"
#include "tests/small_scope/digest.h"
#include "tests/small_scope/ring_region.h"
#include "tests/small_scope/scope.h"

namespace ringjournal::small_scope {

inline constexpr size_t kNodesMax = 3;
using RingRegions = std::array<RingRegion, kNodesMax>;

// Begins with a leader, n1, whose backups are all in sync and whose client's session is open. Each
// Step is followed by the end of its batch, and by the checks of JournalTruth. Connections between
// nodes are made at once; what is sent over them waits until a choice delivers it. One thread; the
// regions outlive it, and are its alone.
class World {
 public:
  World(const Scope& scope, RingRegions* rings, bool tracing);
  ~World();

  // What can happen now.
  void Choices(std::vector<Choice>* out) const;
  // In words; before it is applied.
  std::string Describe(const Choice& choice) const;
  void Apply(const Choice& choice);
  // Empty, or the first promise that was broken.
  const std::string& violation() const { return report_.violation(); }
  // Of everything that decides what can happen from here on and what the checks say of it.
  Digest Fingerprint() const;
  // No more faults, and a config store that works: everything sent must be acknowledged, and all
  // replicas be in sync and equal, within a bounded time; else a violation. Ends the world's use.
  void Heal();
  // Notes of the nodes since the last call; kept only if tracing.
  std::vector<std::string> TakeNotes() { return std::exchange(notes_, {}); }
  // How far along the world is, for people.
  std::string Summary() const;

 private:
  using Key = std::pair<uint32_t, ConnectionNumber>;  // the end of that node
  // A frame on its way.
  struct Message {
    std::string bytes;
    enum class Kind { kOther, kFollow, kFollowOk, kProbe, kProbeReply } kind = Kind::kOther;
    Digest digest;       // without what only counts attempts
    uint64_t nonce = 0;  // of a FOLLOW or its answer
    Epoch epoch;         // likewise
  };
  // What flows to one end of a connection.
  struct Wire {
    Key other;
    uint32_t from = 0;  // node
    Incarnation from_incarnation, to_incarnation;
    bool dialed = false;  // by this end
    std::deque<Message> messages;
    bool ended = false;
    // Of what was sent this way, so that repetitions without news are not sent.
    std::string partial;
    Digest last_ack;
    uint64_t last_commit = 0;
    uint64_t known_commit = 0;  // to who asked last by a FOLLOW
  };
  struct Node {
    uint64_t starts = 0;
    Incarnation incarnation;
    std::unique_ptr<Shard> shard;
    int64_t now_ns = 1'000'000'000;
    bool has_ring = false;
    uint64_t memory_life = 1;
    std::vector<std::pair<Incarnation, uint64_t>> lives;  // and the memory_life of each
    // Of the process that ended last.
    Digest remains;
    std::vector<ConfigRequest> asked;        // changes, not carried out
    std::vector<ConfigCompletion> outcomes;  // carried out, not told
    std::optional<uint64_t> read_token;
    std::vector<ShardEffects::Dial> dials;
  };
  struct LateRequest {
    uint32_t node = 0;
    ConfigRequest request;
  };
  struct Client {
    int node = -1;  // -1: none
    ConnectionNumber connection = 0;
    bool open = false;     // may append
    bool refused = false;  // an append was; the rest would be, too
    bool ended = false;
    std::string received;
    uint32_t offered = 0;  // appends begun, in any session
    uint32_t acked = 0;    // of them, in order
    uint32_t sent = 0;     // in this session
    uint32_t opens = 0;
  };
  class Storage;

  // world.cc
  void SetUp();
  void RunQuietly(int64_t ms);
  bool AddUrgent(std::vector<Choice>* out) const;
  void ApplyOne(const Choice& choice);
  void Step(uint32_t i, const ShardEvent& event);
  void Batch(uint32_t i);
  void StepAndBatch(uint32_t i, const ShardEvent& event);
  void Take(uint32_t i, const ShardEffects& effects);
  void Observe(uint32_t i);
  void Start(uint32_t i);
  void Crash(uint32_t i, bool lose_memory);
  const ReplicatedJournal* journal(uint32_t i) const;
  const Replica* replica(uint32_t i) const;
  bool alive(uint32_t i) const { return nodes_[i].shard != nullptr; }
  Time TimeOf(uint32_t i) const { return {nodes_[i].now_ns, kWallNs}; }
  static std::string NameOf(uint32_t i) { return "n" + std::to_string(i + 1); }

  // world_time.cc
  void Pass(uint32_t i, int skip);
  void PassLong(uint32_t i);
  void PassAsLeader(uint32_t i, int skip);
  void HeartbeatRound(uint32_t i, int skip);
  uint32_t SenderOf(const Key& key) const;
  bool IsQuiet(uint32_t a, uint32_t b) const;
  std::vector<uint32_t> HeardBy(uint32_t leader) const;
  bool MayAsk(uint32_t i) const;
  bool HasTimer(uint32_t i) const;
  bool BackupMayPass(uint32_t i) const;
  void AddLeaderPasses(uint32_t i, std::vector<Choice>* out) const;
  void AddPasses(uint32_t i, std::vector<Choice>* out) const;

  // world_ways.cc
  void AddArrivals(std::vector<Choice>* out) const;
  bool AddFlow(std::vector<Choice>* out) const;
  bool AddFlowTo(uint32_t i, std::vector<Choice>* out) const;
  bool IsStale(uint32_t i) const;
  bool IsHeld(uint32_t from, uint32_t to) const { return (held_ >> WayOf(from, to) & 1) != 0; }
  void Release(uint32_t from, uint32_t to) { held_ &= ~(uint32_t{1} << WayOf(from, to)); }
  void ForgetEmptyWays();
  bool IsForced(const std::vector<Choice>& choices) const;
  // The way from one node to another; from a node to itself: from the config store to it.
  static uint32_t WayOf(uint32_t from, uint32_t to) { return from * kNodesMax + to; }

  // world_links.cc
  void Send(uint32_t i, ConnectionNumber connection, const std::string& bytes);
  void Enqueue(Wire* to, std::string frame);
  bool IsNews(Wire* to, const PeerFrame& frame, const Message& message) const;
  bool IsBeat(const Wire& to) const;
  void Connect(uint32_t from, const ShardEffects::Dial& dial);
  void ConnectAll();
  void Cut(uint32_t i, ConnectionNumber connection);
  void Deliver(const Key& key);
  void DeliverHello(const Key& key);
  void DeliverSome(const Key& key);
  void Settle();
  std::vector<Key> WiresTo(uint32_t i) const;
  size_t QuestionsOf(uint32_t i) const;

  // world_store.cc
  void TakeRequest(uint32_t i, const ConfigRequest& request);
  bool Serve(const ConfigRequest& request, ConfigCompletion* done);
  void SetDocument(v1::ConfigDocument next);
  void Execute(uint32_t i, size_t position);
  void Answer(uint32_t i, const ConfigCompletion& done);
  void AnswerUnknown(uint32_t i, size_t position);
  void ExecuteLate(size_t number);
  void Learn(uint32_t i);
  void ForgetDeadRequests();
  bool IsChange(const ConfigRequest& request) const;
  static Digest DigestOf(v1::ConfigDocument document);

  // world_client.cc
  void OpenClient(uint32_t i);
  void Append();
  void TakeClient(const std::string& bytes);
  void TakeReply(const v1::ServerMessage& message);
  void TakeAck(const v1::AppendReply& reply, const v1::AppendResult& result);
  bool MayOpen(uint32_t i) const;
  bool MayAppend() const;
  void EndClient();

  // world_heal.cc
  void HealRound();
  bool Healed() const;

  // fingerprint.cc
  void PutNode(uint32_t i, Hasher* out) const;
  void PutWires(uint32_t i, Hasher* out) const;
  uint64_t NumberOf(uint32_t i, ConnectionNumber connection) const;
  uint64_t NonceOf(uint32_t i, Epoch epoch) const;
  void PutReplica(uint32_t i, Hasher* out) const;
  void PutJournal(uint32_t i, Hasher* out) const;
  void PutLeader(uint32_t i, Hasher* out) const;
  void PutBackup(uint32_t i, Hasher* out) const;
  void PutLinks(uint32_t i, Hasher* out) const;

  static constexpr int64_t kWallNs = 1'700'000'000'000'000'000;
  static constexpr char kJournal[] = "ledger";

  Scope scope_;
  RingRegions* rings_;
  sim::Report report_;
  JournalId id_;
  v1::ConfigDocument document_;
  std::map<uint64_t, Digest> digests_;  // of all versions
  std::unique_ptr<cluster_sim::JournalTruth> truth_;
  std::vector<Node> nodes_;
  std::map<Key, Wire> wires_;
  std::vector<LateRequest> late_;
  Client client_;
  uint64_t committed_seen_ = 0;
  uint64_t committed_chain_ = 0;
  uint32_t crashes_ = 0, changes_ = 0, unknowns_ = 0;
  uint32_t delays_ = 0;  // ways that have begun to hold back
  uint32_t held_ = 0;    // ways that hold back, by WayOf
  bool counts_ = false;  // the start is over: budgets count
  // What has no news goes on no wire, but for all of it in quiet times and what the leader of a
  // round and those that it hears say to each other.
  bool all_beats_ = true;
  int beat_leader_ = -1;
  std::vector<uint32_t> heard_;
  std::deque<std::pair<Key, std::string>> beats_;
  ConnectionNumber next_connection_ = 1;
  std::vector<std::string> notes_;
};

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_WORLD_H_
