#include "examples/matching_engine/input.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringjournal::matching {
namespace {

class LobsterInput : public Input {
 public:
  // The next line; null: there are no more.
  using Lines = std::function<const std::string*()>;
  explicit LobsterInput(Lines lines) : lines_(std::move(lines)) {}

  absl::StatusOr<std::optional<Command>> Next() override {
    while (const std::string* line = lines_()) {
      absl::StatusOr<std::optional<Command>> command = parser_.Next(*line);
      if (!command.ok()) return command.status();
      if (!command->has_value()) continue;
      (*command)->set_input_number(++commands_);
      return command;
    }
    return std::nullopt;
  }

 private:
  Lines lines_;
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

const std::string* KeptLines::Get(size_t line) {
  if (line == lines_.size()) {
    std::string next;
    if (!std::getline(*in_, next)) return nullptr;
    lines_.push_back(std::move(next));
  }
  return line < lines_.size() ? &lines_[line] : nullptr;
}

absl::StatusOr<std::unique_ptr<Input>> OpenLobster(const std::string& path,
                                                   KeptLines* stdin_lines) {
  if (path == "-") {
    auto next = [stdin_lines, line = size_t{0}]() mutable { return stdin_lines->Get(line++); };
    return std::make_unique<LobsterInput>(next);
  }
  auto file = std::make_shared<std::ifstream>(path);
  if (!file->is_open()) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path, ": name a LOBSTER message file, or - for stdin"));
  }
  return std::make_unique<LobsterInput>([file, line = std::string()]() mutable {
    return std::getline(*file, line) ? &line : nullptr;
  });
}

std::unique_ptr<Input> MakeFlow(uint64_t seed, uint64_t commands) {
  return std::make_unique<FlowInput>(seed, commands);
}

}  // namespace ringjournal::matching
