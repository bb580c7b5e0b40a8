// Who may write to a fenced journal of a FakeJournal, by the rules of a server (replication.md,
// "Writers"). No threads, no I/O.
#ifndef CLIENT_TESTING_FAKE_WRITERS_H_
#define CLIENT_TESTING_FAKE_WRITERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "journal/base/types.h"
#include "journal/format/entry_layout.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// What a fence says.
struct FakeWriter {
  Epoch epoch;  // zero: there was no fence yet
  std::string claimant;
  uint64_t nonce = 0;
  uint64_t since_ns = 0;
  Index index;
  Lsn next_lsn;
  uint64_t chain = 0;
};

// The fences of one journal. One owner at a time.
class FakeWriters {
 public:
  bool fenced() const { return fenced_; }
  void set_fenced(bool fenced) { fenced_ = fenced; }
  // As its newest fence says.
  const FakeWriter& current() const { return fences_.back(); }

  // Whether who says this writer epoch may open a producer or settle, and append. Else *refusal
  // says why not.
  bool MayOpen(Epoch said, uint32_t generation, v1::ErrorReply* refusal) const;
  bool MayAppend(Epoch said, uint32_t generation, v1::ErrorReply* refusal) const;
  enum class Verdict {
    kRefused,  // see *refusal
    kAgain,    // what was granted is granted again
    kGranted,  // *fence is to be appended, and then noted
  };
  Verdict Judge(const v1::WriterAcquire& claim, uint32_t generation, v1::WriterFence* fence,
                v1::ErrorReply* refusal) const;
  void Note(const v1::WriterFence& fence, const EntryHeader& header);
  // Entries from this one on are gone.
  void ForgetFrom(Index index);

  void FillReply(uint32_t generation, v1::WriterReply* reply) const;
  void FillRefusal(Epoch said, uint32_t generation, v1::ErrorReply* refusal) const;

 private:
  bool Holds(uint32_t generation) const;
  void FillHolder(v1::ErrorReply* refusal) const;

  bool fenced_ = false;
  std::vector<FakeWriter> fences_{1};  // the first one stands for none
};

}  // namespace ringjournal::client

#endif  // CLIENT_TESTING_FAKE_WRITERS_H_
