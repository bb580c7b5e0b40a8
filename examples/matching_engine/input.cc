#include "examples/matching_engine/input.h"

#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringjournal::matching {
namespace {

class LobsterInput : public Input {
 public:
  explicit LobsterInput(std::unique_ptr<std::ifstream> file) : file_(std::move(file)) {}

  absl::StatusOr<std::optional<Command>> Next() override {
    std::istream& in = file_ == nullptr ? std::cin : *file_;
    for (std::string line; std::getline(in, line);) {
      absl::StatusOr<std::optional<Command>> command = parser_.Next(line);
      if (!command.ok()) return command.status();
      if (!command->has_value()) continue;
      (*command)->set_input_number(++commands_);
      return command;
    }
    return std::nullopt;
  }

 private:
  std::unique_ptr<std::ifstream> file_;  // null: stdin
  LobsterParser parser_;
  uint64_t commands_ = 0;
};

class FlowInput : public Input {
 public:
  FlowInput(uint64_t seed, uint64_t commands) : flow_(seed), commands_(commands) {}

  absl::StatusOr<std::optional<Command>> Next() override {
    if (flow_.messages() >= commands_) return std::nullopt;
    Command command = flow_.NextCommand();
    command.set_input_number(flow_.messages());
    return command;
  }

 private:
  OrderFlow flow_;
  uint64_t commands_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Input>> OpenLobster(const std::string& path) {
  if (path == "-") return std::make_unique<LobsterInput>(nullptr);
  auto file = std::make_unique<std::ifstream>(path);
  if (!file->is_open()) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path, ": name a LOBSTER message file, or - for stdin"));
  }
  return std::make_unique<LobsterInput>(std::move(file));
}

std::unique_ptr<Input> MakeFlow(uint64_t seed, uint64_t commands) {
  return std::make_unique<FlowInput>(seed, commands);
}

}  // namespace ringjournal::matching
