// Shared memory of one ring: a file whose data area is mapped twice in a row.
#ifndef IO_SHARED_MEMORY_H_
#define IO_SHARED_MEMORY_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace ringjournal::io {

//
//   file:     | head | data |
//   mapping:  | head | data | data again |     so nothing that lies in `data` ever wraps

// Owns the mapping, not the file: that stays for the next process. Head and data are multiples of a
// page, data a power of two; anything else is a programmer's error. The addresses do not change
// when it is moved. The compiler takes data()[0] and data()[data_bytes()] for different objects:
// access a record through one of them only.
class SharedRing {
 public:
  // A new file (0600), every page allocated: a sparse one would raise SIGBUS when memory is short.
  // AlreadyExists, ResourceExhausted (too little shared memory: says how much is wanted).
  static absl::StatusOr<SharedRing> Create(const std::string& path, size_t head_bytes,
                                           size_t data_bytes);
  // NotFound; FailedPrecondition if the file has another size or is not fully allocated.
  static absl::StatusOr<SharedRing> Open(const std::string& path, size_t head_bytes,
                                         size_t data_bytes);
  // The same without a file, for tests: gone with the mapping.
  static absl::StatusOr<SharedRing> CreateAnonymous(size_t head_bytes, size_t data_bytes);
  ~SharedRing();
  SharedRing(SharedRing&& other) noexcept;
  SharedRing& operator=(SharedRing&& other) noexcept;

  std::byte* head() const { return base_; }
  std::byte* data() const { return base_ + head_bytes_; }
  size_t head_bytes() const { return head_bytes_; }
  size_t data_bytes() const { return data_bytes_; }

 private:
  SharedRing() = default;
  static absl::StatusOr<SharedRing> Map(int fd, const std::string& path, size_t head_bytes,
                                        size_t data_bytes);

  std::byte* base_ = nullptr;
  size_t head_bytes_ = 0;
  size_t data_bytes_ = 0;
};

}  // namespace ringjournal::io

#endif  // IO_SHARED_MEMORY_H_
