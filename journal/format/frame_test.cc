#include "journal/format/frame.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

std::string ThreeFrames() {
  std::string stream;
  AppendFrame("hello", &stream);
  AppendFrame("", &stream);
  AppendFrame(std::string(300, 'x'), &stream);
  return stream;
}

std::vector<std::string> Feed(FrameDecoder* decoder, std::string_view chunk) {
  std::vector<std::string> frames;
  ByteSpan bytes = AsBytes(chunk), frame;
  while (decoder->Next(&bytes, &frame) == FrameDecoder::Result::kFrame) {
    frames.emplace_back(AsView(frame));
  }
  return frames;
}

TEST(FrameDecoder, EverySplitInTwoGivesTheSameFrames) {
  std::string stream = ThreeFrames();
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameDecoder decoder(1000);
    std::vector<std::string> frames = Feed(&decoder, std::string_view(stream).substr(0, cut));
    for (auto& f : Feed(&decoder, std::string_view(stream).substr(cut))) frames.push_back(f);
    EXPECT_EQ(frames, (std::vector<std::string>{"hello", "", std::string(300, 'x')})) << cut;
    EXPECT_FALSE(decoder.mid_frame());
  }
}

TEST(FrameDecoder, ByteByByteGivesTheSameFrames) {
  FrameDecoder decoder(1000);
  std::vector<std::string> frames;
  for (char c : ThreeFrames()) {
    for (auto& f : Feed(&decoder, std::string_view(&c, 1))) frames.push_back(f);
  }
  EXPECT_EQ(frames, (std::vector<std::string>{"hello", "", std::string(300, 'x')}));
}

TEST(FrameDecoder, ALengthOverTheLimitIsRefusedBeforeAnythingIsAllocated) {
  for (size_t split : {4u, 2u}) {
    FrameDecoder decoder(100);
    std::string stream("\x65\0\0\0", 4);
    Feed(&decoder, std::string_view(stream).substr(0, 4 - split));
    ByteSpan bytes = AsBytes(std::string_view(stream).substr(4 - split)), frame;
    EXPECT_EQ(decoder.Next(&bytes, &frame), FrameDecoder::Result::kTooLarge);
    EXPECT_EQ(decoder.announced_bytes(), 101u);
  }
}

TEST(FrameDecoder, TheBufferGrowsWithBytesReceivedNotWithTheLengthAnnounced) {
  FrameDecoder decoder(8 << 20);
  std::string stream("\0\0\x80\0", 4);  // announces 8 MiB
  stream += "abc";
  Feed(&decoder, stream);
  EXPECT_LT(decoder.buffered_bytes(), 100u);
  EXPECT_TRUE(decoder.mid_frame());
}

}  // namespace
}  // namespace ringjournal
