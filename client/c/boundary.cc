#include "client/c/boundary.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::client::c {
namespace {

// More than any struct will ever have: a larger size was never set.
constexpr uint32_t kStructBytesMax = 64 * 1024;
constexpr uint32_t kSizeStep = 8;
constexpr std::chrono::hours kTenYears{24 * 3653};

uint32_t SizeOf(const void* given) {
  uint32_t size;
  std::memcpy(&size, given, sizeof size);
  return size;
}

bool IsSize(uint32_t size) { return size != 0 && size % kSizeStep == 0 && size <= kStructBytesMax; }

}  // namespace

absl::Status InvalidArgument(std::string_view argument, std::string_view why_and_what_to_do) {
  return MakeError(static_cast<ErrorCode>(RJ_INVALID_ARGUMENT),
                   absl::StrCat("invalid argument ", std::string(argument), ": ",
                                std::string(why_and_what_to_do)));
}

rj_code CodeOfStatus(const absl::Status& status) {
  if (status.ok()) return RJ_OK;
  ErrorCode code = CodeOf(status);
  if (code != ErrorCode::kUnknown) return static_cast<rj_code>(code);
  return status.code() == absl::StatusCode::kInvalidArgument ? RJ_INVALID_ARGUMENT : RJ_UNKNOWN;
}

rj_code CheckError(const rj_error* error) {
  return error == nullptr || IsSize(error->struct_size) ? RJ_OK : RJ_INVALID_ARGUMENT;
}

rj_code Tell(rj_error* error, rj_code code, std::string_view message) {
  if (error == nullptr || !IsSize(error->struct_size)) return code;
  if (message.empty() && error->struct_size == sizeof(rj_error)) {  // the usual case, and cheap
    error->code = code;
    error->message[0] = '\0';
    return code;
  }
  rj_error told = {};
  told.code = code;
  PutText(message, told.message, sizeof told.message);
  GiveStruct(told, error);
  return code;
}

absl::Status CheckSize(std::string_view argument, const void* given) {
  uint32_t size = SizeOf(given);
  if (IsSize(size)) return absl::OkStatus();
  return InvalidArgument(
      absl::StrCat(std::string(argument), "->struct_size"),
      absl::StrCat(size, " is no size of a struct (a multiple of ", kSizeStep, ", at most ",
                   kStructBytesMax, "): set it to sizeof, and everything else to 0 or a value"));
}

absl::Status TakeStructBytes(std::string_view argument, const void* given, size_t known,
                             void* out) {
  if (given == nullptr) return absl::OkStatus();
  if (absl::Status status = CheckSize(argument, given); !status.ok()) return status;
  const auto* bytes = static_cast<const unsigned char*>(given);
  size_t size = SizeOf(given);
  const unsigned char* unknown =
      std::find_if(bytes + std::min(size, known), bytes + size, [](auto b) { return b != 0; });
  if (unknown != bytes + size) {
    return InvalidArgument(argument,
                           absl::StrCat("byte ", unknown - bytes, " of ", size,
                                        " is set, but this library knows only ", known,
                                        ": the program asks for what only a newer library has; "
                                        "leave that at 0, or install a newer library"));
  }
  std::memcpy(out, given, std::min(size, known));
  return absl::OkStatus();
}

void GiveStructBytes(const void* value, size_t known, void* out) {
  size_t size = SizeOf(out);
  size_t given = std::min(size, known);
  auto* bytes = static_cast<unsigned char*>(out);
  std::memcpy(bytes + sizeof(uint32_t), static_cast<const unsigned char*>(value) + sizeof(uint32_t),
              given - sizeof(uint32_t));
  std::memset(bytes + given, 0, size - given);
}

absl::Status CheckNotNull(std::string_view argument, const void* given) {
  if (given != nullptr) return absl::OkStatus();
  return InvalidArgument(argument, "it is NULL, and is required: give one");
}

absl::Status CheckZero(std::string_view argument, uint64_t given) {
  if (given == 0) return absl::OkStatus();
  return InvalidArgument(argument, absl::StrCat("it is ", given,
                                                ", and this library knows no use of it: "
                                                "leave it at 0, or install a newer library"));
}

absl::Status CheckBytes(std::string_view argument, rj_bytes bytes) {
  if (bytes.data != nullptr || bytes.size == 0) return absl::OkStatus();
  return InvalidArgument(argument, absl::StrCat("its data is NULL, but its size is ", bytes.size,
                                                ": give the bytes, or size 0"));
}

void PutText(std::string_view text, char* out, size_t capacity) {
  size_t n = std::min(text.size(), capacity - 1);
  std::memcpy(out, text.data(), n);
  if (n < text.size() && n >= 3) std::memcpy(out + n - 3, "...", 3);
  out[n] = '\0';
}

std::chrono::nanoseconds DurationOf(int64_t ns) {
  return std::min<std::chrono::nanoseconds>(std::chrono::nanoseconds(ns), kTenYears);
}

void PutDuration(int64_t given, std::chrono::nanoseconds* out) {
  if (given != 0) *out = std::max(DurationOf(given), std::chrono::nanoseconds(0));
}

}  // namespace ringjournal::client::c
