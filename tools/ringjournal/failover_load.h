// Clients that append without a pause while the leader changes, and note how long they were kept
// waiting.
#ifndef TOOLS_RINGJOURNAL_FAILOVER_LOAD_H_
#define TOOLS_RINGJOURNAL_FAILOVER_LOAD_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/writer.h"
#include "tools/ringjournal/failover_figures.h"

namespace ringjournal::bench {

struct FailoverLoadOptions {
  std::vector<std::string> journals;  // exist; one for each client, a name may be there repeatedly
  uint32_t payload_bytes = 128;
  uint32_t in_flight = 1024;  // appends of one client; what is due beyond it is left out
};

// Writers at level `replicated` and one thread that keeps them busy. All calls from one thread.
class FailoverLoad {
 public:
  // Errors of Journal::OpenWriter.
  static absl::StatusOr<std::unique_ptr<FailoverLoad>> Open(const client::ClientOptions& client,
                                                            const FailoverLoadOptions& options);
  ~FailoverLoad();
  FailoverLoad(const FailoverLoad&) = delete;
  FailoverLoad& operator=(const FailoverLoad&) = delete;

  // Appends as fast as they are acknowledged; returns acknowledgements a second.
  absl::StatusOr<double> Saturate(int64_t duration_ns);
  // From now on `per_s` appends a second in all, however slow the answers are; 0: none.
  void SetRate(double per_s) { per_s_ = per_s; }
  // From now on each client looks for its first acknowledgement by another connection than the one
  // it has now.
  void Arm();
  // Waits until each client has one, and kFailoverSettleNs longer. DeadlineExceeded after
  // `patience_ns`, saying who has none.
  absl::StatusOr<FailoverRun> Await(int64_t patience_ns);
  // Stops appending and waits until everything has its outcome. DataLoss unless all of it is
  // applied, and each journal ends where the appends to it say.
  absl::Status Settle(const client::Client& client);
  uint64_t appended() const;

 private:
  // Of one client; the callbacks of its Writer write it.
  struct Track {
    std::string journal;
    std::mutex mutex;
    int64_t last_ns = 0;  // of the last acknowledgement
    uint64_t connections = 0;
    bool armed = false;
    bool crossed = false;
    ClientGap gap;
    uint64_t applied = 0;
    std::string failure;                     // of the first append that was not applied
    std::unique_ptr<client::Writer> writer;  // last: its thread uses the others
  };

  explicit FailoverLoad(const FailoverLoadOptions& options);
  void Run();
  // Appends up to `count` more by each client, fewer where it has enough in flight.
  void Append(uint64_t count);
  static void OnOutcome(Track* track, const client::AppendOutcome& outcome);
  absl::Status FirstFailure();

  FailoverLoadOptions options_;
  std::string payload_;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::atomic<double> per_s_{0};
  std::atomic<bool> flat_out_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_FAILOVER_LOAD_H_
