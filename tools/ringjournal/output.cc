#include "tools/ringjournal/output.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/bytes.h"
#include "journal/base/limits.h"
#include "journal/format/utf8.h"
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

// Bytes of the character that the text begins with; 0: it is no UTF-8.
size_t CharacterBytes(std::string_view text) {
  for (size_t bytes = 1; bytes <= std::min<size_t>(text.size(), 4); ++bytes) {
    if (IsUtf8(AsBytes(text.substr(0, bytes)))) return bytes;
  }
  return 0;
}

// Whether a terminal would obey it: the controls C0 but for tabs, DEL, and C1 (U+0080 to U+009F).
bool IsControl(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return (lead < 0x20 && lead != '\t') || lead == 0x7f;
  return lead == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

// As it is, but for what a terminal would obey, and what is no UTF-8: one with an 8-bit character
// set may obey that too.
void AppendVisible(std::string_view text, std::string* out) {
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    const std::string_view next = text.substr(0, std::max<size_t>(bytes, 1));
    text.remove_prefix(next.size());
    if (bytes > 0 && !IsControl(next)) {
      out->append(next);
      continue;
    }
    for (const char c : next) {
      absl::StrAppendFormat(out, "\\x%02x", static_cast<unsigned char>(c));
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
