#include "server/log/stderr_sink.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "journal/base/limits.h"
#include "server/log/format.h"

namespace ringjournal {

StderrSink::StderrSink(int fd, std::function<uint64_t()> lines_overrun)
    : fd_(fd), lines_overrun_(std::move(lines_overrun)) {}

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
  if (!ReportDropped(message)) {
    not_taken_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  spdlog::memory_buf_t text;
  base_sink::formatter_->format(message, text);
  if (text.size() > limits::kLogLineBytesMax) {
    constexpr std::string_view kCut = " cut=true\n";
    text.resize(limits::kLogLineBytesMax - kCut.size());
    text.append(kCut.data(), kCut.data() + kCut.size());
  }
  if (!Write({text.data(), text.size()})) not_taken_.fetch_add(1, std::memory_order_relaxed);
}

// True if there is nothing to report, or it was reported.
bool StderrSink::ReportDropped(const spdlog::details::log_msg& message) {
  const uint64_t dropped = lines_overrun_() + lines_not_taken();
  if (dropped == reported_) return true;
  const std::string line = FormatEvent(LogLevel::kWarn, "log_lines_dropped",
                                       {{"lines", dropped - reported_}, {"lines_total", dropped}});
  spdlog::details::log_msg report = message;
  report.payload = spdlog::string_view_t(line.data(), line.size());
  spdlog::memory_buf_t text;
  base_sink::formatter_->format(report, text);
  if (!Write({text.data(), text.size()})) return false;
  reported_ = dropped;
  return true;
}

bool StderrSink::Write(std::string_view line) {
  pollfd wanted = {.fd = fd_, .events = POLLOUT, .revents = 0};
  const int wait_ms = stalled_ ? 0 : static_cast<int>(limits::kLogStalledWaitMs);
  // A pipe that polls writable takes PIPE_BUF bytes at once, and a line is no longer than that.
  if (poll(&wanted, 1, wait_ms) <= 0 || (wanted.revents & POLLOUT) == 0) {
    stalled_ = true;
    return false;
  }
  stalled_ = false;
  while (!line.empty()) {
    const ssize_t n = write(fd_, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    line.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace ringjournal
