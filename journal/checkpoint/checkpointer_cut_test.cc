// The log is cut, begins anew, or loses its oldest segments: what becomes of the disk.
#include "gtest/gtest.h"
#include "journal/checkpoint/test_checkpointer.h"

namespace ringjournal {
namespace {

using Kind = StorageOp::Kind;

class Cut : public CheckpointerTest {};

// What is cut may be written already, or on its way: neither makes the new log durable there.
TEST_F(Cut, NothingAboveACutIsDurable) {
  Open();
  Append(1000, 9);
  const RingPlace cut = t.ring.end();
  const v1::StateSnapshot state = t.State();
  Append(1000, 20);
  Settle();
  ASSERT_EQ(checkpointer.durable().index, t.ring.end().index.prev());
  checkpointer.Truncate(cut, state);
  EXPECT_EQ(checkpointer.durable().index, cut.index.prev());
}

TEST_F(Cut, AWriteThatWasOnItsWayAtACutMakesOnlyWhatStaysDurable) {
  Open();
  Append(1000, 9);
  const RingPlace cut = t.ring.end();
  const v1::StateSnapshot state = t.State();
  Append(1000, 20);
  Turn(true);
  ASSERT_FALSE(disk.pending().empty());
  checkpointer.Truncate(cut, state);
  while (!disk.pending().empty()) ASSERT_EQ(CompleteOne(), "");
  EXPECT_EQ(checkpointer.durable().index, cut.index.prev());
}

// The description of the first segment is still on its way, and the log is cut below all of it.
TEST_F(Cut, ATrimAfterACutOfEverythingFindsNoSegmentToSpare) {
  CheckpointerOptions options = Options();
  options.segment_bytes = limits::kSegmentBytesDefault;
  TestRing big(8 << 20);
  big.reusable = Index(UINT64_MAX - 1);
  Checkpointer c(options);
  const RingPlace first = big.ring.end();
  const v1::StateSnapshot state = big.State();
  c.Start(first, state, SegmentCatalog());
  auto turn = [&] {
    CheckpointInput input;
    c.Flush(big.ring, input, &ops);
    disk.Take(&ops);
  };
  turn();
  ASSERT_EQ(c.Done(disk.CompleteOne(), Time()), "");
  turn();
  ASSERT_EQ(c.Done(disk.CompleteOne(), Time()), "");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(big.AppendWithSnapshots(100 * 1000, 1));
  turn();
  ASSERT_EQ(disk.pending_of(Kind::kWrite), 2u) << "the description and a group";
  c.Truncate(first, state);
  ASSERT_TRUE(c.catalog().segments().empty());
  c.Trim(Index(100));
  turn();
  EXPECT_EQ(disk.pending_of(Kind::kRemove) + disk.pending_of(Kind::kRecycle), 0u);
}

// Three segments of an earlier process, of which two or all are to go.
class Removal : public CheckpointerTest {
 protected:
  Removal() {
    SegmentCatalog old;
    for (uint64_t base : {1u, 2u, 3u}) {
      std::string name = "old" + std::to_string(base);
      disk.files[name] = std::make_shared<std::string>();
      old.Add({name, Index(base), Lsn(base)});
    }
    Append(100, 9);
    late.Start(t.ring.end(), t.State(), std::move(old));
  }
  std::string Late() {
    CheckpointInput input;
    input.now.monotonic_ns = now_ns;
    late.Flush(t.ring, input, &ops);
    disk.Take(&ops);
    std::string why;
    while (!disk.pending().empty() && why.empty()) {
      asked.push_back(disk.pending()[0].name);
      why = late.Done(disk.CompleteOne(), input.now);
    }
    return why;
  }
  std::vector<std::string> OldFiles() const {
    std::vector<std::string> names;
    for (const auto& [name, content] : disk.files) {
      if (name.starts_with("old")) names.push_back(name);
    }
    return names;
  }
  Checkpointer late{Options()};
  std::vector<std::string> asked;
};

TEST_F(Removal, AFailedOneIsTriedAgainAfterAWhileAndNothingBehindItGoesFirst) {
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Late(), "");
  asked.clear();
  disk.remove_result = -ENOSPC;
  late.Trim(Index(3));
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Late(), "");
  EXPECT_EQ(asked, std::vector<std::string>{"old1"});
  disk.remove_result = 0;
  now_ns += limits::kStorageRetryMs * kMs;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Late(), "");
  EXPECT_EQ(OldFiles(), std::vector<std::string>{"old3"});
}

TEST_F(Removal, ALogThatBeginsAnewWaitsForRoomAndOpensNothingBefore) {
  disk.remove_result = -ENOSPC;
  late.BeginAnew(t.ring.end(), t.State());
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Late(), "");
  EXPECT_EQ(OldFiles().size(), 3u);
  EXPECT_EQ(disk.files.size(), 3u) << "no other segment stands beside them";
  EXPECT_TRUE(late.storage_full());
  EXPECT_EQ(late.deadline_ns(), now_ns + limits::kStorageRetryMs * kMs);
  disk.remove_result = 0;
  now_ns = late.deadline_ns();
  for (int i = 0; i < 9; ++i) ASSERT_EQ(Late(), "");
  EXPECT_TRUE(OldFiles().empty());
  EXPECT_FALSE(late.storage_full());
  EXPECT_EQ(late.catalog().segments().size(), 1u);
}

TEST_F(Removal, ALogThatBeginsAnewAndCannotBeClearedEndsTheProcess) {
  disk.remove_result = -EIO;
  late.BeginAnew(t.ring.end(), t.State());
  const std::string why = Late();
  EXPECT_NE(why.find("removing an old segment"), std::string::npos) << why;
}

}  // namespace
}  // namespace ringjournal
