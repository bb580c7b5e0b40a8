// Writes lines to a descriptor that may be a pipe nobody reads.
#ifndef SERVER_LOG_STDERR_SINK_H_
#define SERVER_LOG_STDERR_SINK_H_

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

namespace ringjournal {

// A line that the descriptor does not take within kLogStalledWaitMs is dropped and counted; while
// it stays so, further lines are dropped at once. A line is at most kLogLineBytesMax bytes and
// written whole in one call, so that lines of several processes do not mix. Used by one thread, the
// writer; the counters may be read by any.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // `lines_overrun` says how many lines the queue has dropped so far. The descriptor is not owned.
  StderrSink(int fd, std::function<uint64_t()> lines_overrun);

  // Lines that the descriptor did not take.
  uint64_t lines_not_taken() const { return not_taken_.load(std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  bool Write(std::string_view line);
  bool ReportDropped(const spdlog::details::log_msg& message);

  int fd_;
  std::function<uint64_t()> lines_overrun_;
  std::atomic<uint64_t> not_taken_{0};
  uint64_t reported_ = 0;  // dropped lines that a line has told of
  bool stalled_ = false;   // the last line was not taken
};

}  // namespace ringjournal

#endif  // SERVER_LOG_STDERR_SINK_H_
