#include "client/takeover/standby_core.h"

#include <gtest/gtest.h>

#include "client/errors.h"
#include "client/takeover/test_transactions.h"

namespace ringjournal::client {
namespace {

using Do = StandbyCore::Do;
constexpr int64_t kMs = 1'000'000;

StandbyCoreOptions Options() {
  StandbyCoreOptions options;
  options.journal = "orders";
  options.silent_after_ns = 100 * kMs;
  options.digest_every = 2;
  return options;
}

WriterInfo Fence(Epoch epoch, uint64_t next_lsn, const std::string& claimant = "engine-b") {
  WriterInfo info;
  info.epoch = epoch;
  info.claimant = claimant;
  info.next_lsn = Lsn(next_lsn);
  info.chain = 77;
  info.generation = epoch.generation;
  return info;
}

class StandbyCoreTest : public ::testing::Test {
 protected:
  // Applies it, with an effect that names it.
  void Apply(const ReadTransaction& t) {
    auto what = core_.Take(t, now_);
    ASSERT_TRUE(what.ok()) << what.status();
    if (*what != Do::kApply) return;
    ASSERT_TRUE(core_.Applied("effect " + std::to_string(t.lsn.value())).ok());
  }
  ErrorCode ErrorOf(const ReadTransaction& t) { return CodeOf(core_.Take(t, now_).status()); }
  std::vector<uint64_t> EffectLsns() {
    std::vector<uint64_t> lsns;
    for (const Effect& effect : core_.TakeEffects()) lsns.push_back(effect.lsn.value());
    return lsns;
  }

  TestJournal journal_;
  StandbyCore core_{Options()};
  int64_t now_ = 1000 * kMs;
};

using Lsns = std::vector<uint64_t>;

TEST_F(StandbyCoreTest, AppliesTheUsersTransactionsAndPassesOverTheLibrarysOwn) {
  EXPECT_EQ(*core_.Take(journal_.User(), now_), Do::kApply);
  EXPECT_EQ(*core_.Take(journal_.Acted(1), now_), Do::kPass);
  EXPECT_EQ(*core_.Take(journal_.Typed("ringjournal.v1.OfTomorrow", "?"), now_), Do::kPass);
  EXPECT_EQ(*core_.Take(journal_.Typed("my.Order", "x"), now_), Do::kApply);
  EXPECT_EQ(core_.next_lsn(), Lsn(5));
  EXPECT_EQ(core_.applied(), 2u);
}

TEST_F(StandbyCoreTest, AHoleIsAnError) {
  Apply(journal_.User());
  journal_.SkipTo(3);
  EXPECT_EQ(ErrorOf(journal_.User()), ErrorCode::kTrimmed);
}

TEST_F(StandbyCoreTest, ARepeatIsAnError) {
  const ReadTransaction t = journal_.User();
  Apply(t);
  EXPECT_EQ(ErrorOf(t), ErrorCode::kTrimmed);
}

TEST_F(StandbyCoreTest, ARecordThatIsNoneIsAnError) {
  EXPECT_EQ(ErrorOf(journal_.Typed(kWriterRecordType, "\xff\xff")), ErrorCode::kBadRecord);
}

TEST_F(StandbyCoreTest, WhatIsMarkedIsNotInDoubt) {
  for (int i = 0; i < 3; ++i) Apply(journal_.User());  // 1 2 3
  Apply(journal_.Acted(2));                            // 4
  Apply(journal_.User());                              // 5
  core_.OnGranted(Fence({1, 2}, 6), Fence({1, 1}, 1, "engine-a"));
  ASSERT_TRUE(core_.at_boundary());
  const TakeoverReport report = core_.Report();
  EXPECT_EQ(report.acted_lsn, Lsn(2));
  EXPECT_EQ(report.in_doubt, (std::vector<LsnRange>{{Lsn(3), Lsn(3)}, {Lsn(5), Lsn(5)}}));
  EXPECT_EQ(report.in_doubt_count, 2u);
  EXPECT_TRUE(report.in_doubt_exact);
  EXPECT_EQ(report.final_lsn, Lsn(5));
  EXPECT_EQ(report.verdict, Verdict::kNothingLost);
  EXPECT_EQ(report.old_claimant, "engine-a");
  EXPECT_EQ(EffectLsns(), (Lsns{3, 5}));
}

TEST_F(StandbyCoreTest, AMarkThatFallsBackChangesNothing) {
  Apply(journal_.User());
  Apply(journal_.Acted(1));
  Apply(journal_.Acted(0));
  EXPECT_EQ(core_.acted_lsn(), Lsn(1));
}

TEST_F(StandbyCoreTest, AMarkOfWhatWasNotJournaledIsAnError) {
  Apply(journal_.User());
  EXPECT_EQ(ErrorOf(journal_.Acted(2)), ErrorCode::kBadRecord);  // its own LSN
}

TEST_F(StandbyCoreTest, WhoStartsBehindACheckpointKnowsWhatIsInDoubtInIt) {
  core_.StartBehind(Lsn(4), Lsn(2));
  journal_.SkipTo(5);
  Apply(journal_.User());
  core_.OnGranted(Fence({1, 2}, 6), Fence({1, 1}, 1));
  EXPECT_EQ(core_.Report().in_doubt, (std::vector<LsnRange>{{Lsn(3), Lsn(5)}}));
}

TEST_F(StandbyCoreTest, WhoStartsAtTheOldestThatIsKeptSaysNothingOfWhatWasTrimmed) {
  core_.StartAt(Lsn(5));
  journal_.SkipTo(5);
  Apply(journal_.User());
  core_.OnGranted(Fence({1, 2}, 6), Fence({1, 1}, 1));
  ASSERT_TRUE(core_.at_boundary());
  EXPECT_EQ(core_.Report().acted_lsn, Lsn(0));
  EXPECT_EQ(core_.Report().in_doubt, (std::vector<LsnRange>{{Lsn(5), Lsn(5)}}));
}

TEST_F(StandbyCoreTest, RangesBeyondTheirLimitAreJoinedAndTheReportSaysSo) {
  StandbyCoreOptions options = Options();
  options.in_doubt_ranges_max = 2;
  core_ = StandbyCore(options);
  for (int i = 0; i < 3; ++i) {
    Apply(journal_.User());
    Apply(journal_.Acted(0));
  }
  core_.OnGranted(Fence({1, 2}, 7), Fence({1, 1}, 1));
  const TakeoverReport report = core_.Report();
  EXPECT_EQ(report.in_doubt, (std::vector<LsnRange>{{Lsn(1), Lsn(3)}, {Lsn(5), Lsn(5)}}));
  EXPECT_FALSE(report.in_doubt_exact);
}

TEST_F(StandbyCoreTest, EffectsBeyondTheirLimitAreAnError) {
  StandbyCoreOptions options = Options();
  options.effect_bytes_max = 20;
  core_ = StandbyCore(options);
  Apply(journal_.User());
  Apply(journal_.User());
  ASSERT_TRUE(core_.Take(journal_.User(), now_).ok());
  EXPECT_EQ(CodeOf(core_.Applied("effect 3")), ErrorCode::kEffectsFull);
}

TEST_F(StandbyCoreTest, MarksMakeRoomForEffects) {
  StandbyCoreOptions options = Options();
  options.effect_bytes_max = 20;
  core_ = StandbyCore(options);
  for (uint64_t i = 0; i < 10; ++i) {
    Apply(journal_.User());
    Apply(journal_.Acted(2 * i + 1));
  }
  EXPECT_EQ(EffectLsns(), Lsns{});
}

// ---- digests ----

class Digests : public StandbyCoreTest {
 protected:
  ReadTransaction Digest(uint64_t lsn, uint64_t value) {
    v1::WriterRecord record;
    record.set_claimant("engine-a");
    record.add_digests()->set_lsn(lsn);
    record.mutable_digests(0)->set_value(value);
    return journal_.Record(record);
  }
};

TEST_F(Digests, EqualOnesAreCounted) {
  Apply(journal_.User());
  EXPECT_FALSE(core_.WantsDigest());
  Apply(journal_.User());
  ASSERT_TRUE(core_.WantsDigest());
  core_.OnDigest(42);
  Apply(Digest(2, 42));
  core_.OnGranted(Fence({1, 2}, 4), Fence({1, 1}, 1));
  EXPECT_EQ(core_.Report().digests_compared, 1u);
}

TEST_F(Digests, AnotherOneStopsTheStandbyAndNamesTheLsn) {
  Apply(journal_.User());
  Apply(journal_.User());
  core_.OnDigest(42);
  auto taken = core_.Take(Digest(2, 43), now_);
  EXPECT_EQ(CodeOf(taken.status()), ErrorCode::kStateDiverged);
  EXPECT_NE(taken.status().message().find("behind LSN 2 the writer engine-a"), std::string::npos)
      << taken.status();
}

TEST_F(Digests, OfLsnsThatWereNotLookedAtAreNotCompared) {
  Apply(journal_.User());
  Apply(journal_.User());
  core_.OnDigest(42);
  Apply(Digest(1, 7));
  core_.OnGranted(Fence({1, 2}, 4), Fence({1, 1}, 1));
  EXPECT_EQ(core_.Report().digests_compared, 0u);
}

// ---- is the writer there? ----

TEST_F(StandbyCoreTest, SilenceIsAskedForAndThenBelievedOnceAllIsRead) {
  Apply(journal_.User());
  now_ += 99 * kMs;
  EXPECT_FALSE(core_.Suspects(now_));
  now_ += 1 * kMs;
  EXPECT_TRUE(core_.Suspects(now_));
  EXPECT_FALSE(core_.writer_is_silent(now_));
  core_.OnAnswer({1, 1}, Lsn(1), now_);
  EXPECT_TRUE(core_.writer_is_silent(now_));
}

TEST_F(StandbyCoreTest, WhatTheLeaderHasAndWasNotReadYetIsWaitedFor) {
  Apply(journal_.User());
  now_ += 100 * kMs;
  core_.OnAnswer({1, 1}, Lsn(2), now_);
  EXPECT_FALSE(core_.writer_is_silent(now_));
  EXPECT_FALSE(core_.Suspects(now_)) << "it was asked already";
  Apply(journal_.Acted(1));
  EXPECT_FALSE(core_.writer_is_silent(now_)) << "it lives";
  now_ += 100 * kMs;
  EXPECT_TRUE(core_.Suspects(now_)) << "asked anew";
}

TEST_F(StandbyCoreTest, AFailoverOfTheJournalIsNotTheWritersSilence) {
  Apply(journal_.User());
  now_ += 300 * kMs;
  core_.OnAnswer({1, 2}, Lsn(1), now_);  // another leader, since now
  EXPECT_FALSE(core_.writer_is_silent(now_));
  EXPECT_FALSE(core_.Suspects(now_));
  now_ += 100 * kMs;
  ASSERT_TRUE(core_.Suspects(now_));
  core_.OnAnswer({1, 2}, Lsn(1), now_);
  EXPECT_TRUE(core_.writer_is_silent(now_)) << "it has had its time to find the new one";
}

TEST_F(StandbyCoreTest, ALostConnectionIsNotTheWritersSilence) {
  Apply(journal_.User());
  now_ += 300 * kMs;
  core_.OnConnected(now_);
  EXPECT_FALSE(core_.Suspects(now_));
}

TEST_F(StandbyCoreTest, ANewWriterHasTimeToBeHeard) {
  core_.OnWriter({1, 1}, now_);
  Apply(journal_.User());
  now_ += 300 * kMs;
  core_.OnAnswer({1, 1}, Lsn(1), now_);
  core_.OnWriter({1, 2}, now_);  // another standby, which has written nothing yet
  EXPECT_FALSE(core_.writer_is_silent(now_));
  EXPECT_FALSE(core_.Suspects(now_));
  now_ += 100 * kMs;
  ASSERT_TRUE(core_.Suspects(now_));
  core_.OnAnswer({1, 1}, Lsn(1), now_);
  core_.OnWriter({1, 2}, now_);
  EXPECT_TRUE(core_.writer_is_silent(now_)) << "the same one as before";
}

// Found by the simulator, seed 20100784.
TEST_F(StandbyCoreTest, WhoReadsPastItsOwnFenceWasReplaced) {
  Apply(journal_.User());
  core_.OnGranted(Fence({1, 2}, 3), Fence({1, 1}, 1));
  Apply(journal_.User());
  ASSERT_TRUE(core_.at_boundary());
  Apply(journal_.User());
  EXPECT_FALSE(core_.granted() || core_.at_boundary());
}

TEST_F(StandbyCoreTest, WhoWasReplacedBeforeTheBoundaryWatchesTheNextWriter) {
  Apply(journal_.User());
  core_.OnGranted(Fence({1, 2}, 3), Fence({1, 1}, 1));
  core_.OnReplaced(now_);
  EXPECT_FALSE(core_.at_boundary());
  EXPECT_FALSE(core_.Suspects(now_));
  now_ += 100 * kMs;
  EXPECT_TRUE(core_.Suspects(now_));
}

// ---- the boundary and the verdict ----

TEST_F(StandbyCoreTest, TheBoundaryIsTheFence) {
  Apply(journal_.User());
  EXPECT_FALSE(core_.at_boundary());
  core_.OnGranted(Fence({1, 2}, 3), Fence({1, 1}, 1));
  EXPECT_FALSE(core_.at_boundary()) << "LSN 2 is not applied yet";
  Apply(journal_.User());
  EXPECT_TRUE(core_.at_boundary());
  EXPECT_EQ(core_.final_lsn(), Lsn(2));
}

TEST_F(StandbyCoreTest, AnEmptyJournalIsTakenOverAtOnce) {
  core_.OnGranted(Fence({1, 1}, 1), WriterInfo());
  EXPECT_TRUE(core_.at_boundary());
  EXPECT_EQ(core_.final_lsn(), Lsn(0));
  EXPECT_EQ(core_.Report().verdict, Verdict::kNothingLost);
}

// Found by the simulator: all memory went, the next generation began at LSN 1, and a standby that
// had applied twelve transactions took over behind its empty log.
TEST_F(StandbyCoreTest, AFenceBelowWhatWasAppliedIsALoss) {
  for (int i = 0; i < 3; ++i) Apply(journal_.User());
  core_.OnReadIn(1);
  core_.OnLoss({2, Lsn(1), true, "no memory was left"});
  core_.OnGranted(Fence({2, 1}, 1), Fence({1, 1}, 1));
  EXPECT_EQ(CodeOf(core_.CheckHistory()), ErrorCode::kDataLoss);
}

TEST_F(StandbyCoreTest, AFenceRightBehindWhatWasAppliedIsALossTooIfSomethingElseStandsBelow) {
  for (int i = 0; i < 3; ++i) Apply(journal_.User());
  core_.OnReadIn(1);
  core_.OnLoss({2, Lsn(3), true, "no memory was left"});
  core_.OnGranted(Fence({2, 2}, 4), Fence({2, 1}, 3));
  EXPECT_EQ(CodeOf(core_.CheckHistory()), ErrorCode::kDataLoss);
}

TEST_F(StandbyCoreTest, ALossAboveWhatWasAppliedTakesNothingFromIt) {
  for (int i = 0; i < 3; ++i) Apply(journal_.User());
  core_.OnReadIn(1);
  core_.OnLoss({2, Lsn(4), true, "no memory was left"});
  core_.OnGranted(Fence({2, 1}, 4), Fence({1, 1}, 1));
  EXPECT_TRUE(core_.CheckHistory().ok());
}

TEST_F(StandbyCoreTest, ALossThatWasReadThroughIsNoneAnyMore) {
  for (int i = 0; i < 3; ++i) Apply(journal_.User());
  core_.OnReadIn(2);
  core_.OnLoss({2, Lsn(3), true, "no memory was left"});
  core_.OnGranted(Fence({2, 1}, 4), Fence({1, 1}, 1));
  EXPECT_TRUE(core_.CheckHistory().ok());
}

TEST_F(StandbyCoreTest, AGenerationWithoutAReportMayHaveTakenAnything) {
  Apply(journal_.User());
  core_.OnReadIn(1);
  core_.OnGranted(Fence({2, 1}, 2), Fence({2, 0}, 1));
  EXPECT_EQ(CodeOf(core_.CheckHistory()), ErrorCode::kDataLoss);
}

TakeoverReport Judged(const std::vector<StandbyCore::Loss>& losses, Epoch old_writer,
                      Epoch new_writer) {
  StandbyCore core(Options());
  for (const auto& loss : losses) core.OnLoss(loss);
  core.OnGranted(Fence(new_writer, 1), Fence(old_writer, 1));
  return core.Report();
}

TEST(Verdicts, ALossSinceTheOldFenceIsNamedWithItsFirstLsn) {
  const TakeoverReport r = Judged({{2, Lsn(70), true, "both nodes died"}}, {1, 4}, {2, 1});
  EXPECT_EQ(r.verdict, Verdict::kMayBeLost);
  EXPECT_EQ(r.lost_from, Lsn(70));
  EXPECT_EQ(r.lost_why, "both nodes died");
}

TEST(Verdicts, TheLowestOfSeveralCounts) {
  const TakeoverReport r =
      Judged({{2, Lsn(70), true, "a"}, {3, Lsn(50), true, "b"}}, {1, 4}, {3, 1});
  EXPECT_EQ(r.lost_from, Lsn(50));
  EXPECT_EQ(r.lost_why, "b");
}

TEST(Verdicts, ALossBeforeTheOldFenceIsNotItsOwn) {
  const TakeoverReport r = Judged({{2, Lsn(70), true, "a"}}, {2, 1}, {2, 2});
  EXPECT_EQ(r.verdict, Verdict::kNothingLost);
}

TEST(Verdicts, ARecoveryThatHasLostNothingReplicatedIsNoLoss) {
  const TakeoverReport r = Judged({{2, Lsn(70), false, "a"}}, {1, 1}, {2, 1});
  EXPECT_EQ(r.verdict, Verdict::kNothingLost);
}

TEST(Verdicts, AGenerationWithoutAReportMayHaveLostAnything) {
  const TakeoverReport r = Judged({{3, Lsn(70), false, "a"}}, {1, 1}, {3, 1});
  EXPECT_EQ(r.verdict, Verdict::kMayBeLost);
  EXPECT_EQ(r.lost_from, Lsn(1));
}

TEST(Verdicts, WhereThereWasNoWriterNothingIsLost) {
  EXPECT_EQ(Judged({{2, Lsn(1), true, "a"}}, {}, {2, 1}).verdict, Verdict::kNothingLost);
}

TEST(Reports, AreLinesOfNameAndValue) {
  TakeoverReport report = Judged({{2, Lsn(70), true, "both nodes died"}}, {1, 4}, {2, 1});
  report.in_doubt = {{Lsn(3), Lsn(3)}, {Lsn(5), Lsn(8)}};
  report.in_doubt_count = 5;
  report.fence_ns = 2'500'000;
  EXPECT_EQ(ReportText(report),
            "journal=orders\nverdict=may be lost\nlost_from_lsn=70\nlost_why=both nodes died\n"
            "old_writer=1.4 engine-b\nnew_writer=2.1 engine-b\nfinal_lsn=0\n"
            "chain=000000000000004d\nacted_lsn=0\nin_doubt=3,5-8\nin_doubt_count=5\nreplayed=0\n"
            "digests_compared=0\nsilence_ms=0.000\nfence_ms=2.500\nreplay_ms=0.000\n"
            "open_ms=0.000\n");
}

}  // namespace
}  // namespace ringjournal::client
