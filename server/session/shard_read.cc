// Reading: subscriptions with credit.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/node/refusals.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

// The bytes in front of a run: frame length, ServerMessage.read_data, its own fields, Entries.
void EncodeReadHead(uint64_t request_id, Lsn visible, size_t run_bytes, std::string* head) {
  std::byte data[64];
  std::byte* p = data;
  *p++ = std::byte{0x08};  // ReadData.request_id
  p = WriteVarint(p, request_id);
  *p++ = std::byte{0x10};  // ReadData.visible_lsn
  p = WriteVarint(p, visible.value());
  *p++ = std::byte{0xfa};  // ReadData.entries, field 31
  *p++ = std::byte{0x01};
  p = WriteVarint(p, run_bytes);
  size_t fields = static_cast<size_t>(p - data);
  std::byte wrap[16];
  std::byte* w = wrap + 4;
  *w++ = std::byte{0x2a};  // ServerMessage.read_data, field 5
  w = WriteVarint(w, fields + run_bytes);
  size_t wrapped = static_cast<size_t>(w - wrap);
  Store32(wrap, static_cast<uint32_t>(wrapped - 4 + fields + run_bytes));
  head->assign(reinterpret_cast<char*>(wrap), wrapped);
  head->append(reinterpret_cast<char*>(data), fields);
}

}  // namespace

void Shard::OnRead(Session* session, const v1::Read& read) {
  auto subscription = std::make_unique<Subscription>();
  subscription->request_id = read.request_id();
  subscription->generation = read.generation();
  subscription->credit_bytes = std::min(read.credit_bytes(), limits::kReadCreditBytesMax);
  subscription->range.follow = read.follow();
  subscription->range.durable_only = read.visibility() == v1::VISIBILITY_DURABLE;
  v1::Position from = read.from();
  if (from.at_case() == v1::Position::AT_NOT_SET) from.set_oldest(true);
  subscription->seeks.emplace_back(std::move(from), next_reader_token_++);
  if (read.has_until()) subscription->seeks.emplace_back(read.until(), next_reader_token_++);
  Subscribe(session, std::move(subscription));
}

void Shard::OnLocate(Session* session, const v1::Locate& request) {
  auto subscription = std::make_unique<Subscription>();
  subscription->request_id = request.request_id();
  subscription->locate = true;
  if (request.linearizable() && session->journal != nullptr) {
    subscription->tail = NoteTail(*session->journal);
  }
  subscription->seeks.emplace_back(request.position(), next_reader_token_++);
  Subscribe(session, std::move(subscription));
}

void Shard::Subscribe(Session* session, std::unique_ptr<Subscription> subscription) {
  v1::ErrorReply error;
  if (session->journal == nullptr) {
    Refuse(v1::ERROR_CODE_NOT_OPEN, "open a journal before reading", &error);
    return ReplyError(session, subscription->request_id, error);
  }
  if (session->subscriptions.size() >= limits::kReadsPerSessionMax) {
    Refuse(v1::ERROR_CODE_LIMIT,
           absl::StrCat("this session has its limit of ", limits::kReadsPerSessionMax,
                        " reads; end one or open another connection"),
           &error);
    return ReplyError(session, subscription->request_id, error);
  }
  // Most positions are known at once; then so is a refusal.
  Search search = AdvanceSearch(session, subscription.get());
  EmitStorage(session->journal);
  if (search == Search::kEnded) return;
  session->subscriptions.push_back(std::move(subscription));
  if (std::find(readers_.begin(), readers_.end(), session) == readers_.end()) {
    readers_.push_back(session);
  }
}

// One turn of the search for the read's positions, and the next ones as long as they cost nothing.
Shard::Search Shard::AdvanceSearch(Session* session, Subscription* subscription) {
  if (subscription->tail && !TailIsCertain(*session->journal, *subscription->tail)) {
    if (now_.monotonic_ns < subscription->tail->give_up_ns) return Search::kGoesOn;
    ReplyError(session, subscription->request_id, TailIsUncertain(*session->journal));
    return Search::kEnded;
  }
  subscription->tail.reset();
  while (!subscription->seeks.empty()) {
    Seek* seek = &subscription->seeks.front();
    switch (seek->Next(*session->journal->replica, &ops_)) {
      case Seek::Kind::kMore:
        more_to_read_ = true;
        return Search::kGoesOn;
      case Seek::Kind::kWait:
        return Search::kGoesOn;
      case Seek::Kind::kFailed:
        ReplyError(session, subscription->request_id, seek->error());
        return Search::kEnded;
      case Seek::Kind::kFound:
        subscription->found.push_back(seek->lsn());
        subscription->seeks.pop_front();
        break;
    }
  }
  return StartReading(session, subscription) ? Search::kDone : Search::kEnded;
}

// Everything is found. False: it was only asked for, or what was read before has been lost since.
bool Shard::StartReading(Session* session, Subscription* subscription) {
  Lsn from = subscription->found.front();
  if (subscription->locate) {
    v1::ServerMessage message;
    message.mutable_locate_reply()->set_request_id(subscription->request_id);
    message.mutable_locate_reply()->set_lsn(from.value());
    FillWatermarks(*session->journal->replica,
                   message.mutable_locate_reply()->mutable_watermarks());
    Reply(session, message);
    return false;
  }
  for (const v1::LossReport& loss : session->journal->config.losses()) {
    uint32_t seen = subscription->generation;
    if (seen == 0 || loss.generation() <= seen || from.value() <= loss.first_lsn()) continue;
    v1::ErrorReply error;
    Refuse(v1::ERROR_CODE_DATA_LOSS,
           absl::StrCat("what you have read from LSN ", loss.first_lsn(),
                        " on may have been lost since: read again from there with generation ",
                        loss.generation()),
           &error);
    error.mutable_data_loss()->set_valid_end_lsn(loss.first_lsn() - 1);
    error.mutable_data_loss()->set_generation(loss.generation());
    *error.mutable_data_loss()->mutable_report() = loss;
    ReplyError(session, subscription->request_id, error);
    return false;
  }
  subscription->range.from = from;
  if (subscription->found.size() > 1) subscription->range.until = subscription->found[1];
  subscription->reader.emplace(subscription->range, next_reader_token_++);
  return true;
}

void Shard::OnReadCredit(Session* session, const v1::ReadCredit& credit) {
  for (auto& subscription : session->subscriptions) {
    if (subscription->request_id != credit.request_id()) continue;
    uint64_t room = limits::kReadCreditBytesMax - subscription->credit_bytes;
    subscription->credit_bytes += std::min(credit.bytes(), room);
  }
}

void Shard::OnReadStop(Session* session, const v1::ReadStop& stop) {
  for (auto& subscription : session->subscriptions) {
    if (subscription->request_id == stop.request_id()) subscription->stopping = true;
  }
}

// One run for each subscription and batch: fair among readers, and appends are not kept waiting.
void Shard::PumpReaders() {
  more_to_read_ = false;
  size_t kept = 0;
  scratch_ = readers_;
  for (Session* session : scratch_) {
    auto& subscriptions = session->subscriptions;
    for (size_t i = 0; i < subscriptions.size();) {
      if (Pump(session, subscriptions[i].get())) {
        ++i;
        continue;
      }
      finished_.push_back(std::move(subscriptions[i]));  // effects may point into it
      subscriptions.erase(subscriptions.begin() + static_cast<ptrdiff_t>(i));
    }
    if (!subscriptions.empty()) readers_[kept++] = session;
  }
  readers_.resize(kept);
}

// False once the read has ended.
bool Shard::Pump(Session* session, Subscription* subscription) {
  if (subscription->waits_for_disk()) return true;
  if (subscription->ended) {
    subscription->Stop(&ops_);
    EmitStorage(session->journal);
    return false;
  }
  if (subscription->stopping) return StopReading(session, subscription);
  if (!subscription->reader.has_value()) {
    Search search = AdvanceSearch(session, subscription);
    EmitStorage(session->journal);
    if (search == Search::kDone) more_to_read_ = true;
    return search != Search::kEnded;
  }
  Reader* reader = &*subscription->reader;
  if (subscription->credit_bytes == 0 || session->send_queue_bytes > 0) return true;
  size_t bytes_max = std::min(subscription->credit_bytes, limits::kReadChunkBytes);
  Reader::Turn turn = reader->Next(*session->journal->replica, bytes_max, &ops_);
  EmitStorage(session->journal);
  if (turn.kind == Reader::Kind::kRun) {
    SendRun(session, subscription, turn.run);
    more_to_read_ = true;
    return true;
  }
  if (turn.kind == Reader::Kind::kWait) return true;
  reader->Stop(&ops_);
  EmitStorage(session->journal);
  EndRead(session, *subscription, turn);
  return false;
}

bool Shard::StopReading(Session* session, Subscription* subscription) {
  subscription->Stop(&ops_);
  EmitStorage(session->journal);
  Reader::Turn turn;
  turn.reason = v1::ReadEnd::REASON_STOPPED;
  turn.next = subscription->next();
  EndRead(session, *subscription, turn);
  return false;
}

// The run may exceed the credit by one entry: entries are whole.
void Shard::SendRun(Session* session, Subscription* subscription, ByteSpan run) {
  const Marks marks = session->journal->replica->marks();
  const Lsn visible = marks.Visible(subscription->range.durable_only).lsn;
  EncodeReadHead(subscription->request_id, visible, run.size(), &subscription->head);
  session->last_send_ns = now_.monotonic_ns;
  effects_->sends.push_back({session->connection, AsBytes(subscription->head), run});
  subscription->credit_bytes -= std::min<uint64_t>(subscription->credit_bytes, run.size());
}

void Shard::EndRead(Session* session, const Subscription& subscription, const Reader::Turn& turn) {
  v1::ServerMessage message;
  v1::ReadEnd* end = message.mutable_read_end();
  end->set_request_id(subscription.request_id);
  end->set_reason(turn.reason);
  end->set_next_lsn(turn.next.value());
  end->set_resume_lsn(turn.resume.value());
  end->set_message(turn.message);
  Reply(session, message);
}

}  // namespace ringjournal
