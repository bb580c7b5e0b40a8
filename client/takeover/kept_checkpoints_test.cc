#include "client/takeover/kept_checkpoints.h"

#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

Cursor At(uint64_t lsn, uint32_t generation = 1) {
  Cursor at;
  at.epoch = {generation, 1};
  at.lsn = Lsn(lsn);
  return at;
}

ApplicationCheckpoint Found(uint64_t first_chunk, const Cursor& at) {
  ApplicationCheckpoint found;
  found.first_chunk = Lsn(first_chunk);
  found.at = at;
  return found;
}

void Save(KeptCheckpoints* kept, const std::vector<uint64_t>& places, const Cursor& at) {
  kept->Begin();
  for (uint64_t place : places) kept->OnChunk(Lsn(place));
  kept->OnSaved(at);
}

TEST(KeptCheckpointsTest, OnceThereAreTwoWhatIsBelowBothIsTrimmed) {
  KeptCheckpoints kept({}, Lsn(1), 1);
  Save(&kept, {1, 2}, At(10));
  EXPECT_EQ(kept.side_from(), Lsn());
  EXPECT_EQ(kept.journal_from(), Lsn());
  Save(&kept, {3, 4}, At(20));
  EXPECT_EQ(kept.side_from(), Lsn(1));
  EXPECT_EQ(kept.journal_from(), Lsn(11));
  Save(&kept, {5, 6}, At(30));
  EXPECT_EQ(kept.side_from(), Lsn(3));
  EXPECT_EQ(kept.journal_from(), Lsn(21));
  EXPECT_FALSE(kept.must_look());
}

TEST(KeptCheckpointsTest, OnlyThoseOfTheCurrentGenerationAreTakenOver) {
  const std::vector<ApplicationCheckpoint> found = {Found(3, At(20, 2)), Found(1, At(40, 1))};
  KeptCheckpoints kept(found, Lsn(5), 2);
  EXPECT_EQ(kept.side_from(), Lsn()) << "one is none too many";
  Save(&kept, {5}, At(30, 2));
  EXPECT_EQ(kept.side_from(), Lsn(3));
  EXPECT_EQ(kept.journal_from(), Lsn(21));
}

TEST(KeptCheckpointsTest, AFirstChunkWithoutAPlaceBoundsNothing) {
  KeptCheckpoints kept({}, Lsn(1), 1);
  Save(&kept, {1, 2}, At(10));
  Save(&kept, {0, 4}, At(20));
  EXPECT_EQ(kept.side_from(), Lsn());
  EXPECT_TRUE(kept.must_look());
  EXPECT_EQ(kept.journal_from(), Lsn(11)) << "it is there, wherever that is";
  Save(&kept, {5, 6}, At(30));
  EXPECT_EQ(kept.side_from(), Lsn()) << "its chunk before 4 would be gone";
  Save(&kept, {7, 0}, At(40));
  EXPECT_EQ(kept.side_from(), Lsn(5));
}

TEST(KeptCheckpointsTest, WhatSomebodyElseHasSavedStaysUntilThereIsANewerOne) {
  KeptCheckpoints kept({}, Lsn(1), 1);
  Save(&kept, {1}, At(10));
  Save(&kept, {2}, At(20));
  Save(&kept, {4}, At(11));
  ASSERT_TRUE(kept.must_look());
  kept.OnFound({Found(4, At(11)), Found(3, At(30))});
  EXPECT_FALSE(kept.must_look());
  Save(&kept, {5}, At(12));
  EXPECT_EQ(kept.side_from(), Lsn(3));
  Save(&kept, {6}, At(31));
  EXPECT_EQ(kept.side_from(), Lsn(5));
}

TEST(KeptCheckpointsTest, WhatIsOfANewerGenerationIsNewerWhateverItsLsn) {
  KeptCheckpoints kept({}, Lsn(1), 1);
  Save(&kept, {1}, At(10));
  Save(&kept, {3}, At(20));
  kept.OnFound({Found(3, At(20)), Found(2, At(15, 2))});
  Save(&kept, {4}, At(21));
  EXPECT_EQ(kept.side_from(), Lsn(2));
}

}  // namespace
}  // namespace ringjournal::client
