#include "server/config/nearest_word.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace ringjournal {
namespace {

constexpr size_t kWordBytesMax = 64;  // longer ones are no misspellings, and cost quadratic time

// Optimal string alignment distance, or `limit` as soon as it is no less. Both words have at most
// kWordBytesMax bytes.
size_t EditDistance(std::string_view a, std::string_view b, size_t limit) {
  const size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference >= limit) return limit;
  // The row being filled and the two above it.
  std::array<std::array<uint8_t, kWordBytesMax + 1>, 3> rows;
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<uint8_t>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    const auto& above2 = rows[(i + 1) % 3];
    row[0] = static_cast<uint8_t>(i);
    size_t least = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      int cost = std::min({above[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost = std::min(cost, above2[j - 2] + 1);
      }
      row[j] = static_cast<uint8_t>(cost);
      least = std::min<size_t>(least, row[j]);
    }
    // No later row falls below the least of this one.
    if (least >= limit) return limit;
  }
  return std::min<size_t>(rows[a.size() % 3][b.size()], limit);
}

}  // namespace

std::string NearestWord(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > kWordBytesMax) return "";
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  std::string best;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kWordBytesMax) continue;
    const size_t distance = EditDistance(word, candidate, best_distance);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

}  // namespace ringjournal
