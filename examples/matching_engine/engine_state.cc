#include "examples/matching_engine/engine_state.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace ringjournal::matching {

absl::Status EngineState::Apply(const client::ReadTransaction& transaction, std::string* effect) {
  Command command;
  const int size = static_cast<int>(transaction.payload.size());
  if (!command.ParseFromArray(transaction.payload.data(), size)) {
    return absl::DataLossError(
        "its payload is no ringjournal.matching.Command: something else writes to this journal");
  }
  if (command.input_number() != next_input()) {
    return absl::DataLossError(absl::StrCat("it is input ", command.input_number(), ", and ",
                                            next_input(), " is next: one is missing or doubled"));
  }
  *effect = Apply(command);
  return absl::OkStatus();
}

std::string EngineState::Apply(const Command& command) {
  Outcome outcome = book_.Apply(command, InputNumber(command.input_number()));
  if (outcome.trades.empty()) return "";
  Trades trades;
  for (Trade& trade : outcome.trades) *trades.add_trades() = std::move(trade);
  return trades.SerializeAsString();
}

absl::StatusOr<std::string> EngineState::Save() { return book_.Save().SerializeAsString(); }

absl::Status EngineState::Load(std::string_view state) {
  BookSnapshot snapshot;
  if (!snapshot.ParseFromArray(state.data(), static_cast<int>(state.size()))) {
    return absl::DataLossError("it is no ringjournal.matching.BookSnapshot");
  }
  absl::StatusOr<OrderBook> book = OrderBook::Load(snapshot);
  if (!book.ok()) return book.status();
  book_ = *std::move(book);
  return absl::OkStatus();
}

}  // namespace ringjournal::matching
