// The control thread: runs what may block, so that no shard ever does.
#ifndef IO_WORKER_H_
#define IO_WORKER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ringjournal::io {

// One thread that runs jobs in order. A job's result comes back to the owner's thread: `wake` is
// called (from the worker's thread) when there is something for RunCompletions.
class Worker {
 public:
  using Job = std::function<int64_t()>;
  using Completion = std::function<void(int64_t)>;

  // `wake` must stay callable until Stop has returned. The thread takes no signals.
  explicit Worker(std::function<void()> wake);
  // Stops.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Owner's thread. At most limits::kWorkerJobsMax may be waiting: more is a programmer's error,
  // since each asker has a few operations under way at most.
  void Submit(Job job, Completion completion);
  // Owner's thread: calls what has completed.
  void RunCompletions();
  // Finishes what was submitted, then ends the thread. Completions not run yet still may be.
  void Stop();

 private:
  struct Task {
    Job job;
    Completion completion;
    int64_t result = 0;
  };
  void Loop();

  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Task> waiting_, completed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ringjournal::io

#endif  // IO_WORKER_H_
