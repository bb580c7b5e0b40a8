#include "tools/ringjournal/output.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/bytes.h"
#include "journal/base/limits.h"
#include "proto/entry.pb.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

const std::map<std::string, OutputFormat> kFormats = {{"lines", OutputFormat::kLines},
                                                      {"delimited", OutputFormat::kDelimited},
                                                      {"json", OutputFormat::kJson},
                                                      {"jsonl", OutputFormat::kJson},
                                                      {"raw", OutputFormat::kRaw}};

void FormatJson(const client::ReadTransaction& t, std::string* out) {
  v1::Transaction transaction;
  bool parsed = transaction.ParseFromArray(t.encoded.data(), static_cast<int>(t.encoded.size()));
  absl::StrAppend(out, "{\"lsn\":\"", t.lsn.value(), "\",\"index\":\"", t.index.value(),
                  "\",\"generation\":", t.epoch.generation, ",\"epoch\":", t.epoch.epoch,
                  ",\"logTime\":\"", FormatTime(t.log_time_ns), "\",\"transaction\":");
  absl::StrAppend(out, parsed ? ToJson(transaction) : "null", "}\n");
}

// As it is, but for what a terminal would obey. Bytes of UTF-8 pass, and tabs.
void AppendVisible(std::string_view text, std::string* out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      absl::StrAppendFormat(out, "\\x%02x", byte);
    } else {
      out->push_back(c);
    }
  }
}

}  // namespace

std::string FormatTime(uint64_t unix_ns) {
  time_t seconds = static_cast<time_t>(unix_ns / 1'000'000'000);
  tm utc;
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, unix_ns % 1'000'000'000);
}

absl::StatusOr<OutputSpec> OutputSpec::Parse(const std::string& text) {
  if (auto known = kFormats.find(text); known != kFormats.end()) return OutputSpec(known->second);
  if (text.find_first_of("%\\") == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text,
                     "' is no format: write lines, delimited, json, raw, or your own "
                     "with % places, such as '%o %k %s\\n'"));
  }
  absl::StatusOr<Template> custom = Template::Parse(text);
  if (!custom.ok()) return custom.status();
  OutputSpec spec(OutputFormat::kTemplate);
  spec.custom = *std::move(custom);
  return spec;
}

void FormatTransaction(const client::ReadTransaction& transaction, const OutputSpec& spec,
                       std::string* out) {
  std::byte length[10];
  switch (spec.format) {
    case OutputFormat::kRaw:
      out->append(AsView(transaction.payload));
      return;
    case OutputFormat::kTemplate:
      return spec.custom.Append(transaction, out);
    case OutputFormat::kLines:
      if (spec.for_terminal) {
        AppendVisible(AsView(transaction.payload), out);
      } else {
        out->append(AsView(transaction.payload));
      }
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
  FormatTransaction(transaction, spec_, &buffer_);
  taken_ = transaction.lsn;
  return buffer_.size() < limits::kOutputBufferBytes ? absl::OkStatus() : Flush();
}

// Without a virtual call and a status for each one.
absl::Status OutputWriter::TakeAll(std::span<const client::ReadTransaction> transactions,
                                   size_t* taken) {
  for (*taken = 0; *taken < transactions.size();) {
    const client::ReadTransaction& transaction = transactions[(*taken)++];
    FormatTransaction(transaction, spec_, &buffer_);
    taken_ = transaction.lsn;
    if (buffer_.size() < limits::kOutputBufferBytes) continue;
    if (absl::Status s = Flush(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status OutputWriter::WriteText(std::string_view text, Lsn last) {
  buffer_.append(text);
  taken_ = last;
  return buffer_.size() < limits::kOutputBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status OutputWriter::Flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    ssize_t n = write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {  // somebody else made the descriptor non-blocking
      pollfd p = {.fd = fd_, .events = POLLOUT};
      poll(&p, 1, -1);
    } else if (errno != EINTR) {
      return Failed(errno, done);
    }
  }
  bytes_ += done;
  buffer_.clear();
  done_ = taken_;
  return absl::OkStatus();
}

absl::Status OutputWriter::KeepAlive() {
  pollfd p = {.fd = fd_, .events = 0};
  if (poll(&p, 1, 0) <= 0 || (p.revents & POLLERR) == 0) return absl::OkStatus();
  return absl::CancelledError("the reader of the output is gone");
}

absl::Status OutputWriter::Failed(int error, size_t written) {
  if (error == EPIPE) return absl::CancelledError("the reader of the output is gone");
  // What is left ends with a whole transaction, so that it can be gone on with.
  off_t at = lseek(fd_, 0, SEEK_CUR);
  bool cut = written == 0 || (at >= 0 && ftruncate(fd_, at - static_cast<off_t>(written)) == 0);
  buffer_.clear();
  return absl::InternalError(absl::StrCat("cannot write the output: ", strerror(error),
                                          "; check the space and the rights there",
                                          cut ? "" : "; the output ends inside a transaction"));
}

}  // namespace ringjournal::cli
