#include "server/cluster/catch_up.h"

#include "gtest/gtest.h"
#include "journal/node/test_replica.h"

namespace ringjournal {
namespace {

// A leader whose ring has forgotten most of three segments.
class CatchUpTest : public testing::Test {
 protected:
  CatchUpTest() { t.FillSegments(3); }

  // Reads until there is something to take, or no more. The journal's own answers go on, too.
  void Read(CatchUp* catch_up) {
    std::vector<StorageOp> ops;
    while (catch_up->rest().empty() && catch_up->goes_on()) {
      catch_up->Read(*t.replica, &ops);
      t.disk.Take(&ops);
      while (!t.disk.pending().empty()) {
        StorageDone done = t.disk.CompleteOne();
        ASSERT_EQ(done.token, catch_up->token());
        catch_up->OnStorageDone(done);
      }
    }
  }
  // Takes all until the ring holds the next entry; checks that the entries are those of the log.
  void TakeAll(CatchUp* catch_up) {
    uint64_t chain = catch_up->chain();
    while (catch_up->next() < t.replica->ring().oldest().index) {
      ASSERT_NO_FATAL_FAILURE(Read(catch_up));
      ASSERT_EQ(catch_up->wrong(), "");
      ByteSpan taken = catch_up->Take(limits::kReplicateBytesMax);
      while (!taken.empty()) {
        RecordView view;
        ASSERT_EQ(ParseRecord(taken, &view), RecordVerdict::kOk);
        chain = view.header.chain;
        taken = taken.subspan(view.record.size());
      }
    }
    RingPlace before = *t.replica->ring().Find(catch_up->next());
    if (catch_up->next() == t.replica->ring().oldest().index) return;
    EXPECT_EQ(chain,
              t.replica->ring().Record(*t.replica->ring().Find(before.index.prev())).header.chain);
  }

  TestReplica t;
  CatchUpSeats seats;
};

TEST_F(CatchUpTest, ReachesTheRingAtAnEntry) {
  CatchUp catch_up({1, Index(0), Index(1)}, CatchUp::kTokenBase, &seats);
  EXPECT_TRUE(catch_up.knows_chain()) << "of nothing";
  EXPECT_EQ(catch_up.next(), Index(1));
  TakeAll(&catch_up);
  EXPECT_TRUE(t.replica->ring().Find(catch_up.next()).has_value());
}

TEST_F(CatchUpTest, ShowsTheChainOfTheEntryThatIsKept) {
  CatchUp all({1, Index(0), Index(1)}, CatchUp::kTokenBase, &seats);
  RecordView view;
  for (Index i(0); i < Index(7); i = i.next()) {
    Read(&all);
    ASSERT_EQ(ParseRecord(all.Take(1), &view), RecordVerdict::kOk);
  }
  ASSERT_EQ(view.header.index, Index(7));
  CatchUp catch_up({1, Index(7), Index(1)}, CatchUp::kTokenBase + 1, &seats);
  EXPECT_FALSE(catch_up.knows_chain());
  Read(&catch_up);
  ASSERT_TRUE(catch_up.knows_chain());
  EXPECT_EQ(catch_up.chain(), view.header.chain);
  EXPECT_EQ(catch_up.next(), Index(8));
  ASSERT_EQ(ParseRecord(catch_up.Take(1), &view), RecordVerdict::kOk);
  EXPECT_EQ(view.header.index, Index(8)) << "the kept one is not sent";
}

TEST_F(CatchUpTest, TakesWholeRecordsAndAlwaysOne) {
  CatchUp catch_up({1, Index(0), Index(1)}, CatchUp::kTokenBase, &seats);
  Read(&catch_up);
  RecordView view;
  ByteSpan one = catch_up.Take(1);
  ASSERT_EQ(ParseRecord(one, &view), RecordVerdict::kOk);
  EXPECT_EQ(one.size(), view.record.size());
  EXPECT_LE(catch_up.Take(20000).size(), 20000u);
}

TEST_F(CatchUpTest, CountsWhatTheBackupDoesNotHaveOnDisk) {
  CatchUp catch_up({1, Index(0), Index(1)}, CatchUp::kTokenBase, &seats);
  Read(&catch_up);
  size_t first = catch_up.Take(1).size();
  Index last = catch_up.next().prev();
  size_t second = catch_up.Take(1).size();
  EXPECT_EQ(catch_up.unsafe_bytes(), first + second);
  catch_up.OnDurable(last);
  EXPECT_EQ(catch_up.unsafe_bytes(), second);
}

TEST_F(CatchUpTest, SaysWhatIsWrongWithTheDisk) {
  t.disk.files.erase(t.replica->checkpointer().catalog().segments()[0].name);
  CatchUp catch_up({1, Index(0), Index(1)}, CatchUp::kTokenBase, &seats);
  Read(&catch_up);
  EXPECT_NE(catch_up.wrong(), "");
  EXPECT_FALSE(catch_up.goes_on());
}

TEST_F(CatchUpTest, GivesItsSeatBack) {
  std::vector<std::unique_ptr<CatchUp>> running;
  for (uint32_t i = 0; i < CatchUpSeats::kMax; ++i) {
    ASSERT_TRUE(seats.free());
    running.push_back(std::make_unique<CatchUp>(CatchUp::Request{1, Index(0), Index(1)},
                                                CatchUp::kTokenBase + i, &seats));
  }
  EXPECT_FALSE(seats.free());
  running.pop_back();
  EXPECT_TRUE(seats.free());
}

}  // namespace
}  // namespace ringjournal
