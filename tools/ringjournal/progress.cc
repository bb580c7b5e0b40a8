#include "tools/ringjournal/progress.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr double kNsPerSecond = 1e9;

double Share(const ProgressState& s) {
  return s.total == 0 ? 0
                      : std::min(1.0, static_cast<double>(s.done) / static_cast<double>(s.total));
}

std::string Rate(const ProgressState& s) {
  if (s.elapsed_ns <= 0) return "";
  double seconds = static_cast<double>(s.elapsed_ns) / kNsPerSecond;
  return absl::StrFormat("%.0f transactions/s, %.1f MiB/s", static_cast<double>(s.done) / seconds,
                         static_cast<double>(s.bytes) / seconds / (1 << 20));
}

std::string Left(const ProgressState& s) {
  if (s.total == 0 || s.done == 0 || s.elapsed_ns < 500 * kMs) return "";
  double left = static_cast<double>(s.elapsed_ns) * (1 / Share(s) - 1) / kNsPerSecond;
  uint64_t seconds = static_cast<uint64_t>(std::min(left, 1e9)) + 1;
  if (s.done >= s.total) return "";
  if (seconds >= 3600) return absl::StrFormat("%dh%02dm left", seconds / 3600, seconds / 60 % 60);
  if (seconds >= 60) return absl::StrFormat("%dm%02ds left", seconds / 60, seconds % 60);
  return absl::StrFormat("%ds left", seconds);
}

size_t TerminalColumns() {
  winsize size = {};
  bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 * kMs + now.tv_nsec;
}

std::string ProgressBar(const ProgressState& s, size_t columns) {
  std::string text;
  if (s.total > 0) absl::StrAppendFormat(&text, " %3d %%", static_cast<int>(Share(s) * 100));
  absl::StrAppend(&text, "  LSN ", s.lsn);
  if (std::string rate = Rate(s); !rate.empty()) absl::StrAppend(&text, "  ", rate);
  if (std::string left = Left(s); !left.empty()) absl::StrAppend(&text, "  ", left);
  constexpr size_t kBarMin = 10, kBarMax = 40;
  if (s.total > 0 && columns > text.size() + kBarMin + 2) {
    size_t width = std::min(kBarMax, columns - text.size() - 3);
    size_t filled = static_cast<size_t>(Share(s) * static_cast<double>(width));
    std::string bar(filled, '=');
    if (filled < width) bar += '>';
    bar.resize(width, ' ');
    text = absl::StrCat("[", bar, "]", text);
  }
  return text.substr(0, columns > 0 ? columns - 1 : 0);
}

std::string ProgressLine(const ProgressState& s) {
  std::string text = absl::StrCat("at LSN ", s.lsn, ", ", s.done);
  if (s.total > 0) {
    absl::StrAppendFormat(&text, " of %d (%d %%)", s.total, static_cast<int>(Share(s) * 100));
  }
  absl::StrAppend(&text, " transactions");
  if (std::string rate = Rate(s); !rate.empty()) absl::StrAppend(&text, ", ", rate);
  if (std::string left = Left(s); !left.empty()) absl::StrAppend(&text, ", ", left);
  return text;
}

Progress::Style Progress::Choose(bool quiet) {
  if (quiet) return Style::kNone;
  if (!isatty(STDERR_FILENO)) return Style::kLines;
  return isatty(STDOUT_FILENO) ? Style::kNone : Style::kBar;
}

Progress::Progress(Style style, std::string command, int64_t now_ns)
    : style_(style), command_(std::move(command)), begin_ns_(now_ns) {
  next_ns_ =
      now_ns + (style == Style::kBar ? limits::kProgressBarMs : limits::kProgressLineMs) * kMs;
}

void Progress::Update(ProgressState state, int64_t now_ns) {
  if (style_ == Style::kNone || now_ns < next_ns_) return;
  state.elapsed_ns = elapsed_ns(now_ns);
  if (style_ == Style::kBar) {
    next_ns_ = now_ns + limits::kProgressBarMs * kMs;
    drawn_ = true;
    std::fprintf(stderr, "\r\x1b[K%s", ProgressBar(state, TerminalColumns()).c_str());
  } else {
    next_ns_ = now_ns + limits::kProgressLineMs * kMs;
    std::fprintf(stderr, "ringjournal %s: %s\n", command_.c_str(), ProgressLine(state).c_str());
  }
}

void Progress::Clear() {
  if (std::exchange(drawn_, false)) std::fputs("\r\x1b[K", stderr);
}

}  // namespace ringjournal::cli
