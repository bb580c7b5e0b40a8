// One client that appends without end and notes what it is told.
#ifndef TESTS_CHAOS_PRODUCER_H_
#define TESTS_CHAOS_PRODUCER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "client/client.h"
#include "client/writer.h"
#include "tests/chaos/history_file.h"

namespace ringjournal::chaos {

// Up to which level its appends go. One that waits for a disk holds up what was sent behind it.
enum class DiskUse { kNone, kDisk, kDiskQuorum };

struct ProducerOptions {
  std::string servers;
  std::string journal;
  std::string folder;         // of the history
  uint32_t number = 1;        // among the producers
  double appends_per_s = 50;  // at most
  DiskUse disk_use = DiskUse::kDisk;
  uint64_t seed = 1;
};

// What it counted; all from the start, but for `gap_ns`.
struct ProducerCounts {
  uint64_t acknowledged = 0;
  uint64_t unknown = 0;
  uint64_t not_applied = 0;
  uint64_t losses = 0;
  int64_t gap_ns = 0;  // the longest time without an acknowledgement since Mark, up to Rest
};

// Has a thread of its own and a production Writer with another. Go, Rest, Mark, SetRate and
// counts: from any thread.
class Producer {
 public:
  explicit Producer(const ProducerOptions& options);
  ~Producer();  // ends it; what is unanswered is noted as unknown
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void Go();
  // No append is begun from now on; resting() once every one has its outcome.
  void Rest();
  bool resting() const;
  void Mark();
  void SetRate(double appends_per_s) { appends_per_s_ = appends_per_s; }
  ProducerCounts counts() const;
  void Flush() { file_.Flush(); }
  DiskUse disk_use() const { return options_.disk_use; }

 private:
  void Run();
  void OpenWriter();
  client::Level DrawLevel();
  void AppendOne();
  void Done(uint64_t number, const client::AppendOutcome& outcome);
  void Acknowledged(int64_t now_ns);

  const ProducerOptions options_;
  HistoryFile file_;
  std::mt19937_64 random_;
  std::unique_ptr<client::Client> client_;
  std::unique_ptr<client::Writer> writer_;
  uint64_t next_ = 1;
  int64_t due_ns_ = 0;

  std::atomic<double> appends_per_s_;
  std::atomic<bool> going_ = false;
  std::atomic<bool> ending_ = false;
  std::atomic<bool> appending_ = false;  // between the look at going_ and the append's acceptance
  std::atomic<uint64_t> in_flight_ = 0;
  mutable std::mutex mutex_;
  ProducerCounts counts_;
  int64_t last_ack_ns_ = 0;  // or since when it is to be counted
  std::thread thread_;
};

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_PRODUCER_H_
