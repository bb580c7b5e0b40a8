#include "server/cluster/peer_frames.h"

#include "gtest/gtest.h"
#include "journal/format/frame.h"

namespace ringjournal {
namespace {

v1::Replicate Head() {
  v1::Replicate head;
  head.set_journal_id("0123456789abcdef");
  head.set_generation(2);
  head.set_epoch(3);
  head.set_commit_index(40);
  head.set_lease_seq(5);
  head.set_first_index(41);
  return head;
}

// A frame with an entry of so many bytes, as the generated code writes it, and as this code does.
std::string Generated(const v1::Entry& entry) {
  v1::PeerMessage message;
  *message.mutable_replicate() = Head();
  *message.mutable_replicate()->mutable_entries()->add_entries() = entry;
  std::string out;
  AppendPeerFrame(message, &out);
  return out;
}

TEST(PeerFrames, TheEntriesHeadEqualsTheGeneratedEncoding) {
  for (size_t bytes : {0, 1, 100, 127, 128, 16383, 16384, 300000}) {
    v1::Entry entry;
    entry.add_transactions()->set_payload(std::string(bytes, 'x'));
    v1::Entries entries;
    *entries.add_entries() = entry;
    std::string records = entries.SerializeAsString();
    std::string out;
    AppendReplicateHead(Head(), records.size(), &out);
    EXPECT_EQ(out + records, Generated(entry)) << bytes;
  }
}

TEST(PeerFrames, TheEntriesStayWhereTheyAre) {
  v1::Entry entry;
  entry.add_transactions()->set_payload("hello");
  std::string frame = Generated(entry);
  ByteSpan body = AsBytes(frame).subspan(kFrameHeaderBytes);
  PeerFrame parsed;
  ASSERT_TRUE(ParsePeerFrame(body, &parsed));
  EXPECT_EQ(parsed.message.replicate().first_index(), 41u);
  EXPECT_FALSE(parsed.message.replicate().has_entries());
  EXPECT_EQ(parsed.entries.data() + parsed.entries.size(), body.data() + body.size());
  v1::Entries entries;
  ASSERT_TRUE(
      entries.ParseFromArray(parsed.entries.data(), static_cast<int>(parsed.entries.size())));
  EXPECT_EQ(entries.entries(0).transactions(0).payload(), "hello");
}

TEST(PeerFrames, AHeartbeatHasNoEntries) {
  std::string out;
  AppendReplicateHead(Head(), 0, &out);
  PeerFrame parsed;
  ASSERT_TRUE(ParsePeerFrame(AsBytes(out).subspan(kFrameHeaderBytes), &parsed));
  EXPECT_TRUE(parsed.entries.empty());
  EXPECT_EQ(parsed.message.replicate().commit_index(), 40u);
}

TEST(PeerFrames, EveryCutOfAReplicateIsRefused) {
  v1::Entry entry;
  entry.add_transactions()->set_payload("hello");
  std::string frame = Generated(entry);
  for (size_t bytes = kFrameHeaderBytes + 1; bytes < frame.size(); ++bytes) {
    PeerFrame parsed;
    ByteSpan body = AsBytes(frame).subspan(kFrameHeaderBytes, bytes - kFrameHeaderBytes);
    EXPECT_FALSE(ParsePeerFrame(body, &parsed)) << bytes;
  }
}

// The generated code would take them as part of the same message, and nobody would look at them.
TEST(PeerFrames, NothingStandsBehindAReplicate) {
  v1::Entry entry;
  entry.add_transactions()->set_payload("hello");
  std::string body = Generated(entry).substr(kFrameHeaderBytes);
  PeerFrame parsed;
  EXPECT_FALSE(ParsePeerFrame(AsBytes(body + body), &parsed));
}

}  // namespace
}  // namespace ringjournal
