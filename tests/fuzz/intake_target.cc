// The server's receiving side: preface, then frames, with stalls; any split gives the same.
#include "journal/base/check.h"
#include "server/session/frame_intake.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

constexpr uint32_t kLimitBytes = 300;

struct Outcome {
  std::vector<std::string> frames;
  FrameIntake::Outcome outcome = FrameIntake::Outcome::kOk;
  std::string complaint;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Every `stall_every`-th frame is refused once (0: none), as by a full ring.
Outcome Feed(ByteSpan stream, size_t chunk_bytes, size_t stall_every) {
  Outcome seen;
  FrameIntake intake(kLimitBytes);
  size_t offered = 0;
  const auto take = [&](ByteSpan frame) {
    if (stall_every > 0 && ++offered % stall_every == 0) return FrameIntake::Taken::kStall;
    seen.frames.emplace_back(AsView(frame));
    return FrameIntake::Taken::kYes;
  };
  for (size_t at = 0; at < stream.size(); at += chunk_bytes) {
    const ByteSpan chunk = stream.subspan(at, std::min(chunk_bytes, stream.size() - at));
    seen.outcome = intake.Feed(chunk, take, &seen.complaint);
    while (seen.outcome == FrameIntake::Outcome::kStalled) {
      RJ_CHECK(intake.stalled() && intake.waiting_bytes() <= stream.size());
      seen.outcome = intake.Retry(take, &seen.complaint);
    }
    if (seen.outcome != FrameIntake::Outcome::kOk) break;
  }
  return seen;
}

}  // namespace

std::string Decode(ByteSpan input) {
  if (input.size() < 2) return "nothing";
  const size_t chunk_bytes = 1 + static_cast<size_t>(input[0]);
  const size_t stall_every = 2 + static_cast<size_t>(input[1]) % 5;
  const ByteSpan stream = input.subspan(2);
  const Outcome whole = Feed(stream, stream.size() + 1, 0);
  const Outcome stalled = Feed(stream, stream.size() + 1, stall_every);
  RJ_CHECK(whole == stalled);
  const Outcome split = Feed(stream, chunk_bytes, stall_every);
  RJ_CHECK(whole.frames == split.frames && whole.outcome == split.outcome);
  switch (whole.outcome) {
    case FrameIntake::Outcome::kWrongPreface:
      RJ_CHECK(!whole.complaint.empty() && whole.frames.empty());
      return "wrong preface";
    case FrameIntake::Outcome::kTooLarge:
      RJ_CHECK(!whole.complaint.empty());
      return "too large";
    default:
      return whole.frames.empty() ? "no frame" : "frames";
  }
}

std::vector<std::string> Seeds() {
  std::string two = std::string("\x05\x00", 2) + std::string(kPreface);
  AppendFrame("first", &two);
  AppendFrame("", &two);
  AppendFrame(std::string(200, 'x'), &two);
  std::string large = two;
  AppendFrame(std::string(kLimitBytes + 1, 'y'), &large);
  return {"",
          two,
          two.substr(0, 8),
          large,
          std::string("\x01\x01GET / HTTP/1.1\r\n\r\n", 20),
          std::string("\x01\x01\x16\x03\x01\x02\x00\x01", 8),
          std::string("\x01\x01RINGJNL\x02more", 14)};
}

}  // namespace ringjournal::fuzz
