// A shard with everything around it, for tests: disk, rings and config store answer when told to.
#ifndef SERVER_SESSION_TEST_SERVER_H_
#define SERVER_SESSION_TEST_SERVER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/checkpoint/test_disk.h"
#include "journal/ring/test_memory.h"
#include "server/config_store/document_edits.h"
#include "server/session/test_shard.h"

namespace ringjournal {

// Journals are created by requests, as clients do. One connection is one number; what each was sent
// is kept as messages.
class TestServer {
 public:
  TestServer() : shard_(Options()) {}

  // ---- a client ----
  // Connects and greets.
  void Connect(ConnectionNumber c) {
    Step(Accepted{c});
    Send(c, std::string(kPreface) + HelloFrame());
  }
  void Send(ConnectionNumber c, const std::string& bytes) { Step(Received{c, AsBytes(bytes)}); }
  void Send(ConnectionNumber c, const v1::ClientMessage& message) { Send(c, FrameOf(message)); }
  // Creates "ledger" with a small ring and opens it with a producer of that name.
  void Open(ConnectionNumber c, const std::string& producer) {
    Connect(c);
    v1::ClientMessage create;
    create.mutable_journal_create()->set_name("ledger");
    *create.mutable_journal_create()->mutable_settings() = settings;
    Send(c, create);
    Settle();
    Send(c, OpenFrame(producer));
    Settle();
    Take(c);
  }
  void Append(ConnectionNumber c, uint64_t sequence, size_t bytes, v1::Level level) {
    v1::ClientMessage m = AppendOf(sequence, 1, level);
    m.mutable_append()->mutable_transactions(0)->set_payload(std::string(bytes, 'x'));
    Send(c, m);
  }
  // What the connection was sent since the last call.
  std::vector<v1::ServerMessage> Take(ConnectionNumber c) {
    std::vector<v1::ServerMessage> messages;
    FrameDecoder decoder(limits::kFrameBytesMax + limits::kReadChunkBytes);
    std::string bytes = std::exchange(sent_[c], "");
    ByteSpan rest = AsBytes(bytes), frame;
    while (decoder.Next(&rest, &frame) == FrameDecoder::Result::kFrame) {
      messages.emplace_back().ParseFromArray(frame.data(), static_cast<int>(frame.size()));
    }
    return messages;
  }
  // The last message; a default one if there is none.
  v1::ServerMessage TakeLast(ConnectionNumber c) {
    std::vector<v1::ServerMessage> messages = Take(c);
    return messages.empty() ? v1::ServerMessage() : messages.back();
  }

  // ---- the server ----
  void Step(const ShardEvent& event) {
    effects_.Clear();
    shard_.Step(event, now, &effects_);
    Carry();
  }
  void EndBatch() { Step(EndOfBatch{}); }
  void Advance(int64_t ms) {
    now.monotonic_ns += ms * 1'000'000;
    now.wall_ns += ms * 1'000'000;
  }
  // Batches and answers until nothing is left to answer.
  void Settle() {
    do EndBatch();
    while (AnswerOne());
  }
  // Lets time pass to the shard's own deadlines, at most so far.
  void SettleFor(int64_t ms) {
    int64_t until = now.monotonic_ns + ms * 1'000'000;
    Settle();
    while (shard_.deadline_ns() <= until) {
      int64_t step = std::max<int64_t>(shard_.deadline_ns() - now.monotonic_ns, 1'000'000);
      now.monotonic_ns += step;
      now.wall_ns += step;
      Settle();
    }
  }
  // False: nothing waits.
  bool AnswerOne() {
    if (!rings_.empty()) {
      RingAnswer answer = std::move(rings_.front());
      rings_.erase(rings_.begin());
      Step(answer);
      return true;
    }
    if (!configs_.empty()) {
      ConfigAnswer answer{std::move(configs_.front())};
      configs_.erase(configs_.begin());
      Step(answer);
      return true;
    }
    if (hold_disk || disk.pending().empty()) return false;
    JournalNumber journal = storage_journals_.front();
    storage_journals_.erase(storage_journals_.begin());
    Step(StorageAnswer{journal, disk.CompleteOne()});
    return true;
  }

  const Shard& shard() const { return shard_; }
  const Replica& replica() const { return *shard_.journals()[0]->replica; }
  bool is_closed(ConnectionNumber c) const { return closed_.count(c) > 0; }
  bool is_paused(ConnectionNumber c) const { return paused_.count(c) > 0 && paused_.at(c); }
  size_t discards() const { return discards_; }
  // As it stands in the store.
  const v1::JournalConfig& config() const { return document_.journals(0); }

  v1::JournalSettings settings = [] {
    v1::JournalSettings s;
    s.set_ring_bytes(limits::kRingBytesMin);
    s.set_segment_bytes(limits::kSegmentBytesMin);
    s.set_producers_max(8);
    return s;
  }();
  TestDisk disk;
  bool hold_disk = false;       // nothing is answered
  std::string ring_error;       // what making a ring answers
  uint32_t ring_producers = 8;  // that rings are made for
  uint64_t conflicts = 0;       // so many changes of the config meet another one
  Time now{1'000'000'000, 1'700'000'000'000'000'000};
  std::string fatal;

 private:
  static v1::ConfigDocument Registered() {
    v1::ConfigDocument document = NewDocument("0123456789abcdef");
    RJ_CHECK(RegisterNode(&document, {"node1", "node1.example:7000", "nonce"}).ok());
    return document;
  }
  static ShardOptions Options() {
    ShardOptions options;
    options.node = "node1";
    options.incarnation = Incarnation(1);
    options.document = Registered();
    return options;
  }
  void Carry() {
    for (const auto& s : effects_.sends)
      sent_[s.connection].append(AsView(s.head)).append(AsView(s.body));
    for (ConnectionNumber c : effects_.closes) closed_[c] = true;
    for (ConnectionNumber c : effects_.pauses) paused_[c] = true;
    for (ConnectionNumber c : effects_.resumes) paused_[c] = false;
    for (ShardEffects::Storage& s : effects_.storage) {
      std::vector<StorageOp> one;
      if (s.op.kind != StorageOp::Kind::kClose) storage_journals_.push_back(s.journal);
      one.push_back(std::move(s.op));
      disk.Take(&one);
    }
    for (ConfigRequest& request : effects_.config) configs_.push_back(Apply(std::move(request)));
    for (const ShardEffects::RingWanted& wanted : effects_.rings) MakeRing(wanted);
    discards_ += effects_.discards.size();
    if (!effects_.fatal.empty()) fatal = effects_.fatal;
  }
  ConfigCompletion Apply(ConfigRequest request) {
    ConfigCompletion done;
    done.token = request.token;
    done.kind = request.kind;
    if (conflicts > 0) {
      --conflicts;
      document_.set_version(document_.version() + 1);  // somebody else's change
    }
    bool fits = request.expected_version == document_.version();
    if (fits) {
      document_ = std::move(request.document);
      document_.set_version(request.expected_version + 1);
    }
    done.outcome = fits ? ConfigOutcome::kOk : ConfigOutcome::kConflict;
    done.document = document_;
    return done;
  }
  void MakeRing(const ShardEffects::RingWanted& wanted) {
    RingAnswer answer;
    answer.journal = wanted.journal;
    answer.error = ring_error;
    if (ring_error.empty()) {
      memories_.push_back(std::make_unique<TestRingMemory>(wanted.data_bytes, ring_producers));
      RJ_CHECK(memories_.back()->memory().head_bytes == wanted.head_bytes);
      answer.memory = memories_.back()->memory();
    }
    rings_.push_back(std::move(answer));
  }

  v1::ConfigDocument document_ = Registered();
  std::vector<std::unique_ptr<TestRingMemory>> memories_;  // outlive the shard's rings
  Shard shard_;
  ShardEffects effects_;
  std::map<ConnectionNumber, std::string> sent_;
  std::map<ConnectionNumber, bool> closed_, paused_;
  std::vector<JournalNumber> storage_journals_;
  std::vector<RingAnswer> rings_;
  std::vector<ConfigCompletion> configs_;
  size_t discards_ = 0;
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_TEST_SERVER_H_
