#include "journal/format/utf8.h"

namespace ringjournal {
namespace {

// Bytes of the sequence that starts with `lead`, or 0; the second byte must lie in [*low, *high].
int SequenceBytes(uint8_t lead, uint8_t* low, uint8_t* high) {
  *low = 0x80;
  *high = 0xbf;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0) *low = 0xa0;
    if (lead == 0xed) *high = 0x9f;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0) *low = 0x90;
    if (lead == 0xf4) *high = 0x8f;
    return 4;
  }
  return 0;
}

}  // namespace

bool IsUtf8(ByteSpan bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    uint8_t low, high;
    int n = SequenceBytes(static_cast<uint8_t>(bytes[i]), &low, &high);
    if (n == 0 || bytes.size() - i < static_cast<size_t>(n)) return false;
    for (int k = 1; k < n; ++k) {
      uint8_t b = static_cast<uint8_t>(bytes[i + static_cast<size_t>(k)]);
      if (b < (k == 1 ? low : 0x80) || b > (k == 1 ? high : 0xbf)) return false;
    }
    i += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace ringjournal
