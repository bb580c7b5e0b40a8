// The two hashes of the formats: CRC32C against damage, XXH3-64 for the chain.
#ifndef JOURNAL_BASE_CHECKSUM_H_
#define JOURNAL_BASE_CHECKSUM_H_

#include <cstdint>

#include "journal/base/bytes.h"

namespace ringjournal {

// CRC32C (Castagnoli) as in iSCSI (RFC 3720): CRC32C("123456789") = 0xe3069283.
uint32_t Crc32c(ByteSpan bytes);
// Continues: Crc32cExtend(Crc32c(a), b) == Crc32c(a + b).
uint32_t Crc32cExtend(uint32_t crc, ByteSpan bytes);

// XXH3-64 with the previous hash as its seed.
uint64_t ChainHash(uint64_t previous, ByteSpan bytes);

}  // namespace ringjournal

#endif  // JOURNAL_BASE_CHECKSUM_H_
