#include "tests/chaos/payload.h"

#include <cstddef>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ringjournal::chaos {
namespace {

constexpr uint64_t kFillMax = 480;

uint64_t Mixed(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  return x ^ x >> 33;
}

}  // namespace

std::string Text(PayloadName name) { return absl::StrCat("p", name.producer, ".", name.number); }

std::string PayloadOf(PayloadName name) {
  uint64_t state = Mixed(name.number * 1000 + name.producer);
  std::string payload = absl::StrCat(name.producer, "/", name.number, "/");
  const uint64_t fill = 16 + state % kFillMax;
  for (uint64_t i = 0; i < fill; ++i) {
    if (i % 8 == 0) state = Mixed(state + i);
    payload.push_back(static_cast<char>('a' + (state >> (i % 8 * 8) & 0xff) % 26));
  }
  return payload;
}

std::optional<PayloadName> NameOf(std::string_view payload) {
  const std::string bytes(payload);
  const std::vector<std::string> parts = absl::StrSplit(bytes, absl::MaxSplits('/', 2));
  PayloadName name;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &name.producer) ||
      !absl::SimpleAtoi(parts[1], &name.number) || PayloadOf(name) != bytes) {
    return std::nullopt;
  }
  return name;
}

}  // namespace ringjournal::chaos
