#include "tests/fuzz/session_world.h"

#include <cerrno>
#include <utility>

#include "journal/base/check.h"
#include "server/config_store/document_edits.h"

namespace ringjournal::fuzz {
namespace {

constexpr int64_t kMs = 1'000'000;
// Of all rings: a hostile client finds the limit soon.
constexpr uint64_t kRingBytesTotal = 1 << 20;
// A reply that comes when the buffer is nearly full, and acknowledgements, which are not held back.
constexpr uint64_t kReplyBytesMax = limits::kSendBufferPauseBytes + 512 * limits::kKiB;
constexpr size_t kSparesMax = 16;

using Spares = std::vector<std::unique_ptr<TestRingMemory>>;
Spares& SpareMemories() {
  static Spares& spares = *new Spares();
  return spares;
}

uint32_t ProducersOf(uint64_t head_bytes) {
  uint32_t low = 0, high = limits::kProducersMax + 1;
  while (low + 1 < high) {
    const uint32_t middle = (low + high) / 2;
    (RingHeadBytes(middle) <= head_bytes ? low : high) = middle;
  }
  return low;
}

std::unique_ptr<TestRingMemory> MemoryOf(uint64_t data_bytes, uint64_t head_bytes) {
  Spares& spares = SpareMemories();
  for (auto& spare : spares) {
    const RingMemory& memory = spare->memory();
    if (memory.data_bytes != data_bytes || memory.head_bytes != head_bytes) continue;
    std::unique_ptr<TestRingMemory> found = std::move(spare);
    spare = std::move(spares.back());
    spares.pop_back();
    return found;
  }
  return std::make_unique<TestRingMemory>(data_bytes, ProducersOf(head_bytes));
}

v1::ConfigDocument Registered() {
  static const v1::ConfigDocument& kDocument = *[] {
    auto* document = new v1::ConfigDocument(NewDocument("0123456789abcdef"));
    RJ_CHECK(RegisterNode(document, {"node1", "node1.example:7000", "nonce"}).ok());
    return document;
  }();
  return kDocument;
}

}  // namespace

// ---- disk ----

void ScriptDisk::Take(JournalNumber journal, StorageOp op) {
  if (op.kind == StorageOp::Kind::kClose) {
    handles_.erase(op.file);
  } else {
    // Names are unique within a journal only.
    for (std::string* name : {&op.name, &op.from}) name->append("/" + std::to_string(journal));
    pending_.push_back({journal, std::move(op)});
  }
}

StorageAnswer ScriptDisk::CompleteOne() {
  const Pending pending = std::move(pending_.front());
  pending_.pop_front();
  return {pending.journal, {pending.op.token, Perform(pending)}};
}

int64_t ScriptDisk::Perform(const Pending& pending) {
  const StorageOp& op = pending.op;
  switch (op.kind) {
    case StorageOp::Kind::kPrepareSpare:
      if (full) return -ENOSPC;
      files_[op.name] = std::make_shared<File>();
      files_[op.name]->size = op.size;
      return 0;
    case StorageOp::Kind::kOpenSegment:
      return Rename(op.from, op.name) < 0 ? -ENOENT : Open(op.name);
    case StorageOp::Kind::kWrite: {
      File* file = handles_.at(op.file).get();
      RJ_CHECK(op.offset + op.data.size() <= file->size);  // a segment never outgrows its spare
      if (file->bytes.size() < op.offset + op.data.size()) {
        file->bytes.resize(op.offset + op.data.size());
      }
      file->bytes.replace(op.offset, op.data.size(), AsView(op.data));
      return static_cast<int64_t>(op.data.size());
    }
    case StorageOp::Kind::kRemove:
      return files_.erase(op.name) == 1 ? 0 : -ENOENT;
    case StorageOp::Kind::kRecycle:
      return Rename(op.name, op.from);
    case StorageOp::Kind::kOpenRead:
      return Open(op.name);
    case StorageOp::Kind::kRead:
      return Read(op);
    case StorageOp::Kind::kClose:
      break;
  }
  return 0;
}

int64_t ScriptDisk::Open(const std::string& name) {
  const auto it = files_.find(name);
  if (it == files_.end()) return -ENOENT;
  handles_[++last_handle_] = it->second;
  return last_handle_;
}

int64_t ScriptDisk::Rename(const std::string& from, const std::string& to) {
  const auto it = files_.find(from);
  if (it == files_.end()) return -ENOENT;
  files_[to] = it->second;
  files_.erase(from);
  return 0;
}

int64_t ScriptDisk::Read(const StorageOp& op) {
  const File& file = *handles_.at(op.file);
  if (op.offset >= file.size) return 0;
  const size_t n = std::min<size_t>(op.buffer.size(), file.size - op.offset);
  std::memset(op.buffer.data(), 0, n);
  if (op.offset < file.bytes.size()) {
    std::memcpy(op.buffer.data(), file.bytes.data() + op.offset,
                std::min<size_t>(n, file.bytes.size() - op.offset));
  }
  return static_cast<int64_t>(n);
}

// ---- world ----

SessionWorld::SessionWorld() : document_(Registered()) {
  ShardOptions options;
  options.node = "node1";
  options.incarnation = Incarnation(1);
  options.document = document_;
  options.ring_bytes_total_max = kRingBytesTotal;
  shard_ = std::make_unique<Shard>(std::move(options));
}

SessionWorld::~SessionWorld() {
  shard_.reset();
  for (auto& memory : memories_) {
    if (SpareMemories().size() < kSparesMax) SpareMemories().push_back(std::move(memory));
  }
}

ConnectionNumber SessionWorld::Connect() {
  const ConnectionNumber c = peers_.size() + 1;
  peers_[c] = std::make_unique<SessionPeer>();
  if (drains_) peers_[c]->MayBeDropped();
  sockets_[c].accepted_ns = sockets_[c].received_ns = now_.monotonic_ns;
  Step(Accepted{c});
  return c;
}

void SessionWorld::Send(ConnectionNumber c, std::string_view bytes, size_t piece_bytes) {
  if (piece_bytes == 0) piece_bytes = bytes.size();
  while (!bytes.empty() && !peer(c)->closed()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    peer(c)->OnSent(AsBytes(piece));
    sockets_[c].received_ns = now_.monotonic_ns;
    // Of its own size, so that reading behind it is seen.
    const std::vector<char> delivered(piece.begin(), piece.end());
    Step(Received{c, AsBytes({delivered.data(), delivered.size()})});
  }
}

void SessionWorld::HangUp(ConnectionNumber c, int error) {
  peer(c)->OnHungUp();
  Step(ReceiveEnded{c, error});
}

void SessionWorld::Queue(ConnectionNumber c, uint64_t bytes) {
  Socket* socket = &sockets_[c];
  socket->queued_bytes = bytes;
  if (bytes == 0) socket->blocked_ns = 0;
  if (bytes > 0 && socket->blocked_ns == 0) socket->blocked_ns = now_.monotonic_ns;
  if (bytes > limits::kSendBufferBytesMax) peer(c)->MayBeDropped();
  Step(SendQueue{c, bytes});
  if (peer(c)->closed()) return;
  RJ_CHECK(bytes <= limits::kSendBufferBytesMax);  // or it had to go
  RJ_CHECK(socket->paused || bytes <= limits::kSendBufferPauseBytes);
}

void SessionWorld::EndBatch() {
  NoteTimeouts();
  Step(EndOfBatch{});
  for (auto& [c, socket] : sockets_) {
    RJ_CHECK(socket.batch_bytes <= kReplyBytesMax);
    socket.batch_bytes = 0;
  }
}

// Who is silent at the start or in the middle, or does not take what he is sent, may be dropped.
void SessionWorld::NoteTimeouts() {
  for (auto& [c, socket] : sockets_) {
    const int64_t now = now_.monotonic_ns;
    const bool no_hello = now - socket.accepted_ns > limits::kHelloTimeoutMs * kMs;
    const bool silent = now - socket.received_ns > limits::kStalledFrameTimeoutMs * kMs;
    const bool stuck =
        socket.blocked_ns != 0 && now - socket.blocked_ns > limits::kStalledSendTimeoutMs * kMs;
    if ((no_hello && !peer(c)->greeted()) || silent || stuck) peer(c)->MayBeDropped();
  }
}

void SessionWorld::Advance(int64_t ms) {
  now_.monotonic_ns += ms * kMs;
  now_.wall_ns += ms * kMs;
}

void SessionWorld::Drain() {
  drains_ = true;
  for (auto& [c, peer] : peers_) peer->MayBeDropped();
  Step(DrainRequested{});
}

bool SessionWorld::AnswerOne() {
  if (!rings_.empty()) {
    const RingAnswer answer = rings_.front();
    rings_.pop_front();
    Step(answer);
  } else if (!configs_.empty()) {
    const ConfigAnswer answer{std::move(configs_.front())};
    configs_.pop_front();
    Step(answer);
  } else if (!disk.idle()) {
    Step(disk.CompleteOne());
  } else {
    return false;
  }
  return true;
}

void SessionWorld::Settle(int64_t ms) {
  const int64_t until = now_.monotonic_ns + ms * kMs;
  while (true) {
    do EndBatch();
    while (AnswerOne() || shard_->has_more_to_read() || shard_->deadline_ns() <= now_.monotonic_ns);
    if (shard_->deadline_ns() > until) return;
    const int64_t step = shard_->deadline_ns() - now_.monotonic_ns;
    now_.monotonic_ns += step;
    now_.wall_ns += step;
  }
}

void SessionWorld::Step(const ShardEvent& event) {
  effects_.Clear();
  shard_->Step(event, now_, &effects_);
  Carry();
}

void SessionWorld::Carry() {
  RJ_CHECK(effects_.fatal.empty());
  for (const ShardEffects::Send& send : effects_.sends) CarrySend(send);
  for (ConnectionNumber c : effects_.closes) peer(c)->OnClosed();
  for (ConnectionNumber c : effects_.pauses) sockets_[c].paused = true;
  for (ConnectionNumber c : effects_.resumes) sockets_[c].paused = false;
  for (ShardEffects::Storage& s : effects_.storage) disk.Take(s.journal, std::move(s.op));
  for (ConfigRequest& request : effects_.config) configs_.push_back(Apply(std::move(request)));
  for (const ShardEffects::RingWanted& wanted : effects_.rings) MakeRing(wanted);
}

void SessionWorld::CarrySend(const ShardEffects::Send& send) {
  Socket* socket = &sockets_[send.connection];
  if (send.body.empty()) {
    socket->batch_bytes += send.head.size();
  } else {
    // Read data: only who takes it gets it.
    RJ_CHECK(socket->queued_bytes == 0);
  }
  peer(send.connection)->OnReceived(send.head);
  peer(send.connection)->OnReceived(send.body);
}

ConfigCompletion SessionWorld::Apply(ConfigRequest request) {
  ConfigCompletion done;
  done.token = request.token;
  done.kind = request.kind;
  if (conflicts > 0) {
    --conflicts;
    document_.set_version(document_.version() + 1);  // somebody else's change
  }
  const bool fits = request.expected_version == document_.version();
  if (fits) {
    document_ = std::move(request.document);
    document_.set_version(request.expected_version + 1);
  }
  done.outcome = fits ? ConfigOutcome::kOk : ConfigOutcome::kConflict;
  done.document = document_;
  return done;
}

void SessionWorld::MakeRing(const ShardEffects::RingWanted& wanted) {
  RingAnswer answer;
  answer.journal = wanted.journal;
  if (memory_missing) {
    answer.error = "there is no memory for the ring; free some";
  } else {
    memories_.push_back(MemoryOf(wanted.data_bytes, wanted.head_bytes));
    answer.memory = memories_.back()->memory();
    RJ_CHECK(answer.memory.head_bytes == wanted.head_bytes);
  }
  rings_.push_back(std::move(answer));
}

void SessionWorld::CheckSettled() {
  for (const auto& [c, peer] : peers_) peer->CheckSettled();
  for (const auto& journal : shard_->journals()) {
    if (journal != nullptr && !journal->removed) CheckRing(*journal);
  }
  RJ_CHECK(!drains_ || shard_->drained());
}

void SessionWorld::CheckRing(const Journal& journal) const {
  const Ring& ring = journal.replica->ring();
  const RecordView last =
      CheckRecords(ring.Bytes(ring.oldest().offset, ring.end().offset), journal.config.id());
  RJ_CHECK(last.record.empty() || last.header.index.next() == ring.end().index);
}

void SessionWorld::CheckRead(const SessionPeer& peer) const {
  const RecordView last = CheckRecords(AsBytes(peer.records()), peer.journal_id());
  RJ_CHECK(last.header.index.value() == peer.acked().back().result.index());
  RJ_CHECK(AsView(last.body) == peer.acked().back().body);
}

// Entry by entry: whole, in order, chained, and nothing that the generated parser refuses. Returns
// the last one.
RecordView SessionWorld::CheckRecords(ByteSpan records, std::string_view journal_id) const {
  LogPosition position;
  RecordView record;
  for (bool first = true; !records.empty(); first = false) {
    RJ_CHECK(ParseRecord(records, &record) == RecordVerdict::kOk);
    RJ_CHECK(VerifyBody(record) == RecordVerdict::kOk);
    const EntryHeader& h = record.header;
    if (first) {
      position = {h.index.next(), h.next_lsn(), h.chain, h.epoch};
    } else {
      RJ_CHECK(position.Advance(record).empty());
    }
    v1::Entries entries;
    RJ_CHECK(entries.ParseFromArray(record.record.data(), static_cast<int>(record.record.size())));
    RJ_CHECK(entries.entries_size() == 1);
    CheckAcked(journal_id, record);
    records = records.subspan(record.record.size());
  }
  return record;
}

// Whoever was told that this entry holds his append finds in it what he sent.
void SessionWorld::CheckAcked(std::string_view journal_id, const RecordView& record) const {
  for (const auto& [c, peer] : peers_) {
    if (peer->journal_id() != journal_id) continue;
    for (const SessionPeer::Acked& acked : peer->acked()) {
      if (acked.result.index() != record.header.index.value() || acked.body.empty()) continue;
      if (acked.result.duplicate() && acked.result.first_lsn() == 0) continue;
      RJ_CHECK(acked.result.first_lsn() == record.header.first_lsn.value() ||
               acked.result.duplicate());
      if (acked.result.duplicate()) continue;  // of the same numbers, perhaps of other bytes
      RJ_CHECK(acked.result.chain() == record.header.chain);
      RJ_CHECK(acked.result.count() == record.header.count);
      RJ_CHECK(acked.body == AsView(record.body));
    }
  }
}

}  // namespace ringjournal::fuzz
