#include "journal/replication/epoch_history.h"

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

// {epoch, first index} …, then the last index.
LogOutline Log(std::initializer_list<std::pair<uint32_t, uint64_t>> epochs, uint64_t end) {
  LogOutline log;
  for (auto [epoch, first] : epochs) {
    v1::EpochHistory* h = &log.epochs.emplace_back();
    h->set_generation(epoch / 100 + 1);
    h->set_epoch(epoch);
    h->set_first_index(first);
  }
  log.end = Index(end);
  return log;
}

void ExpectCommon(const LogOutline& a, const LogOutline& b, uint64_t wanted) {
  EXPECT_EQ(LastCommonEntry(a, b), Index(wanted));
  EXPECT_EQ(LastCommonEntry(b, a), Index(wanted));
}

TEST(EpochHistory, OfEqualLogsTheEndIsCommon) {
  ExpectCommon(Log({{1, 1}}, 9), Log({{1, 1}}, 9), 9);
}

TEST(EpochHistory, WithinAnEpochTheShorterLogIsCommon) {
  ExpectCommon(Log({{1, 1}}, 9), Log({{1, 1}}, 4), 4);
  ExpectCommon(Log({{1, 1}, {3, 5}}, 9), Log({{1, 1}, {3, 5}}, 6), 6);
}

TEST(EpochHistory, AnEpochThatOnlyOneLogHasIsCut) {
  ExpectCommon(Log({{1, 1}, {2, 8}}, 12), Log({{1, 1}}, 10), 7);
  ExpectCommon(Log({{1, 1}, {2, 8}}, 12), Log({{1, 1}}, 5), 5);
}

// KIP-279: two fast changes of leader; both logs have an epoch that the other has not.
TEST(EpochHistory, DivergedEpochsOfBothSidesAreCut) {
  ExpectCommon(Log({{1, 1}, {2, 6}}, 9), Log({{1, 1}, {3, 4}}, 9), 3);
  ExpectCommon(Log({{1, 1}, {2, 4}, {4, 6}}, 9), Log({{1, 1}, {2, 4}, {3, 8}}, 12), 5);
}

TEST(EpochHistory, AnEmptyLogAndLogsWithoutACommonEpochShareNothing) {
  ExpectCommon(Log({}, 0), Log({{1, 1}}, 5), 0);
  ExpectCommon(Log({{5, 100}}, 120), Log({{1, 1}, {2, 50}}, 80), 0);
}

TEST(EpochHistory, AGenerationOrdersBeforeAnEpoch) {
  ExpectCommon(Log({{1, 1}, {101, 20}}, 30), Log({{1, 1}, {2, 10}}, 30), 9);
}

TEST(EpochHistory, AnEpochWithTwoBeginningsIsAContradiction) {
  EXPECT_EQ(LastCommonEntry(Log({{1, 1}, {2, 5}}, 9), Log({{1, 1}, {2, 6}}, 9)), std::nullopt);
}

}  // namespace
}  // namespace ringjournal
