// Several shards with everything around them, for tests: a network and a config store that answer
// at once, nodes that die and come back with or without their memory.
#ifndef SERVER_SESSION_TEST_CLUSTER_H_
#define SERVER_SESSION_TEST_CLUSTER_H_

#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "journal/checkpoint/test_disk.h"
#include "journal/ring/test_memory.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/document_edits.h"
#include "server/session/test_shard.h"

namespace ringjournal {

// Nodes n1, n2, n3 with one journal, "ledger". Time moves by Run only.
class TestCluster {
 public:
  static constexpr char kJournal[] = "ledger";

  explicit TestCluster(size_t nodes, bool memory_only = true, uint32_t min_isr = 1,
                       bool fenced = false)
      : document_(NewDocument(kClusterId)) {
    for (size_t i = 0; i < nodes; ++i) nodes_.push_back(std::make_unique<Node>());
    for (size_t i = 0; i < nodes; ++i) Register(i);
    JournalSpec spec;
    JournalId::FromView("0123456789ledger", &spec.id);
    spec.name = kJournal;
    for (size_t i = 0; i < nodes; ++i) spec.members.push_back(NameOf(i));
    spec.min_isr = min_isr;
    spec.settings.set_ring_bytes(limits::kRingBytesMin);
    spec.settings.set_segment_bytes(limits::kSegmentBytesMin);
    spec.settings.set_producers_max(8);
    spec.settings.set_memory_only(memory_only);
    spec.settings.set_fenced(fenced);
    RJ_CHECK(CreateJournal(&document_, spec).ok());
    for (size_t i = 0; i < nodes; ++i) StartShard(i);
  }

  // ---- nodes ----
  // The process is gone; its memory stays.
  void Kill(size_t i) {
    Node* node = nodes_[i].get();
    node->shard.reset();
    node->disk = TestDisk();
    node->storage_journals.clear();
    std::vector<ConnectionNumber> ends;
    for (auto& [key, wire] : wires_) {
      if (key.first == i) ends.push_back(key.second);
    }
    for (ConnectionNumber c : ends) Cut(i, c);
  }
  // A new process, with what is left of the ring. `intact`: false loses it.
  void Start(size_t i, bool intact) {
    Register(i);
    Node* node = nodes_[i].get();
    if (!intact) node->memory.reset();
    StartShard(i);
    AddFromMemory(i);
  }
  // Bytes between nodes take so many milliseconds.
  void Delay(int64_t ms) { delay_ms_ = ms; }
  // Another process takes the node's name; this one goes on for now.
  void Replace(size_t i) {
    Register(i);
    nodes_[i]->replaced = true;
  }
  // No byte passes between the two until Heal; connections stay.
  void Silence(size_t a, size_t b) { silent_.push_back({a, b}); }
  void Heal() { silent_.clear(); }
  // The sockets from one node to another have not taken so many bytes of what they were given.
  void Queue(size_t from, size_t to, uint64_t bytes) {
    std::vector<ConnectionNumber> wires;
    for (const auto& [key, wire] : wires_) {
      if (key.first == from && wire.other.first == to) wires.push_back(key.second);
    }
    for (ConnectionNumber c : wires) Step(from, SendQueue{c, bytes});
  }
  // Changes what one node sends to another, as it pleases.
  std::function<void(size_t from, size_t to, std::string* bytes)> tamper;
  std::map<std::pair<size_t, size_t>, int> dialed;  // connections between peers, so far

  // ---- the config store ----
  // The next change of the document is not answered with what became of it. `applied`: it was made.
  void MakeNextChangeUnknown(bool applied) { unknown_applied_ = applied; }
  // Nothing is answered until Answer, or to one node only; reads and changes wait.
  void HoldAnswers() { holds_answers_ = true; }
  void Answer() { holds_answers_ = false; }
  // The store's watch tells that node the document.
  void Tell(size_t i) { Step(i, ConfigHint{document_}); }
  void AnswerOnly(size_t i) { answered_only_ = i; }

  // ---- time ----
  // Lets everything happen that is due within so many milliseconds.
  void Run(int64_t ms) {
    for (int64_t until = now_.monotonic_ns + ms * 1'000'000; now_.monotonic_ns < until;) {
      now_.monotonic_ns += 1'000'000;
      now_.wall_ns += 1'000'000;
      do Turn();
      while (Deliver());
    }
  }

  // ---- a client ----
  // Connects to node i and opens the journal. Returns the connection; look at Take for the answer.
  ConnectionNumber Open(size_t i, const std::string& producer) {
    ConnectionNumber c = next_connection_++;
    Step(i, Accepted{c});
    Send(i, c, std::string(kPreface) + HelloFrame() + OpenFrame(producer));
    return c;
  }
  // Connects and says hello, which is answered.
  ConnectionNumber Connect(size_t i) {
    ConnectionNumber c = next_connection_++;
    Step(i, Accepted{c});
    Send(i, c, std::string(kPreface) + HelloFrame());
    Step(i, EndOfBatch{});
    Take(c);
    return c;
  }
  // Connects, opens the journal and is answered; the answers are taken.
  ConnectionNumber OpenReady(size_t i, const std::string& producer) {
    ConnectionNumber c = Open(i, producer);
    Run(5);
    Take(c);
    return c;
  }
  void Send(size_t i, ConnectionNumber c, const std::string& bytes) {
    Step(i, Received{c, AsBytes(bytes)});
  }
  void Append(size_t i, ConnectionNumber c, uint64_t sequence,
              v1::Level level = v1::LEVEL_REPLICATED) {
    Send(i, c, FrameOf(AppendOf(sequence, 1, level)));
  }
  // Without the heartbeats to those who wait for an answer.
  std::vector<v1::ServerMessage> Take(ConnectionNumber c) {
    std::vector<v1::ServerMessage> messages;
    FrameDecoder decoder(limits::kFrameBytesMax + limits::kReadChunkBytes);
    std::string bytes = std::exchange(sent_[c], "");
    ByteSpan rest = AsBytes(bytes), frame;
    while (decoder.Next(&rest, &frame) == FrameDecoder::Result::kFrame) {
      messages.emplace_back().ParseFromArray(frame.data(), static_cast<int>(frame.size()));
      if (!messages.back().has_heartbeat()) continue;
      ++heartbeats_[c];
      messages.pop_back();
    }
    return messages;
  }
  size_t heartbeats(ConnectionNumber c) { return heartbeats_[c]; }
  // Connects to node i and asks for something about the journal; look at Take for the answer.
  ConnectionNumber Ask(size_t i, const v1::ClientMessage& request) {
    ConnectionNumber c = next_connection_++;
    Step(i, Accepted{c});
    Send(i, c, std::string(kPreface) + HelloFrame() + FrameOf(request));
    return c;
  }
  // The client is gone.
  void Disconnect(size_t i, ConnectionNumber c) { Step(i, ReceiveEnded{c, 0}); }
  void Drain(size_t i) { Step(i, DrainRequested{}); }
  bool drained(size_t i) const { return nodes_[i]->shard->drained(); }
  uint64_t TakeAcked(ConnectionNumber c) {
    uint64_t acked = 0;
    for (const v1::ServerMessage& m : Take(c)) {
      for (const v1::AppendResult& result : m.append_reply().results()) acked += result.count();
    }
    return acked;
  }

  // ---- what is visible ----
  bool alive(size_t i) const { return nodes_[i]->shard != nullptr; }
  const Shard& shard(size_t i) const { return *nodes_[i]->shard; }
  const Replica* replica(size_t i) const {
    for (const auto& journal : nodes_[i]->shard->journals()) {
      if (journal != nullptr) return journal->replica.get();
    }
    return nullptr;
  }
  const v1::JournalConfig& config() const { return document_.journals(0); }
  v1::ConfigDocument* document() { return &document_; }
  // Position of the node that serves the journal; -1: none does.
  int leader() const {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!alive(i)) continue;
      for (const auto& [id, journal] : nodes_[i]->shard->cluster()->journals()) {
        if (journal->serving()) return static_cast<int>(i);
      }
    }
    return -1;
  }
  static std::string NameOf(size_t i) { return "n" + std::to_string(i + 1); }
  // The members and the isr, as "n1 n2".
  std::string Members() const { return absl::StrJoin(config().members(), " "); }
  std::string Isr() const {
    return absl::StrJoin(config().isr(), " ",
                         [](std::string* out, const v1::ReplicaId& id) { out->append(id.node()); });
  }
  // Why a node that Replace has cheated wants to stop; empty: it does not.
  const std::string& fatal(size_t i) const { return nodes_[i]->fatal; }
  bool is_closed(ConnectionNumber c) const { return closed_.count(c) > 0; }
  bool is_paused(ConnectionNumber c) const { return paused_.count(c) > 0 && paused_.at(c); }
  std::vector<std::string> notes;
  uint64_t ring_bytes_total_max =
      limits::kRingBytesTotalDefault;  // of nodes that start from now on

 private:
  static constexpr std::string_view kClusterId = "0123456789abcdef";
  struct Node {
    uint64_t starts = 0;
    Incarnation incarnation;
    bool replaced = false;
    std::string fatal;
    std::unique_ptr<TestRingMemory> memory;  // of its only journal
    std::unique_ptr<Shard> shard;
    TestDisk disk;
    std::vector<JournalNumber> storage_journals;
  };
  using Key = std::pair<size_t, ConnectionNumber>;
  struct Wire {
    Key other;
    std::deque<std::pair<int64_t, std::string>> bytes;  // to the owner of the key, and when
    bool ended = false;
  };

  void Register(size_t i) {
    Node* node = nodes_[i].get();
    auto incarnation = RegisterNode(
        &document_, {NameOf(i), NameOf(i), NameOf(i) + " start " + std::to_string(++node->starts)});
    RJ_CHECK(incarnation.ok());
    node->incarnation = *incarnation;
    document_.set_version(document_.version() + 1);
  }
  void StartShard(size_t i) {
    ShardOptions options;
    options.node = NameOf(i);
    options.incarnation = nodes_[i]->incarnation;
    options.document = document_;
    options.cluster = true;
    options.ring_bytes_total_max = ring_bytes_total_max;
    options.random_seed = i + 1;
    nodes_[i]->shard = std::make_unique<Shard>(std::move(options));
  }
  // What an intact ring holds.
  void AddFromMemory(size_t i);

  void Turn() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (alive(i)) Step(i, EndOfBatch{});
    }
  }
  void Step(size_t i, const ShardEvent& event) {
    Node* node = nodes_[i].get();
    if (node->shard == nullptr) return;
    ShardEffects effects;
    node->shard->Step(event, now_, &effects);
    for (const std::string& note : effects.notes) notes.push_back(NameOf(i) + ": " + note);
    RJ_CHECK(effects.fatal.empty() || node->replaced);  // nothing here fails
    if (!effects.fatal.empty()) node->fatal = effects.fatal;
    for (const auto& s : effects.sends) {
      std::string bytes = std::string(AsView(s.head)) + std::string(AsView(s.body));
      auto wire = wires_.find({i, s.connection});
      if (wire == wires_.end()) {
        sent_[s.connection] += bytes;
      } else {
        auto other = wires_.find(wire->second.other);
        if (tamper) tamper(i, wire->second.other.first, &bytes);
        int64_t at = now_.monotonic_ns + delay_ms_ * 1'000'000;
        if (other != wires_.end()) other->second.bytes.push_back({at, bytes});
      }
    }
    for (ConnectionNumber c : effects.pauses) paused_[c] = true;
    for (ConnectionNumber c : effects.resumes) paused_[c] = false;
    for (ConnectionNumber c : effects.closes) {
      closed_.insert(c);
      Cut(i, c);
    }
    for (const ShardEffects::Dial& dial : effects.dials) dials_.push_back({i, dial});
    for (ShardEffects::Storage& s : effects.storage) {
      std::vector<StorageOp> one;
      if (s.op.kind != StorageOp::Kind::kClose) node->storage_journals.push_back(s.journal);
      one.push_back(std::move(s.op));
      node->disk.Take(&one);
    }
    for (ConfigRequest& request : effects.config) answers_.push_back({i, Serve(request)});
    for (const ShardEffects::RingWanted& wanted : effects.rings) {
      if (wanted.anew) node->disk = TestDisk();
      node->memory = std::make_unique<TestRingMemory>(wanted.data_bytes, 8);
      rings_.push_back({i, RingAnswer{wanted.journal, node->memory->memory(), ""}});
    }
  }
  ConfigCompletion Serve(const ConfigRequest& request);
  // Ends a connection on both sides.
  void Cut(size_t i, ConnectionNumber c) {
    auto wire = wires_.find({i, c});
    if (wire == wires_.end()) return;
    auto other = wires_.find(wire->second.other);
    if (other != wires_.end()) other->second.ended = true;
    wires_.erase(wire);
  }
  bool IsSilent(size_t a, size_t b) const {
    for (const auto& [x, y] : silent_) {
      if ((x == a && y == b) || (x == b && y == a)) return true;
    }
    return false;
  }
  void Connect(size_t from, const ShardEffects::Dial& dial) {
    size_t to = static_cast<size_t>(dial.address[1] - '1');
    if (!alive(to)) return Step(from, Dialed{dial.connection, ECONNREFUSED});
    if (IsSilent(from, to)) return;  // never answered
    ConnectionNumber at_peer = next_connection_++;
    ++dialed[{from, to}];
    wires_[{from, dial.connection}].other = {to, at_peer};
    wires_[{to, at_peer}].other = {from, dial.connection};
    Step(to, PeerAccepted{at_peer});
    Step(from, Dialed{dial.connection, 0});
  }
  // One round of everything that is on its way. False: there was nothing.
  bool Deliver() {
    bool any = false;
    for (auto& [i, dial] : std::exchange(dials_, {})) {
      any = true;
      Connect(i, dial);
    }
    for (auto& [i, answer] : std::exchange(answers_, {})) {
      const bool held = holds_answers_ && answered_only_ != i;
      any = any || !held;
      held ? answers_.push_back({i, answer}) : Step(i, ConfigAnswer{answer});
    }
    for (auto& [i, answer] : std::exchange(rings_, {})) {
      any = true;
      Step(i, answer);
    }
    for (size_t i = 0; i < nodes_.size(); ++i) {
      Node* node = nodes_[i].get();
      while (alive(i) && !node->disk.pending().empty()) {
        any = true;
        JournalNumber journal = node->storage_journals.front();
        node->storage_journals.erase(node->storage_journals.begin());
        Step(i, StorageAnswer{journal, node->disk.CompleteOne()});
      }
    }
    std::vector<Key> keys;
    for (auto& [key, wire] : wires_) keys.push_back(key);
    for (const Key& key : keys) any = DeliverTo(key) || any;
    return any;
  }
  bool DeliverTo(const Key& key) {
    auto wire = wires_.find(key);
    if (wire == wires_.end() || IsSilent(key.first, wire->second.other.first)) return false;
    if (!wire->second.bytes.empty()) {
      if (wire->second.bytes.front().first > now_.monotonic_ns) return false;
      std::string bytes = std::move(wire->second.bytes.front().second);
      wire->second.bytes.pop_front();
      Step(key.first, Received{key.second, AsBytes(bytes)});
      return true;
    }
    if (!wire->second.ended) return false;
    wires_.erase(wire);
    Step(key.first, ReceiveEnded{key.second, 0});
    return true;
  }

  v1::ConfigDocument document_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Time now_{1'000'000'000, 1'700'000'000'000'000'000};
  std::map<Key, Wire> wires_;
  std::vector<std::pair<size_t, ShardEffects::Dial>> dials_;
  std::vector<std::pair<size_t, ConfigCompletion>> answers_;
  std::vector<std::pair<size_t, RingAnswer>> rings_;
  std::vector<std::pair<size_t, size_t>> silent_;
  int64_t delay_ms_ = 0;
  std::optional<bool> unknown_applied_;
  bool holds_answers_ = false;
  std::optional<size_t> answered_only_;
  std::map<ConnectionNumber, std::string> sent_;
  std::map<ConnectionNumber, size_t> heartbeats_;
  std::map<ConnectionNumber, bool> paused_;
  std::set<ConnectionNumber> closed_;
  ConnectionNumber next_connection_ = 1;
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_TEST_CLUSTER_H_
