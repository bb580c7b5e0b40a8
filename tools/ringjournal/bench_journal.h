// A journal for one load: made before it, removed after it.
#ifndef TOOLS_RINGJOURNAL_BENCH_JOURNAL_H_
#define TOOLS_RINGJOURNAL_BENCH_JOURNAL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/options.h"
#include "io/socket.h"
#include "tools/ringjournal/bench_rounds.h"

namespace ringjournal::bench {

// A new journal on a server with one appending session for each connection. Blocking, one thread.
class BenchJournal {
 public:
  // Errors: those of the client library and of OpenAppendSession.
  static absl::StatusOr<BenchJournal> Create(const std::string& server,
                                             const BenchSettings& settings);

  // Give to the load generator.
  std::vector<io::FileDescriptor> TakeSockets() { return std::move(sockets_); }
  const std::string& name() const { return name_; }
  uint64_t first_lsn() const { return first_lsn_; }
  const client::ClientOptions& client() const { return client_; }
  // Waits until so many nodes are in sync on it. Unavailable after 10 s.
  absl::Status AwaitInSync(uint32_t nodes);
  // Unavailable if it is not so.
  absl::Status StillInSync(uint32_t nodes);
  // Removes it from the server.
  absl::Status Remove();

 private:
  std::string name_;
  client::ClientOptions client_;
  uint64_t first_lsn_ = 1;
  std::vector<io::FileDescriptor> sockets_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_JOURNAL_H_
