#include "journal/recovery/start_decision.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

// Calls `check` with every combination there is.
template <class Check>
void ForEveryInput(Check check) {
  for (int ring = 0; ring <= static_cast<int>(RingVerdict::kIntact); ++ring) {
    for (int disk = 0; disk <= static_cast<int>(DiskVerdict::kNewerVersion); ++disk) {
      for (int bits = 0; bits < 16; ++bits) {
        StartInput in;
        in.ring = static_cast<RingVerdict>(ring);
        in.disk = static_cast<DiskVerdict>(disk);
        in.ring_joins_disk = bits & 1;
        in.memory_only = bits & 2;
        in.has_been_led = bits & 4;
        in.stopped_there = bits & 8;
        check(in, DecideStart(in));
      }
    }
  }
}

TEST(StartDecision, TheWholeTableIsTheDocumentedOne) {
  std::ifstream file("docs/recovery.md");
  ASSERT_TRUE(file) << "docs/recovery.md is missing";
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(StartDecisionTable()), std::string::npos)
      << "docs/recovery.md must hold exactly this:\n"
      << StartDecisionTable();
}

TEST(StartDecision, WhatTheTableLeavesOutMakesNoDifference) {
  ForEveryInput([](StartInput in, const StartDecision& d) {
    if (in.ring == RingVerdict::kIntact || !in.has_been_led || in.memory_only) {
      in.stopped_there = !in.stopped_there;
      EXPECT_EQ(DecideStart(in).action, d.action);
    }
    if (in.has_been_led && !in.memory_only) return;
    in.ring_joins_disk = !in.ring_joins_disk;
    EXPECT_EQ(DecideStart(in).action, d.action);
    if (in.has_been_led) return;
    in.memory_only = !in.memory_only;
    EXPECT_EQ(DecideStart(in).action, d.action);
  });
}

TEST(StartDecision, NothingIsTouchedThatIsNotUnderstood) {
  ForEveryInput([](const StartInput& in, const StartDecision& d) {
    bool strange = in.ring == RingVerdict::kNewerVersion || in.disk == DiskVerdict::kForeign ||
                   in.disk == DiskVerdict::kNewerVersion;
    if (strange) {
      EXPECT_EQ(d.action, StartAction::kRefuse);
    }
  });
}

TEST(StartDecision, AnIntactRingOfALedJournalAlwaysServes) {
  ForEveryInput([](const StartInput& in, const StartDecision& d) {
    bool warm =
        d.action == StartAction::kWarmStart || d.action == StartAction::kWarmStartDiskDamaged;
    bool served = in.ring == RingVerdict::kIntact && in.has_been_led &&
                  in.disk != DiskVerdict::kForeign && in.disk != DiskVerdict::kNewerVersion;
    EXPECT_EQ(warm, served);
  });
}

TEST(StartDecision, WithoutTheRingALedJournalNeverComesBackUnnoticed) {
  ForEveryInput([](const StartInput& in, const StartDecision& d) {
    if (!in.has_been_led || in.ring == RingVerdict::kIntact) return;
    if (d.action == StartAction::kColdStart) return;
    EXPECT_TRUE(d.action == StartAction::kDiskRecovery || d.action == StartAction::kRefuse)
        << d.reason;
  });
}

TEST(StartDecision, OnlyAWholeDiskThatEndsAtAnOrderlyStopStartsWithoutALoss) {
  ForEveryInput([](const StartInput& in, const StartDecision& d) {
    bool whole = in.disk == DiskVerdict::kClean || in.disk == DiskVerdict::kTornTail;
    bool no_ring = in.ring != RingVerdict::kIntact && in.ring != RingVerdict::kNewerVersion;
    bool cold = in.has_been_led && in.stopped_there && !in.memory_only && whole && no_ring;
    EXPECT_EQ(d.action == StartAction::kColdStart, cold) << d.reason;
  });
}

TEST(StartDecision, OnlyANewJournalStartsEmpty) {
  ForEveryInput([](const StartInput& in, const StartDecision& d) {
    if (d.action != StartAction::kStartEmpty) return;
    EXPECT_FALSE(in.has_been_led);
    EXPECT_EQ(in.disk, DiskVerdict::kEmpty);
  });
}

TEST(StartDecision, DamageOnDiskRaisesAnAlarmUnlessTheJournalNeedsNoDisk) {
  StartInput in;
  in.ring = RingVerdict::kIntact;
  in.has_been_led = true;
  in.ring_joins_disk = true;
  for (DiskVerdict disk : {DiskVerdict::kDamaged, DiskVerdict::kGap, DiskVerdict::kUnreadable}) {
    in.disk = disk;
    in.memory_only = false;
    EXPECT_EQ(DecideStart(in).action, StartAction::kWarmStartDiskDamaged);
    in.memory_only = true;
    EXPECT_EQ(DecideStart(in).action, StartAction::kWarmStart);
  }
}

TEST(StartDecision, EveryDecisionSaysWhy) {
  ForEveryInput([](const StartInput&, const StartDecision& d) { EXPECT_FALSE(d.reason.empty()); });
}

TEST(StartDecision, TheRingJoinsTheDiskWhereNoEntryIsMissingBetween) {
  LogPosition end;
  end.next_index = Index(10);
  EXPECT_TRUE(RingJoinsDisk(Index(10), end));
  EXPECT_TRUE(RingJoinsDisk(Index(1), end));
  EXPECT_FALSE(RingJoinsDisk(Index(11), end));
  end.next_lsn = Lsn(0);
  EXPECT_FALSE(RingJoinsDisk(Index(10), end)) << "where an unreadable disk ends is not known";
}

}  // namespace
}  // namespace ringjournal
