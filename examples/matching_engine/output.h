// The trades, in a journal of their own: each once, whoever dies when.
#ifndef EXAMPLES_MATCHING_ENGINE_OUTPUT_H_
#define EXAMPLES_MATCHING_ENGINE_OUTPUT_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "client/journal.h"
#include "client/writer.h"
#include "journal/base/types.h"

namespace ringjournal::matching {

// Appends trades as the producer "trades". In the journal's LSNs and in the producer's sequences a
// trade has the trade's number: which is a function of the input alone. So a trade that is there
// already is known by its number, an engine that takes over sends what may be missing without
// looking, and one that was replaced and does not know it yet is refused. Two threads: the
// caller's, and the Writer's for outcomes.
class Output {
 public:
  explicit Output(const client::Journal& journal) : journal_(journal) {}

  // Opens or opens anew. Whoever had it open before is fenced.
  absl::Status Open();
  // What the command at `lsn` has brought about: serialised Trades, or nothing. Kept until it is
  // acknowledged. Rising LSNs.
  absl::Status Emit(Lsn lsn, std::string effect);
  // Everything up to here is acknowledged, or had nothing to say.
  Lsn done() const;
  bool empty() const;
  // OK, or why it is to be opened anew; kFenced: another engine has opened it.
  absl::Status status() const;

 private:
  struct Pending {
    Lsn lsn;
    std::string effect;
  };
  struct Shared {
    mutable std::mutex mutex;
    std::deque<Pending> pending;  // without an outcome, in order; under mutex
    Lsn done;                     // under mutex
    uint64_t opened = 0;          // outcomes of an older session do not count; under mutex
    absl::Status failed;  // an append of this session came to nothing: open anew; under mutex
  };

  absl::Status Send(const Pending& pending);

  client::Journal journal_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  uint64_t next_trade_ = 1;  // that this session appends
  std::unique_ptr<client::Writer> writer_;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_OUTPUT_H_
