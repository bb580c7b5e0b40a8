// replay --exec: runs a command for each transaction, or for each few.
#ifndef TOOLS_RINGJOURNAL_SINK_EXEC_H_
#define TOOLS_RINGJOURNAL_SINK_EXEC_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "tools/ringjournal/output.h"
#include "tools/ringjournal/sink.h"

namespace ringjournal::cli {

struct ExecOptions {
  std::string command;  // for /bin/sh -c
  std::string journal;
  uint32_t batch = 1;  // transactions of one run at most
  OutputSpec format = OutputFormat::kRaw;
};

// The command gets the payloads on its stdin and RINGJOURNAL_JOURNAL, _LSN (the first), _LAST_LSN,
// _COUNT and _LOG_TIME in its environment. One runs at a time. If one fails, its transactions do
// not count as done, and nothing more is taken: Aborted, with the LSNs.
class ExecSink : public Sink {
 public:
  explicit ExecSink(ExecOptions options) : options_(std::move(options)) {}

  absl::Status Take(const client::ReadTransaction& transaction) override;
  absl::Status Flush() override;
  Lsn done() const override { return done_; }

 private:
  absl::Status RunCommand();
  std::string Failure(int status) const;
  std::string Which() const;

  ExecOptions options_;
  std::string input_;
  uint32_t count_ = 0;  // in input_
  Lsn first_, last_;
  uint64_t first_log_time_ns_ = 0;
  Lsn done_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_SINK_EXEC_H_
