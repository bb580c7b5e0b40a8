// Clients that append at a steady rate while something is wrong with a backup, and note how long
// they waited for the next acknowledgement.
#ifndef TOOLS_RINGJOURNAL_BACKUP_LOAD_H_
#define TOOLS_RINGJOURNAL_BACKUP_LOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/writer.h"

namespace ringjournal::bench {

struct BackupLoadOptions {
  std::string journal;  // exists
  uint32_t clients = 4;
  uint32_t payload_bytes = 1024;
  uint32_t in_flight = 1024;  // appends of one client; what is due beyond it is left out
};

// Writers at level `replicated` and one thread that keeps them busy. All calls from one thread.
class BackupLoad {
 public:
  // Errors of Journal::OpenWriter.
  static absl::StatusOr<std::unique_ptr<BackupLoad>> Open(const client::ClientOptions& client,
                                                          const BackupLoadOptions& options);
  ~BackupLoad();
  BackupLoad(const BackupLoad&) = delete;
  BackupLoad& operator=(const BackupLoad&) = delete;

  // From now on so many appends a second in all, however slow the answers are; 0: none; less: as
  // fast as they are acknowledged.
  void SetRate(double per_s) { per_s_ = per_s; }
  // The longest time that a client that had appends in flight got no acknowledgement, since the
  // last call, in nanoseconds; a wait that is not over counts. Failures: DataLoss, the first.
  absl::StatusOr<int64_t> TakeLongestWait();
  uint64_t acknowledged() const;
  // SetRate(0), and waits until everything has its outcome.
  absl::Status Settle();

 private:
  // Of one client; the callbacks of its Writer write it.
  struct Track {
    std::mutex mutex;
    uint64_t sent = 0, acknowledged = 0;
    int64_t waiting_since_ns = 0;  // the last acknowledgement, or the first append after a rest
    int64_t longest_ns = 0;
    std::string failure;
    std::unique_ptr<client::Writer> writer;  // last: its thread uses the others
  };

  explicit BackupLoad(const BackupLoadOptions& options);
  void Run();
  void Append(Track* track, uint64_t count);
  static void OnOutcome(Track* track, const client::AppendOutcome& outcome);

  BackupLoadOptions options_;
  std::string payload_;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::atomic<double> per_s_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BACKUP_LOAD_H_
