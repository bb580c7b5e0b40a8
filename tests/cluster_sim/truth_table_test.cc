// The truth table of docs/guarantees.md, cell by cell: an append at one level, then exactly one
// fault, then a look at what is kept, what is reported and what is out of reach.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/cluster_sim/stage.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

// What became of the append, with everything back that can come back.
enum class Outcome { kKept, kReported, kSilentlyLost, kNoAnswer };

std::ostream& operator<<(std::ostream& out, Outcome outcome) {
  constexpr const char* kNames[] = {"kept", "reported", "lost without a word", "no answer"};
  return out << kNames[static_cast<int>(outcome)];
}

constexpr Level kLevels[] = {Level::kReceived, Level::kReplicated, Level::kDisk,
                             Level::kDiskQuorum};

// One cell: a cluster with "early" on a majority of disks, and then "it", acknowledged at the level
// and no further: at `received` no backup has it, and no disk has more than the level says.
class Cell {
 public:
  explicit Cell(Level level, v1::DegradedPolicy policy = v1::DEGRADED_POLICY_DISK,
                uint64_t seed = 1)
      : level_(level), stage_({.policy = policy, .seed = seed}) {
    stage_.Append("early", Level::kDiskQuorum);
    Answered("early");
  }
  ~Cell() { EXPECT_EQ(stage_.violation(), "") << client::LevelName(level_); }
  Stage* operator->() { return &stage_; }

  void AppendIt() {
    if (level_ == Level::kReceived) CutLeaderFromBackups();
    stage_.Append("it", level_);
    // At `disk` all have it in memory, then the backups stand still for less than the grace time.
    if (level_ == Level::kDisk) {
      stage_.Wait(10 * kMs);
      for (uint32_t n = 1; n < stage_.nodes(); ++n) stage_.Pause(n, 140 * kMs);
    }
    Answered("it");
    // A policy may reach more than was asked for.
    ASSERT_GE(static_cast<int>(stage_.FateOf("it").outcome.receipt.level),
              static_cast<int>(level_));
  }
  void CutLeaderFromBackups() {
    for (uint32_t n = 1; n < stage_.nodes(); ++n) stage_.Cut(0, n);
  }
  // Only n1 is left in sync.
  void ShrinkToOne() {
    stage_.Kill(1);
    stage_.Kill(2);
    ASSERT_TRUE(stage_.WaitUntil([&] { return stage_.config().isr_size() == 1; }, 10 * kSecond));
  }
  // Nobody leads within that time, though the named nodes are up.
  bool Unavailable(std::vector<uint32_t> up) {
    for (uint32_t n : up) stage_.Start(n);
    return !stage_.WaitUntil([&] { return stage_.leader() >= 0; }, 5 * kSecond) &&
           stage_.violation().empty();
  }
  // Everything that can come back does.
  Outcome Result() {
    stage_.MendAll();
    for (uint32_t n = 0; n < stage_.nodes(); ++n) {
      stage_.SlowDisk(n, 1);
      stage_.Start(n);
    }
    bool leads = stage_.WaitUntil([&] { return stage_.leader() >= 0; }, 30 * kSecond);
    // A client learns of a loss with its next connection.
    stage_.Append("later", Level::kReplicated);
    auto settled = [&] {
      return (stage_.all_answered() || stage_.FateOf("it").taken_back) &&
             stage_.WhyNotInSync().empty();
    };
    if (!leads || !stage_.WaitUntil(settled, 30 * kSecond)) return Outcome::kNoAnswer;
    std::vector<std::string> names;
    if (!stage_.Read(10 * kSecond, &names)) return Outcome::kNoAnswer;
    EXPECT_EQ(std::count(names.begin(), names.end(), "early"), 1);
    const auto copies = std::count(names.begin(), names.end(), "it");
    EXPECT_LE(copies, 1);
    if (copies > 0) return Outcome::kKept;
    return stage_.FateOf("it").taken_back ? Outcome::kReported : Outcome::kSilentlyLost;
  }

 private:
  void Answered(const std::string& name) {
    ASSERT_TRUE(stage_.WaitUntil([&] { return stage_.all_answered(); }, 10 * kSecond)) << name;
    ASSERT_TRUE(stage_.FateOf(name).acknowledged()) << name;
  }

  Level level_;
  Stage stage_;
};

class EachLevel : public testing::TestWithParam<Level> {
 protected:
  Level level() const { return GetParam(); }
  // `received` is lost and reported, all others are kept.
  Outcome AllButReceived() const {
    return level() == Level::kReceived ? Outcome::kReported : Outcome::kKept;
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, EachLevel, testing::ValuesIn(kLevels), [](const auto& info) {
  return std::string(client::LevelName(info.param));
});

TEST_P(EachLevel, TheLeadersProcessIsKilledAndAnotherLeads) {
  Cell cell(level());
  cell.AppendIt();
  cell->Kill(0);
  cell->WaitUntil([&] { return cell->leader() > 0; }, 10 * kSecond);
  EXPECT_EQ(cell.Result(), AllButReceived());
}

TEST_P(EachLevel, TheLeadersProcessIsKilledAndNobodyElseLeads) {
  Cell cell(level());
  cell.AppendIt();
  cell->Cut(1, Stage::kStore);
  cell->Cut(2, Stage::kStore);
  cell->Kill(0);
  cell->Start(0);
  ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() == 0; }, 10 * kSecond));
  EXPECT_EQ(cell.Result(), Outcome::kKept);
}

TEST_P(EachLevel, TheLeadersMachineIsLost) {
  Cell cell(level());
  cell.AppendIt();
  cell->PowerOff(0);
  cell->LoseDisk(0);
  ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() > 0; }, 10 * kSecond));
  EXPECT_EQ(cell.Result(), AllButReceived());
}

TEST_P(EachLevel, TheLeaderIsCutOffAndComesBack) {
  Cell cell(level());
  cell.AppendIt();
  cell->CutOff(0);
  ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() > 0; }, 10 * kSecond));
  cell->Wait(kSecond);
  EXPECT_EQ(cell.Result(), AllButReceived());
}

TEST_P(EachLevel, TheLeaderIsPausedAndComesBack) {
  Cell cell(level());
  cell.AppendIt();
  cell->Pause(0, 2 * kSecond);
  // Its backups wait for the links that `received` had cut.
  cell->MendAll();
  if (level() == Level::kReceived) cell->Cut(0, 1), cell->Cut(0, 2);
  ASSERT_TRUE(cell->WaitUntil([&] { return cell->config().leader().node() != "n1"; }, kSecond));
  cell->Wait(2 * kSecond);
  EXPECT_EQ(cell.Result(), AllButReceived());
}

TEST_P(EachLevel, OneBackupIsLost) {
  Cell cell(level());
  cell.AppendIt();
  cell->MendAll();
  cell->PowerOff(1);
  cell->LoseDisk(1);
  EXPECT_EQ(cell.Result(), Outcome::kKept);
}

TEST_P(EachLevel, TheLeaderAndOneBackupAreLostAtOnce) {
  Cell cell(level());
  cell.AppendIt();
  for (uint32_t n : {0u, 1u}) {
    cell->PowerOff(n);
    cell->LoseDisk(n);
  }
  ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() == 2; }, 10 * kSecond));
  EXPECT_EQ(cell.Result(), AllButReceived());
}

TEST_P(EachLevel, EveryProcessIsKilledAndAllComeBackInTime) {
  Cell cell(level());
  cell.AppendIt();
  for (uint32_t n = 0; n < 3; ++n) cell->Kill(n);
  EXPECT_EQ(cell.Result(), Outcome::kKept);
}

TEST_P(EachLevel, EveryProcessIsKilledAndTheLeaderComesBackTooLate) {
  Cell cell(level());
  cell.AppendIt();
  cell->MendAll();
  for (uint32_t n = 0; n < 3; ++n) cell->Kill(n);
  cell->Start(0);
  ASSERT_TRUE(cell->WaitUntil([&] { return !cell->config().has_leader(); }, kSecond));
  cell->Kill(0);
  for (uint32_t n : {1u, 2u}) cell->Start(n);
  ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() > 0; }, 10 * kSecond));
  EXPECT_EQ(cell.Result(), AllButReceived());
}

TEST_P(EachLevel, EveryProcessIsKilledAndNobodyKnowsOfTheLeader) {
  Cell cell(level());
  cell.AppendIt();
  cell->MendAll();
  for (uint32_t n = 0; n < 3; ++n) cell->Kill(n);
  for (uint32_t n : {1u, 2u}) cell->Start(n);
  ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() > 0; }, 10 * kSecond));
  EXPECT_EQ(cell.Result(), AllButReceived());
}

// Its memory does not count, and those of the two that do had to be back before it was known.
TEST_P(EachLevel, EveryProcessIsKilledAndTheLeadersMemoryIsLost) {
  for (uint32_t first = 0; first < 3; ++first) {
    Cell cell(level());
    cell.AppendIt();
    cell->MendAll();
    for (uint32_t n = 0; n < 3; ++n) cell->Kill(n);
    cell->PowerOff(0);
    for (uint32_t n = 0; n < 3; ++n) {
      cell->Start((first + n) % 3);
      cell->Wait(kSecond / 10);
    }
    ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() >= 0; }, 10 * kSecond));
    EXPECT_EQ(cell.Result(), AllButReceived()) << "n" << first + 1 << " first";
  }
}

// Its machine comes back with its disk. Until then nobody leads, whatever the level was.
TEST_P(EachLevel, TheLastInSyncMachineIsLostUnderThePolicyDisk) {
  Cell cell(level());
  // A majority of disks is not to be had from one machine: that level was reached before.
  if (level() == Level::kDiskQuorum) cell.AppendIt();
  cell.ShrinkToOne();
  if (level() != Level::kDiskQuorum) cell.AppendIt();
  cell->PowerOff(0);
  EXPECT_TRUE(cell.Unavailable({1, 2}));
  EXPECT_EQ(cell.Result(), AllButReceived());
}

TEST_P(EachLevel, TheLastInSyncMachineIsLostUnderThePolicyMemory) {
  Cell cell(level(), v1::DEGRADED_POLICY_MEMORY);
  if (level() == Level::kDiskQuorum) cell.AppendIt();
  cell.ShrinkToOne();
  if (level() != Level::kDiskQuorum) cell.AppendIt();
  cell->PowerOff(0);
  EXPECT_TRUE(cell.Unavailable({1, 2}));
  EXPECT_EQ(cell.Result(), level() >= Level::kDisk ? Outcome::kKept : Outcome::kReported);
}

TEST_P(EachLevel, AllMachinesLosePowerWithTheirDisksIntact) {
  Cell cell(level());
  cell.AppendIt();
  cell->MendAll();
  for (uint32_t n = 0; n < 3; ++n) cell->PowerOff(n);
  EXPECT_EQ(cell.Result(), level() >= Level::kDisk ? Outcome::kKept : Outcome::kReported);
}

TEST_P(EachLevel, AllMachinesLosePowerAndTheLeadersDiskIsDestroyed) {
  Cell cell(level());
  cell.AppendIt();
  cell->MendAll();
  for (uint32_t n = 0; n < 3; ++n) cell->PowerOff(n);
  cell->LoseDisk(0);
  EXPECT_EQ(cell.Result(), level() == Level::kDiskQuorum ? Outcome::kKept : Outcome::kReported);
}

// Another leads before the power goes, so that the disk of the one that had acknowledged is not
// waited for. Whether a write that was under way has arrived is chance: both are seen.
TEST(TruthTable, AllLosePowerAndTheDiskThatHasItNeedNotBeRead) {
  int reported = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Cell cell(Level::kDisk, v1::DEGRADED_POLICY_DISK, seed);
    cell->Wait(kSecond);  // "early" is on every disk, or one of them could not be told to be whole
    cell.AppendIt();
    for (uint32_t n : {1u, 2u}) cell->SlowDisk(n, 100'000);
    cell->Kill(0);
    ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() > 0; }, 10 * kSecond)) << seed;
    for (uint32_t n = 0; n < 3; ++n) cell->PowerOff(n);
    for (uint32_t n : {1u, 2u}) cell->SlowDisk(n, 1), cell->Start(n);
    ASSERT_TRUE(cell->WaitUntil([&] { return cell->leader() > 0; }, 10 * kSecond)) << seed;
    const Outcome outcome = cell.Result();
    EXPECT_TRUE(outcome == Outcome::kKept || outcome == Outcome::kReported) << outcome;
    reported += outcome == Outcome::kReported ? 1 : 0;
  }
  EXPECT_GT(reported, 0);
}

TEST_P(EachLevel, ABitOfTheLeadersDiskChangesWithItsPeersAlive) {
  Cell cell(level());
  cell.AppendIt();
  cell->MendAll();
  ASSERT_TRUE(cell->DamageDisk(0));
  cell->Wait(kSecond);
  // `received` by now is replicated: its links are whole. The machine starts from what it has.
  cell->PowerOff(0);
  EXPECT_EQ(cell.Result(), Outcome::kKept);
}

// The checker itself: what is not in the log and was not told of is called so.
TEST(TruthTable, ALossThatNobodyTellsOfIsNotTakenForAReport) {
  Cell cell(Level::kReceived);
  cell.AppendIt();
  EXPECT_FALSE(cell->FateOf("it").taken_back);
  EXPECT_TRUE(cell->FateOf("it").acknowledged());
  std::vector<std::string> names;
  cell->Read(50 * kMs, &names);  // before the backups are dropped
  EXPECT_EQ(std::count(names.begin(), names.end(), "it"), 0) << "nobody else has it";
}

}  // namespace
}  // namespace ringjournal::cluster_sim
