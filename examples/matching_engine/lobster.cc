#include "examples/matching_engine/lobster.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/matching_engine/order_book.h"

namespace ringjournal::matching {
namespace {

constexpr int64_t kAnyMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kAnyMax = std::numeric_limits<int64_t>::max();
constexpr uint64_t kNsPerSecond = 1'000'000'000;
constexpr size_t kColumns = 6;
// Both parts of the seconds: nanoseconds then fit 64 bits, whatever the digits.
constexpr size_t kDigitsMax = 9;
constexpr size_t kQuotedMax = 40;

struct Field {
  std::string_view text;
  uint64_t line = 0;
  size_t column = 0;  // from 1, in bytes
};

struct Bounds {
  const char* name;
  int64_t min;
  int64_t max;
};

absl::Status Bad(uint64_t line, size_t column, const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrCat("line ", line, ", column ", column, ": ", what,
                   ". A line is seconds,type,order id,size,price,direction: correct it or take "
                   "it out, then start again"));
}

// A long or binary line must not fill the terminal.
std::string Quote(std::string_view text) {
  const std::string cut(text.substr(0, kQuotedMax));
  return absl::StrCat("\"", absl::CHexEscape(cut), text.size() > kQuotedMax ? "..." : "", "\"");
}

absl::Status Refuse(const Field& field, const char* name, const std::string& why) {
  return Bad(field.line, field.column, absl::StrCat("the ", name, " ", Quote(field.text), why));
}

absl::StatusOr<std::array<Field, kColumns>> Split(std::string_view line, uint64_t number) {
  std::array<Field, kColumns> fields;
  size_t begin = 0;
  for (size_t i = 0; i < kColumns; ++i) {
    const size_t end = std::min(line.find(',', begin), line.size());
    fields[i] = {line.substr(begin, end - begin), number, begin + 1};
    const bool last = i + 1 == kColumns;
    if (!last && end == line.size()) {
      return Bad(number, end + 1, absl::StrCat("the line ends behind column ", i + 1, " of 6"));
    }
    if (last && end < line.size()) {
      return Bad(number, end + 1, "the line goes on behind its sixth column");
    }
    begin = end + 1;
  }
  return fields;
}

absl::StatusOr<int64_t> ParseInteger(const Field& field, const Bounds& bounds) {
  int64_t value = 0;
  const char* const end = field.text.data() + field.text.size();
  const auto [rest, error] = std::from_chars(field.text.data(), end, value);
  if (error == std::errc::invalid_argument || rest != end) {
    return Refuse(field, bounds.name, " is not a whole number");
  }
  if (error != std::errc() || value < bounds.min || value > bounds.max) {
    return Refuse(field, bounds.name,
                  absl::StrCat(" is not from ", bounds.min, " to ", bounds.max));
  }
  return value;
}

// 1 to 9 digits. False if there is another character, or too few or many of them.
bool ParseDigits(std::string_view digits, uint64_t* value) {
  if (digits.empty() || digits.size() > kDigitsMax) return false;
  *value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    *value = *value * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

// Digit by digit: a double cannot hold 34200.123456789.
absl::StatusOr<uint64_t> ParseSeconds(const Field& field) {
  const size_t point = field.text.find('.');
  uint64_t seconds = 0;
  if (!ParseDigits(field.text.substr(0, point), &seconds)) {
    return Refuse(field, "time", " does not begin with 1 to 9 digits of seconds after midnight");
  }
  if (point == std::string_view::npos) return seconds * kNsPerSecond;
  std::string fraction(field.text.substr(point + 1));
  uint64_t ns = 0;
  if (!ParseDigits(fraction, &ns)) {
    return Refuse(field, "time", " does not have 1 to 9 digits, and no more, behind its point");
  }
  for (size_t digits = fraction.size(); digits < kDigitsMax; ++digits) ns *= 10;
  return seconds * kNsPerSecond + ns;
}

bool IsSkipped(LobsterType type) { return type > LobsterType::kExecuteVisible; }

// Columns 3 to 6. Of a message that is skipped they mean something else, or nothing.
absl::Status ParseOrder(const std::array<Field, kColumns>& fields, LobsterMessage* message) {
  const bool any = IsSkipped(message->type);
  const Bounds bounds[] = {{"order id", any ? kAnyMin : 1, kAnyMax},
                           {"size", any ? kAnyMin : 1, any ? kAnyMax : int64_t{kSizeMax}},
                           {"price", any ? kAnyMin : 1, any ? kAnyMax : kPriceMax},
                           {"direction", any ? kAnyMin : -1, any ? kAnyMax : 1}};
  int64_t* const targets[] = {&message->order_id, &message->size, &message->price,
                              &message->direction};
  for (size_t i = 0; i < std::size(bounds); ++i) {
    const absl::StatusOr<int64_t> value = ParseInteger(fields[i + 2], bounds[i]);
    if (!value.ok()) return value.status();
    *targets[i] = *value;
  }
  if (!any && message->direction == 0) {
    return Refuse(fields[5], "direction", " is neither 1 (buy) nor -1 (sell)");
  }
  return absl::OkStatus();
}

void SetNewOrder(const LobsterMessage& message, uint64_t order_id, bool is_buy, Command* command) {
  NewOrder* order = command->mutable_new_order();
  order->set_order_id(order_id);
  order->set_side(is_buy ? SIDE_BUY : SIDE_SELL);
  order->set_size(static_cast<uint64_t>(message.size));
  order->set_price(message.price);
}

}  // namespace

absl::StatusOr<LobsterMessage> ParseLobsterLine(std::string_view line, uint64_t line_number) {
  const auto fields = Split(line, line_number);
  if (!fields.ok()) return fields.status();
  const absl::StatusOr<uint64_t> time_ns = ParseSeconds((*fields)[0]);
  if (!time_ns.ok()) return time_ns.status();
  const absl::StatusOr<int64_t> type = ParseInteger((*fields)[1], {"type", 1, 7});
  if (!type.ok()) return type.status();
  LobsterMessage message = {.time_ns = *time_ns, .type = static_cast<LobsterType>(*type)};
  if (absl::Status status = ParseOrder(*fields, &message); !status.ok()) return status;
  return message;
}

std::string FormatLobsterLine(const LobsterMessage& message) {
  return absl::StrFormat("%d.%09d,%d,%d,%d,%d,%d", message.time_ns / kNsPerSecond,
                         message.time_ns % kNsPerSecond, static_cast<int64_t>(message.type),
                         message.order_id, message.size, message.price, message.direction);
}

std::optional<Command> ToCommand(const LobsterMessage& message, uint64_t line_number) {
  if (IsSkipped(message.type)) return std::nullopt;
  Command command;
  command.set_time_ns(message.time_ns);
  const auto order_id = static_cast<uint64_t>(message.order_id);
  const bool is_buy = message.direction == kLobsterBuy;
  if (message.type == LobsterType::kNew) {
    SetNewOrder(message, order_id, is_buy, &command);
  } else if (message.type == LobsterType::kCancelPart) {
    command.mutable_cancel_part()->set_order_id(order_id);
    command.mutable_cancel_part()->set_size(static_cast<uint64_t>(message.size));
  } else if (message.type == LobsterType::kDelete) {
    command.mutable_delete_order()->set_order_id(order_id);
  } else {
    // The line tells of the order that rested; who hit it came from the other side. What finds
    // nothing to trade with must not rest: no later line would ever delete it.
    SetNewOrder(message, kTakerIdBase + line_number, !is_buy, &command);
    command.mutable_new_order()->set_immediate_or_cancel(true);
  }
  return command;
}

absl::StatusOr<std::optional<Command>> LobsterParser::Next(std::string_view line) {
  ++lines_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) {
    if (first_empty_line_ == 0) first_empty_line_ = lines_;
    return std::nullopt;
  }
  if (first_empty_line_ != 0) {
    return Bad(first_empty_line_, 1, "the line is empty, which only the last may be");
  }
  const absl::StatusOr<LobsterMessage> message = ParseLobsterLine(line, lines_);
  if (!message.ok()) return message.status();
  std::optional<Command> command = ToCommand(*message, lines_);
  if (!command) ++skipped_;
  return command;
}

}  // namespace ringjournal::matching
