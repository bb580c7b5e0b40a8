#include "journal/base/units.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <span>

#include "absl/status/status.h"
#include "journal/base/check.h"

namespace ringjournal {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Smallest first.
constexpr Unit kByteUnits[] = {
    {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}};
constexpr Unit kTimeUnits[] = {{"ns", 1},
                               {"us", 1'000},
                               {"ms", 1'000'000},
                               {"s", 1'000'000'000},
                               {"m", 60'000'000'000},
                               {"h", 3'600'000'000'000}};

// What is being read, for the error messages.
struct Quantity {
  std::string_view noun;
  std::string_view unit_list;
  std::string_view example;
  uint64_t max;
  std::span<const Unit> units;
};

constexpr Quantity kBytes = {"size", "B, KiB, MiB, GiB, TiB", "256MiB",
                             std::numeric_limits<uint64_t>::max(), kByteUnits};
constexpr Quantity kTime = {"duration", "ns, us, ms, s, m, h", "10ms",
                            std::numeric_limits<int64_t>::max(), kTimeUnits};

absl::Status Refuse(const Quantity& what, std::string_view text, std::string_view why) {
  std::string message;
  message.append("\"").append(text).append("\" is not a ").append(what.noun).append(": ");
  message.append(why).append("; write a whole number directly followed by one of ");
  message.append(what.unit_list).append(", for example ").append(what.example);
  return absl::InvalidArgumentError(message);
}

// "GB", "g" and "gib" mean GiB to somebody: whether 10^9 or 2^30 was meant is for him to say.
std::string_view Meant(const Quantity& what, std::string_view unit_name) {
  for (const Unit& unit : what.units) {
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    const bool begins = !unit_name.empty() && same(unit_name[0], unit.name[0]);
    const bool as_is = std::ranges::equal(unit_name, unit.name, same);
    const bool without_i =
        unit.name.ends_with("iB") && begins &&
        (unit_name.size() == 1 || (unit_name.size() == 2 && same(unit_name[1], 'b')));
    if (as_is || without_i) return unit.name;
  }
  return "";
}

absl::StatusOr<uint64_t> Parse(const Quantity& what, std::string_view text) {
  uint64_t number = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return Refuse(what, text, "it is too large");
  if (error != std::errc()) return Refuse(what, text, "it does not start with a number");
  std::string_view unit_name = text.substr(static_cast<size_t>(rest - text.data()));
  if (unit_name.empty()) return Refuse(what, text, "it has no unit");
  for (const Unit& unit : what.units) {
    if (unit.name != unit_name) continue;
    if (number > what.max / unit.factor) return Refuse(what, text, "it is too large");
    return number * unit.factor;
  }
  std::string why = "the unit \"";
  why.append(unit_name).append("\" is unknown");
  if (const std::string_view meant = Meant(what, unit_name); !meant.empty()) {
    why.append(" (did you mean ").append(meant).append("?)");
  }
  return Refuse(what, text, why);
}

std::string Format(std::span<const Unit> units, uint64_t value) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor).append(best->name);
}

}  // namespace

absl::StatusOr<uint64_t> ParseBytes(std::string_view text) { return Parse(kBytes, text); }

absl::StatusOr<int64_t> ParseDurationNs(std::string_view text) {
  absl::StatusOr<uint64_t> ns = Parse(kTime, text);
  if (!ns.ok()) return ns.status();
  return static_cast<int64_t>(*ns);
}

std::string FormatBytes(uint64_t bytes) { return bytes == 0 ? "0B" : Format(kByteUnits, bytes); }

std::string FormatDurationNs(int64_t duration_ns) {
  RJ_CHECK(duration_ns >= 0);
  return duration_ns == 0 ? "0s" : Format(kTimeUnits, static_cast<uint64_t>(duration_ns));
}

}  // namespace ringjournal
