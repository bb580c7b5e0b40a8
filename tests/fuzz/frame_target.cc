// Frames: any split of the bytes gives the same frames, and no memory is taken on credit.
#include "journal/base/check.h"
#include "journal/format/frame.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

constexpr uint32_t kLimitBytes = 300;

struct Outcome {
  std::vector<std::string> frames;
  bool too_large = false;
  bool mid_frame = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Feed(ByteSpan stream, size_t chunk_bytes) {
  Outcome outcome;
  FrameDecoder decoder(kLimitBytes);
  for (size_t at = 0; at < stream.size() && !outcome.too_large; at += chunk_bytes) {
    ByteSpan chunk = stream.subspan(at, std::min(chunk_bytes, stream.size() - at));
    ByteSpan frame;
    FrameDecoder::Result result;
    while ((result = decoder.Next(&chunk, &frame)) == FrameDecoder::Result::kFrame) {
      RJ_CHECK(frame.size() <= kLimitBytes);
      outcome.frames.emplace_back(AsView(frame));
    }
    outcome.too_large = result == FrameDecoder::Result::kTooLarge;
    if (outcome.too_large) RJ_CHECK(decoder.announced_bytes() > kLimitBytes);
    // The buffer grows with what has come, not with what was announced.
    RJ_CHECK(decoder.buffered_bytes() <= 2 * (kLimitBytes + kFrameHeaderBytes));
    outcome.mid_frame = decoder.mid_frame();
  }
  if (outcome.too_large) outcome.mid_frame = false;
  return outcome;
}

}  // namespace

std::string Decode(ByteSpan input) {
  if (input.empty()) return "nothing";
  const size_t chunk_bytes = 1 + static_cast<size_t>(input[0]);
  const ByteSpan stream = input.subspan(1);
  const Outcome whole = Feed(stream, stream.size() + 1);
  RJ_CHECK(whole == Feed(stream, chunk_bytes));
  RJ_CHECK(whole == Feed(stream, 1));
  if (whole.too_large) return "too large";
  if (whole.frames.empty()) return whole.mid_frame ? "cut off" : "nothing";
  return whole.mid_frame ? "frames and cut off" : "frames";
}

std::vector<std::string> Seeds() {
  std::string two("\x02", 1);
  AppendFrame("first", &two);
  AppendFrame("", &two);
  AppendFrame(std::string(200, 'x'), &two);
  std::string large("\x07", 1);
  AppendFrame("first", &large);
  AppendFrame(std::string(kLimitBytes + 1, 'y'), &large);
  return {"", two, two.substr(0, two.size() - 3), two.substr(0, 4), large};
}

}  // namespace ringjournal::fuzz
