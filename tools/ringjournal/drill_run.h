// Reads a journal while commands bring one writer after the other, and measures.
#ifndef TOOLS_RINGJOURNAL_DRILL_RUN_H_
#define TOOLS_RINGJOURNAL_DRILL_RUN_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/reader.h"
#include "tools/ringjournal/drill_figures.h"
#include "tools/ringjournal/drill_meter.h"
#include "tools/ringjournal/shell_command.h"

namespace ringjournal::cli {

struct DrillRunOptions {
  int64_t timeout_ns = 0;  // of each thing that is waited for
  int64_t between_ns = 0;  // behind a switch, for the old writer to stand by again
};

// One reader, one thread: the caller's. Errors of all: those of a Reader, of DrillMeter::Take; and
// kStopped for an interrupt.
class DrillRun {
 public:
  // kBadSetting: the journal is not fenced.
  static absl::StatusOr<std::unique_ptr<DrillRun>> Open(const client::Journal& journal,
                                                        const DrillRunOptions& options);

  // Once a writer is at work: the command, until a new writer is at work, and the pause behind it.
  // DeadlineExceeded, with what to look at; Aborted: the command failed.
  absl::StatusOr<SwitchTimes> Switch(const std::string& command);

  // What was read so far, into the result.
  void Tell(DrillResult* result) const;

 private:
  DrillRun(const client::Journal& journal, const DrillRunOptions& options)
      : journal_(journal), options_(options) {}

  absl::Status Step(int64_t until_ns);
  absl::Status Read(int64_t until_ns);
  absl::Status AwaitWork();
  absl::Status AwaitSwitch(const std::string& text, ShellCommand* command);
  absl::Status AwaitEnd(const std::string& text, ShellCommand* command);
  absl::Status NoNewWriter(const std::string& text, ShellCommand* command);

  client::Journal journal_;
  DrillRunOptions options_;
  client::WriterInfo before_;  // the writer when the command starts
  std::unique_ptr<client::Reader> reader_;
  uint32_t generation_ = 0;  // of the journal at the begin
  DrillMeter meter_;
  absl::Status read_;  // why nothing that was read can be relied on
  std::array<client::ReadTransaction, 256> batch_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DRILL_RUN_H_
