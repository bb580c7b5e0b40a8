// Which LSNs a client holds acknowledgements for, in bounded memory.
#ifndef CLIENT_CORE_ACKED_RANGES_H_
#define CLIENT_CORE_ACKED_RANGES_H_

#include <cstddef>
#include <deque>
#include <vector>

#include "client/outcome.h"
#include "journal/base/limits.h"

namespace ringjournal::client {

// Ranges of LSNs, rising, neighbours joined. At the limit the two oldest ranges become one, holes
// included: old acknowledgements are the least likely to lie above a loss. One owner, no threads.
class AckedRanges {
 public:
  explicit AckedRanges(size_t ranges_max = limits::kClientAckedRangesMax)
      : ranges_max_(ranges_max) {}

  // Adds one acknowledged append. Ranges below the newest are found already added (a duplicate).
  void Add(LsnRange range);

  // LSNs from `lsn` on were lost and will be given to other transactions.
  void ForgetFrom(Lsn lsn);

  // LSNs up to `lsn` are not of interest any more.
  void ForgetUpTo(Lsn lsn);

  // What lies at or above `lsn`. *complete is false if a range returned may contain LSNs that were
  // never acknowledged to this client.
  std::vector<LsnRange> AtOrAbove(Lsn lsn, bool* complete) const;

  bool empty() const { return ranges_.empty(); }
  // The highest LSN in it. Not empty.
  Lsn last() const { return ranges_.back().last; }

 private:
  size_t ranges_max_;
  std::deque<LsnRange> ranges_;
  Lsn merged_to_;  // ranges up to here may have holes
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_ACKED_RANGES_H_
