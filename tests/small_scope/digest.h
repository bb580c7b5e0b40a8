// 128 bits that stand for a state.
#ifndef TESTS_SMALL_SCOPE_DIGEST_H_
#define TESTS_SMALL_SCOPE_DIGEST_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "journal/base/types.h"

namespace ringjournal::small_scope {

struct Digest {
  uint64_t high = 0, low = 0;
  friend auto operator<=>(const Digest&, const Digest&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Digest& d) {
    return H::combine(std::move(h), d.low);
  }
};

// Takes values one after the other; equal sequences give equal digests, and others do not but by a
// chance of 2^-128 or so for each pair.
class Hasher {
 public:
  void Put(uint64_t value) {
    high_ = Mix(high_ ^ value, 0x9e3779b97f4a7c15) + low_;
    low_ = Mix(low_ + value, 0xc2b2ae3d27d4eb4f) ^ high_;
  }
  void Put(bool value) { Put(uint64_t{value}); }
  void Put(uint32_t value) { Put(uint64_t{value}); }
  void Put(int value) { Put(static_cast<uint64_t>(value)); }
  void Put(Index value) { Put(value.value()); }
  void Put(Incarnation value) { Put(value.value()); }
  void Put(Epoch value) { Put(uint64_t{value.generation} << 32 | value.epoch); }
  void Put(const Digest& d) {
    Put(d.high);
    Put(d.low);
  }
  void Put(std::string_view text) {
    Put(text.size());
    for (size_t i = 0; i < text.size(); i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + i, std::min<size_t>(8, text.size() - i));
      Put(word);
    }
  }
  Digest digest() const { return {Mix(high_, low_ | 1), Mix(low_, high_ | 1)}; }

 private:
  static uint64_t Mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = static_cast<unsigned __int128>(a ^ 0x2545f4914f6cdd1d) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  uint64_t high_ = 0x6a09e667f3bcc908, low_ = 0xbb67ae8584caa73b;
};

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_DIGEST_H_
