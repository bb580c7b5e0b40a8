// Who may append to a fenced journal: a function of the entries alone (replication.md, "Writers").
#ifndef JOURNAL_NODE_WRITER_STATE_H_
#define JOURNAL_NODE_WRITER_STATE_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "journal/base/types.h"
#include "proto/entry.pb.h"

namespace ringjournal {

// As the newest fence of the log says.
struct WriterState {
  Epoch epoch;            // (generation, number); zero: there was no fence yet
  std::string claimant;   // for people
  uint64_t nonce = 0;     // of the claim
  uint64_t since_ns = 0;  // log time of the fence
  Index index;            // of the fence
  Lsn next_lsn;           // first LSN behind it
  uint64_t chain = 0;     // of the fence: of all that older writers have appended
};

// "2.7": the seventh writer of generation 2.
inline std::string WriterText(Epoch writer) {
  return absl::StrCat(writer.generation, ".", writer.epoch);
}

inline void WriteWriter(const WriterState& writer, v1::Writer* out) {
  out->set_claimant(writer.claimant);
  out->set_nonce(writer.nonce);
  out->set_since_ns(writer.since_ns);
  out->set_index(writer.index.value());
  out->set_next_lsn(writer.next_lsn.value());
  out->set_chain(writer.chain);
}

inline WriterState ReadWriter(const v1::Writer& in, Epoch epoch) {
  return {epoch,         in.claimant(),     in.nonce(),
          in.since_ns(), Index(in.index()), Lsn(in.next_lsn()),
          in.chain()};
}

}  // namespace ringjournal

#endif  // JOURNAL_NODE_WRITER_STATE_H_
