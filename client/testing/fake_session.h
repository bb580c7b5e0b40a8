// One connection of a FakeJournal: the server's side of the protocol. No threads, no I/O.
#ifndef CLIENT_TESTING_FAKE_SESSION_H_
#define CLIENT_TESTING_FAKE_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/testing/fake_log.h"
#include "journal/base/bytes.h"
#include "journal/base/limits.h"
#include "journal/format/append_scan.h"
#include "journal/format/frame.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// What a FakeJournal does wrong, next or until told otherwise. Shared by its connections.
struct FakeFaults {
  uint32_t refuse_appends = 0;  // so many appends are refused with refuse_code
  v1::ErrorCode refuse_code = v1::ERROR_CODE_BACK_PRESSURE;
  uint32_t lose_before = 0;    // so many appends: the connection ends, nothing is applied
  uint32_t lose_after = 0;     // so many appends: applied, then the connection ends unanswered
  bool mute_requests = false;  // requests other than appends and reads get no answer
  uint32_t lose_requests = 0;  // so many of them: carried out, then the connection ends unanswered
  bool ring_full = false;
  std::string leaderless;  // opening this journal is refused
};

// What happened at a FakeJournal so far.
struct FakeCounts {
  uint64_t connections = 0;
  uint64_t appends = 0;   // append frames received
  uint64_t applied = 0;   // of them, written
  uint64_t requests = 0;  // other than hello, heartbeat, open, append, resume and reads
};

// Speaks one session. Owned by the connection; journals, faults and counts are the server's.
class FakeSession {
 public:
  FakeSession(FakeJournals* journals, FakeFaults* faults, FakeCounts* counts)
      : journals_(journals), log_(journals->main()), faults_(faults), counts_(counts) {}

  // Bytes from the client at log time `now_ns`. False: the connection ends now, without answers.
  bool Feed(ByteSpan bytes, uint64_t now_ns);
  // Sends what a reader may have by now, and tells a writer that somebody else came.
  void Pump();
  // The journal lost data, or is gone: whoever has it open must open it again.
  bool has_opened() const { return opened_; }
  // Answers that were not taken yet; the transport takes all of them.
  std::string* outbound() { return &outbound_; }

 private:
  struct Reading {
    uint64_t request_id = 0;
    size_t next_record = 0;
    std::optional<Lsn> until;
    bool follow = false;
    bool durable_only = false;
    uint64_t credit_bytes = 0;
  };

  bool Handle(ByteSpan frame, uint64_t now_ns);
  bool HandleRequest(const v1::ClientMessage& message, uint64_t now_ns);
  void HandleHello(const v1::Hello& hello);
  void HandleOpen(const v1::Open& open, uint64_t now_ns);
  bool IsReplaced(const v1::Open& open) const;
  bool ShowsLoss(const v1::Open& open);
  bool ShowsLoss(const v1::Read& read, Lsn from);
  void JudgeReceipt(const v1::Receipt& receipt, v1::OpenReply* reply) const;
  bool HandleAppend(ByteSpan frame, uint64_t now_ns);
  bool Refused(const AppendEnvelope& append);
  void Refuse(uint64_t request_id, v1::ErrorCode code, const std::string& why);
  void Acknowledge(const AppendEnvelope& append, size_t record, bool duplicate);
  void HandleRead(const v1::Read& read);
  void EndRead(v1::ReadEnd::Reason reason, Lsn next, Lsn resume);
  void SendRecord(const FakeRecord& record);
  void ListProducers(const v1::ProducerList& request, v1::ServerMessage* reply);
  void Resolve(const v1::Resolve& request, uint64_t now_ns, v1::ServerMessage* reply);
  void Administer(const v1::ClientMessage& message, uint64_t now_ns, v1::ServerMessage* reply);
  // As fake_writers.cc has it.
  void AboutWriter(const v1::ClientMessage& message, uint64_t now_ns, v1::ServerMessage* reply);
  void TellFenced();
  void Set(const v1::JournalSet& request, v1::ServerMessage* reply);
  // Null: the client was told so.
  FakeLog* Known(const std::string& journal, uint64_t request_id);
  void Send(const v1::ServerMessage& message);
  void SendError(uint64_t request_id, v1::ErrorCode code, const std::string& message);
  void SendError(uint64_t request_id, v1::ErrorReply error);

  FakeJournals* journals_;
  FakeLog* log_;  // the one that is open
  FakeFaults* faults_;
  FakeCounts* counts_;
  FrameDecoder decoder_{limits::kFrameBytesMax};
  std::string preface_;
  std::string outbound_;
  bool opened_ = false;
  std::string producer_;  // empty: this session does not append
  uint32_t producer_epoch_ = 0;
  Epoch writer_;           // writer epoch that it has opened with
  Index fence_at_open_;    // the newest one that it knows of
  bool refusing_ = false;  // everything up to the next Resume
  std::optional<Reading> reading_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TESTING_FAKE_SESSION_H_
