// Encodes transactions into the bytes that an append carries.
//
//   TransactionRun run;
//   run.Add("first payload");
//   run.Add("second payload");
//   appender.Append(run);
//   run.Clear();  // keeps the buffer
#ifndef CLIENT_TRANSACTION_RUN_H_
#define CLIENT_TRANSACTION_RUN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "client/transaction.h"
#include "journal/base/bytes.h"

namespace ringjournal::client {

// A run of `repeated Transaction transactions = 31`, serialised. The bytes are those of the wire,
// of the ring and of the disk. The buffer is kept by Clear, so a reused run allocates only while it
// grows. Not thread safe; one owner.
class TransactionRun {
 public:
  TransactionRun() = default;
  // `reserve_bytes`: room to allocate at once.
  explicit TransactionRun(size_t reserve_bytes) { bytes_.reserve(reserve_bytes); }
  TransactionRun(const TransactionRun&) = default;
  TransactionRun& operator=(const TransactionRun&) = default;
  // What was moved from is empty and may be used again.
  TransactionRun(TransactionRun&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})), count_(std::exchange(other.count_, 0)) {}
  TransactionRun& operator=(TransactionRun&& other) noexcept {
    bytes_ = std::exchange(other.bytes_, {});
    count_ = std::exchange(other.count_, 0);
    return *this;
  }

  // A run of one transaction that has only a payload.
  static TransactionRun Of(std::string_view payload) {
    TransactionRun run(EncodedSize(payload.size()));
    run.Add(payload);
    return run;
  }

  // Appends one transaction that has only a payload. Copies it.
  void Add(std::string_view payload);
  // Appends one transaction with its metadata. Copies it.
  void Add(const Transaction& transaction);
  // Appends one transaction from its own serialised `ringjournal.Transaction` message.
  void AddEncoded(std::string_view transaction);
  void Clear() {
    bytes_.clear();
    count_ = 0;
  }

  bool empty() const { return count_ == 0; }
  uint32_t count() const { return count_; }
  size_t size_bytes() const { return bytes_.size(); }
  // Valid until the next call that changes the run.
  ByteSpan bytes() const { return AsBytes(bytes_); }

  // The bytes, for who takes them over; leaves the run empty.
  std::string TakeBytes() && {
    count_ = 0;
    return std::exchange(bytes_, {});
  }

  // Bytes that Add(payload of this size) will append.
  static size_t EncodedSize(size_t payload_bytes);

 private:
  std::string bytes_;
  uint32_t count_ = 0;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TRANSACTION_RUN_H_
