// One connection as an outsider sees it: what it has sent, what it must be answered, what it was.
#ifndef TESTS_FUZZ_SESSION_PEER_H_
#define TESTS_FUZZ_SESSION_PEER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "journal/base/bytes.h"
#include "proto/client.pb.h"

namespace ringjournal::fuzz {

// Predicts from the bytes alone how the session must be answered, and holds every answer to it
// (RJ_CHECK). It reads messages with the generated parser; whether an append is well formed it asks
// of ScanAppend, as the server does: append_target.cc holds what that accepts against the parser.
// One thread.
class SessionPeer {
 public:
  // An acknowledged append with the transactions as they were sent.
  struct Acked {
    v1::AppendResult result;
    std::string body;
  };

  // ---- what happens ----
  void OnSent(ByteSpan bytes);
  // Bytes of one send effect.
  void OnReceived(ByteSpan bytes);
  void OnClosed();
  void OnHungUp() { hung_up_ = true; }
  // It may be dropped without a word: too slow, or silent.
  void MayBeDropped() { may_be_dropped_ = true; }

  // ---- what must hold once everything else has been answered ----
  void CheckSettled() const;

  // ---- what it knows ----
  bool closed() const { return closed_; }
  bool greeted() const { return greeted_; }
  uint64_t next_sequence() const { return next_sequence_; }
  void set_next_sequence(uint64_t sequence) { next_sequence_ = sequence; }
  const std::string& journal_id() const { return journal_id_; }
  const std::vector<Acked>& acked() const { return acked_; }
  const v1::ServerMessage& last() const { return last_; }
  // Raw records of all ReadData, one behind the other.
  const std::string& records() const { return records_; }
  uint64_t next_request_id() { return ++request_id_; }
  // "ended PROTOCOL, last HELLO_REPLY"
  std::string Fate() const;

 private:
  using Case = v1::ClientMessage::MessageCase;
  // How the server must end the session because of what it was sent.
  enum class End { kNone, kPreface, kError };
  struct Request {
    Case kind;
    uint64_t id = 0;
    std::string body;     // of an append that is well formed
    bool any_id = false;  // malformed: the server may not have come to the id
    bool answered = false;
  };

  bool TakePreface();
  bool TakeFrame();
  void OnFrame(ByteSpan frame);
  void OnAppendFrame(ByteSpan frame);
  void OnMessage(const v1::ClientMessage& message);
  void Expect(Case kind, uint64_t id);
  void MustEnd(v1::ErrorCode code);

  void OnAnswer(ByteSpan frame);
  void OnError(const v1::ErrorReply& error);
  void OnSessionError(const v1::ErrorReply& error);
  void OnAcks(const v1::AppendReply& reply);
  void OnReadData(ByteSpan frame, const v1::ReadData& data);
  bool IsAboutSession(const v1::ErrorReply& error) const;
  // The oldest request of that kind and id that has no answer yet; -1: nobody asked.
  int Find(Case kind, uint64_t id) const;
  int FindFor(const v1::ErrorReply& error) const;
  void Answer(int at);
  void AnswerTo(Case kind, uint64_t id);

  std::string sent_;  // not yet cut into frames
  bool preface_done_ = false, hello_sent_ = false, greeted_ = false;
  End end_ = End::kNone;
  v1::ErrorCode end_code_ = v1::ERROR_CODE_UNKNOWN;
  std::vector<Request> requests_;
  std::multiset<uint64_t> unanswered_ids_;
  // An id was used twice at once: which request an answer means can then not be told.
  bool ambiguous_ = false;
  int last_in_order_ = -1, last_acked_ = -1;

  std::string received_, text_, records_, journal_id_;
  v1::ServerMessage last_;
  v1::ErrorCode session_error_ = v1::ERROR_CODE_UNKNOWN;
  std::map<uint64_t, uint64_t> next_lsn_;  // of each read
  std::vector<Acked> acked_;
  bool closed_ = false, hung_up_ = false, may_be_dropped_ = false;
  uint64_t request_id_ = 0, next_sequence_ = 1;
};

}  // namespace ringjournal::fuzz

#endif  // TESTS_FUZZ_SESSION_PEER_H_
