// The load generator and the floor against each other, and their parts.
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/format/append_scan.h"
#include "proto/client.pb.h"
#include "tools/ringjournal/bench_acks.h"
#include "tools/ringjournal/bench_floor.h"
#include "tools/ringjournal/bench_histogram.h"
#include "tools/ringjournal/bench_load.h"
#include "tools/ringjournal/bench_memory.h"
#include "tools/ringjournal/bench_pool.h"
#include "tools/ringjournal/bench_report.h"
#include "tools/ringjournal/bench_session.h"
#include "tools/ringjournal/bench_verify.h"

namespace ringjournal::bench {
namespace {

std::unique_ptr<AppendPool> Pool(const AppendPool::Options& options) {
  auto pool = AppendPool::Create(options);
  EXPECT_TRUE(pool.ok()) << pool.status();
  return *std::move(pool);
}

TEST(LatencyHistogram, GivesExactValuesBelow64AndNeverLessThanTheTruthAbove) {
  LatencyHistogram histogram;
  for (int64_t ns = 1; ns <= 100'000; ++ns) histogram.Record(ns);
  EXPECT_EQ(histogram.PercentileNs(0.05), 50u);
  for (double percent : {10.0, 50.0, 90.0, 99.0, 99.99}) {
    double truth = percent / 100 * 100'000;
    EXPECT_GE(static_cast<double>(histogram.PercentileNs(percent)), truth - 1) << percent;
    EXPECT_LE(static_cast<double>(histogram.PercentileNs(percent)), truth * 1.016 + 1) << percent;
  }
  EXPECT_EQ(histogram.PercentileNs(100), 100'000u);
  EXPECT_EQ(histogram.max_ns(), 100'000u);
}

TEST(LatencyHistogram, TakesTheLargestAndTheSmallestValues) {
  LatencyHistogram histogram;
  histogram.Record(-1);
  histogram.Record(INT64_MAX);
  EXPECT_EQ(histogram.PercentileNs(50), 0u);
  EXPECT_EQ(histogram.PercentileNs(100), static_cast<uint64_t>(INT64_MAX));
}

TEST(AppendPool, FramesAreAppendsThatTheServersScannerReads) {
  auto pool = Pool({.connections = 2, .slots = 3, .batch = 5, .payload_bytes = 100, .level = 3});
  pool->Refresh(1, 7);
  ByteSpan frame(pool->frame(1, 7), pool->frame_bytes());
  AppendEnvelope envelope;
  AppendRefusal refusal;
  ASSERT_EQ(Load32(frame.data()), frame.size() - 4);
  ASSERT_TRUE(ScanAppend(frame.subspan(4), &envelope, &refusal)) << refusal.message;
  EXPECT_EQ(envelope.request_id, 8u);
  EXPECT_EQ(envelope.first_sequence.value(), 36u);
  EXPECT_EQ(envelope.level, v1::LEVEL_DISK);
  EXPECT_EQ(envelope.count, 5u);
  EXPECT_EQ(envelope.body.size(), pool->run_bytes());
  EXPECT_EQ(envelope.body_crc32c, Crc32c(envelope.body));
}

TEST(AppendPool, EveryPayloadIsDifferentAndSaysWhoseItIs) {
  std::vector<std::byte> a(33), b(33);
  FillPayload(3, 41, a);
  FillPayload(3, 42, b);
  EXPECT_NE(a, b);
  EXPECT_EQ(ReadPayloadMark(a).connection, 3u);
  EXPECT_EQ(ReadPayloadMark(b).number, 42u);
}

TEST(AppendPool, RefusesWhatCannotBeCheckedOrSent) {
  EXPECT_EQ(AppendPool::Create({.payload_bytes = 7}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AppendPool::Create({.batch = 65536, .payload_bytes = 1000}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AckFrame, ReadsWhatTheGeneratedCodeWrites) {
  v1::ServerMessage message;
  for (uint64_t id : {7, 8}) {
    v1::AppendResult* result = message.mutable_append_reply()->add_results();
    result->set_request_id(id);
    result->set_first_lsn(id * 10);
    result->set_count(3);
    result->set_level(2);
    result->set_duplicate(id == 8);
  }
  message.mutable_append_reply()->set_committed_lsn(5);
  std::string bytes = message.SerializeAsString();
  AckFrame acks(AsBytes(bytes));
  AckedAppend ack;
  ASSERT_TRUE(acks.Next(&ack));
  EXPECT_EQ(ack.request_id, 7u);
  EXPECT_EQ(ack.first_lsn, 70u);
  EXPECT_EQ(ack.count, 3u);
  EXPECT_FALSE(ack.duplicate);
  ASSERT_TRUE(acks.Next(&ack));
  EXPECT_EQ(ack.request_id, 8u);
  EXPECT_TRUE(ack.duplicate);
  EXPECT_FALSE(acks.Next(&ack));
  EXPECT_EQ(acks.error(), "");
}

TEST(AckFrame, SaysWhyTheServerRefused) {
  v1::ServerMessage message;
  message.mutable_error()->set_code(v1::ERROR_CODE_DISK_FULL);
  message.mutable_error()->set_message("no space");
  std::string bytes = message.SerializeAsString();
  AckFrame acks(AsBytes(bytes));
  AckedAppend ack;
  EXPECT_FALSE(acks.Next(&ack));
  EXPECT_NE(acks.error().find("DISK_FULL"), std::string::npos);
  EXPECT_NE(acks.error().find("no space"), std::string::npos);
}

TEST(AckFrame, DoesNotReadBeyondACutFrame) {
  v1::ServerMessage message;
  message.mutable_append_reply()->add_results()->set_request_id(7);
  std::string bytes = message.SerializeAsString();
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    std::string part = bytes.substr(0, cut);
    AckFrame acks(AsBytes(part));
    AckedAppend ack;
    while (acks.Next(&ack)) {
    }
    EXPECT_NE(acks.error(), "") << cut;
  }
}

// A load against the floor.
struct FloorRun {
  LoadResult load;
  absl::StatusOr<FloorReport> report;
};
FloorRun RunFloor(const FloorOptions& floor_options, AppendPool* pool, LoadOptions load,
                  uint32_t runs = 1) {
  FloorRun run;
  auto floor = FloorProcess::Start(floor_options, pool);
  if (!floor.ok()) {
    run.report = floor.status();
    return run;
  }
  load.cumulative_acks = true;
  {
    std::vector<io::FileDescriptor> sockets;
    for (uint32_t c = 0; c < pool->options().connections; ++c) {
      sockets.push_back(*ConnectSocket((*floor)->address()));
    }
    LoadGenerator generator(pool, std::move(sockets));
    for (uint32_t i = 0; i < runs; ++i) {
      run.load = LoadResult();
      absl::Status status = generator.Run(load, &run.load);
      EXPECT_TRUE(status.ok()) << status;
    }
  }
  run.report = (*floor)->Finish();
  return run;
}

TEST(Floor, StoresEveryAppendAndComparesThemAll) {
  auto pool = Pool({.slots = 300, .batch = 4});
  FloorRun run = RunFloor({.ring_bytes = 1 << 20}, pool.get(), {.window = 16, .appends = 300});
  ASSERT_TRUE(run.report.ok()) << run.report.status();
  EXPECT_EQ(run.report->appends, 300u);
  EXPECT_EQ(run.report->appends_compared, 300u);
  EXPECT_EQ(run.report->bytes, 300 * pool->run_bytes());
  EXPECT_EQ(run.load.transactions, 1200u);
  EXPECT_EQ(run.load.latency.count(), 300u);
  EXPECT_GT(run.load.last_ack_ns, run.load.first_send_ns);
}

TEST(Floor, GoesRoundItsRingWithPayloadsThatRepeatAndSeveralRuns) {
  auto pool = Pool({.slots = 50, .batch = 3, .payload_bytes = 61});
  FloorRun run = RunFloor({.ring_bytes = 64 * 1024}, pool.get(), {.window = 7, .appends = 1000}, 3);
  ASSERT_TRUE(run.report.ok()) << run.report.status();
  EXPECT_EQ(run.report->appends, 3000u);
  EXPECT_EQ(run.report->appends_compared, 64 * 1024 / pool->run_bytes());
}

TEST(Floor, TakesSeveralConnectionsAndAnEncodingClient) {
  auto pool = Pool({.connections = 5, .slots = 8, .batch = 2, .encode = true});
  FloorRun run = RunFloor({.ring_bytes = 1 << 20}, pool.get(), {.window = 8, .appends = 100});
  ASSERT_TRUE(run.report.ok()) << run.report.status();
  EXPECT_EQ(run.report->appends_compared, 500u);
}

TEST(Floor, TakesAppendsThatAreLargerThanAReceiveBuffer) {
  auto pool = Pool({.slots = 4, .batch = 8, .payload_bytes = 200'000});
  FloorRun run = RunFloor({.ring_bytes = 16 << 20}, pool.get(), {.window = 4, .appends = 9});
  ASSERT_TRUE(run.report.ok()) << run.report.status();
  EXPECT_EQ(run.report->appends, 9u);
}

TEST(Floor, NoticesAPayloadThatIsNotTheOneThatWasToBeSent) {
  auto pool = Pool({.slots = 10, .batch = 2});
  std::byte* frame = pool->frame(0, 5);
  frame[kFrameRunAt + 20] ^= std::byte{1};
  Store32(frame + kFrameCrcAt, Crc32c({frame + kFrameRunAt, pool->run_bytes()}));
  FloorRun run = RunFloor({.ring_bytes = 1 << 20}, pool.get(), {.window = 2, .appends = 10});
  EXPECT_NE(std::string(run.report.status().message()).find("does not hold"), std::string::npos)
      << run.report.status();
}

TEST(Floor, NoticesAWrongChecksum) {
  auto pool = Pool({.slots = 10, .batch = 2});
  pool->frame(0, 5)[kFrameCrcAt] ^= std::byte{1};
  FloorRun run = RunFloor({.ring_bytes = 1 << 20}, pool.get(), {.window = 2, .appends = 10});
  EXPECT_EQ(run.report.status().code(), absl::StatusCode::kDataLoss);
}

// A peer that reads nothing and says what it is told.
absl::Status RunAgainst(const v1::ServerMessage& answer, bool close_after) {
  auto pool = Pool({.slots = 4, .batch = 2});
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  std::string frame;
  AppendFrame(answer.SerializeAsString(), &frame);
  EXPECT_EQ(write(fds[1], frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
  if (close_after) shutdown(fds[1], SHUT_WR);
  std::vector<io::FileDescriptor> sockets;
  sockets.emplace_back(fds[0]);
  LoadGenerator generator(pool.get(), std::move(sockets));
  LoadResult result;
  absl::Status status = generator.Run({.window = 2, .appends = 4}, &result);
  close(fds[1]);
  return status;
}

v1::ServerMessage Answer(uint64_t request_id, uint32_t count, uint32_t level) {
  v1::ServerMessage message;
  v1::AppendResult* result = message.mutable_append_reply()->add_results();
  result->set_request_id(request_id);
  result->set_count(count);
  result->set_level(level);
  return message;
}

TEST(LoadGenerator, RefusesAcknowledgementsThatDoNotFit) {
  EXPECT_EQ(RunAgainst(Answer(2, 2, 1), false).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RunAgainst(Answer(1, 3, 1), false).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RunAgainst(Answer(1, 2, 0), false).code(), absl::StatusCode::kDataLoss);
}

TEST(LoadGenerator, SaysWhenTheOtherEndRefusesOrCloses) {
  v1::ServerMessage refusal;
  refusal.mutable_error()->set_code(v1::ERROR_CODE_BACK_PRESSURE);
  EXPECT_EQ(RunAgainst(refusal, false).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RunAgainst(Answer(1, 2, 1), true).code(), absl::StatusCode::kUnavailable);
}

// The payloads of two connections whose appends came in turn, from LSN 11 on.
struct Journaled {
  std::unique_ptr<AppendPool> pool =
      Pool({.connections = 2, .slots = 3, .batch = 2, .payload_bytes = 20});
  VerifyOptions options{.first_lsn = 11, .appends = {5, 4}};
  std::vector<std::vector<std::byte>> payloads;

  Journaled() {
    for (uint64_t n = 0; n < 5; ++n) {
      for (uint32_t c = 0; c < 2; ++c) {
        for (uint64_t i = 0; i < 2 && n < options.appends[c]; ++i) {
          payloads.emplace_back(20);
          FillPayload(c, pool->PayloadNumber(n, i), payloads.back());
        }
      }
    }
  }

  // Feeds what a reader would deliver.
  absl::Status Compare() const {
    LoadComparison comparison(*pool, options);
    size_t skip = comparison.from().value() - options.first_lsn;
    for (size_t i = skip; i < payloads.size(); ++i) {
      RJ_RETURN_IF_ERROR(comparison.Take(Lsn(options.first_lsn + i), payloads[i]));
    }
    return comparison.Finish().status();
  }
};

TEST(LoadComparison, AcceptsTheLoadAndAnEndOfIt) {
  Journaled journaled;
  EXPECT_TRUE(journaled.Compare().ok()) << journaled.Compare();
  for (uint64_t last = 1; last < 18; ++last) {
    journaled.options.last = last;
    EXPECT_TRUE(journaled.Compare().ok()) << last << journaled.Compare();
  }
}

TEST(LoadComparison, NoticesWhatIsMissingDoubledExchangedOrChanged) {
  for (size_t at = 0; at < Journaled().payloads.size(); ++at) {
    Journaled missing, doubled, changed;
    missing.payloads.erase(missing.payloads.begin() + static_cast<ptrdiff_t>(at));
    EXPECT_FALSE(missing.Compare().ok()) << at;
    std::vector<std::byte> copy = doubled.payloads[at];
    doubled.payloads.insert(doubled.payloads.begin() + static_cast<ptrdiff_t>(at), copy);
    EXPECT_FALSE(doubled.Compare().ok()) << at;
    changed.payloads[at].back() ^= std::byte{1};
    EXPECT_FALSE(changed.Compare().ok()) << at;
  }
  Journaled exchanged;
  std::swap(exchanged.payloads[0], exchanged.payloads[1]);
  EXPECT_FALSE(exchanged.Compare().ok());
}

TEST(LoadComparison, NoticesAHoleInTheNumbers) {
  Journaled journaled;
  LoadComparison comparison(*journaled.pool, journaled.options);
  EXPECT_FALSE(comparison.Take(Lsn(12), journaled.payloads[0]).ok());
}

TEST(BenchSettings, ABurstIsChosenSoThatItFitsTheRing) {
  BenchSettings settings;
  settings.ring_bytes = 1 << 20;
  ASSERT_TRUE(CompleteSettings(&settings).ok());
  EXPECT_TRUE(settings.fits_ring());
  EXPECT_GT(settings.transactions, 5000u);
  settings.transactions *= 2;
  EXPECT_FALSE(settings.fits_ring());
}

TEST(BenchSettings, AnAppendThatTheRingCannotHoldIsRefused) {
  BenchSettings settings;
  settings.ring_bytes = 64 * 1024;
  settings.payload_bytes = 100'000;
  EXPECT_FALSE(CompleteSettings(&settings).ok());
}

TEST(BenchReport, RatiosAreTakenPairByPair) {
  BenchResult result;
  auto figures = [](uint64_t transactions) {
    RoundFigures f;
    f.load.transactions = transactions;
    f.load.last_ack_ns = 1'000'000'000;
    return f;
  };
  // The machine was slow in the second round: medians of each side would say 0.25.
  result.floor = {figures(100), figures(10), figures(200)};
  result.server = {figures(50), figures(5), figures(25)};
  EXPECT_DOUBLE_EQ(ThroughputRatio(result), 0.5);
}

// A format whose arguments do not fit prints nothing at all, so every line is looked at.
TEST(BenchReport, TextAndJsonNameEverySettingAndFigure) {
  BenchResult result;
  RoundFigures figures;
  figures.load.transactions = 1000;
  figures.load.last_ack_ns = 1'000'000;
  figures.load.latency.Record(12'300);
  result.floor = result.server = {figures};
  std::string text = DescribeSettings(result) + DescribeFigures(result);
  for (const char* part :
       {"machine ", "payload 128 B, batch 64", "sends of 64KiB", "5 rounds", "ring 256MiB",
        "not pinned", "p99.99", "floor ", "append ", "12.3", "append / floor = 1.00 throughput"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  std::string json = ResultJson(result);
  for (const char* part : {"\"machine\":{\"processors\":", "\"settings\":{\"payloadBytes\":128",
                           "\"writeBytes\":\"65536\"", "\"floor\":{\"transactionsPerS\":1000000,",
                           "\"append\":{", "\"throughputRatio\":1.0000", "\"serverCpuRatio\":"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in\n" << json;
  }
}

TEST(MemoryGrowth, IsTheSlopeOfTheSamples) {
  std::vector<MemorySample> samples;
  for (uint64_t i = 0; i < 10; ++i) {
    samples.push_back({.transactions = i * 1000, .memory = {.anonymous = 5'000'000 + i * 2000}});
  }
  EXPECT_NEAR(GrowthPerTransaction(samples), 2.0, 1e-9);
  EXPECT_EQ(GrowthPerTransaction({}), 0);
}

}  // namespace
}  // namespace ringjournal::bench
