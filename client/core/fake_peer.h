// For tests: the other end of a session, with a journal in memory and faults on demand.
#ifndef CLIENT_CORE_FAKE_PEER_H_
#define CLIENT_CORE_FAKE_PEER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "client/core/session.h"
#include "journal/format/entry_layout.h"
#include "journal/format/frame.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// Speaks the server's side: preface, frames, hello, open, appends with dedup, refusals, reads.
// `on_message` may answer itself (return true) to script anything else.
class FakePeer {
 public:
  explicit FakePeer(Session* session) : session_(session) {}

  // ---- the connection ----
  // Lets time pass until the session wants to connect, and connects it.
  void Connect();
  void Disconnect();
  bool connected() const { return connected_; }
  // Carries at most so many bytes from the session to the peer; the peer handles what is whole.
  void Deliver(size_t bytes_max = SIZE_MAX);
  // Carries at most so many bytes of answers to the session, in pieces of `piece` bytes.
  void Answer(size_t bytes_max = SIZE_MAX, size_t piece = SIZE_MAX);
  // Deliver and Answer until nothing moves.
  void Settle();
  void AdvanceTime(int64_t ns);
  void Send(const v1::ServerMessage& message);
  void SendError(uint64_t request_id, v1::ErrorCode code, const std::string& message);

  // ---- the journal ----
  // Writes a control entry, or transactions, behind the end.
  void AddControl();
  void AddTransactions(const std::vector<std::string>& payloads);
  // Every payload in the journal, in order.
  std::vector<std::string> Payloads() const;
  // The journal's bytes: records, one behind the other.
  const std::string& log() const { return log_; }

  int64_t now_ns = 1;
  std::string journal_id = std::string(16, 'j');
  uint32_t generation = 1;
  uint64_t last_sequence = 0;
  uint32_t refuse_next = 0;  // so many appends are refused with refuse_code
  v1::ErrorCode refuse_code = v1::ERROR_CODE_BACK_PRESSURE;
  bool hold_acks = false;     // apply, but do not answer
  uint64_t applied_twice = 0;
  std::vector<v1::ClientMessage> received;
  std::function<bool(const v1::ClientMessage&)> on_message;

 private:
  void Handle(ByteSpan frame);
  void HandleAppend(const v1::Append& append, ByteSpan frame);
  void HandleOpen(const v1::Open& open);
  void HandleRead(const v1::Read& read);
  void SendAck(const v1::Append& append, uint64_t first_lsn, bool duplicate);
  void SendRecord(uint64_t request_id, ByteSpan record);
  void AddRecord(uint32_t kind, uint32_t count, ByteSpan body);

  Session* session_;
  bool connected_ = false;
  std::string inbound_;   // from the session, not handled yet
  std::string outbound_;  // to the session, not delivered yet
  bool preface_seen_ = false;
  bool refusing_ = false;
  std::string log_;  // records
  LogPosition end_;
  std::map<uint64_t, uint64_t> lsn_of_sequence_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_FAKE_PEER_H_
