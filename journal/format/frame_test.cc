#include "journal/format/frame.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "journal/base/limits.h"

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

// Receives as a driver does: into the decoder's room first, then a head's worth behind it.
std::vector<std::string> ReceiveInPlace(FrameDecoder* decoder, std::string_view stream,
                                        size_t piece) {
  std::vector<std::string> frames;
  while (!stream.empty()) {
    std::span<std::byte> room = decoder->Room(piece);
    size_t in_room = std::min(room.size(), stream.size());
    if (in_room > 0) std::memcpy(room.data(), stream.data(), in_room);
    decoder->Filled(in_room);
    stream.remove_prefix(in_room);
    size_t behind = std::min(room.empty() ? piece : 5, stream.size());
    for (auto& f : Feed(decoder, stream.substr(0, behind))) frames.push_back(f);
    stream.remove_prefix(behind);
  }
  return frames;
}

TEST(FrameDecoder, FramesReceivedInPlaceAreTheSameForEverySizeOfPieces) {
  std::vector<std::string> expected = {std::string(16384, 'a'), "small", std::string(40000, 'b'),
                                       std::string(20000, 'c'), ""};
  std::string stream;
  for (const std::string& frame : expected) AppendFrame(frame, &stream);
  for (size_t piece : {1u, 7u, 1000u, 16384u, 16388u, 16389u, 40000u, 100000u}) {
    FrameDecoder decoder(1 << 20);
    EXPECT_EQ(ReceiveInPlace(&decoder, stream, piece), expected) << piece;
    EXPECT_FALSE(decoder.mid_frame());
  }
}

TEST(FrameDecoder, OnlyTheRestOfALargeFrameHasRoom) {
  FrameDecoder decoder(1 << 20);
  EXPECT_TRUE(decoder.Room(100).empty()) << "nothing has begun";
  Feed(&decoder, std::string_view("\0\x40\0", 3));
  EXPECT_TRUE(decoder.Room(100).empty()) << "its length is not known";
  Feed(&decoder, std::string_view("\0abc", 4));
  EXPECT_EQ(decoder.Room(100).size(), 100u);
  EXPECT_EQ(decoder.Room(1 << 20).size(), 0x4000u - 3) << "not beyond its end";
  FrameDecoder other(1 << 20);
  Feed(&other, std::string_view("\xff\x3f\0\0abc", 7));
  EXPECT_TRUE(other.Room(100).empty()) << "many small ones come with one call";
}

TEST(FrameDecoder, RoomTakesNoMoreMemoryThanAskedFor) {
  FrameDecoder decoder(8 << 20);
  Feed(&decoder, std::string_view("\0\0\x80\0", 4));  // announces 8 MiB
  EXPECT_EQ(decoder.Room(1000).size(), 1000u);
  EXPECT_LT(decoder.buffered_bytes(), 2000u);
}

TEST(FrameDecoder, AFrameThatIsKeptStaysWhereItIsAndItsMemoryIsUsedAgain) {
  std::string stream;
  for (char c : {'a', 'b', 'c'}) AppendFrame(std::string(20000, c), &stream);
  FrameDecoder decoder(1 << 20);
  std::string_view rest = stream;
  auto next = [&](ByteSpan* frame) {
    ByteSpan bytes = AsBytes(rest.substr(0, 20004));
    ByteSpan head = bytes.first(100), tail;
    EXPECT_EQ(decoder.Next(&head, frame), FrameDecoder::Result::kNeedMore);
    std::memcpy(decoder.Room(1 << 20).data(), bytes.data() + 100, 19904);
    decoder.Filled(19904);
    EXPECT_EQ(decoder.Next(&tail, frame), FrameDecoder::Result::kFrame);
    rest.remove_prefix(20004);
    return decoder.TakeBuffer();
  };
  ByteSpan a, b, c;
  FrameBuffer first = next(&a);
  FrameBuffer second = next(&b);
  EXPECT_EQ(AsView(a), std::string(20000, 'a'));
  EXPECT_EQ(AsView(b), std::string(20000, 'b'));
  EXPECT_EQ(a.data(), first.bytes().data() + kFrameHeaderBytes) << "not copied";
  const std::byte* place = a.data();
  decoder.Reuse(std::move(first));
  FrameBuffer third = next(&c);
  EXPECT_EQ(c.data(), place);
  EXPECT_EQ(AsView(c), std::string(20000, 'c'));
  EXPECT_EQ(AsView(b), std::string(20000, 'b'));
}

TEST(FrameDecoder, ALargeBufferIsGivenBackOnceFramesAreSmallAgain) {
  std::string large, small;
  AppendFrame(std::string(1 << 20, 'a'), &large);
  AppendFrame("b", &small);
  FrameDecoder decoder(8 << 20);
  ByteSpan head = AsBytes(std::string_view(large).substr(0, 100)), frame;
  ASSERT_EQ(decoder.Next(&head, &frame), FrameDecoder::Result::kNeedMore);
  ByteSpan tail = AsBytes(std::string_view(large).substr(100));
  ASSERT_EQ(decoder.Next(&tail, &frame), FrameDecoder::Result::kFrame);
  decoder.Reuse(decoder.TakeBuffer());
  ASSERT_GT(decoder.buffered_bytes(), limits::kFrameBufferKeptBytes) << "for the next large one";
  ByteSpan bytes = AsBytes(small);
  ASSERT_EQ(decoder.Next(&bytes, &frame), FrameDecoder::Result::kFrame);
  EXPECT_EQ(AsView(frame), "b");
  EXPECT_LE(decoder.buffered_bytes(), limits::kFrameBufferKeptBytes);
}

TEST(FrameDecoder, AFrameInTheBytesFedHasNoBufferToKeep) {
  FrameDecoder decoder(1000);
  std::string stream = ThreeFrames();
  ByteSpan bytes = AsBytes(stream), frame;
  ASSERT_EQ(decoder.Next(&bytes, &frame), FrameDecoder::Result::kFrame);
  EXPECT_TRUE(decoder.TakeBuffer().empty());
}

}  // namespace
}  // namespace ringjournal
