// The honest session beside a script: it starts before it, appends during it, and reads behind it.
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "tests/fuzz/session_frames.h"
#include "tests/fuzz/session_script.h"

namespace ringjournal::fuzz {

void SessionScript::StartHonest() {
  v1::ClientMessage create, open;
  create.mutable_journal_create()->set_request_id(Peer(&honest_)->next_request_id());
  create.mutable_journal_create()->set_name(kLedger);
  v1::JournalSettings* settings = create.mutable_journal_create()->mutable_settings();
  settings->set_ring_bytes(limits::kRingBytesMin);
  settings->set_segment_bytes(limits::kSegmentBytesMin);
  settings->set_producers_max(8);
  SendBytes(&honest_, std::string(kPreface) + Framed(HelloMessage(1).SerializeAsString()));
  Send(&honest_, create);
  world_.Settle(0);
  open.mutable_open()->set_request_id(Peer(&honest_)->next_request_id());
  open.mutable_open()->set_journal(kLedger);
  open.mutable_open()->set_producer("honest");
  Send(&honest_, open);
  world_.Settle(0);
  RJ_CHECK(Peer(&honest_)->last().has_open_reply());
}

void SessionScript::HonestAppend() {
  SessionPeer* peer = Peer(&honest_);
  if (peer->closed()) return;
  v1::ClientMessage m;
  m.mutable_append()->set_request_id(peer->next_request_id());
  m.mutable_append()->set_first_sequence(peer->next_sequence());
  peer->set_next_sequence(peer->next_sequence() + 1);
  v1::Transaction* t = m.mutable_append()->add_transactions();
  t->set_payload("honest work " + std::to_string(peer->next_sequence()));
  m.mutable_append()->set_body_crc32c(BodyCrc(m.append()));
  Send(&honest_, m);
}

// Everything that waits is answered, with time enough for every bounded wait of the server.
void SessionScript::Finish() {
  world_.disk.full = world_.memory_missing = false;
  world_.conflicts = 0;
  for (Slot& slot : slots_) {
    if (slot.connection != 0 && !world_.peer(slot.connection)->closed()) {
      world_.Queue(slot.connection, 0);
    }
  }
  world_.Settle(3 * limits::kRingFullWaitMs);
  world_.CheckSettled();
  if (!world_.drains()) CheckHonest();
}

// A new session appends a known transaction and reads the whole journal, to this transaction.
void SessionScript::CheckHonest() {
  const bool alone = !Peer(&honest_)->closed();  // the journal is the one that it made
  honest_ = {};
  SendBytes(&honest_, std::string(kPreface) + Framed(HelloMessage(1).SerializeAsString()));
  v1::ClientMessage open, read;
  open.mutable_open()->set_request_id(Peer(&honest_)->next_request_id());
  open.mutable_open()->set_journal(kLedger);
  open.mutable_open()->set_producer("honest");
  Send(&honest_, open);
  world_.Settle(0);
  const SessionPeer* peer = Peer(&honest_);
  if (!alone && peer->last().has_error()) {
    const v1::ErrorCode code = peer->last().error().code();
    RJ_CHECK(code == v1::ERROR_CODE_JOURNAL_NOT_FOUND || code == v1::ERROR_CODE_LIMIT);
    return;
  }
  RJ_CHECK(peer->last().has_open_reply());
  HonestAppend();
  world_.Settle(0);
  RJ_CHECK(peer->acked().size() == 1 && peer->last().has_append_reply());
  read.mutable_read()->set_request_id(Peer(&honest_)->next_request_id());
  read.mutable_read()->mutable_from()->set_oldest(true);
  read.mutable_read()->set_credit_bytes(limits::kReadCreditBytesMax);
  Send(&honest_, read);
  world_.Settle(0);
  RJ_CHECK(peer->last().read_end().reason() == v1::ReadEnd::REASON_REACHED_END);
  world_.CheckSettled();
  world_.CheckRead(*peer);
}

}  // namespace ringjournal::fuzz
