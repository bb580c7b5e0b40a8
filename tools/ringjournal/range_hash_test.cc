#include "tools/ringjournal/range_hash.h"

#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

// Payload "abc"; payload "d" with key "k"; one without fields. The values were computed by a
// program of its own from the definition: XXH3-64 of xxHash, and CRC32C bit by bit.
constexpr std::string_view kTransactions[] = {
    "\x0a\x03"
    "abc",
    "\x0a\x01"
    "d\x1a\x01k",
    ""};
constexpr uint64_t kHashes[] = {0x8ffc420ef70e9880, 0x0a6308245a8a2e62, 0xb7a5064087d55bbe};

std::vector<client::ReadTransaction> Transactions() {
  std::vector<client::ReadTransaction> all;
  for (std::string_view encoded : kTransactions) all.push_back({.encoded = AsBytes(encoded)});
  return all;
}

TEST(RangeHash, IsWhatItsDefinitionSays) {
  RangeHash hash;
  EXPECT_EQ(hash.value(), 0u);
  for (size_t i = 0; i < Transactions().size(); ++i) {
    hash.Add(Transactions()[i]);
    EXPECT_EQ(hash.value(), kHashes[i]);
  }
}

TEST(RangeHash, ManyAtOnceGiveTheSameAsOneByOneAndASumGoesOn) {
  std::vector<client::ReadTransaction> all = Transactions();
  RangeHash whole, begun;
  whole.Add(all);
  EXPECT_EQ(whole.value(), kHashes[2]);
  begun.Add(std::span(all).first(1));
  RangeHash goes_on(begun.value());
  goes_on.Add(std::span(all).subspan(1));
  EXPECT_EQ(goes_on.value(), kHashes[2]);
}

}  // namespace
}  // namespace ringjournal::cli
