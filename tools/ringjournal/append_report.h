// Adds up what became of the appends of one run, and tells it.
#ifndef TOOLS_RINGJOURNAL_APPEND_REPORT_H_
#define TOOLS_RINGJOURNAL_APPEND_REPORT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client/appender.h"
#include "client/outcome.h"
#include "tools/ringjournal/context.h"

namespace ringjournal::cli {

// Tells a loss on stderr: where it starts, what it means per level, and which LSNs are concerned.
// `what_is_held`: what this client has of them, such as "holds acknowledgements for".
void SayLoss(const Context& context, const client::LossNotice& loss, std::string_view what_is_held);

class AppendReport {
 public:
  // `named`: the producer's name is the user's. `skipped`: input transactions that an earlier run
  // had appended.
  void Begin(const std::string& journal, bool named, uint64_t skipped);
  void Add(const client::AppendOutcome& outcome);
  // An append was refused for good: appending more would leave a hole in the input.
  bool refused() const { return not_applied_ > 0 || unknown_ > 0; }

  // Prints summary and errors; returns the exit code. `status`: how appending ended.
  int Finish(const Context& context, const client::Appender& appender, const absl::Status& status,
             bool quiet) const;

 private:
  bool lost(const absl::Status& status) const;
  std::string Text(const client::Appender& appender, double seconds) const;
  std::string Json(const client::Appender& appender, double seconds) const;
  void SayTroubles(const Context& context, const absl::Status& status) const;
  void SayHowToGoOn(const Context& context, const client::Appender& appender,
                    const absl::Status& status) const;
  int ExitCodeFor(const absl::Status& status) const;

  std::string journal_;
  bool named_ = false;
  std::chrono::steady_clock::time_point begin_;
  uint64_t skipped_ = 0;
  uint64_t applied_ = 0;
  uint64_t not_applied_ = 0;
  uint64_t unknown_ = 0;
  Lsn first_lsn_;
  Lsn last_lsn_;
  client::Level level_ = client::Level::kUnknown;  // lowest reached
  uint64_t input_position_ = 0;    // of the input transactions with an outcome, from 1
  uint64_t first_trouble_at_ = 0;  // position in the input; 0: none
  absl::Status first_trouble_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_APPEND_REPORT_H_
