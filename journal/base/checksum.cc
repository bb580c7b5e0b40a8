#include "journal/base/checksum.h"

#include <isa-l/crc.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ringjournal {

uint32_t Crc32cExtend(uint32_t crc, ByteSpan bytes) {
  // ISA-L takes an int length and a mutable pointer that it does not write through.
  auto* p = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
  size_t left = bytes.size();
  uint32_t state = ~crc;
  while (left > 0) {
    int n = left > (1u << 30) ? (1 << 30) : static_cast<int>(left);
    state = crc32_iscsi(p, n, state);
    p += n;
    left -= static_cast<size_t>(n);
  }
  return ~state;
}

uint32_t Crc32c(ByteSpan bytes) { return Crc32cExtend(0, bytes); }

uint64_t ChainHash(uint64_t previous, ByteSpan bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), previous);
}

}  // namespace ringjournal
