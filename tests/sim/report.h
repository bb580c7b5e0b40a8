// What a run has found and done: the first violation, a readable trace, a fingerprint.
#ifndef TESTS_SIM_REPORT_H_
#define TESTS_SIM_REPORT_H_

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace ringjournal::sim {

// Shared by everything in one run. Lines are kept only where `tracing`: a failing seed is run again
// for them, since one seed is one run.
class Report {
 public:
  explicit Report(bool tracing) : tracing_(tracing) {}

  // The checkers' verdict; the first one counts, the run stops at it.
  template <class... Parts>
  void Violation(const Parts&... parts) {
    if (violation_.empty()) violation_ = absl::StrCat(parts...);
    Trace("VIOLATION: ", violation_);
  }
  template <class... Parts>
  void Trace(const Parts&... parts) {
    if (!tracing_) return;
    lines_.push_back(absl::StrCat(now_ns_ / 1000, " us  ", parts...));
    MixTrace(lines_.back());
    if (lines_.size() > kLinesMax) lines_.pop_front();
  }
  // Two runs of one seed must have the same fingerprint.
  void Mix(uint64_t value) { fingerprint_ = (fingerprint_ ^ value) * 0x100000001b3; }

  // What a trace consists of without being readable: bytes sent, documents. Only where `tracing`.
  void MixTrace(std::string_view bytes) {
    if (!tracing_) return;
    MixTrace(bytes.size());
    for (; !bytes.empty(); bytes.remove_prefix(std::min<size_t>(8, bytes.size()))) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data(), std::min<size_t>(8, bytes.size()));
      MixTrace(word);
    }
  }
  void MixTrace(uint64_t value) {
    if (!tracing_) return;
    trace_hash_ = (trace_hash_ ^ value) * 0x9e3779b97f4a7c15;
    trace_hash_ ^= trace_hash_ >> 32;
  }

  void set_now_ns(int64_t now_ns) { now_ns_ = now_ns; }
  bool tracing() const { return tracing_; }
  bool failed() const { return !violation_.empty(); }
  const std::string& violation() const { return violation_; }
  const std::deque<std::string>& lines() const { return lines_; }
  uint64_t fingerprint() const { return fingerprint_; }
  // Of every line and byte so far; 0 unless tracing.
  uint64_t trace_hash() const { return tracing_ ? trace_hash_ : 0; }

 private:
  static constexpr size_t kLinesMax = 20000;
  bool tracing_;
  int64_t now_ns_ = 0;
  std::string violation_;
  std::deque<std::string> lines_;
  uint64_t fingerprint_ = 0xcbf29ce484222325;
  uint64_t trace_hash_ = 0xcbf29ce484222325;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_REPORT_H_
