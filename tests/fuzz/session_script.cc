#include "tests/fuzz/session_script.h"

#include <algorithm>
#include <cerrno>

#include "journal/base/limits.h"
#include "tests/fuzz/session_frames.h"

namespace ringjournal::fuzz {
namespace {

constexpr size_t kStepsMax = 400;
constexpr size_t kConnectionsMax = 12;
constexpr size_t kRepeatsMax = 600;

void SetPosition(uint8_t choice, v1::Position* position) {
  switch (choice % 8) {
    case 0:
      return;
    case 1:
      return position->set_oldest(true);
    case 2:
      return position->set_newest(true);
    case 3:
      return position->set_last(choice / 8);
    case 4:
      return position->set_transaction_id("id" + std::to_string(choice / 8));
    case 5:
      return position->set_log_time_ns(1'700'000'000'000'000'000 + choice * 1'000'000);
    case 6:
      return position->set_lsn(UINT64_MAX - choice / 8);
    default:
      return position->set_lsn(choice / 8);
  }
}

}  // namespace

uint8_t SessionScript::Byte() {
  if (input_.empty()) return 0;
  const uint8_t byte = static_cast<uint8_t>(input_[0]);
  input_ = input_.subspan(1);
  return byte;
}

std::string SessionScript::Bytes() {
  const size_t wanted = Byte();
  const size_t n = std::min(wanted, input_.size());
  std::string bytes(AsView(input_.first(n)));
  input_ = input_.subspan(n);
  return bytes;
}

std::string SessionScript::Run() {
  StartHonest();
  for (size_t step = 0; step < kStepsMax && !input_.empty(); ++step) {
    const uint8_t byte = Byte();
    last_ = &slots_[(byte >> 5) % kSlots];
    RunStep(static_cast<ScriptStep>((byte & 31) % static_cast<int>(ScriptStep::kCount)), last_);
  }
  Finish();
  return last_->connection == 0 ? "nobody" : world_.peer(last_->connection)->Fate();
}

void SessionScript::RunStep(ScriptStep step, Slot* slot) {
  switch (step) {
    case ScriptStep::kHello:
      return Hello(slot);
    case ScriptStep::kOpen:
      return Open(slot);
    case ScriptStep::kAppend:
      return Append(slot);
    case ScriptStep::kRead:
      return Read(slot);
    case ScriptStep::kRequest:
      return Request(slot);
    case ScriptStep::kSetting:
      return Setting(slot);
    case ScriptStep::kFrame:
      return SendBytes(slot, Framed(Bytes()));
    case ScriptStep::kRaw:
      return SendBytes(slot, Bytes());
    case ScriptStep::kRepeat:
      return Repeat(slot);
    default:
      return RunWorldStep(step, slot);
  }
}

void SessionScript::RunWorldStep(ScriptStep step, Slot* slot) {
  static constexpr int64_t kTimesMs[] = {1, 10, 100, 500, 2000, 10'001, 30'001, 3'600'000};
  static constexpr uint64_t kQueues[] = {0, 1, limits::kSendBufferPauseBytes,
                                         limits::kSendBufferPauseBytes + 1,
                                         limits::kSendBufferBytesMax + 1};
  const bool connected = slot->connection != 0 && !world_.peer(slot->connection)->closed();
  switch (step) {
    case ScriptStep::kPieces:
      slot->piece_bytes = Byte();
      break;
    case ScriptStep::kHold:
      slot->hold_bytes = Byte();
      break;
    case ScriptStep::kBatch:
      world_.EndBatch();
      break;
    case ScriptStep::kAdvance:
      world_.Advance(kTimesMs[Byte() % std::size(kTimesMs)]);
      break;
    case ScriptStep::kAnswer:
      for (int n = Byte() % 16; n >= 0 && world_.AnswerOne(); --n) continue;
      break;
    case ScriptStep::kWorld:
      Disturb();
      break;
    case ScriptStep::kQueue:
      if (const uint64_t n = kQueues[Byte() % std::size(kQueues)]; connected) {
        world_.Queue(slot->connection, n);
      }
      break;
    case ScriptStep::kHangUp:
      if (const int error = Byte() % 2 * ECONNRESET; connected) {
        world_.HangUp(slot->connection, error);
      }
      break;
    case ScriptStep::kReconnect:
      if (world_.connections() < kConnectionsMax) *slot = {.connection = world_.Connect()};
      break;
    case ScriptStep::kHonest:
      HonestAppend();
      break;
    case ScriptStep::kDrain:
      if (Byte() % 8 == 7) world_.Drain();  // rarely: little is left to happen behind it
      break;
    default:
      break;
  }
}

void SessionScript::Disturb() {
  const uint8_t choice = Byte();
  world_.disk.full = (choice & 1) != 0;
  world_.memory_missing = (choice & 2) != 0;
  world_.conflicts = choice >> 6;
}

// ---- what is sent ----

SessionPeer* SessionScript::Peer(Slot* slot) {
  if (slot->connection == 0) slot->connection = world_.Connect();
  return world_.peer(slot->connection);
}

void SessionScript::Send(Slot* slot, const v1::ClientMessage& message) {
  SendBytes(slot, Framed(message.SerializeAsString()));
}

void SessionScript::SendBytes(Slot* slot, const std::string& bytes) {
  Peer(slot);
  slot->last_sent = bytes;
  slot->held += bytes;
  const size_t held = std::min(std::exchange(slot->hold_bytes, 0), slot->held.size());
  const size_t now = slot->held.size() - held;
  world_.Send(slot->connection, std::string_view(slot->held).substr(0, now), slot->piece_bytes);
  slot->held.erase(0, now);
}

void SessionScript::Repeat(Slot* slot) {
  const std::string frame = slot->last_sent;
  std::string all;
  for (int n = Byte() * 2; n >= 0 && ++repeats_ < kRepeatsMax; --n) all += frame;
  if (!all.empty()) SendBytes(slot, all);
  slot->last_sent = frame;
}

void SessionScript::Hello(Slot* slot) {
  const uint8_t choice = Byte();
  const std::string frame = Framed(HelloMessage(choice % 16 == 15 ? 2 : 1).SerializeAsString());
  SendBytes(slot, (choice & 128) != 0 ? frame : std::string(kPreface) + frame);
}

std::string_view SessionScript::JournalName(uint8_t choice) const {
  static const std::string& kLong = *new std::string(5000, 'n');
  static const std::string_view kNames[] = {kLedger, kLedger, kLedger, "other",
                                            "third", "",      "a/b",   kLong};
  return kNames[choice % std::size(kNames)];
}

void SessionScript::Open(Slot* slot) {
  static const std::string& kLong = *new std::string(limits::kProducerNameBytesMax + 1, 'p');
  static const std::string_view kProducers[] = {"", "p", "q", "honest", kLong, "r", "s", "t"};
  const uint8_t choice = Byte(), producer = Byte();
  v1::ClientMessage m;
  v1::Open* open = m.mutable_open();
  open->set_request_id(Peer(slot)->next_request_id());
  open->set_journal(std::string(JournalName(choice)));
  open->set_producer(std::string(kProducers[producer % std::size(kProducers)]));
  open->set_create((choice & 64) != 0);
  if ((choice & 128) != 0) {
    open->mutable_last_receipt()->set_journal_id(Peer(&honest_)->journal_id());
    open->mutable_last_receipt()->set_index(producer >> 3);
    open->mutable_last_receipt()->set_generation(1);
  }
  Send(slot, m);
}

void SessionScript::Append(Slot* slot) {
  static constexpr size_t kSizes[] = {0, 1, 10, 100, 1000, 4000, 12'000, 20'000};
  const uint8_t shape = Byte(), bend = Byte();
  SessionPeer* peer = Peer(slot);
  v1::ClientMessage m;
  v1::Append* append = m.mutable_append();
  append->set_request_id(peer->next_request_id());
  append->set_first_sequence(peer->next_sequence());
  append->set_level(static_cast<v1::Level>((shape >> 3) % 6));
  const int count = (shape >> 6) == 3 ? 5 : (shape >> 6) + 1;
  for (int i = 0; i < count; ++i) {
    v1::Transaction* t = append->add_transactions();
    t->set_payload(std::string(kSizes[shape % std::size(kSizes)], static_cast<char>('a' + i)));
    t->set_id("id" + std::to_string(peer->next_sequence() + static_cast<uint64_t>(i)));
  }
  if (bend % 16 == 1) append->clear_transactions();
  if (bend % 16 == 2) append->set_first_sequence(peer->next_sequence() + 1);
  if (bend % 16 == 3) append->set_first_sequence(peer->next_sequence() - 1);
  if (bend % 16 == 4) append->set_expected_lsn(bend >> 4);
  if (bend % 16 == 5) append->set_body_crc32c(bend);
  if (bend % 16 == 6) append->set_writer_epoch(bend);
  if (bend % 16 >= 8) append->set_body_crc32c(BodyCrc(*append));
  if (bend % 16 != 2 && bend % 16 != 3) {
    peer->set_next_sequence(peer->next_sequence() + static_cast<uint64_t>(count));
  }
  Send(slot, m);
}

void SessionScript::Read(Slot* slot) {
  static constexpr uint64_t kCredits[] = {0, 1, 1000, 100'000, UINT64_MAX};
  const uint8_t from = Byte(), until = Byte(), flags = Byte();
  v1::ClientMessage m;
  if ((flags & 4) != 0) {
    m.mutable_locate()->set_request_id(Peer(slot)->next_request_id());
    SetPosition(from, m.mutable_locate()->mutable_position());
  } else {
    v1::Read* read = m.mutable_read();
    read->set_request_id(Peer(slot)->next_request_id());
    SetPosition(from, read->mutable_from());
    if (until != 0) SetPosition(until, read->mutable_until());
    read->set_follow((flags & 1) != 0);
    read->set_visibility((flags & 2) != 0 ? v1::VISIBILITY_DURABLE : v1::VISIBILITY_COMMITTED);
    read->set_credit_bytes(kCredits[(flags >> 3) % std::size(kCredits)]);
  }
  Send(slot, m);
}

void SessionScript::Request(Slot* slot) {
  const uint8_t kind = Byte(), choice = Byte();
  const uint64_t id = Peer(slot)->next_request_id();
  const std::string name(JournalName(choice));
  v1::ClientMessage m;
  switch (kind % 12) {
    case 0:
      m.mutable_resume()->set_request_id(id);
      break;
    case 1:
      m.mutable_heartbeat()->set_nonce(id);
      break;
    case 2:
      m.mutable_describe()->set_request_id(id);
      break;
    case 3:
      m.mutable_resolve()->set_request_id(id);
      m.mutable_resolve()->set_producer((choice & 128) != 0 ? "honest" : "p");
      m.mutable_resolve()->set_sequence(choice & 15);
      m.mutable_resolve()->set_settle((choice & 64) != 0);
      break;
    case 4:
      m.mutable_journal_remove()->set_request_id(id);
      m.mutable_journal_remove()->set_name(name);
      break;
    case 5:
      m.mutable_journal_list()->set_request_id(id);
      break;
    case 6:
      m.mutable_journal_info()->set_request_id(id);
      m.mutable_journal_info()->set_name(name);
      break;
    case 7:
      m.mutable_journal_trim()->set_request_id(id);
      m.mutable_journal_trim()->set_name(name);
      m.mutable_journal_trim()->set_before_lsn(choice >> 3);
      break;
    case 8:
      m.mutable_checkpoint()->set_request_id(id);
      m.mutable_checkpoint()->set_name(name);
      break;
    case 9:
      m.mutable_status()->set_request_id(id);
      break;
    case 10:
      m.mutable_read_credit()->set_request_id(id - 1);
      m.mutable_read_credit()->set_bytes(uint64_t{choice} << (choice % 64));
      break;
    default:
      m.mutable_read_stop()->set_request_id(id - 1);
  }
  Send(slot, m);
}

void SessionScript::Setting(Slot* slot) {
  const uint8_t choice = Byte(), values = Byte();
  v1::JournalSettings settings;
  settings.set_ring_bytes(limits::kRingBytesMin << (values & 3));
  settings.set_segment_bytes((values & 4) != 0 ? limits::kSegmentBytesMin : values);
  settings.set_producers_max((values & 8) != 0 ? 8 : values);
  settings.set_memory_only((values & 16) != 0);
  settings.set_checkpoint_interval_ms((values & 32) != 0 ? 10 : UINT32_MAX);
  v1::ClientMessage m;
  const uint64_t id = Peer(slot)->next_request_id();
  if ((choice & 128) != 0) {
    m.mutable_journal_create()->set_request_id(id);
    m.mutable_journal_create()->set_name(std::string(JournalName(choice)));
    *m.mutable_journal_create()->mutable_settings() = settings;
  } else {
    static constexpr const char* kFields[] = {"segment_bytes", "checkpoint_interval_ms",
                                              "retention_bytes", "ring_bytes", "no_such"};
    m.mutable_journal_set()->set_request_id(id);
    m.mutable_journal_set()->set_name(std::string(JournalName(choice)));
    *m.mutable_journal_set()->mutable_settings() = settings;
    m.mutable_journal_set()->add_fields(kFields[(choice >> 3) % std::size(kFields)]);
  }
  Send(slot, m);
}

}  // namespace ringjournal::fuzz
