// Unaligned little-endian loads and stores, and protobuf varints.
#ifndef JOURNAL_BASE_BYTES_H_
#define JOURNAL_BASE_BYTES_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ringjournal {

static_assert(std::endian::native == std::endian::little, "formats are little-endian");

using ByteSpan = std::span<const std::byte>;

inline ByteSpan AsBytes(std::string_view s) {
  return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}
inline std::string_view AsView(ByteSpan b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

inline uint32_t Load32(const void* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint64_t Load64(const void* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void Store32(void* p, uint32_t v) { std::memcpy(p, &v, sizeof v); }
inline void Store64(void* p, uint64_t v) { std::memcpy(p, &v, sizeof v); }

// Reads one varint from [*pos, end) and moves *pos behind it. Returns false, *pos unchanged, if it
// is cut off or longer than 10 bytes (or overflows 64 bits).
inline bool ReadVarint(const std::byte** pos, const std::byte* end, uint64_t* out) {
  uint64_t value = 0;
  const std::byte* p = *pos;
  for (int shift = 0; shift < 70; shift += 7) {
    if (p == end) return false;
    uint64_t b = static_cast<uint8_t>(*p++);
    if (shift == 63 && b > 1) return false;
    value |= (b & 0x7f) << shift;
    if (b < 0x80) {
      *pos = p;
      *out = value;
      return true;
    }
  }
  return false;
}

inline constexpr size_t VarintSize(uint64_t v) {
  size_t n = 1;
  while (v >= 0x80) {
    v >>= 7;
    ++n;
  }
  return n;
}

// Writes a minimal varint and returns the position behind it.
inline std::byte* WriteVarint(std::byte* p, uint64_t v) {
  while (v >= 0x80) {
    *p++ = static_cast<std::byte>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<std::byte>(v);
  return p;
}

// A varint of exactly four bytes (v < 2^28), so that what follows has a constant offset. Parsers
// accept it like the minimal one.
inline void WriteVarint4(std::byte* p, uint32_t v) {
  p[0] = static_cast<std::byte>((v & 0x7f) | 0x80);
  p[1] = static_cast<std::byte>(((v >> 7) & 0x7f) | 0x80);
  p[2] = static_cast<std::byte>(((v >> 14) & 0x7f) | 0x80);
  p[3] = static_cast<std::byte>((v >> 21) & 0x7f);
}
// Returns false unless the four bytes are such a varint.
inline bool ReadVarint4(const std::byte* p, uint32_t* v) {
  uint32_t w = Load32(p);
  if ((w & 0x80808080u) != 0x00808080u) return false;
  *v = (w & 0x7f) | ((w >> 8) & 0x7f) << 7 | ((w >> 16) & 0x7f) << 14 | ((w >> 24) & 0x7f) << 21;
  return true;
}

}  // namespace ringjournal

#endif  // JOURNAL_BASE_BYTES_H_
