#include "server/session/shard.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/format/append_scan.h"
#include "journal/node/refusals.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
}  // namespace

Shard::Shard(ShardOptions options)
    : options_(std::move(options)), random_state_(options_.random_seed) {
  if (!options_.cluster) return;
  NodeLife self{options_.node, options_.incarnation};
  cluster_ = std::make_unique<Cluster>(self, options_.document);
}

Shard::~Shard() = default;

JournalNumber Shard::AddJournal(const v1::JournalConfig& config, std::unique_ptr<Replica> replica) {
  auto journal = std::make_unique<Journal>();
  journal->number = static_cast<JournalNumber>(journals_.size());
  journal->config = config;
  journal->replica = std::move(replica);
  journal->dirty = true;
  journals_.push_back(std::move(journal));
  return journals_.back()->number;
}

void Shard::Step(const ShardEvent& event, Time now, ShardEffects* effects) {
  now_ = now;
  effects_ = effects;
  if (started_ns_ == 0) started_ns_ = now.monotonic_ns;
  struct Visitor {
    Shard* shard;
    void operator()(const Accepted& e) { shard->OnAccepted(e); }
    void operator()(const Received& e) { shard->OnReceived(e); }
    void operator()(const ReceiveEnded& e) { shard->OnReceiveEnded(e); }
    void operator()(const SendQueue& e) { shard->OnSendQueue(e); }
    void operator()(const StorageAnswer& e) { shard->OnStorage(e); }
    void operator()(const ConfigAnswer& e) { shard->OnConfig(e); }
    void operator()(const RingAnswer& e) { shard->OnRing(e); }
    void operator()(const EndOfBatch&) { shard->OnEndOfBatch(); }
    void operator()(const DrainRequested&) { shard->OnDrain(); }
    // Of several nodes only, and then the cluster's.
    void operator()(const PeerAccepted&) {}
    void operator()(const Dialed&) {}
    void operator()(const ConfigHint&) {}
  };
  if (cluster_ != nullptr) cluster_->BeginStep(now, effects);
  if (!ToCluster(event)) std::visit(Visitor{this}, event);
  if (cluster_ != nullptr) cluster_->EndStep();
}

void Shard::OnReceived(const Received& event) {
  Session* session = FindSession(event.connection);
  if (session == nullptr || session->closing) return;
  session->last_receive_ns = now_.monotonic_ns;
  std::string complaint;
  bool was_stalled = session->intake.stalled();
  auto on_frame = [&](ByteSpan frame) { return OnFrame(session, frame); };
  FrameIntake::Outcome outcome = session->intake.Feed(event.bytes, on_frame, &complaint);
  if (outcome == FrameIntake::Outcome::kStalled && !was_stalled) stalled_.push_back(session);
  Settle(session, outcome, complaint);
}

void Shard::Settle(Session* session, FrameIntake::Outcome outcome, const std::string& complaint) {
  if (outcome == FrameIntake::Outcome::kWrongPreface) {
    session->out += complaint;
    Touch(session);
    BeginClosing(session);
  } else if (outcome == FrameIntake::Outcome::kTooLarge) {
    v1::ErrorReply error;
    Refuse(v1::ERROR_CODE_TOO_LARGE, complaint, &error);
    uint32_t limit =
        session->hello_done ? limits::kFrameBytesMax : limits::kFrameBytesMaxBeforeHello;
    error.mutable_too_large()->set_limit(limit);
    ReplyError(session, 0, std::move(error));
    BeginClosing(session);
  }
  UpdatePause(session);
}

void Shard::OnStorage(const StorageAnswer& event) {
  Journal* journal = journals_[event.journal].get();
  if (journal == nullptr || journal->replica == nullptr) return;
  if (journal->replica->OwnsToken(event.done.token)) {
    std::string fatal = journal->replica->OnStorageDone(event.done, now_);
    if (!fatal.empty())
      effects_->fatal = absl::StrCat("journal ", journal->config.name(), ": ", fatal);
    journal->dirty = true;
    return;
  }
  if (journal->replicated != nullptr && ReplicatedJournal::OwnsToken(event.done.token)) {
    return journal->replicated->OnStorageDone(event.done);
  }
  auto deliver = [&](Session* session) {
    for (auto& subscription : session->subscriptions) {
      if (session->journal != journal && session->journal_of_grave != journal) continue;
      if (subscription->token() != event.done.token) continue;
      subscription->OnStorageDone(event.done);
      if (session->journal == nullptr) subscription->Stop(&ops_);
    }
  };
  for (Session* session : readers_) deliver(session);
  for (auto& session : graveyard_) deliver(session.get());
  EmitStorage(journal);
}

FrameIntake::Taken Shard::OnFrame(Session* session, ByteSpan frame) {
  if (session->closing) return Taken::kEnd;
  if (session->waits_for_admin || MustTakeReplies(session)) return Taken::kStall;
  if (session->frames_wait()) return Taken::kStall;
  if (LooksLikeAppend(frame)) return OnAppend(session, frame);
  v1::ClientMessage message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return EndWith(session, v1::ERROR_CODE_PROTOCOL,
                   "a frame does not parse as a ClientMessage; check the client's framing");
  }
  if (!session->hello_done && !message.has_hello()) {
    return EndWith(session, v1::ERROR_CODE_PROTOCOL, "the first message must be a hello");
  }
  return OnMessage(session, message);
}

// A request of six bytes may have a reply of ten thousand: what has been received is not worked off
// faster than its replies leave.
bool Shard::MustTakeReplies(Session* session) {
  session->waits_for_peer =
      session->out.size() + session->send_queue_bytes > limits::kSendBufferPauseBytes;
  return session->waits_for_peer;
}

FrameIntake::Taken Shard::OnMessage(Session* session, const v1::ClientMessage& m) {
  switch (m.message_case()) {
    case v1::ClientMessage::kHello:
      return OnHello(session, m.hello());
    case v1::ClientMessage::kOpen:
      return OnOpen(session, m.open());
    case v1::ClientMessage::kResume:
      OnResume(session, m.resume());
      break;
    case v1::ClientMessage::kRead:
      OnRead(session, m.read());
      break;
    case v1::ClientMessage::kLocate:
      OnLocate(session, m.locate());
      break;
    case v1::ClientMessage::kReadCredit:
      OnReadCredit(session, m.read_credit());
      break;
    case v1::ClientMessage::kReadStop:
      OnReadStop(session, m.read_stop());
      break;
    case v1::ClientMessage::kHeartbeat: {
      v1::ServerMessage reply;
      reply.mutable_heartbeat()->set_nonce(m.heartbeat().nonce());
      Reply(session, reply);
      break;
    }
    case v1::ClientMessage::kDescribe:
      OnDescribe(session, m.describe());
      break;
    case v1::ClientMessage::kJournalCreate:
      OnCreate(session, m.journal_create());
      break;
    case v1::ClientMessage::kJournalSet:
      OnSet(session, m.journal_set());
      break;
    case v1::ClientMessage::kJournalRemove:
      OnRemove(session, m.journal_remove());
      break;
    case v1::ClientMessage::kJournalList:
      OnList(session, m.journal_list());
      break;
    case v1::ClientMessage::kJournalInfo:
      OnInfo(session, m.journal_info());
      break;
    case v1::ClientMessage::kJournalTrim:
      OnTrim(session, m.journal_trim());
      break;
    case v1::ClientMessage::kJournalRecover:
      OnRecover(session, m.journal_recover());
      break;
    case v1::ClientMessage::kCheckpoint:
      OnCheckpoint(session, m.checkpoint());
      break;
    case v1::ClientMessage::kStatus:
      OnStatus(session, m.status());
      break;
    default:
      if (OnPlan(session, m) || OnWriterMessage(session, m)) break;
      if (OnProducerMessage(session, m)) break;
      return EndWith(session, v1::ERROR_CODE_PROTOCOL,
                     "a message of an unknown kind; this server is older than the client: see "
                     "HelloReply.features");
  }
  return Taken::kYes;
}

FrameIntake::Taken Shard::OnHello(Session* session, const v1::Hello& hello) {
  if (session->hello_done) {
    return EndWith(session, v1::ERROR_CODE_PROTOCOL, "a second hello on one connection");
  }
  if (hello.protocol_min() > 1 || hello.protocol_max() < 1) {
    return EndWith(session, v1::ERROR_CODE_PROTOCOL,
                   absl::StrCat("this server speaks protocol 1, the client ", hello.protocol_min(),
                                " to ", hello.protocol_max(), "; use a matching version"));
  }
  session->hello_done = true;
  session->client_name = hello.client_name().substr(0, limits::kClientNameBytesMax);
  session->intake.set_limit_bytes(limits::kFrameBytesMax);
  v1::ServerMessage reply;
  v1::HelloReply* h = reply.mutable_hello_reply();
  h->set_request_id(hello.request_id());
  h->set_protocol(1);
  v1::ServerLimits* limits = h->mutable_limits();
  limits->set_frame_bytes_max(limits::kFrameBytesMax);
  limits->set_transaction_bytes_max(limits::kTransactionBytesMax);
  limits->set_transactions_per_append_max(limits::kTransactionsPerAppendMax);
  limits->set_session_bytes_in_flight_max(limits::kSessionBytesInFlightMax);
  limits->set_read_credit_bytes_max(limits::kReadCreditBytesMax);
  h->set_cluster_id(options_.document.cluster_id());
  h->set_node(options_.node);
  h->set_node_incarnation(options_.incarnation.value());
  h->set_heartbeat_interval_ms(cluster_ == nullptr ? limits::kHeartbeatIntervalMs
                                                   : limits::kClusterHeartbeatMs);
  h->set_server_version(options_.server_version);
  Reply(session, reply);
  return Taken::kYes;
}

void Shard::Touch(Session* session) {
  if (session->in_out_list) return;
  session->in_out_list = true;
  with_out_.push_back(session);
}

void Shard::Reply(Session* session, const v1::ServerMessage& message) {
  size_t bytes = message.ByteSizeLong();
  size_t at = session->out.size();
  session->out.resize(at + kFrameHeaderBytes + bytes);
  Store32(session->out.data() + at, static_cast<uint32_t>(bytes));
  message.SerializeWithCachedSizesToArray(
      reinterpret_cast<uint8_t*>(session->out.data() + at + kFrameHeaderBytes));
  Touch(session);
}

void Shard::ReplyError(Session* session, uint64_t request_id, v1::ErrorReply error) {
  error.set_request_id(request_id);
  v1::ServerMessage message;
  *message.mutable_error() = std::move(error);
  Reply(session, message);
}

FrameIntake::Taken Shard::EndWith(Session* session, v1::ErrorCode code, std::string message) {
  if (session->closing) return Taken::kEnd;  // it has been told why
  v1::ErrorReply error;
  Refuse(code, std::move(message), &error);
  ReplyError(session, 0, std::move(error));
  BeginClosing(session);
  return Taken::kEnd;
}

void Shard::EmitStorage(Journal* journal) {
  for (StorageOp& op : ops_) effects_->storage.push_back({journal->number, std::move(op)});
  ops_.clear();
}

void Shard::EmitOut(Session* session) {
  if (session->out.empty()) return;
  // Alternating: what was handed out stays valid until the next batch, even if there is more in
  // this.
  std::string* sent = &session->sent[session->next_sent++ % session->sent.size()];
  sent->swap(session->out);
  session->out.clear();
  session->last_send_ns = now_.monotonic_ns;
  effects_->sends.push_back({session->connection, AsBytes(*sent), {}});
}

void Shard::OnEndOfBatch() {
  graveyard_.erase(std::remove_if(graveyard_.begin(), graveyard_.end(),
                                  [](const std::unique_ptr<Session>& s) {
                                    for (auto& sub : s->subscriptions) {
                                      if (sub->waits_for_disk()) return false;
                                    }
                                    return true;
                                  }),
                   graveyard_.end());
  if (now_.monotonic_ns >= next_timeout_check_ns_) CheckTimeouts();
  RetryStalled();
  EndJournals();
  SendAcks();
  // The batch itself may have made room, where nothing has to reach the disk first: nobody else
  // would wake us for those who wait. What they are told must be committed, too.
  batch_due_ = RetryStalled();
  if (batch_due_) EndJournals();
  EndCluster();
  AnswerPlans();
  AnswerCheckpoints();
  AnswerRecoveries();
  AnswerDeferred();
  TellFenced();
  ReassureOwed();
  FlushOut();
  finished_.clear();
  PumpReaders();
  FlushOut();
  // Who waited for his replies to leave may go on, now that they have.
  for (const Session* session : stalled_) {
    batch_due_ = batch_due_ || (session->waits_for_peer &&
                                session->send_queue_bytes <= limits::kSendBufferPauseBytes);
  }
  CloseFinished();
  BuryRemoved();
  FollowDrain();
}

// Something happened to it, or is due.
bool Shard::IsDue(const Journal& journal) const {
  return journal.dirty || journal.replica->deadline_ns() <= now_.monotonic_ns;
}

void Shard::EndJournals() {
  for (auto& journal : journals_) {
    if (journal == nullptr || journal->replicated == nullptr) continue;
    if (IsDue(*journal)) journal->replicated->Wake();
  }
  if (cluster_ != nullptr) cluster_->BeforeBatch();
  for (auto& journal : journals_) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    // With several copies also what others say may move it.
    const ReplicatedJournal* replicated = journal->replicated;
    if (replicated != nullptr ? !replicated->awake() : !IsDue(*journal)) continue;
    journal->dirty = false;
    journal->replica->EndOfBatch(now_, &ops_);
    EmitStorage(journal.get());
  }
}

// Behind everything that may append in this Step: what is sent to backups are the ring's own bytes.
void Shard::EndCluster() {
  if (cluster_ == nullptr) return;
  cluster_->AfterBatch();
  FollowDocument();
  EmitCatchUps();
}

// What leaders read from their segments for backups.
void Shard::EmitCatchUps() {
  for (auto& journal : journals_) {
    if (journal == nullptr || journal->replicated == nullptr) continue;
    for (StorageOp& op : *journal->replicated->storage()) {
      effects_->storage.push_back({journal->number, std::move(op)});
    }
    journal->replicated->storage()->clear();
  }
}

// Hands out what sessions are owed so far; what is read for them goes behind it.
void Shard::FlushOut() {
  for (Session* session : with_out_) {
    session->in_out_list = false;
    EmitOut(session);
  }
  with_out_.clear();
}

int64_t Shard::deadline_ns() const {
  if (batch_due_) return now_.monotonic_ns;
  int64_t deadline = sessions_.empty() ? INT64_MAX : next_timeout_check_ns_;
  if (cluster_ != nullptr) deadline = std::min(deadline, cluster_->deadline_ns());
  if (cluster_ != nullptr && !sessions_.empty())
    deadline = std::min(deadline, next_reassurance_ns_);
  for (const auto& journal : journals_) {
    if (journal == nullptr || journal->replica == nullptr) continue;
    deadline = std::min(deadline, journal->replica->deadline_ns());
  }
  deadline = std::min(deadline, TailDeadline());
  if (draining_ && stop_ <= Stop::kResting) deadline = std::min(deadline, dismiss_at_ns_);
  if (stop_ == Stop::kResting) deadline = std::min(deadline, rests_until_ns_);
  for (const Session* session : stalled_) {
    // Once that is over, something else holds it up.
    const int64_t held_until_ns = session->held_since_ns + limits::kHeldFrameMs * kMs;
    if (held_until_ns > now_.monotonic_ns) deadline = std::min(deadline, held_until_ns);
    if (session->stalled_since_ns == 0) continue;
    deadline = std::min(deadline, session->stalled_since_ns + limits::kRingFullWaitMs * kMs);
  }
  return deadline;
}

}  // namespace ringjournal
