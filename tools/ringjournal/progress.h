// How far a long command is: a bar on a terminal, a line now and then elsewhere.
#ifndef TOOLS_RINGJOURNAL_PROGRESS_H_
#define TOOLS_RINGJOURNAL_PROGRESS_H_

#include <cstdint>
#include <string>

namespace ringjournal::cli {

// Nanoseconds of CLOCK_MONOTONIC.
int64_t MonotonicNs();

// What is known at one moment.
struct ProgressState {
  uint64_t done = 0;       // transactions
  uint64_t total = 0;      // of them, if it is known; 0: it is not
  uint64_t bytes = 0;      // payload bytes so far
  int64_t elapsed_ns = 0;  // since the begin
  uint64_t lsn = 0;        // last one done
};

// "[=====>    ]  43 %  1,234 of 2,900  1.2 GiB/s  4m10s left", at most `columns` wide.
std::string ProgressBar(const ProgressState& state, size_t columns);
// The same as a plain sentence.
std::string ProgressLine(const ProgressState& state);

// Draws on stderr. Cheap: who calls it for every 1,000 transactions pays a clock reading each.
class Progress {
 public:
  enum class Style { kNone, kBar, kLines };
  // A bar if stderr is a terminal and stdout is not one (they would mix), else lines.
  static Style Choose(bool quiet);

  Progress(Style style, std::string command, int64_t now_ns);
  ~Progress() { Clear(); }
  // Draws if it is time to.
  void Update(ProgressState state, int64_t now_ns);
  // Takes the bar off the screen, before something else is written there.
  void Clear();
  int64_t elapsed_ns(int64_t now_ns) const { return now_ns - begin_ns_; }

 private:
  Style style_;
  std::string command_;
  int64_t begin_ns_;
  int64_t next_ns_;
  bool drawn_ = false;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_PROGRESS_H_
