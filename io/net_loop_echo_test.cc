// Megabytes through a loop under every kernel and every shortage that we can simulate; every byte
// is compared.
#include <gtest/gtest.h>

#include <random>

#include "io/kernel_abi.h"
#include "io/test_peer.h"

namespace ringjournal::io {
namespace {

struct Setting {
  const char* name;
  NetLoop::Options options;
  size_t write_bytes_max = 20000;
  size_t stream_bytes = 3 << 20;
  bool expect_starved = false;
  bool expect_overflow = false;
};

constexpr uint32_t k61Hidden = abi::kFeatureMinTimeout | abi::kFeatureNoIowait;

NetLoop::Options Make(Uring::Options ring, BufferGroup::Options buffers, uint32_t send_buffer = 0) {
  NetLoop::Options options;
  options.connections_max = 100;
  options.ring = ring;
  if (ring.sq_entries > 64) options.ring.sq_entries = options.ring.cq_entries = 0;
  options.buffers = buffers;
  options.sockets.send_buffer_bytes = send_buffer;
  options.allow_receive_limit = (ring.hidden_features & abi::kFeatureNoIowait) == 0;
  return options;
}

std::vector<Setting> Settings() {
  const Uring::Options tiny_cq = {.sq_entries = 8, .cq_entries = 64};
  const Uring::Options minimal_cq = {.sq_entries = 1, .cq_entries = 2};
  return {
      {.name = "Default", .options = Make({}, {})},
      {.name = "Classic", .options = Make({}, {.allow_incremental = false})},
      {.name = "TinyClassicGroup",
       .options = Make({}, {.count = 4, .bytes = 512, .allow_incremental = false}),
       .expect_starved = true},
      {.name = "TinyIncrementalGroup",
       .options = Make({}, {.count = 2, .bytes = 4096}),
       .expect_starved = true},
      {.name = "OneBufferOfOneByte",
       .options = Make({}, {.count = 1, .bytes = 1}),
       .stream_bytes = 1 << 12,
       .expect_starved = true},
      {.name = "Overflow",
       .options = Make(tiny_cq, {}),
       .write_bytes_max = 300,
       .stream_bytes = 1 << 19},
      {.name = "OverflowTinyIncremental",
       .options = Make(minimal_cq, {.count = 8, .bytes = 4096}),
       .expect_overflow = true},
      {.name = "OverflowTinyClassic",
       .options = Make(minimal_cq, {.count = 16, .bytes = 256, .allow_incremental = false}),
       .expect_overflow = true},
      {.name = "Kernel61", .options = Make({.hidden_features = k61Hidden}, {})},
      {.name = "Kernel60",
       .options = Make(
           {.refused_setup_flags = IORING_SETUP_DEFER_TASKRUN, .hidden_features = k61Hidden}, {})},
      {.name = "BareRing",
       .options = Make(
           {.refused_setup_flags = IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN}, {})},
      {.name = "SmallSendBuffer", .options = Make({}, {}, 4608), .stream_bytes = 1 << 20},
      {.name = "AllAtOnce",
       .options = Make(minimal_cq, {.count = 4, .bytes = 512}, 4608),
       .stream_bytes = 1 << 19},
  };
}

class EchoTest : public ::testing::TestWithParam<Setting> {};

// Echoes and, where a peer reads slowly, pauses its receive until the queue has drained.
void EchoWithBackPressure(TestLoop* test, const Event& event) {
  NetLoop& loop = *test->loop;
  if (event.kind == Event::Kind::kReceived) {
    size_t half = event.bytes.size() / 2;
    loop.Send(event.connection, event.bytes.first(half), event.bytes.subspan(half));
    if (loop.queued_bytes(event.connection) > 300'000) loop.PauseReceive(event.connection);
  }
  if (event.kind == Event::Kind::kSendDrained) loop.ResumeReceive(event.connection);
  if (event.kind == Event::Kind::kReceiveEnded) loop.CloseAfterFlush(event.connection);
}

TEST_P(EchoTest, EveryByteComesBackInOrder) {
  const Setting& setting = GetParam();
  constexpr size_t kPeers = 8;
  TestLoop test(setting.options);
  test.on_event = [&](const Event& event) { EchoWithBackPressure(&test, event); };
  Address address = test.Listen();
  std::vector<std::unique_ptr<TestPeer>> peers;
  for (size_t i = 0; i < kPeers; ++i) peers.push_back(test.Join(address));
  std::vector<std::string> streams;
  for (size_t i = 0; i < kPeers; ++i) streams.push_back(Pattern(i, 0, setting.stream_bytes));
  std::vector<size_t> written(kPeers);
  std::mt19937 random(7);
  bool done = test.Until([&] {
    size_t finished = 0;
    for (size_t i = 0; i < kPeers; ++i) {
      for (int burst = 0; burst < 8 && written[i] < setting.stream_bytes; ++burst) {
        size_t size = 1 + random() % setting.write_bytes_max;
        written[i] += peers[i]->Write(std::string_view(streams[i]).substr(written[i], size));
        if (written[i] == setting.stream_bytes) peers[i]->ShutdownWrite();
      }
      if (i % 2 == 0 || random() % 4 == 0) peers[i]->Read();  // the odd ones read slowly
      finished += peers[i]->ended ? 1 : 0;
    }
    return finished == kPeers;
  });
  NetLoop::Stats stats = test.loop->stats();
  RecordProperty("starved", static_cast<int>(stats.starved));
  RecordProperty("overflows", static_cast<int>(stats.overflows));
  ASSERT_TRUE(done);
  for (size_t i = 0; i < kPeers; ++i) {
    EXPECT_EQ(peers[i]->error, 0);
    ASSERT_EQ(peers[i]->received.size(), setting.stream_bytes) << "peer " << i;
    ASSERT_TRUE(peers[i]->received == streams[i]) << "peer " << i;
  }
  if (setting.expect_starved) {
    EXPECT_GT(stats.starved, 0u);
  }
  if (setting.expect_overflow) {
    EXPECT_GT(stats.overflows, 0u);
  }
  ASSERT_TRUE(test.Until([&] { return test.loop->stats().connections == 0; }));
}

TEST_P(EchoTest, DribbledBytesArriveOneByOne) {
  TestLoop test(GetParam().options);
  test.on_event = [&](const Event& event) { EchoWithBackPressure(&test, event); };
  auto peer = test.Join(test.Listen());
  constexpr size_t kBytes = 2000;
  std::string stream = Pattern(3, 0, kBytes);
  for (size_t i = 0; i < kBytes; ++i) {
    ASSERT_EQ(peer->Write(std::string_view(stream).substr(i, 1)), 1u);
    if (i % 7 == 0) test.Turn(0);
  }
  ASSERT_TRUE(test.Until([&] {
    peer->Read();
    return peer->received.size() >= kBytes;
  }));
  EXPECT_EQ(peer->received, stream);
  EXPECT_EQ(test.Accepted(0).received, stream);
}

TEST_P(EchoTest, PauseAndResumeInTheMiddleLoseAndReorderNothing) {
  TestLoop test(GetParam().options);
  Address address = test.Listen();
  auto peer = test.Join(address);
  ConnectionId id = test.accepted[0];
  size_t total = std::min<size_t>(GetParam().stream_bytes, 1 << 20);
  std::string stream = Pattern(5, 0, total);
  size_t written = 0;
  int events = 0;
  std::mt19937 random(11);
  test.on_event = [&](const Event& event) {
    if (event.kind != Event::Kind::kReceived || ++events % 3 != 0) return;
    test.loop->PauseReceive(id);
    if (random() % 2 == 0) test.loop->ResumeReceive(id);
    if (random() % 4 == 0) test.loop->PauseReceive(id);
  };
  bool done = test.Until([&] {
    written += peer->Write(std::string_view(stream).substr(written, 30000));
    if (random() % 3 == 0) test.loop->ResumeReceive(id);
    return test.Accepted(0).received.size() >= total;
  });
  EXPECT_TRUE(done) << test.Accepted(0).received.size() << " of " << total;
  EXPECT_TRUE(test.Accepted(0).received == stream);
}

INSTANTIATE_TEST_SUITE_P(AllKernelsAndShortages, EchoTest, ::testing::ValuesIn(Settings()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace ringjournal::io
