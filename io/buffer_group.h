// Provided buffers: the kernel picks one when bytes arrive, so an idle connection needs none.
#ifndef IO_BUFFER_GROUP_H_
#define IO_BUFFER_GROUP_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "io/uring.h"
#include "journal/base/bytes.h"

namespace ringjournal::io {

// One registered group of equal buffers. Incremental (6.15): receives consume a buffer piece by
// piece; classic: each receive takes a whole buffer. Belongs to the ring's thread; must outlive the
// ring, in whose registration its memory is.
class BufferGroup {
 public:
  static constexpr uint16_t kGroup = 0;  // its number in the ring

  struct Options {
    uint32_t count = 0;  // a power of two up to 32768; 0: the limits.h default of the mode
    uint32_t bytes = 0;  // of one buffer; 0: likewise
    bool allow_incremental = true;
  };
  // Falls back to classic buffers where the kernel lacks incremental ones. ResourceExhausted if the
  // kernel gives no memory.
  static absl::StatusOr<std::unique_ptr<BufferGroup>> Create(Uring* ring, const Options& options);
  ~BufferGroup();
  BufferGroup(const BufferGroup&) = delete;
  BufferGroup& operator=(const BufferGroup&) = delete;

  // The bytes of a completion that has IORING_CQE_F_BUFFER; completions must be given in order.
  // They stay as they are until the next ReturnHeld.
  ByteSpan Take(const io_uring_cqe& cqe);

  // Gives the buffers that Take used up back to the kernel.
  void ReturnHeld();

  bool incremental() const { return incremental_; }
  uint32_t count() const { return count_; }
  // Used up and not given back.
  uint32_t held() const { return static_cast<uint32_t>(held_.size()); }

 private:
  BufferGroup() = default;
  absl::Status Map();
  int Register(Uring* ring, bool incremental);
  void Provide(uint16_t buffer);

  bool incremental_ = false;
  uint32_t count_ = 0;
  uint32_t bytes_ = 0;
  io_uring_buf_ring* ring_ = nullptr;
  std::byte* memory_ = nullptr;
  uint16_t provided_ = 0;  // since the last advance
  std::vector<uint16_t> held_;
  std::vector<uint32_t> consumed_;  // bytes of each buffer, incremental only
};

}  // namespace ringjournal::io

#endif  // IO_BUFFER_GROUP_H_
