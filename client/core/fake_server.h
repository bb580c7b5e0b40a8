// For tests: a server's side of the protocol with a journal in memory, without sockets.
#ifndef CLIENT_CORE_FAKE_SERVER_H_
#define CLIENT_CORE_FAKE_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "journal/format/entry_layout.h"
#include "journal/format/frame.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// One connection at a time: preface, frames, hello, open, appends with dedup, refusals, reads.
// Checks what a client must never do. `on_message` may answer itself (return true) to script
// anything else.
class FakeServer {
 public:
  // A new connection: what was under way on the old one is gone.
  void StartConnection();
  // Bytes from the client; whole messages are handled.
  void Feed(ByteSpan bytes);
  // Answers that the client has not received yet; the transport takes from the front.
  std::string* outbound() { return &outbound_; }

  void Send(const v1::ServerMessage& message);
  void SendError(uint64_t request_id, v1::ErrorCode code, const std::string& message);

  // Writes a control entry, or transactions, behind the end.
  void AddControl();
  void AddTransactions(const std::vector<std::string>& payloads);
  // Every payload in the journal, in order.
  std::vector<std::string> Payloads() const;
  // The journal's bytes: records, one behind the other.
  const std::string& log() const { return log_; }

  std::string journal_id = std::string(16, 'j');
  uint32_t generation = 1;
  uint64_t last_sequence = 0;
  uint32_t producer_epoch = 0;
  uint64_t last_sequence_lsn = 0;
  std::vector<v1::LossReport> losses;
  uint32_t refuse_next = 0;  // so many appends are refused with refuse_code
  v1::ErrorCode refuse_code = v1::ERROR_CODE_BACK_PRESSURE;
  uint64_t fenced_by = 0;  // the client instance that FENCED names
  bool hold_acks = false;  // apply, but do not answer
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

  std::string inbound_;  // not handled yet
  std::string outbound_;
  bool preface_seen_ = false;
  bool refusing_ = false;
  std::string log_;  // records
  LogPosition end_;
  std::map<uint64_t, uint64_t> lsn_of_sequence_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_FAKE_SERVER_H_
