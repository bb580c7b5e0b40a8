// Where a reading command puts what it reads.
#ifndef TOOLS_RINGJOURNAL_SINK_H_
#define TOOLS_RINGJOURNAL_SINK_H_

#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "client/read_transaction.h"
#include "journal/base/types.h"

namespace ringjournal::cli {

// Takes transactions in order. One thread. After an error nothing more is taken; done() then says
// what is out for good.
class Sink {
 public:
  virtual ~Sink() = default;

  // May keep it back for a while. Cancelled: whoever reads the output is gone.
  virtual absl::Status Take(const client::ReadTransaction& transaction) = 0;
  // The same for many; their bytes need to stay only during the call. *taken: how many of them were
  // taken, the one that failed among them.
  virtual absl::Status TakeAll(std::span<const client::ReadTransaction> transactions,
                               size_t* taken) {
    for (*taken = 0; *taken < transactions.size();) {
      if (absl::Status s = Take(transactions[(*taken)++]); !s.ok()) return s;
    }
    return absl::OkStatus();
  }
  // Everything taken is out for good.
  virtual absl::Status Flush() = 0;
  // Called about once a second while nothing is taken.
  virtual absl::Status KeepAlive() { return absl::OkStatus(); }
  // Last LSN that is out for good; 0: none.
  virtual Lsn done() const = 0;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_SINK_H_
