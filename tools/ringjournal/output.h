// Writes transactions to a file descriptor in the format asked for.
#ifndef TOOLS_RINGJOURNAL_OUTPUT_H_
#define TOOLS_RINGJOURNAL_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "client/read_transaction.h"

namespace ringjournal::cli {

enum class OutputFormat {
  kLines,      // payload and a newline
  kDelimited,  // varint length and payload
  kJson,       // one JSON object a line: lsn, epoch, log time, the transaction as proto3 JSON
};

// Appends one transaction to *out.
void FormatTransaction(const client::ReadTransaction& transaction, OutputFormat format,
                       std::string* out);

// Unix nanoseconds as RFC 3339 in UTC with nine digits: "2026-01-02T03:04:05.000000006Z".
std::string FormatTime(uint64_t unix_ns);

// Buffers and writes. Does not own the descriptor.
class OutputWriter {
 public:
  OutputWriter(int fd, OutputFormat format) : fd_(fd), format_(format) {}

  // Errors as Flush, which it calls when the buffer is full.
  absl::Status Write(const client::ReadTransaction& transaction);
  // Errors: Cancelled when the reader of a pipe is gone, Internal with errno's text for the rest.
  absl::Status Flush();
  bool empty() const { return buffer_.empty(); }

 private:
  int fd_;
  OutputFormat format_;
  std::string buffer_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_OUTPUT_H_
