// A backup that follows, is cut, dies and loads again at random moments, beside a model of its log.
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "server/start/test_load.h"

namespace ringjournal {
namespace {

// Chain hashes of a log, by index; [0] is before the first entry.
using Log = std::vector<uint64_t>;

Log LogOf(const Replica& replica) {
  Log log = {0};
  const Ring& ring = replica.ring();
  RJ_CHECK(ring.oldest().index == Index(1));
  for (RingPlace p = ring.oldest(); p.index < ring.end().index; p = ring.Next(p)) {
    log.push_back(ring.Record(p).header.chain);
  }
  return log;
}

// The last entry that both have.
Index Common(const Log& a, const Log& b) {
  size_t common = std::min(a.size(), b.size()) - 1;
  while (a[common] != b[common]) --common;
  return Index(common);
}

class Story {
 public:
  explicit Story(uint64_t seed) : random_(seed * 0xd1342543de82ef95) {
    leader_ = std::make_unique<TestNode>();
    Lead(leader_.get(), 9);
    backup_.LoadAndFollow(leader_.get(), Index(3));
    log_ = LogOf(*backup_.replica());
  }

  void Step() {
    switch (Below(6)) {
      case 0:
        return Append();
      case 1:
        return Follow();
      case 2:
        return WriteSome();
      case 3:
        return Below(3) == 0 ? ChangeLeader() : Follow();
      case 4:
        return DieAndLoad();
      default:
        return Below(3) == 0 ? LoseMemoryAndLoad() : WriteSome();
    }
  }

  // Whatever happened: it follows to the end, and its disk is the leader's log.
  void Finish() {
    FollowTo(leader_->replica()->marks().end.index);
    backup_.Settle();
    backup_.Kill();
    backup_.ring.reset();
    ASSERT_TRUE(backup_.Load().ok());
    EXPECT_EQ(LogOf(*backup_.replica()), LogOf(*leader_->replica())) << backup_.loaded->sentence;
    EXPECT_TRUE(backup_.loaded->disk_is_whole) << backup_.loaded->sentence;
  }

  int cuts() const { return cuts_; }
  int loads_with_cut_tail() const { return loads_with_cut_tail_; }

 private:
  uint64_t Below(uint64_t n) {
    uint64_t z = (random_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % n;
  }

  void Append() {
    // Rings hold everything, so that logs can be compared.
    if (leader_->replica()->marks().end.index < Index(90)) leader_->Append(20 + Below(200));
  }
  void Follow() {
    Index end = leader_->replica()->marks().end.index;
    Index from = backup_.replica()->marks().end.index;
    FollowTo(std::min(end, from + Below(12)));
  }
  void FollowTo(Index last) {
    Cut();
    backup_.Follow(leader_.get(), last);
    log_ = LogOf(*backup_.replica());
    backup_.Batch();
  }
  // Its log may be of an older leader.
  void Cut() {
    Log leader = LogOf(*leader_->replica());
    Index common = Common(log_, leader);
    if (common.value() + 1 == log_.size()) return;
    ++cuts_;
    ASSERT_TRUE(backup_.replica()->TruncateTo(common, leader[common.value()]).ok());
    backup_.replica()->BackupStart(Incarnation(0));
    log_.resize(common.value() + 1);
  }
  void WriteSome() {
    backup_.now.monotonic_ns += static_cast<int64_t>(Below(30)) * 1'000'000;
    backup_.Batch();
    for (uint64_t n = Below(4); n > 0 && !backup_.disk.pending().empty(); --n) {
      RJ_CHECK(backup_.replica()->OnStorageDone(backup_.disk.CompleteOne(), backup_.now).empty());
      backup_.Batch();
    }
  }
  void ChangeLeader() {
    Index last(1 + Below(leader_->replica()->marks().end.index.value()));
    auto next = std::make_unique<TestNode>();
    next->Fork(leader_.get(), last);
    leader_ = std::move(next);
    if (Below(2) == 0) Cut();
  }
  void DieAndLoad() {
    const bool told = backup_.ring->memory().control()->content_incarnation != 0;
    backup_.Kill();
    ASSERT_TRUE(backup_.Load().ok());
    EXPECT_EQ(backup_.loaded->content.kind == ContentKind::kRing, told) << backup_.loaded->sentence;
    EXPECT_EQ(LogOf(*backup_.replica()), log_) << backup_.loaded->sentence;
    for (const std::string& note : backup_.loaded->notes) {
      loads_with_cut_tail_ += note.find("were cut") != std::string::npos;
    }
    CheckDurable();
  }
  // What was durable of the log is there; behind it there may be what was cut.
  void LoseMemoryAndLoad() {
    const uint64_t durable = backup_.replica()->marks().durable.index.value();
    backup_.Kill();
    backup_.ring.reset();
    ASSERT_TRUE(backup_.Load().ok());
    EXPECT_NE(backup_.loaded->content.kind, ContentKind::kRing);
    const Log found = LogOf(*backup_.replica());
    ASSERT_GE(found.size(), durable + 1) << backup_.loaded->sentence;
    EXPECT_EQ(found[durable], log_[durable]) << backup_.loaded->sentence;
    log_ = found;
    CheckDurable();
  }
  void CheckDurable() {
    EXPECT_LE(backup_.replica()->marks().durable.index.value() + 1, log_.size());
    EXPECT_EQ(backup_.replica()->options().disk_hole_below, Index(0));
  }

  uint64_t random_;
  std::unique_ptr<TestNode> leader_;
  TestNode backup_;
  Log log_;  // of the backup
  int cuts_ = 0, loads_with_cut_tail_ = 0;
};

TEST(LoadReplica, AtAnyMomentFindsTheLogOfTheRingOrWhatWasDurable) {
  int cuts = 0, loads_with_cut_tail = 0;
  for (uint64_t seed = 1; seed <= 150 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Story story(seed);
    for (int i = 0; i < 60 && !testing::Test::HasFailure(); ++i) story.Step();
    if (!testing::Test::HasFailure()) story.Finish();
    cuts += story.cuts();
    loads_with_cut_tail += story.loads_with_cut_tail();
  }
  EXPECT_GT(cuts, 100);
  EXPECT_GT(loads_with_cut_tail, 25);
}

}  // namespace
}  // namespace ringjournal
