#include "tests/fuzz/session_peer.h"

#include <cstdio>

#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "journal/format/append_scan.h"
#include "journal/format/frame.h"

namespace ringjournal::fuzz {
namespace {

using M = v1::ClientMessage;

// What must be told in one sentence does not need more.
constexpr size_t kErrorBytesMax = 2048;
// Kinds that are answered when the disk or another session has done something.
bool IsDeferred(M::MessageCase kind) {
  return kind == M::kRead || kind == M::kLocate || kind == M::kCheckpoint;
}

// The message inside: a request, or an answer.
const google::protobuf::Message& Inner(const google::protobuf::Message& m) {
  const auto* oneof = m.GetDescriptor()->oneof_decl(0);
  const auto* field = m.GetReflection()->GetOneofFieldDescriptor(m, oneof);
  return m.GetReflection()->GetMessage(m, field);
}

uint64_t IdOf(const google::protobuf::Message& m) {
  const google::protobuf::Message& inner = Inner(m);
  const auto* id = inner.GetDescriptor()->FindFieldByName("request_id");
  if (id == nullptr) id = inner.GetDescriptor()->FindFieldByName("nonce");  // of a heartbeat
  return inner.GetReflection()->GetUInt64(inner, id);
}

// Which request such an answer is for.
M::MessageCase RequestOf(v1::ServerMessage::MessageCase answer) {
  using S = v1::ServerMessage;
  static const std::map<S::MessageCase, M::MessageCase> kRequests = {
      {S::kHelloReply, M::kHello},
      {S::kOpenReply, M::kOpen},
      {S::kReadEnd, M::kRead},
      {S::kHeartbeat, M::kHeartbeat},
      {S::kDescribeReply, M::kDescribe},
      {S::kResolveReply, M::kResolve},
      {S::kJournalReply, M::kJournalInfo},
      {S::kJournalListReply, M::kJournalList},
      {S::kCheckpointReply, M::kCheckpoint},
      {S::kStatusReply, M::kStatus},
      {S::kResumeReply, M::kResume},
      {S::kLocateReply, M::kLocate},
  };
  return kRequests.at(answer);
}

// Several requests are answered with the journal as it then is.
bool AnswersWithJournal(M::MessageCase kind) {
  return kind == M::kJournalCreate || kind == M::kJournalSet || kind == M::kJournalRemove ||
         kind == M::kJournalTrim || kind == M::kJournalInfo;
}

// The bytes of the length-delimited field `number` in a message; empty if there is none.
ByteSpan FieldBytes(ByteSpan message, uint64_t number) {
  const std::byte* pos = message.data();
  const std::byte* end = pos + message.size();
  while (pos != end) {
    uint64_t tag, value;
    RJ_CHECK(ReadVarint(&pos, end, &tag) && ReadVarint(&pos, end, &value));
    if ((tag & 7) != 2) continue;
    RJ_CHECK(value <= static_cast<size_t>(end - pos));
    if (tag >> 3 == number) return {pos, static_cast<size_t>(value)};
    pos += value;
  }
  return {};
}

std::string CodeName(v1::ErrorCode code) {
  return v1::ErrorCode_Name(code).substr(sizeof "ERROR_CODE_" - 1);
}

}  // namespace

// ---- what is sent ----

void SessionPeer::OnSent(ByteSpan bytes) {
  if (end_ != End::kNone || closed_) return;
  sent_.append(AsView(bytes));
  while (end_ == End::kNone && (preface_done_ ? TakeFrame() : TakePreface())) continue;
}

bool SessionPeer::TakePreface() {
  const size_t n = std::min(sent_.size(), kPreface.size());
  if (sent_.compare(0, n, kPreface.substr(0, n)) != 0) end_ = End::kPreface;
  if (n < kPreface.size()) return false;
  preface_done_ = true;
  sent_.erase(0, n);
  return true;
}

bool SessionPeer::TakeFrame() {
  if (sent_.size() < kFrameHeaderBytes) return false;
  const uint32_t length = Load32(sent_.data());
  const uint32_t limit = hello_sent_ ? limits::kFrameBytesMax : limits::kFrameBytesMaxBeforeHello;
  if (length > limit) {
    MustEnd(v1::ERROR_CODE_TOO_LARGE);
    return false;
  }
  if (sent_.size() - kFrameHeaderBytes < length) return false;
  OnFrame(AsBytes(sent_).subspan(kFrameHeaderBytes, length));
  sent_.erase(0, kFrameHeaderBytes + length);
  return true;
}

void SessionPeer::MustEnd(v1::ErrorCode code) {
  end_ = End::kError;
  end_code_ = code;
}

void SessionPeer::OnFrame(ByteSpan frame) {
  if (LooksLikeAppend(frame)) return OnAppendFrame(frame);
  M message;
  const bool parses = message.ParseFromArray(frame.data(), static_cast<int>(frame.size()));
  if (!parses || hello_sent_ == message.has_hello()) return MustEnd(v1::ERROR_CODE_PROTOCOL);
  OnMessage(message);
}

void SessionPeer::OnAppendFrame(ByteSpan frame) {
  if (!hello_sent_) return MustEnd(v1::ERROR_CODE_PROTOCOL);
  AppendEnvelope envelope;
  AppendRefusal refusal;
  Request request{.kind = M::kAppend};
  if (ScanAppend(frame, &envelope, &refusal)) {
    M message;
    RJ_CHECK(message.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
    request.id = message.append().request_id();
    request.body = AsView(envelope.body);
  } else {
    request.any_id = true;
  }
  if (!request.any_id) {
    ambiguous_ = ambiguous_ || unanswered_ids_.count(request.id) > 0;
    unanswered_ids_.insert(request.id);
  }
  requests_.push_back(std::move(request));
}

void SessionPeer::OnMessage(const v1::ClientMessage& m) {
  switch (m.message_case()) {
    case M::MESSAGE_NOT_SET:
    case M::kAppend:  // behind another field: not what a client of this version writes
      return MustEnd(v1::ERROR_CODE_PROTOCOL);
    case M::kReadCredit:
    case M::kReadStop:
      return;
    case M::kHello:
      if (m.hello().protocol_min() > 1 || m.hello().protocol_max() < 1) {
        return MustEnd(v1::ERROR_CODE_PROTOCOL);
      }
      hello_sent_ = true;
      [[fallthrough]];
    default:
      Expect(m.message_case(), IdOf(m));
  }
}

void SessionPeer::Expect(Case kind, uint64_t id) {
  ambiguous_ = ambiguous_ || unanswered_ids_.count(id) > 0;
  unanswered_ids_.insert(id);
  Request request{.kind = kind};
  request.id = id;
  requests_.push_back(std::move(request));
}

// ---- what is answered ----

void SessionPeer::OnReceived(ByteSpan bytes) {
  RJ_CHECK(!closed_);
  if (end_ == End::kPreface) {
    text_.append(AsView(bytes));
    return;
  }
  received_.append(AsView(bytes));
  size_t at = 0;
  while (received_.size() - at >= kFrameHeaderBytes) {
    const uint32_t length = Load32(received_.data() + at);
    RJ_CHECK(length <= limits::kFrameBytesMax);  // as ServerLimits promises
    if (received_.size() - at - kFrameHeaderBytes < length) break;
    OnAnswer(AsBytes(received_).subspan(at + kFrameHeaderBytes, length));
    at += kFrameHeaderBytes + length;
  }
  received_.erase(0, at);
}

void SessionPeer::OnAnswer(ByteSpan frame) {
  using S = v1::ServerMessage;
  S m;
  RJ_CHECK(m.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
  RJ_CHECK(m.GetReflection()->GetUnknownFields(m).empty());
  switch (m.message_case()) {
    case S::MESSAGE_NOT_SET:
      RJ_CHECK(!"an answer without content");
      break;
    case S::kError:
      OnError(m.error());
      break;
    case S::kAppendReply:
      OnAcks(m.append_reply());
      break;
    case S::kReadData:
      OnReadData(frame, m.read_data());
      break;
    default:
      AnswerTo(RequestOf(m.message_case()), IdOf(m));
  }
  if (m.has_hello_reply()) greeted_ = true;
  if (m.has_open_reply()) {
    journal_id_ = m.open_reply().journal_id();
    next_sequence_ = m.open_reply().last_sequence() + 1;
  }
  last_ = std::move(m);
}

// Each result is an append of this session that had no answer, in the order of the appends.
void SessionPeer::OnAcks(const v1::AppendReply& reply) {
  RJ_CHECK(reply.results_size() > 0);
  for (const v1::AppendResult& result : reply.results()) {
    const int at = Find(M::kAppend, result.request_id());
    RJ_CHECK(at >= 0 || ambiguous_);
    if (at < 0) continue;
    RJ_CHECK(at > last_acked_ || ambiguous_);
    last_acked_ = at;
    Request* request = &requests_[static_cast<size_t>(at)];
    RJ_CHECK(!request->body.empty() || ambiguous_);
    acked_.push_back({result, ambiguous_ ? std::string() : request->body});
    Answer(at);
  }
}

// Whole entries, each behind the one before, as both parsers see them.
void SessionPeer::OnReadData(ByteSpan frame, const v1::ReadData& data) {
  RJ_CHECK(Find(M::kRead, data.request_id()) >= 0 || ambiguous_);
  uint64_t* next = &next_lsn_[data.request_id()];
  for (const v1::Entry& entry : data.entries().entries()) {
    RJ_CHECK(*next == 0 || entry.first_lsn() == *next || ambiguous_);
    *next = entry.first_lsn() + entry.count();
    if (entry.kind() == v1::ENTRY_KIND_TRANSACTIONS) {
      RJ_CHECK(static_cast<uint32_t>(entry.transactions_size()) == entry.count());
    }
  }
  constexpr uint64_t kReadDataField = 5, kEntriesField = 31;
  records_.append(AsView(FieldBytes(FieldBytes(frame, kReadDataField), kEntriesField)));
}

// Errors without a request are about the session, unless there is one that gave no number.
bool SessionPeer::IsAboutSession(const v1::ErrorReply& error) const {
  if (error.request_id() != 0) return false;
  return error.code() == end_code_ || error.code() == v1::ERROR_CODE_SHUTTING_DOWN ||
         error.code() == v1::ERROR_CODE_JOURNAL_NOT_FOUND;
}

void SessionPeer::OnError(const v1::ErrorReply& error) {
  RJ_CHECK(error.code() != v1::ERROR_CODE_UNKNOWN && !error.message().empty());
  RJ_CHECK(error.ByteSizeLong() <= kErrorBytesMax);
  const int at = FindFor(error);
  if (at < 0 || IsAboutSession(error)) return OnSessionError(error);
  const Request& request = requests_[static_cast<size_t>(at)];
  RJ_CHECK(request.kind != M::kHello && request.kind != M::kHeartbeat);
  RJ_CHECK(request.kind != M::kAppend || at > last_in_order_ || ambiguous_);
  // It asked for the journal only if there is none.
  RJ_CHECK(request.kind != M::kOpen || error.code() != v1::ERROR_CODE_JOURNAL_EXISTS);
  Answer(at);
}

// One at most, and the one that the bytes deserve, if they deserve any.
void SessionPeer::OnSessionError(const v1::ErrorReply& error) {
  if (ambiguous_ && error.request_id() != 0) return;
  if (error.request_id() != 0 || session_error_ != v1::ERROR_CODE_UNKNOWN) {
    std::fprintf(stderr, "nobody asked for: %s\n", error.ShortDebugString().c_str());
  }
  RJ_CHECK(error.request_id() == 0);
  RJ_CHECK(session_error_ == v1::ERROR_CODE_UNKNOWN || ambiguous_);
  switch (error.code()) {
    case v1::ERROR_CODE_JOURNAL_NOT_FOUND:  // it was removed
    case v1::ERROR_CODE_SHUTTING_DOWN:
    case v1::ERROR_CODE_LIMIT:  // too many sessions
      may_be_dropped_ = true;
      break;
    default:
      RJ_CHECK((end_ == End::kError && error.code() == end_code_) || ambiguous_);
  }
  session_error_ = error.code();
}

int SessionPeer::Find(Case kind, uint64_t id) const {
  for (size_t i = 0; i < requests_.size(); ++i) {
    const Request& r = requests_[i];
    if (r.answered || r.any_id || r.id != id) continue;
    const bool fits = kind == M::kJournalInfo ? AnswersWithJournal(r.kind) : r.kind == kind;
    if (fits) return static_cast<int>(i);
  }
  return -1;
}

// A malformed append is refused under the id that the server could read, so its place counts.
int SessionPeer::FindFor(const v1::ErrorReply& error) const {
  int any = -1;
  for (size_t i = 0; i < requests_.size(); ++i) {
    const Request& r = requests_[i];
    if (r.answered) continue;
    if (!r.any_id && r.id == error.request_id()) return static_cast<int>(i);
    if (r.any_id && any < 0) any = static_cast<int>(i);
  }
  return any;
}

void SessionPeer::Answer(int at) {
  Request* request = &requests_[static_cast<size_t>(at)];
  request->answered = true;
  if (!request->any_id) unanswered_ids_.erase(unanswered_ids_.find(request->id));
  if (!IsDeferred(request->kind) && request->kind != M::kAppend) last_in_order_ = at;
}

// Requests are answered in their order, but those that must wait for something.
void SessionPeer::AnswerTo(Case kind, uint64_t id) {
  const int at = Find(kind, id);
  RJ_CHECK(at >= 0 || ambiguous_);
  if (at < 0) return;
  RJ_CHECK(IsDeferred(kind) || at > last_in_order_ || ambiguous_);
  Answer(at);
}

void SessionPeer::OnClosed() {
  if (closed_) return;
  closed_ = true;
  RJ_CHECK(received_.empty());  // no answer is cut off
  if (hung_up_ || may_be_dropped_) return;
  RJ_CHECK(end_ != End::kNone || ambiguous_);
  if (end_ == End::kPreface) {
    RJ_CHECK(text_.ends_with("\n") && text_.size() < kErrorBytesMax);
  } else {
    RJ_CHECK(session_error_ == end_code_ || ambiguous_);
  }
}

void SessionPeer::CheckSettled() const {
  if (closed_ || hung_up_) return;
  RJ_CHECK(received_.empty());
  RJ_CHECK(end_ == End::kNone);  // or it would have been closed
  for (const Request& request : requests_) {
    if (request.kind == M::kRead || ambiguous_) continue;  // may wait for credit, or follow
    RJ_CHECK(request.answered);
  }
}

std::string SessionPeer::Fate() const {
  std::string fate = !closed_                ? "lives"
                     : end_ == End::kPreface ? "wrong preface"
                     : session_error_ != 0   ? "ended " + CodeName(session_error_)
                     : hung_up_              ? "hung up"
                                             : "dropped";
  const auto* field = last_.GetDescriptor()->FindFieldByNumber(last_.message_case());
  if (last_.has_error()) return fate + ", last " + CodeName(last_.error().code());
  return field == nullptr ? fate : fate + ", last " + field->name();
}

}  // namespace ringjournal::fuzz
