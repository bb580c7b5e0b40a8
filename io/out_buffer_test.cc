#include "io/out_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "io/fifo.h"
#include "journal/base/limits.h"

namespace ringjournal::io {
namespace {

TEST(OutBufferTest, AnyMixOfAppendsAndPartialSendsKeepsTheOrder) {
  std::mt19937 random(1);
  OutBuffer buffer;
  std::string expected, got;
  for (int step = 0; step < 20000; ++step) {
    std::string piece(random() % 200, static_cast<char>('a' + step % 26));
    buffer.Append(AsBytes(piece));
    expected += piece;
    if (random() % 2 == 0 || buffer.size() == 0) continue;
    ByteSpan chunk = buffer.Chunk();
    buffer.Append(AsBytes("+"));  // while the kernel may read the chunk
    expected += "+";
    size_t sent = random() % (chunk.size() + 1);
    got += AsView(chunk.first(sent));
    buffer.Consume(sent);
  }
  while (buffer.size() > 0) {
    ByteSpan chunk = buffer.Chunk();
    got += AsView(chunk);
    buffer.Consume(chunk.size());
  }
  EXPECT_EQ(got, expected);
}

TEST(OutBufferTest, ChunksAreBoundedAndStayInPlace) {
  OutBuffer buffer;
  buffer.Append(AsBytes(std::string(3 * limits::kSendChunkBytes, 'x')));
  ByteSpan chunk = buffer.Chunk();
  EXPECT_EQ(chunk.size(), limits::kSendChunkBytes);
  buffer.Append(AsBytes(std::string(10 << 20, 'y')));
  EXPECT_EQ(AsView(chunk), std::string(limits::kSendChunkBytes, 'x'));
  buffer.DropUnsent();
  EXPECT_EQ(AsView(chunk), std::string(limits::kSendChunkBytes, 'x'));
  EXPECT_EQ(buffer.size(), chunk.size());
}

TEST(FifoTest, KeepsOrderWhileItGrowsAndWraps) {
  Fifo<int> fifo;
  int in = 0, out = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < round; ++i) fifo.Push(in++);
    for (int i = 0; i < round / 2; ++i) ASSERT_EQ(fifo.Pop(), out++);
  }
  while (!fifo.empty()) ASSERT_EQ(fifo.Pop(), out++);
  EXPECT_EQ(in, out);
}

}  // namespace
}  // namespace ringjournal::io
