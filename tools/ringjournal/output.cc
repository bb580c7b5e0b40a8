#include "tools/ringjournal/output.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/bytes.h"
#include "proto/entry.pb.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

constexpr size_t kFlushBytes = 256 * 1024;

void FormatJson(const client::ReadTransaction& t, std::string* out) {
  v1::Transaction transaction;
  bool parsed = transaction.ParseFromArray(t.encoded.data(), static_cast<int>(t.encoded.size()));
  absl::StrAppend(out, "{\"lsn\":\"", t.lsn.value(), "\",\"index\":\"", t.index.value(),
                  "\",\"generation\":", t.epoch.generation, ",\"epoch\":", t.epoch.epoch,
                  ",\"logTime\":\"", FormatTime(t.log_time_ns), "\",\"transaction\":");
  absl::StrAppend(out, parsed ? ToJson(transaction) : "null", "}\n");
}

}  // namespace

std::string FormatTime(uint64_t unix_ns) {
  time_t seconds = static_cast<time_t>(unix_ns / 1'000'000'000);
  tm utc;
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, unix_ns % 1'000'000'000);
}

void FormatTransaction(const client::ReadTransaction& transaction, OutputFormat format,
                       std::string* out) {
  std::byte length[10];
  switch (format) {
    case OutputFormat::kLines:
      out->append(AsView(transaction.payload));
      out->push_back('\n');
      return;
    case OutputFormat::kDelimited: {
      std::byte* end = WriteVarint(length, transaction.payload.size());
      out->append(AsView({length, static_cast<size_t>(end - length)}));
      out->append(AsView(transaction.payload));
      return;
    }
    case OutputFormat::kJson:
      return FormatJson(transaction, out);
  }
}

absl::Status OutputWriter::Write(const client::ReadTransaction& transaction) {
  FormatTransaction(transaction, format_, &buffer_);
  return buffer_.size() < kFlushBytes ? absl::OkStatus() : Flush();
}

absl::Status OutputWriter::Flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    ssize_t n = write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
    } else if (errno == EPIPE) {
      return absl::CancelledError("the reader of the output is gone");
    } else if (errno != EINTR) {
      return absl::InternalError(absl::StrCat("cannot write the output: ", strerror(errno),
                                              "; check the space and the rights there"));
    }
  }
  buffer_.clear();
  return absl::OkStatus();
}

}  // namespace ringjournal::cli
