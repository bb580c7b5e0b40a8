// A backup that needs what its leader's ring no longer holds: it comes from the segments.
#ifndef SERVER_CLUSTER_CATCH_UP_H_
#define SERVER_CLUSTER_CATCH_UP_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "journal/base/limits.h"
#include "journal/subscription/reader.h"

namespace ringjournal {

// How many catch-ups a node runs: each has a buffer for what it reads. Who finds no seat asks
// again. One thread.
class CatchUpSeats {
 public:
  // As many as a client's session may have reads.
  static constexpr uint32_t kMax = limits::kReadsPerSessionMax;
  bool free() const { return taken_ < kMax; }

 private:
  friend class CatchUp;
  uint32_t taken_ = 0;
};

// Reads a journal's entries from its segments for one backup, a piece at a time, until the ring
// holds the next one. Never pins the ring. Pure; one thread. Its buffer may be in the kernel's
// hands, or named by effects of this Step: not to be destroyed before waits_for_disk() is false and
// the Step is over.
class CatchUp {
 public:
  // Tokens of its disk operations: the checkpointer's and the sessions' readers' lie below.
  static constexpr uint32_t kTokenBase = 0x80000000;
  struct Request {
    uint64_t nonce = 0;  // of the newest FOLLOW
    Index keeps;         // last entry that the backup keeps; 0: none
    Index oldest;        // first that it holds
  };

  // `seats` outlives it and has a free one.
  CatchUp(const Request& request, uint32_t token, CatchUpSeats* seats);
  ~CatchUp() { --seats_->taken_; }
  CatchUp(const CatchUp&) = delete;
  CatchUp& operator=(const CatchUp&) = delete;

  const Request& request() const { return request_; }
  // It has asked again before it was answered.
  void set_nonce(uint64_t nonce) { request_.nonce = nonce; }

  // Reads on. Call where rest() is empty, and not in a Step whose effects name earlier bytes.
  void Read(const Replica& replica, std::vector<StorageOp>* ops);
  void OnStorageDone(const StorageDone& done) { reader_.OnStorageDone(done); }
  // Closes what is open. Nothing is read any more.
  void Stop(std::vector<StorageOp>* ops) { reader_.Stop(ops); }
  uint32_t token() const { return reader_.token(); }
  bool waits_for_disk() const { return reader_.waits_for_disk(); }
  bool may_read() const { return !waits_for_disk() && rest_.empty() && wrong_.empty(); }
  // Read or Take would make progress now.
  bool goes_on() const { return !waits_for_disk() && !idle_ && wrong_.empty(); }
  // Why nothing more can be read; empty: it can.
  const std::string& wrong() const { return wrong_; }

  // The chain hash of the entry that the backup keeps; what follows can be sent.
  bool knows_chain() const { return knows_chain_; }
  uint64_t chain() const { return chain_; }
  // The backup has been told where to go on.
  bool answered() const { return answered_; }
  void set_answered() { answered_ = true; }

  // Read and not taken: whole records, valid until the next Read.
  ByteSpan rest() const { return rest_; }
  // First entry that was not taken.
  Index next() const { return next_; }
  // Whole records from the front of the rest, at most so many bytes but always one.
  ByteSpan Take(size_t bytes_max);

  // What the backup was sent and does not have on disk yet: until then it fills its ring.
  void OnDurable(Index durable);
  uint64_t unsafe_bytes() const { return taken_bytes_ - safe_bytes_; }

 private:
  struct Sent {
    Index last;
    uint64_t bytes_end;
  };
  std::string WrongWith(ByteSpan run) const;
  void TakeChain();

  Request request_;
  CatchUpSeats* seats_;
  Reader reader_;
  ByteSpan rest_;
  Index next_;
  uint64_t chain_ = 0;
  bool knows_chain_ = false;
  bool answered_ = false;
  bool idle_ = false;
  std::string wrong_;
  std::deque<Sent> sent_;  // at most a window's pieces
  uint64_t taken_bytes_ = 0, safe_bytes_ = 0;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_CATCH_UP_H_
