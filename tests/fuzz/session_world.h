// A shard with everything around it, driven by a script: disk, ring memory, config store, sockets.
#ifndef TESTS_FUZZ_SESSION_WORLD_H_
#define TESTS_FUZZ_SESSION_WORLD_H_

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "journal/ring/test_memory.h"
#include "server/session/shard.h"
#include "tests/fuzz/session_peer.h"

namespace ringjournal::fuzz {

// Files in memory, made only as far as they are written; answers when it is told to. It can be
// full; a failed write stops a server and is no matter of sessions.
class ScriptDisk {
 public:
  void Take(JournalNumber journal, StorageOp op);
  bool idle() const { return pending_.empty(); }
  StorageAnswer CompleteOne();

  bool full = false;

 private:
  struct File {
    std::string bytes;
    uint64_t size = 0;  // what was not written reads as zeros
  };
  struct Pending {
    JournalNumber journal;
    StorageOp op;
  };
  int64_t Perform(const Pending& pending);
  int64_t Open(const std::string& name);
  int64_t Rename(const std::string& from, const std::string& to);
  int64_t Read(const StorageOp& op);

  std::deque<Pending> pending_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<int64_t, std::shared_ptr<File>> handles_;
  int64_t last_handle_ = 0;
};

// Carries out effects and holds them to what they promise (RJ_CHECK). Connections are numbered
// from 1 and never reused. Ring memory is kept from one world to the next: mapping is slow.
class SessionWorld {
 public:
  SessionWorld();
  ~SessionWorld();

  // ---- the network ----
  ConnectionNumber Connect();
  // As the kernel delivers: in pieces of so many bytes; 0: whole.
  void Send(ConnectionNumber c, std::string_view bytes, size_t piece_bytes = 0);
  void HangUp(ConnectionNumber c, int error);
  // What the connection's socket has not taken.
  void Queue(ConnectionNumber c, uint64_t bytes);
  SessionPeer* peer(ConnectionNumber c) { return peers_.at(c).get(); }
  size_t connections() const { return peers_.size(); }

  // ---- the rest ----
  void EndBatch();
  void Advance(int64_t ms);
  void Drain();
  // Answers the oldest question to the disk, the config store or the memory. False: there is none.
  bool AnswerOne();
  // Everything that waits is answered and the time passes that the shard asks for, at most so much.
  void Settle(int64_t ms);
  // What must hold at the end, after Settle: in rings and sessions.
  void CheckSettled();
  // All that the peer read is one run of valid records, up to its own last append, and holds what
  // was acknowledged.
  void CheckRead(const SessionPeer& peer) const;

  ScriptDisk disk;
  bool memory_missing = false;  // no ring can be made
  uint64_t conflicts = 0;       // so many changes of the config meet somebody else's
  bool drains() const { return drains_; }

 private:
  struct Socket {
    uint64_t queued_bytes = 0;
    uint64_t batch_bytes = 0;  // of replies in this batch
    int64_t accepted_ns = 0, received_ns = 0, blocked_ns = 0;
    bool paused = false;
  };

  void Step(const ShardEvent& event);
  void Carry();
  void CarrySend(const ShardEffects::Send& send);
  ConfigCompletion Apply(ConfigRequest request);
  void MakeRing(const ShardEffects::RingWanted& wanted);
  void NoteTimeouts();
  void CheckRing(const Journal& journal) const;
  RecordView CheckRecords(ByteSpan records, std::string_view journal_id) const;
  void CheckAcked(std::string_view journal_id, const RecordView& record) const;

  Time now_{1'000'000'000, 1'700'000'000'000'000'000};
  v1::ConfigDocument document_;
  std::vector<std::unique_ptr<TestRingMemory>> memories_;  // outlive the shard's rings
  std::unique_ptr<Shard> shard_;
  ShardEffects effects_;
  std::map<ConnectionNumber, std::unique_ptr<SessionPeer>> peers_;
  std::map<ConnectionNumber, Socket> sockets_;
  std::deque<RingAnswer> rings_;
  std::deque<ConfigCompletion> configs_;
  bool drains_ = false;
};

}  // namespace ringjournal::fuzz

#endif  // TESTS_FUZZ_SESSION_WORLD_H_
