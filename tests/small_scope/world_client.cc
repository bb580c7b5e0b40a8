// One client that appends, in sessions with one node after the other.
#include "absl/strings/str_cat.h"
#include "client/transaction_run.h"
#include "journal/base/check.h"
#include "journal/format/frame.h"
#include "tests/sim/payload_ledger.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {
namespace {

constexpr char kProducer[] = "p";
constexpr uint32_t kClientNumber = 1;
constexpr size_t kPayloadBytes = 24;

std::string PayloadOf(uint64_t sequence) {
  return sim::PayloadLedger::MakePayload(kClientNumber, sequence, kPayloadBytes);
}

std::string FrameOf(const v1::ClientMessage& message) {
  std::string frame;
  AppendFrame(message.SerializeAsString(), &frame);
  return frame;
}

}  // namespace

void World::EndClient() {
  client_.node = -1;
  client_.open = false;
  client_.refused = false;
  client_.received.clear();
}

bool World::MayOpen(uint32_t i) const {
  if (client_.opens >= scope_.opens || client_.node == static_cast<int>(i)) return false;
  // Before its epoch has begun, too: the opening is an entry behind the epoch start then.
  return client_.acked < scope_.entries && (journal(i)->serving() || replica(i)->leads());
}

bool World::MayAppend() const {
  return client_.node >= 0 && client_.open && !client_.refused && client_.sent < scope_.entries;
}

void World::OpenClient(uint32_t i) {
  EndClient();
  client_.node = static_cast<int>(i);
  client_.connection = next_connection_++;
  client_.sent = client_.acked;  // a retry of what was not answered comes first
  Step(i, Accepted{client_.connection});
  v1::ClientMessage hello, open;
  hello.mutable_hello()->set_protocol_min(1);
  hello.mutable_hello()->set_protocol_max(1);
  open.mutable_open()->set_journal(kJournal);
  open.mutable_open()->set_producer(kProducer);
  std::string bytes = std::string(kPreface) + FrameOf(hello) + FrameOf(open);
  StepAndBatch(i, Received{client_.connection, AsBytes(bytes)});
}

void World::Append() {
  uint64_t sequence = ++client_.sent;
  client_.offered = std::max(client_.offered, client_.sent);
  v1::ClientMessage m;
  m.mutable_append()->set_request_id(sequence);
  m.mutable_append()->set_first_sequence(sequence);
  m.mutable_append()->set_level(v1::LEVEL_REPLICATED);
  m.mutable_append()->add_transactions()->set_payload(PayloadOf(sequence));
  StepAndBatch(static_cast<uint32_t>(client_.node),
               Received{client_.connection, AsBytes(FrameOf(m))});
}

void World::TakeClient(const std::string& bytes) {
  client_.received += bytes;
  FrameDecoder decoder(limits::kFrameBytesMax);
  std::string received = std::exchange(client_.received, "");
  ByteSpan rest = AsBytes(received), frame;
  while (decoder.Next(&rest, &frame) == FrameDecoder::Result::kFrame) {
    v1::ServerMessage message;
    RJ_CHECK(message.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
    TakeReply(message);
  }
}

void World::TakeReply(const v1::ServerMessage& message) {
  if (message.has_open_reply()) client_.open = true;
  if (message.has_error()) {
    if (report_.tracing()) notes_.push_back("client: refused: " + message.error().message());
    client_.refused = true;
  }
  for (const v1::AppendResult& result : message.append_reply().results()) {
    TakeAck(message.append_reply(), result);
  }
}

void World::TakeAck(const v1::AppendReply& reply, const v1::AppendResult& result) {
  if (result.request_id() != client_.acked + 1) {
    return report_.Violation("append ", result.request_id(), " is acknowledged, ", client_.acked,
                             " were before");
  }
  ++client_.acked;
  client::AppendReceipt receipt;
  receipt.first_lsn = Lsn(result.first_lsn());
  receipt.count = result.count();
  receipt.index = Index(result.index());
  receipt.chain = result.chain();
  receipt.epoch = {reply.generation(), reply.epoch()};
  receipt.level = static_cast<client::Level>(result.level());
  receipt.memory_copies = result.memory_copies();
  receipt.disk_copies = result.disk_copies();
  receipt.duplicate = result.duplicate();
  if (receipt.level < client::Level::kReplicated) {
    return report_.Violation("I14: append ", result.request_id(), " asked for replicated and got ",
                             std::string(client::LevelName(receipt.level)));
  }
  // A leader that does not know yet that its generation is over: what it says may be lost, and the
  // loss report must say so.
  for (const v1::LossReport& loss : document_.journals(0).losses()) {
    if (loss.generation() <= receipt.epoch.generation) continue;
    if (loss.first_index() <= result.index()) return;
  }
  client::TransactionRun run = client::TransactionRun::Of(PayloadOf(result.request_id()));
  truth_->OnAck(receipt, client::Level::kReplicated, run.bytes());
}

}  // namespace ringjournal::small_scope
