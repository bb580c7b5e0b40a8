#include "tools/ringjournal/readiness_text.h"

#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace ringjournal::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Led by n1, followed by n2, which lags; n3 is away. Half of it was read in half a second.
ReadinessReport Report() {
  ReadinessReport report;
  client::JournalReadiness& r = report.readiness;
  r.journal = "orders";
  r.verdict = "Ready, but.";
  r.ready = true;
  r.leader = "n1";
  r.epoch = {2, 7};
  r.next_leaders = {"n2"};
  r.copies = {{.node = "n2",
               .in_sync = true,
               .follows = true,
               .lag_known = true,
               .lag_transactions = 12,
               .lag_bytes = 1040,
               .lag_ms = 3},
              {.node = "n3"}};
  r.copies_in_sync = 2;
  r.copies_wanted = 3;
  r.copies_target = 2;
  r.copies_min = 1;
  r.degraded_policy = client::DegradedPolicy::kDisk;
  r.transactions_kept = 2000;
  r.in_leader_memory_only = 5;
  r.not_on_leader_disk = 70;
  r.fence_round_trip_ns = 2'000'000;
  report.writer = client::WriterInfo{.epoch = {1, 3}, .claimant = "engine-a", .fenced = true};
  report.replay = ReplayMeasure{.transactions = 1000, .bytes = 4096, .ns = 500'000'000};
  return report;
}

google::protobuf::Struct Json(const ReadinessReport& report) {
  google::protobuf::Struct parsed;
  const std::string text = ReadinessJson(report);
  const auto status = google::protobuf::util::JsonStringToMessage(text, &parsed);
  EXPECT_TRUE(status.ok()) << status << "\n" << text;
  return parsed;
}

TEST(ReadinessText, TheEstimateIsAllThatIsKeptAsFastAsWasMeasuredAndAFence) {
  ReadinessReport report = Report();
  EXPECT_EQ(ColdTakeoverNs(report), 1'002'000'000);
  report.readiness.transactions_kept = 0;
  EXPECT_EQ(ColdTakeoverNs(report), 2'000'000) << "nothing is to be read";
  report.readiness.transactions_kept = 1;
  report.replay->transactions = 0;
  EXPECT_EQ(ColdTakeoverNs(report), std::nullopt);
  report.replay.reset();
  EXPECT_EQ(ColdTakeoverNs(report), std::nullopt);
}

TEST(ReadinessText, TheVerdictComesFirstAndThenALineForEachThing) {
  const std::string text = ReadinessText(Report());
  EXPECT_TRUE(text.starts_with("Ready, but.\n\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("leader                 n1, epoch 7 of generation 2\n"),
                          HasSubstr("n2: 12 transactions, 1040 B, 3 ms behind\n"),
                          HasSubstr("other copy             n3: not in sync; away\n"),
                          HasSubstr("2 of 3 wanted\n"),
                          HasSubstr("in its memory only     5 transactions\n"),
                          HasSubstr("not on its disk yet    70 committed transactions\n"),
                          HasSubstr("\"engine-a\", writer epoch 1.3"),
                          HasSubstr("about 1.0 s, and what its program needs for 2000"),
                          HasSubstr("1000 transactions (4096 B) read and verified in 500.0 ms\n"),
                          HasSubstr("2.0 ms for a question")));
}

TEST(ReadinessText, EachCopySaysWhatKeepsItBack) {
  ReadinessReport report = Report();
  client::JournalReadiness& r = report.readiness;
  r.copies[0].lag_transactions = 0;
  r.copies[1].follows = true;
  EXPECT_THAT(ReadinessText(report),
              AllOf(HasSubstr("n2: holds everything"),
                    HasSubstr("n3: not in sync; follows, has not said yet what it holds")));
  r.copies[0].lag_transactions = 1;
  r.copies[0].far_behind = true;
  r.copies[1].catches_up = true;
  EXPECT_THAT(ReadinessText(report),
              AllOf(HasSubstr("n2: 1 transaction, 1040 B, 3 ms behind (far behind)"),
                    HasSubstr("not in sync; follows, catches up from the leader's disk")));
  r.copies[1] = {.node = "n3", .in_sync = true};
  EXPECT_THAT(ReadinessText(report), HasSubstr("n3: in sync, but not heard"));
  r.next_leaders.clear();
  EXPECT_THAT(ReadinessText(report), HasSubstr("next leader            nobody\n"));
}

TEST(ReadinessText, DegradedMemoryOnlyAndUnmeasuredAreSaid) {
  ReadinessReport report = Report();
  EXPECT_THAT(ReadinessText(report), Not(HasSubstr("degraded")));
  report.readiness.degraded = true;
  report.readiness.memory_only = true;
  report.replay->transactions = 0;
  EXPECT_THAT(ReadinessText(report),
              AllOf(HasSubstr("degraded: below the target of 2, `replicated` "
                              "waits for the leader's disk, too"),
                    HasSubstr("all of it: the journal is memory-only"),
                    HasSubstr("not known: nothing could be measured")));
}

TEST(ReadinessText, OfTheWriterItIsSaidWhetherThereIsOne) {
  ReadinessReport report = Report();
  report.writer->ended_by_loss = true;
  EXPECT_THAT(ReadinessText(report), HasSubstr("nobody since a possible loss; the last was \"eng"));
  report.writer->epoch = Epoch();
  EXPECT_THAT(ReadinessText(report), HasSubstr("writer                 nobody\n"));
  report.writer->fenced = false;
  EXPECT_THAT(ReadinessText(report), HasSubstr("not fenced: any producer may append"));
}

TEST(ReadinessText, WithoutALeaderNothingIsSaidOfWhatItHas) {
  ReadinessReport report = Report();
  report.readiness.leader.clear();
  report.writer.reset();
  report.replay.reset();
  const std::string text = ReadinessText(report);
  EXPECT_THAT(text, AllOf(HasSubstr("nobody that answers"), Not(HasSubstr("memory only")),
                          Not(HasSubstr("cold standby"))));
  report.readiness.last_leader = "n1";
  const auto json = Json(report);
  EXPECT_TRUE(json.fields().at("leader").has_null_value());
  EXPECT_EQ(json.fields().at("lastLeader").string_value(), "n1");
  EXPECT_TRUE(json.fields().at("writer").has_null_value());
  for (const char* unknown : {"coldTakeoverMs", "fenceRoundTripMs", "transactionsKept",
                              "inLeaderMemoryOnly", "notOnLeaderDisk", "replay", "fenced"}) {
    EXPECT_TRUE(json.fields().at(unknown).has_null_value()) << unknown;
  }
}

TEST(ReadinessText, JsonSaysTheSameAsNumbers) {
  ReadinessReport report = Report();
  const auto json = Json(report);
  const auto& f = json.fields();
  EXPECT_TRUE(f.at("ready").bool_value());
  EXPECT_EQ(f.at("epoch").number_value(), 7);
  EXPECT_EQ(f.at("generation").number_value(), 2);
  EXPECT_EQ(f.at("nextLeaders").list_value().values(0).string_value(), "n2");
  const auto& copies = f.at("copies").list_value();
  EXPECT_EQ(copies.values(0)
                .struct_value()
                .fields()
                .at("lag")
                .struct_value()
                .fields()
                .at("transactions")
                .string_value(),
            "12");
  EXPECT_TRUE(copies.values(1).struct_value().fields().at("lag").has_null_value());
  EXPECT_EQ(f.at("copiesInSync").number_value(), 2);
  EXPECT_EQ(f.at("copiesWanted").number_value(), 3);
  EXPECT_EQ(f.at("copiesBelowWanted").number_value(), 1);
  EXPECT_EQ(f.at("degradedPolicy").string_value(), "disk");
  EXPECT_EQ(f.at("inLeaderMemoryOnly").string_value(), "5");
  EXPECT_EQ(f.at("notOnLeaderDisk").string_value(), "70");
  EXPECT_EQ(f.at("writer").struct_value().fields().at("claimant").string_value(), "engine-a");
  EXPECT_EQ(f.at("coldTakeoverMs").number_value(), 1002);
  EXPECT_EQ(f.at("replay").struct_value().fields().at("transactionsPerSecond").number_value(),
            2000);
  EXPECT_EQ(f.at("transactionsKept").string_value(), "2000");
  EXPECT_EQ(f.at("fenceRoundTripMs").number_value(), 2);
  EXPECT_FALSE(f.at("memoryOnly").bool_value());
  report.readiness.memory_only = true;
  EXPECT_TRUE(Json(report).fields().at("memoryOnly").bool_value());
  EXPECT_TRUE(Json(report).fields().at("notOnLeaderDisk").has_null_value());
}

}  // namespace
}  // namespace ringjournal::cli
