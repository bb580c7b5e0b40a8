// Positions: what is read is printed in a form that reads back as the same.
#include "journal/base/check.h"
#include "tests/fuzz/target.h"
#include "tools/ringjournal/position.h"

namespace ringjournal::fuzz {
namespace {

using client::Position;

constexpr uint64_t kNowNs = 1'777'636'800'000'000'000;  // 2026-05-01T12:00:00Z

std::string KindOf(const Position& position) {
  switch (position.kind) {
    case Position::Kind::kOldest:
      return "oldest";
    case Position::Kind::kNewest:
      return "newest";
    case Position::Kind::kLsn:
      return "lsn";
    case Position::Kind::kLast:
      return "last";
    case Position::Kind::kTime:
      return "time";
    case Position::Kind::kTransactionId:
      return "transaction";
  }
  return "?";
}

bool Same(const Position& a, const Position& b) {
  return a.kind == b.kind && a.lsn == b.lsn && a.count == b.count && a.time_ns == b.time_ns &&
         a.id == b.id;
}

}  // namespace

std::string Decode(ByteSpan input) {
  const absl::StatusOr<Position> position = cli::ParsePosition(AsView(input), kNowNs);
  if (!position.ok()) {
    RJ_CHECK(absl::IsInvalidArgument(position.status()) && !position.status().message().empty());
    return "refused";
  }
  // A later now makes no difference any more: what is printed is absolute.
  const absl::StatusOr<Position> again =
      cli::ParsePosition(cli::FormatPosition(*position), kNowNs + 1);
  RJ_CHECK(again.ok() && Same(*again, *position));
  return KindOf(*position);
}

std::vector<std::string> Seeds() {
  return {"oldest",
          "newest",
          "42",
          "18446744073709551615",
          "18446744073709551616",
          "0",
          "-100",
          "-0",
          "@-5m",
          "@-5",
          "@2026-05-01T12:00:00Z",
          "@2026-05-01T12:00:00.123456789+02:00",
          "@2026-05-01",
          "@1777636800.5",
          "@2026-13-01",
          "@9999-12-31T23:59:59Z",
          "txn:order-7",
          "txn:",
          "txn-hex:00ff",
          "txn-hex:0",
          "",
          " 42",
          "oldset"};
}

}  // namespace ringjournal::fuzz
