// A shard with one journal on test memory and a disk that answers at once; for tests.
#ifndef SERVER_SESSION_TEST_SHARD_H_
#define SERVER_SESSION_TEST_SHARD_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/format/frame.h"
#include "journal/ring/test_memory.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {

// Frames of a client, as the generated code writes them.
inline std::string FrameOf(const v1::ClientMessage& message) {
  std::string frame;
  AppendFrame(message.SerializeAsString(), &frame);
  return frame;
}

inline std::string HelloFrame() {
  v1::ClientMessage m;
  m.mutable_hello()->set_protocol_min(1);
  m.mutable_hello()->set_protocol_max(1);
  return FrameOf(m);
}

inline std::string OpenFrame(const std::string& producer) {
  v1::ClientMessage m;
  m.mutable_open()->set_journal("ledger");
  m.mutable_open()->set_producer(producer);
  return FrameOf(m);
}

inline v1::ClientMessage AppendOf(uint64_t first_sequence, int count, v1::Level level) {
  v1::ClientMessage m;
  m.mutable_append()->set_request_id(first_sequence);
  m.mutable_append()->set_first_sequence(first_sequence);
  m.mutable_append()->set_level(level);
  for (int i = 0; i < count; ++i) {
    m.mutable_append()->add_transactions()->set_payload(std::string(128, 'x'));
  }
  return m;
}

class TestShard {
 public:
  TestShard() : memory_(1 << 20, kProducers), shard_(Options()) {
    v1::JournalConfig config;
    config.set_name("ledger");
    config.set_id(std::string(16, 'j'));
    config.set_generation(1);
    config.set_epoch(1);
    ReplicaOptions options;
    JournalId::FromView(config.id(), &options.id);
    options.epoch = {1, 1};
    options.incarnation = Incarnation(1);
    options.settings.set_ring_bytes(1 << 20);
    options.settings.set_producers_max(kProducers);
    options.settings = WithDefaults(options.settings);
    v1::StateSnapshot state;
    DerivedState derived;
    derived.WriteTo(&state);
    RingIdentityValues identity{options.id, {}, 1, kProducers};
    Ring ring = Ring::Create(memory_.memory(), identity, state, Incarnation(1));
    RingPlace start = ring.end();
    auto replica = std::make_unique<Replica>(options, std::move(ring), std::move(derived), start,
                                             state, SegmentCatalog());
    replica->LeaderStart(now_);
    shard_.AddJournal(config, std::move(replica));
    EndBatch();
  }

  void Accept(ConnectionNumber c) { shard_.Step(Accepted{c}, now_, &effects_); }
  void Receive(ConnectionNumber c, std::string_view bytes) {
    shard_.Step(Received{c, AsBytes(bytes)}, now_, &effects_);
  }
  // Closes the batch, answers the disk until it is silent, and keeps what was sent.
  void EndBatch() {
    now_.monotonic_ns += 1000 * 1000;
    now_.wall_ns += 1000 * 1000;
    do {
      shard_.Step(EndOfBatch{}, now_, &effects_);
      for (const ShardEffects::Send& send : effects_.sends) {
        if (send.connection != watched) continue;
        sent.append(AsView(send.head)).append(AsView(send.body));
      }
      for (ConnectionNumber c : effects_.closes) closed.push_back(c);
    } while (AnswerStorage());
  }
  // The messages that the watched connection was sent, and forgets them.
  std::vector<v1::ServerMessage> TakeMessages() {
    std::vector<v1::ServerMessage> messages;
    FrameDecoder decoder(limits::kFrameBytesMax);
    ByteSpan bytes = AsBytes(sent), frame;
    while (decoder.Next(&bytes, &frame) == FrameDecoder::Result::kFrame) {
      messages.emplace_back().ParseFromArray(frame.data(), static_cast<int>(frame.size()));
    }
    sent.clear();
    return messages;
  }

  const Replica& replica() const { return *shard_.journals()[0]->replica; }
  bool IsClosed(ConnectionNumber c) const {
    for (ConnectionNumber other : closed) {
      if (other == c) return true;
    }
    return false;
  }

  ConnectionNumber watched = 1;
  std::string sent;
  std::vector<ConnectionNumber> closed;

 private:
  static constexpr uint32_t kProducers = 8;
  static ShardOptions Options() {
    ShardOptions options;
    options.node = "node1";
    options.incarnation = Incarnation(1);
    return options;
  }
  // True if there was something to answer.
  bool AnswerStorage() {
    storage_.swap(effects_.storage);
    effects_.Clear();
    for (const ShardEffects::Storage& s : storage_) {
      int64_t result = s.op.kind == StorageOp::Kind::kWrite
                           ? static_cast<int64_t>(s.op.data.size())
                           : (s.op.kind == StorageOp::Kind::kOpenSegment ? 7 : 0);
      if (s.op.kind == StorageOp::Kind::kClose) continue;
      shard_.Step(StorageAnswer{s.journal, {s.op.token, result}}, now_, &effects_);
    }
    bool any = !storage_.empty();
    storage_.clear();
    return any;
  }

  Time now_{1000000, 1700000000000000000};
  TestRingMemory memory_;
  Shard shard_;
  ShardEffects effects_;
  std::vector<ShardEffects::Storage> storage_;
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_TEST_SHARD_H_
