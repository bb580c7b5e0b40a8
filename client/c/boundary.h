// Between C and C++: what comes in is checked, nothing is thrown out, errors become codes.
#ifndef CLIENT_C_BOUNDARY_H_
#define CLIENT_C_BOUNDARY_H_

#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "client/c/ringjournal.h"

namespace ringjournal::client::c {

// ---- errors ----

absl::Status InvalidArgument(std::string_view argument, std::string_view why_and_what_to_do);
rj_code CodeOfStatus(const absl::Status& status);
// RJ_INVALID_ARGUMENT if `error` cannot be written; there is no place to say why.
rj_code CheckError(const rj_error* error);
// Returns `code`.
rj_code Tell(rj_error* error, rj_code code, std::string_view message);
inline rj_code Tell(rj_error* error, const absl::Status& status) {
  return Tell(error, CodeOfStatus(status), {status.message().data(), status.message().size()});
}

// Runs `body`, which returns a Status, and tells what became of it.
template <class Body>
rj_code Guarded(rj_error* error, Body body) noexcept {
  if (rj_code bad = CheckError(error); bad != RJ_OK) return bad;
  try {
    return Tell(error, body());
  } catch (const std::bad_alloc&) {
    return Tell(error, RJ_NO_MEMORY, "memory is short: free some, then call again");
  } catch (const std::length_error&) {
    return Tell(error, RJ_TOO_LARGE, "a size is beyond what memory can hold: correct it");
  } catch (const std::exception& e) {
    return Tell(error, RJ_INTERNAL, e.what());
  } catch (...) {
    return Tell(error, RJ_INTERNAL, "an exception of an unknown kind; report what led to it");
  }
}

// ---- structs ----

// OK for a size that a struct of any version can have.
absl::Status CheckSize(std::string_view argument, const void* given);
absl::Status TakeStructBytes(std::string_view argument, const void* given, size_t known, void* out);
void GiveStructBytes(const void* value, size_t known, void* out);

template <class T>
constexpr bool kIsStruct = std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0;

// Copies what the caller's struct has; the rest is 0. NULL: all of it is 0.
template <class T>
absl::Status TakeStruct(std::string_view argument, const T* given, T* out) {
  static_assert(kIsStruct<T>);
  *out = {};
  return TakeStructBytes(argument, given, sizeof(T), out);
}

// Whether the struct can be filled. NULL is OK.
template <class T>
absl::Status CheckFillable(std::string_view argument, const T* out) {
  return out == nullptr ? absl::OkStatus() : CheckSize(argument, out);
}

// Fills the caller's struct, as much of it as there is. struct_size stays the caller's.
template <class T>
void GiveStruct(const T& value, T* out) {
  static_assert(kIsStruct<T>);
  if (out != nullptr) GiveStructBytes(&value, sizeof(T), out);
}

// ---- other arguments ----

absl::Status CheckNotNull(std::string_view argument, const void* given);
absl::Status CheckZero(std::string_view argument, uint64_t given);
absl::Status CheckBytes(std::string_view argument, rj_bytes bytes);
inline std::string_view ViewOf(rj_bytes bytes) {
  return {static_cast<const char*>(bytes.data), bytes.size};
}
inline rj_bytes BytesOf(std::string_view view) { return {view.data(), view.size()}; }
inline std::string TextOf(const char* text) { return text == nullptr ? "" : text; }
// Writes with a NUL, cut if need be.
void PutText(std::string_view text, char* out, size_t capacity);

// At most ten years, so that a deadline can be reckoned. Negative ones stay negative.
std::chrono::nanoseconds DurationOf(int64_t ns);
// `preset` for RJ_TIMEOUT_DEFAULT.
inline std::chrono::nanoseconds TimeoutOf(int64_t timeout_ns, std::chrono::nanoseconds preset) {
  return timeout_ns < 0 ? preset : DurationOf(timeout_ns);
}
// Of options: 0 stands for the default, which is in *out already.
void PutDuration(int64_t given, std::chrono::nanoseconds* out);

// The first that is not OK.
template <class... More>
absl::Status FirstOf(absl::Status first, More... more) {
  for (absl::Status* next : {&first, &more...}) {
    if (!next->ok()) return *next;
  }
  return first;
}

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_BOUNDARY_H_
