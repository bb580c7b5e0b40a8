#include "client/outcome.h"

#include <array>
#include <cstddef>

namespace ringjournal::client {
namespace {
constexpr std::array<std::string_view, 5> kNames = {"unknown", "received", "replicated", "disk",
                                                    "disk_quorum"};
}

std::string_view LevelName(Level level) {
  size_t i = static_cast<size_t>(level);
  return kNames[i < kNames.size() ? i : 0];
}

Level LevelOfName(std::string_view name) {
  for (size_t i = 1; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Level>(i);
  }
  return Level::kUnknown;
}

}  // namespace ringjournal::client
