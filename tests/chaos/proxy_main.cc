// chaos_proxy: a network that can be cut, told by stdin what to do (wire_proxy.h). Its arguments
// are links FROM:TO:PORT:PORT_BEHIND; every command is answered with a line, "ok" or what is wrong.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "io/clock.h"
#include "tests/chaos/wire_proxy.h"

namespace ringjournal::chaos {
namespace {

bool ParseLink(const std::string& text, WireLink* link) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  uint32_t port = 0, behind = 0;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[2], &port) ||
      !absl::SimpleAtoi(parts[3], &behind)) {
    return false;
  }
  *link = {parts[0], parts[1], static_cast<uint16_t>(port), static_cast<uint16_t>(behind)};
  return true;
}

// Carries out every whole line of *input and removes it.
void CarryLines(WireProxy* proxy, std::string* input) {
  for (size_t end; (end = input->find('\n')) != std::string::npos; input->erase(0, end + 1)) {
    const std::string wrong = proxy->Carry(input->substr(0, end), io::MonotonicNs());
    std::printf("%s\n", wrong.empty() ? "ok" : wrong.c_str());
    std::fflush(stdout);
  }
}

int Main(int argc, char** argv) {
  std::vector<WireLink> links;
  for (int i = 1; i < argc; ++i) {
    links.emplace_back();
    if (!ParseLink(argv[i], &links.back())) {
      std::fprintf(stderr, "no link: %s\n", argv[i]);
      return 2;
    }
  }
  WireProxy proxy(std::move(links));
  for (std::string input;;) {
    if (!proxy.Turn(STDIN_FILENO, 20)) continue;
    char buffer[4096];
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));
    if (got <= 0) return 0;
    input.append(buffer, static_cast<size_t>(got));
    CarryLines(&proxy, &input);
  }
}

}  // namespace
}  // namespace ringjournal::chaos

int main(int argc, char** argv) { return ringjournal::chaos::Main(argc, argv); }
