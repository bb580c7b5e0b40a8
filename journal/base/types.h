// The numbers of a journal, each a type of its own so that they cannot be mixed up.
#ifndef JOURNAL_BASE_TYPES_H_
#define JOURNAL_BASE_TYPES_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ringjournal {

// A number with a meaning. Differences and offsets are plain integers.
template <class Tag, class Rep>
class Number {
 public:
  using rep = Rep;
  constexpr Number() = default;
  constexpr explicit Number(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr Number next() const { return Number(value_ + 1); }
  constexpr Number prev() const { return Number(value_ - 1); }
  friend constexpr auto operator<=>(Number, Number) = default;
  friend constexpr Number operator+(Number a, Rep n) { return Number(a.value_ + n); }
  friend constexpr Number operator-(Number a, Rep n) { return Number(a.value_ - n); }
  friend constexpr Rep operator-(Number a, Number b) { return a.value_ - b.value_; }
  Number& operator+=(Rep n) {
    value_ += n;
    return *this;
  }

 private:
  Rep value_ = 0;
};

// Numbers entries 1, 2, 3 … without holes; 0 is "before the first".
using Index = Number<struct IndexTag, uint64_t>;
// Numbers transactions likewise.
using Lsn = Number<struct LsnTag, uint64_t>;
// A producer's own numbering of its transactions, from 1.
using Sequence = Number<struct SequenceTag, uint64_t>;
// Index of the entry that first opened the producer; 0: none.
using ProducerId = Number<struct ProducerIdTag, uint64_t>;
// Number the config store gives a node at every process start, from 1.
using Incarnation = Number<struct IncarnationTag, uint64_t>;
// Byte position in a journal's stream of records; never wraps. Offset % ring size is the place.
using RingOffset = Number<struct RingOffsetTag, uint64_t>;

// On the wire an epoch is always this pair. Ordered by generation first.
struct Epoch {
  uint32_t generation = 0;
  uint32_t epoch = 0;
  friend constexpr auto operator<=>(const Epoch&, const Epoch&) = default;
};

// A watermark says both: the entry and its last transaction.
struct Watermark {
  Index index;
  Lsn lsn;
  friend constexpr auto operator<=>(const Watermark&, const Watermark&) = default;
};

// 16 random bytes, new at each creation of a journal.
struct JournalId {
  std::array<uint8_t, 16> bytes = {};
  friend constexpr auto operator<=>(const JournalId&, const JournalId&) = default;

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), 16}; }
  // Returns false and leaves `out` alone unless `view` has 16 bytes.
  static bool FromView(std::string_view view, JournalId* out) {
    if (view.size() != 16) return false;
    std::memcpy(out->bytes.data(), view.data(), 16);
    return true;
  }
  // 32 lower-case hexadecimal digits.
  std::string ToHex() const {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (uint8_t b : bytes) {
      hex.push_back(kDigits[b >> 4]);
      hex.push_back(kDigits[b & 15]);
    }
    return hex;
  }
  static bool FromHex(std::string_view hex, JournalId* out) {
    if (hex.size() != 32) return false;
    JournalId id;
    for (size_t i = 0; i < 32; ++i) {
      char c = hex[i];
      int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) return false;
      id.bytes[i / 2] = static_cast<uint8_t>(id.bytes[i / 2] << 4 | digit);
    }
    *out = id;
    return true;
  }
};

// The two clocks, read once per turn of the event loop and passed in as an argument.
struct Time {
  int64_t monotonic_ns = 0;  // CLOCK_BOOTTIME: for deadlines
  int64_t wall_ns = 0;       // Unix time: for log time
};

}  // namespace ringjournal

#endif  // JOURNAL_BASE_TYPES_H_
