#include "tools/ringjournal/position.h"

#include <array>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "tools/ringjournal/output.h"

namespace ringjournal::cli {
namespace {

using client::Position;

constexpr uint64_t kSecondNs = 1'000'000'000;

absl::Status NoPosition(std::string_view text, const std::string& hint = "") {
  return absl::InvalidArgumentError(absl::StrCat(
      "'", absl::CHexEscape(absl::string_view(text.data(), text.size())), "' is no position", hint,
      ": write oldest, newest, an LSN from 1 on, -N for the last N, a time such as @-5m or "
      "@2026-05-01T12:00:00Z, or txn:ID for a transaction's id"));
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Digits only, from 1 on.
bool ParseCount(std::string_view text, uint64_t* value) {
  return IsDigits(text) && absl::SimpleAtoi(absl::string_view(text.data(), text.size()), value) &&
         *value > 0;
}

// "1767225600" or "1767225600.25", as `date +@%s` writes it.
std::optional<uint64_t> ParseUnixSeconds(std::string_view text) {
  size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string fraction;
  if (point != std::string_view::npos) {
    fraction = text.substr(point + 1);
    if (!IsDigits(fraction) || fraction.size() > 9) return std::nullopt;
  }
  fraction.resize(9, '0');
  uint64_t seconds = 0, ns = 0;
  if (!IsDigits(whole) || whole.size() > 10) return std::nullopt;
  if (!absl::SimpleAtoi(absl::string_view(whole.data(), whole.size()), &seconds)) {
    return std::nullopt;
  }
  if (!absl::SimpleAtoi(fraction, &ns)) return std::nullopt;
  ns += seconds * kSecondNs;
  // As for dates: up to the year 2262, where nanoseconds leave 63 bits.
  return ns <= static_cast<uint64_t>(INT64_MAX) ? std::optional(ns) : std::nullopt;
}

std::optional<uint64_t> ParseDate(std::string_view text) {
  static constexpr std::array kLayouts = {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d%ET%H:%M:%E*S",
                                          "%Y-%m-%d%ET%H:%M%Ez", "%Y-%m-%d%ET%H:%M", "%Y-%m-%d"};
  // The library would also take spaces, signs and "infinite-future".
  constexpr std::string_view kAllowed = "0123456789-+:.TtZz";
  bool shape = text.size() >= 10 && text[4] == '-' && text[7] == '-' && IsDigits(text.substr(0, 4));
  if (!shape || text.find_first_not_of(kAllowed) != std::string_view::npos) return std::nullopt;
  for (const char* layout : kLayouts) {
    absl::Time time;
    if (!absl::ParseTime(layout, absl::string_view(text.data(), text.size()), &time, nullptr)) {
      continue;
    }
    int64_t ns = absl::ToUnixNanos(time);
    bool in_range = ns >= 0 && absl::FromUnixNanos(ns) == time;
    return in_range ? std::optional<uint64_t>(static_cast<uint64_t>(ns)) : std::nullopt;
  }
  return std::nullopt;
}

absl::StatusOr<Position> ParseTimePosition(std::string_view text, uint64_t now_unix_ns) {
  std::string_view time = text.substr(1);
  if (time.starts_with('-')) {
    absl::StatusOr<int64_t> back = ParseDurationNs(time.substr(1));
    if (!back.ok()) {
      return NoPosition(text, absl::StrCat(" (", std::string(back.status().message()), ")"));
    }
    uint64_t ns = static_cast<uint64_t>(*back);
    return Position::AtTime(ns < now_unix_ns ? now_unix_ns - ns : 0);
  }
  if (std::optional<uint64_t> ns = ParseUnixSeconds(time)) return Position::AtTime(*ns);
  if (std::optional<uint64_t> ns = ParseDate(time)) return Position::AtTime(*ns);
  if (IsDigits(time)) return NoPosition(text, " (a number behind @ is Unix time in seconds)");
  return NoPosition(text,
                    " (a time is a date and a clock time, Unix seconds, or - and a duration)");
}

absl::StatusOr<Position> ParseId(std::string_view text) {
  bool hex = text.starts_with("txn-hex:");
  std::string id(text.substr(text.find(':') + 1));
  if (hex) {
    bool digits =
        id.size() % 2 == 0 && id.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!digits) return NoPosition(text, " (behind txn-hex: stand pairs of hexadecimal digits)");
    id = absl::HexStringToBytes(id);
  }
  if (id.empty()) return NoPosition(text, " (no id stands behind the colon)");
  if (id.size() > limits::kPositionIdBytesMax) {
    return NoPosition(text.substr(0, 20), absl::StrCat("… (an id has at most ",
                                                       limits::kPositionIdBytesMax, " bytes)"));
  }
  return Position::OfTransaction(id);
}

// What was probably meant, for the message.
std::string Hint(std::string_view text, uint64_t now_unix_ns) {
  if (ParseDate(text).has_value()) return absl::StrCat(" (did you mean @", std::string(text), "?)");
  if (text.starts_with('-') && ParseDurationNs(text.substr(1)).ok()) {
    return absl::StrCat(" (did you mean @", std::string(text), "?)");
  }
  if (ParseDurationNs(text).ok()) return absl::StrCat(" (did you mean @-", std::string(text), "?)");
  if (text == "latest" || text == "end" || text == "now") return " (did you mean newest?)";
  if (text == "first" || text == "earliest" || text == "beginning") {
    return " (did you mean oldest?)";
  }
  return "";
}

}  // namespace

const char kPositionHelp[] =
    "POSITION:\n"
    "  oldest, newest               the first that is kept; behind the last\n"
    "  42                           LSN 42\n"
    "  -100                         the last 100 transactions\n"
    "  @-5m                         five minutes ago (units ns, us, ms, s, m, h)\n"
    "  @2026-05-01T12:00:00Z        the first at or after that time; without a zone it is UTC\n"
    "  @2026-05-01, @1777636800.5   a day from midnight UTC; Unix seconds\n"
    "  txn:ID, txn-hex:HEX          the first transaction with that id (reads until it finds it)\n";

absl::StatusOr<Position> ParsePosition(std::string_view text, uint64_t now_unix_ns) {
  if (text == "oldest") return Position::Oldest();
  if (text == "newest") return Position::Newest();
  uint64_t number = 0;
  if (text.starts_with('@')) return ParseTimePosition(text, now_unix_ns);
  if (text.starts_with("txn:") || text.starts_with("txn-hex:")) return ParseId(text);
  if (text.starts_with('-') && ParseCount(text.substr(1), &number)) return Position::Last(number);
  if (ParseCount(text, &number)) return Position::At(Lsn(number));
  return NoPosition(text, Hint(text, now_unix_ns));
}

absl::StatusOr<Position> ParsePosition(std::string_view text) {
  return ParsePosition(text, static_cast<uint64_t>(absl::GetCurrentTimeNanos()));
}

std::string FormatPosition(const Position& position) {
  switch (position.kind) {
    case Position::Kind::kOldest:
      return "oldest";
    case Position::Kind::kNewest:
      return "newest";
    case Position::Kind::kLsn:
      return absl::StrCat(position.lsn.value());
    case Position::Kind::kLast:
      return absl::StrCat("-", position.count);
    case Position::Kind::kTime:
      return absl::StrCat("@", FormatTime(position.time_ns));
    case Position::Kind::kTransactionId:
      break;
  }
  bool text = true;
  for (char c : position.id) text = text && c > ' ' && c < 127;
  return text ? absl::StrCat("txn:", position.id)
              : absl::StrCat("txn-hex:", absl::BytesToHexString(position.id));
}

}  // namespace ringjournal::cli
