// Writes transactions to a file descriptor in the format asked for.
#ifndef TOOLS_RINGJOURNAL_OUTPUT_H_
#define TOOLS_RINGJOURNAL_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "client/read_transaction.h"
#include "tools/ringjournal/sink.h"
#include "tools/ringjournal/template.h"

namespace ringjournal::cli {

enum class OutputFormat {
  kLines,      // payload and a newline
  kDelimited,  // varint length and payload
  kJson,       // one JSON object a line: lsn, epoch, log time, the transaction as proto3 JSON
  kRaw,        // payloads, one behind the other
  kTemplate,   // the user's own
};

// A format, and its text where it is the user's own.
struct OutputSpec {
  OutputFormat format = OutputFormat::kLines;
  Template custom;  // with kTemplate
  // kLines shows control characters as escapes: a terminal would obey them.
  bool for_terminal = false;

  OutputSpec() = default;
  OutputSpec(OutputFormat f) : format(f) {}  // NOLINT: a format alone is a specification
  // A format's name, or a template with a % or a backslash in it.
  static absl::StatusOr<OutputSpec> Parse(const std::string& text);
};

// Appends one transaction to *out.
void FormatTransaction(const client::ReadTransaction& transaction, const OutputSpec& spec,
                       std::string* out);

// Unix nanoseconds as RFC 3339 in UTC with nine digits: "2026-01-02T03:04:05.000000006Z".
std::string FormatTime(uint64_t unix_ns);

// Buffers and writes to a file descriptor, which it does not own.
class OutputWriter : public Sink {
 public:
  OutputWriter(int fd, OutputSpec spec) : fd_(fd), spec_(std::move(spec)) {}

  // Errors as Flush, which it calls when the buffer is full.
  absl::Status Write(const client::ReadTransaction& transaction);
  absl::Status Take(const client::ReadTransaction& transaction) override {
    return Write(transaction);
  }
  absl::Status TakeAll(std::span<const client::ReadTransaction> transactions,
                       size_t* taken) override;
  // Bytes that are formatted already. `last`: the LSN that they end with.
  absl::Status WriteText(std::string_view text, Lsn last);
  // Errors: Cancelled when the reader of a pipe is gone, Internal with errno's text for the rest.
  // A regular file that takes only a part is cut back to what was whole.
  absl::Status Flush() override;
  // Cancelled once nobody reads the pipe any more, so that a quiet tail ends as others do.
  absl::Status KeepAlive() override;
  Lsn done() const override { return done_; }
  bool empty() const { return buffer_.empty(); }
  uint64_t bytes() const { return bytes_; }

 private:
  absl::Status Failed(int error, size_t written);

  int fd_;
  OutputSpec spec_;
  std::string buffer_;
  Lsn taken_, done_;
  uint64_t bytes_ = 0;  // written
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_OUTPUT_H_
