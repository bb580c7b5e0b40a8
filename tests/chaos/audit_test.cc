#include "tests/chaos/audit.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::chaos {
namespace {

using testing::HasSubstr;

// Two producers, four appends of which one is of two payloads, one reader; everything is as it
// should be.
struct Seen {
  History history;
  std::vector<SeenTransaction> log;
  std::vector<Report> reports;
  AuditRules rules;

  std::string FirstProblem() const {
    Verdict v = Audit(history, log, reports, rules);
    return v.problems.empty() ? "" : v.problems[0];
  }
};

Seen Good() {
  Seen seen;
  EXPECT_TRUE(AddLines("s 1 1 10 2\n"
                       "a 1 20 1 5 500 1 1 2\n"
                       "s 2 2 30 3\n"
                       "a 2 40 2 6 600 1 1 3\n"
                       "s 4 1 50 2\n"
                       "u 4 60 DEADLINE\n"
                       "s 5 1 70 2\nr 5 80 WINDOW_FULL\n",
                       1, &seen.history)
                  .ok());
  EXPECT_TRUE(AddLines("s 1 1 45 1\na 1 55 4 7 700 1 1 2\n", 2, &seen.history).ok());
  seen.log = {{1, 5, 500, 1, 1, {1, 1}},
              {2, 6, 600, 1, 1, {1, 2}},
              {3, 6, 600, 1, 1, {1, 3}},
              {4, 7, 700, 1, 1, {2, 1}}};
  EXPECT_TRUE(AddTail("t 1 5 500 1 1 1 1\nt 2 6 600 1 1 1 2\nt 3 6 600 1 1 1 3\n"
                      "t 4 7 700 1 1 2 1\nt 5 half wri",
                      "reader 1", &seen.history)
                  .ok());
  seen.rules.tails_at_lsn = 4;
  return seen;
}

TEST(Audit, FindsNothingWrongInARightHistory) {
  Seen seen = Good();
  EXPECT_EQ(seen.FirstProblem(), "");
  Verdict v = Audit(seen.history, seen.log, seen.reports, seen.rules);
  EXPECT_EQ(v.totals.appends, 5u);
  EXPECT_EQ(v.totals.acknowledged, 3u);
  EXPECT_EQ(v.totals.unknown, 1u);
  EXPECT_EQ(v.totals.unknown_applied, 0u);
  EXPECT_EQ(v.totals.not_applied, 1u);
  EXPECT_EQ(v.totals.tailed, 4u);
}

TEST(Audit, AnUnknownAppendMayBeInTheLogOnce) {
  Seen seen = Good();
  seen.log.push_back({5, 8, 800, 1, 1, {1, 4}});
  seen.history.tails[0].push_back(seen.log.back());
  EXPECT_EQ(seen.FirstProblem(), "");
  seen.log.push_back({6, 9, 900, 1, 1, {1, 4}});
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("doubled or out of order"));
}

struct Spoilt {
  const char* name;
  std::function<void(Seen*)> spoil;
  const char* problem;
};

class AuditSees : public testing::TestWithParam<Spoilt> {};

TEST_P(AuditSees, What) {
  Seen seen = Good();
  GetParam().spoil(&seen);
  EXPECT_THAT(Audit(seen.history, seen.log, seen.reports, seen.rules).problems,
              testing::Contains(HasSubstr(GetParam().problem)));
}

void Shorten(Seen* s) {
  s->log.pop_back();
  s->history.tails[0].pop_back();
}

const Spoilt kSpoilt[] = {
    {"ALossAtTheEnd", Shorten, "lost: p2.1"},
    {"AHole", [](Seen* s) { s->log[3].lsn = 5; }, "LSN 4 is due"},
    {"AnAppendAtAnotherPlace", [](Seen* s) { s->log[3].index = 8; }, "but the log has"},
    {"AnotherChain", [](Seen* s) { s->log[3].chain = 1; }, "but the log has"},
    {"ATornAppend", [](Seen* s) { s->log[2].index = 7; }, "was torn"},
    {"HalfAnAppend",
     [](Seen* s) {
       s->log[2].name = {2, 9};
     },
     "holds 1 of it"},
    {"BytesThatNobodyWrote", [](Seen* s) { s->log[3].name = {}; }, "were never sent"},
    {"ARefusedAppendInTheLog",
     [](Seen* s) {
       s->log.push_back({5, 8, 8, 1, 1, {1, 5}});
     },
     "was not applied, but is in the log"},
    {"AnOlderEpoch", [](Seen* s) { s->log[0].epoch = 2; }, "is of an older epoch"},
    {"ALevelBelowTheOneAsked", [](Seen* s) { s->history.appends[1].level = 2; },
     "asked was level 3"},
    {"AnOrderAgainstTime", [](Seen* s) { s->history.appends[4].done_ns = 5; },
     "was answered before"},
    {"AGapInATail", [](Seen* s) { s->history.tails[0].erase(s->history.tails[0].begin() + 1); },
     "LSN 2 was due"},
    {"ATailThatSawSomethingElse", [](Seen* s) { s->history.tails[0][2].chain = 9; },
     "reader 1 was given"},
    {"ATailThatStandsStill", [](Seen* s) { s->history.tails[0].pop_back(); },
     "reader 1 is at LSN 3"},
    {"AWriterThatGaveUp",
     [](Seen* s) {
       s->history.ended.push_back({1, "", 1, "FENCED"});
     },
     "gave up: FENCED"},
    {"AReportWithoutAReason",
     [](Seen* s) {
       s->reports = {{2, 4, 4, {"possible", "possible", "none", "none"}}};
     },
     "1 losses are reported"},
};

INSTANTIATE_TEST_SUITE_P(Spoilt, AuditSees, testing::ValuesIn(kSpoilt),
                         [](const auto& param) { return param.param.name; });

// The last entry was lost with everybody's memory; producer 2 held it.
Seen WithLoss() {
  Seen seen = Good();
  seen.log.pop_back();
  seen.reports = {{2, 4, 4, {"possible", "possible", "none", "none"}}};
  seen.rules.losses_allowed = 1;
  seen.history.told = {{2, 90, 2, 4, 4}};
  seen.log.push_back({4, 9, 900, 2, 2, {1, 4}});
  seen.history.tails[0].push_back(seen.log.back());
  return seen;
}

TEST(AuditOfALoss, FindsNothingWrongWhereItIsReportedAndTold) {
  Seen seen = WithLoss();
  EXPECT_EQ(seen.FirstProblem(), "");
  EXPECT_EQ(Audit(seen.history, seen.log, seen.reports, seen.rules).totals.lost, 1u);
}

TEST(AuditOfALoss, SeesAProducerThatWasNotTold) {
  Seen seen = WithLoss();
  seen.history.told.clear();
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("producer 2 was not told"));
}

TEST(AuditOfALoss, SeesALossThatTheReportDoesNotCover) {
  Seen seen = WithLoss();
  seen.reports[0].first_lsn = 5;
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("lost: p2.1"));
}

TEST(AuditOfALoss, SeesALossOfWhatWasOnDisk) {
  Seen seen = WithLoss();
  seen.history.appends[4].level = 3;
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("lost: p2.1"));
}

TEST(AuditOfALoss, AReceivedOneMayGoWithItsLeaderAndNoReport) {
  Seen seen = WithLoss();
  seen.reports.clear();
  seen.history.told.clear();
  seen.log[3].generation = 1;
  seen.history.appends[4].level = 1;
  seen.history.tails[0].erase(seen.history.tails[0].begin() + 3);
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("producer 2 was not told"));
  seen.history.ended = {{2, "", 95, "DATA_LOSS …"}};
  EXPECT_EQ(seen.FirstProblem(), "");
  seen.log[3].epoch = 1;
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("lost: p2.1"));
}

TEST(HistoryLines, ALineThatIsNoneIsRefused) {
  History history;
  EXPECT_FALSE(AddLines("x 1\n", 1, &history).ok());
  EXPECT_FALSE(AddLines("a 1 20 1 5 500 1 1 2\n", 1, &history).ok());
  EXPECT_FALSE(AddLines("s 1 1 10 2\nu 1 5 X\nu 1 6 X\n", 1, &history).ok());
}

TEST(Payload, EveryByteCounts) {
  std::string payload = PayloadOf({3, 17});
  EXPECT_EQ(NameOf(payload), (PayloadName{3, 17}));
  EXPECT_NE(PayloadOf({3, 18}), payload);
  payload.back() ^= 1;
  EXPECT_FALSE(NameOf(payload).has_value());
}

TEST(Audit, AWriterMayEndOverAnUnknownAppendThatOnlyALeaderHadReceived) {
  Seen seen = Good();
  seen.history.ended = {{1, "", 95, "DATA_LOSS …"}};
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("gave up")) << "the unknown one was `replicated`";
  ASSERT_TRUE(AddLines("s 6 1 90 1\nu 6 94 DEADLINE\n", 1, &seen.history).ok());
  EXPECT_EQ(seen.FirstProblem(), "");
  seen.history.ended[0].reason = "FENCED";
  EXPECT_THAT(seen.FirstProblem(), HasSubstr("gave up"));
}

}  // namespace
}  // namespace ringjournal::chaos
