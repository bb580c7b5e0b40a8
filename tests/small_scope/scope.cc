#include "tests/small_scope/scope.h"

namespace ringjournal::small_scope {
namespace {

constexpr std::string_view kLetters = "DPQEAULRWOXSH";

}  // namespace

std::string PathText(const std::vector<Choice>& path) {
  std::string text;
  for (const Choice& c : path) {
    if (!text.empty()) text.push_back('.');
    text.push_back(kLetters[static_cast<size_t>(c.kind)]);
    text.push_back(static_cast<char>('0' + c.a));
    text.push_back(static_cast<char>('0' + c.b));
  }
  return text;
}

std::optional<std::vector<Choice>> ParsePath(std::string_view text) {
  std::vector<Choice> path;
  for (size_t i = 0; i < text.size(); i += 4) {
    if (i + 3 > text.size() || (i + 3 < text.size() && text[i + 3] != '.')) return std::nullopt;
    size_t kind = kLetters.find(text[i]);
    if (kind == std::string_view::npos || text[i + 1] < '0' || text[i + 2] < '0') {
      return std::nullopt;
    }
    path.push_back({static_cast<Choice::Kind>(kind), static_cast<uint8_t>(text[i + 1] - '0'),
                    static_cast<uint8_t>(text[i + 2] - '0')});
  }
  return path;
}

}  // namespace ringjournal::small_scope
