#include "server/session/ack_encoder.h"

#include "gtest/gtest.h"
#include "journal/format/frame.h"

namespace ringjournal {
namespace {

// Decodes one frame; the encoder writes by hand what the generated parser must read.
v1::AppendReply Decode(const std::string& out) {
  FrameDecoder decoder(limits::kFrameBytesMax);
  ByteSpan bytes = AsBytes(out), frame;
  EXPECT_EQ(decoder.Next(&bytes, &frame), FrameDecoder::Result::kFrame);
  EXPECT_TRUE(bytes.empty());
  v1::ServerMessage message;
  EXPECT_TRUE(message.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
  return message.append_reply();
}

Ack SomeAck(uint64_t n) {
  Ack ack;
  ack.request_id = n;
  ack.place = {Index(2 * n), Lsn(3 * n), static_cast<uint32_t>(n % 65537), ~n, n % 2 == 1};
  ack.level = static_cast<v1::Level>(1 + n % 4);
  return ack;
}

TEST(AckEncoder, WritesWhatTheGeneratedParserReads) {
  std::string out;
  AckEncoder encoder(&out);
  encoder.Begin({7, 9}, Lsn(UINT64_MAX), Lsn(5));
  for (uint64_t n : {uint64_t{0}, uint64_t{1}, uint64_t{300}, UINT64_MAX}) {
    encoder.Add(SomeAck(n), {3, n != 1 ? 2u : 0u});
  }
  encoder.End();
  v1::AppendReply reply = Decode(out);
  EXPECT_EQ(reply.generation(), 7u);
  EXPECT_EQ(reply.epoch(), 9u);
  EXPECT_EQ(reply.committed_lsn(), UINT64_MAX);
  EXPECT_EQ(reply.durable_lsn(), 5u);
  ASSERT_EQ(reply.results_size(), 4);
  int i = 0;
  for (uint64_t n : {uint64_t{0}, uint64_t{1}, uint64_t{300}, UINT64_MAX}) {
    const v1::AppendResult& r = reply.results(i++);
    Ack ack = SomeAck(n);
    EXPECT_EQ(r.request_id(), n);
    EXPECT_EQ(r.index(), ack.place.index.value());
    EXPECT_EQ(r.first_lsn(), ack.place.first_lsn.value());
    EXPECT_EQ(r.count(), ack.place.count);
    EXPECT_EQ(r.chain(), ack.place.chain);
    EXPECT_EQ(r.level(), static_cast<uint32_t>(ack.level));
    EXPECT_EQ(r.memory_copies(), 3u);
    EXPECT_EQ(r.disk_copies(), n != 1 ? 2u : 0u);
    EXPECT_EQ(r.duplicate(), ack.place.duplicate);
  }
}

TEST(AckEncoder, GoesBehindWhatTheSessionIsOwedAlready) {
  std::string out;
  AppendFrame("", &out);
  std::string before = out;
  AckEncoder encoder(&out);
  encoder.Begin({1, 1}, Lsn(1), Lsn(0));
  encoder.End();
  ASSERT_EQ(out.substr(0, before.size()), before);
  EXPECT_EQ(Decode(out.substr(before.size())).results_size(), 0);
}

TEST(AckEncoder, HoldsAFullSessionsAcknowledgements) {
  std::string out;
  AckEncoder encoder(&out);
  encoder.Begin({1, 1}, Lsn(1), Lsn(0));
  for (uint32_t n = 0; n < limits::kAppendsInFlightPerSessionMax; ++n)
    encoder.Add(SomeAck(n), {1, 1});
  encoder.End();
  EXPECT_EQ(Decode(out).results_size(), static_cast<int>(limits::kAppendsInFlightPerSessionMax));
  EXPECT_LT(out.size(), limits::kFrameBytesMax);
}

}  // namespace
}  // namespace ringjournal
