#include "journal/producer/producer_table.h"

#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

v1::ProducerOpen Open(const char* name, uint64_t id, uint32_t epoch) {
  v1::ProducerOpen open;
  open.set_name(name);
  open.set_producer_id(id);
  open.set_producer_epoch(epoch);
  return open;
}

TEST(ProducerTable, TheFirstOpeningsIndexIsTheId) {
  ProducerTable table;
  table.ApplyOpen(Open("a", 0, 1), Index(5), 1);
  table.ApplyOpen(Open("b", 0, 1), Index(9), 1);
  v1::ProducerOpen again = Open("a", 5, 2);
  again.set_client_instance(77);
  table.ApplyOpen(again, Index(12), 1);
  EXPECT_EQ(table.at(0).client_instance, 77u);
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(table.at(*table.FindByName("a")).id, ProducerId(5));
  EXPECT_EQ(table.at(*table.FindByName("a")).epoch, 2u);
  EXPECT_EQ(table.FindById(ProducerId(9)), table.FindByName("b"));
  EXPECT_FALSE(table.FindByName("c").has_value());
  EXPECT_FALSE(table.FindById(ProducerId(6)).has_value());
}

TEST(ProducerTable, KnowsWhereTheRowOfOpeningsByOneInstanceBegan) {
  ProducerTable table;
  const auto open = [&](uint32_t epoch, uint64_t instance, uint32_t generation) {
    v1::ProducerOpen opening = Open("a", epoch == 1 ? 0 : 5, epoch);
    opening.set_client_instance(instance);
    table.ApplyOpen(opening, Index(4 + epoch), generation);
    return table.at(0).since;
  };
  EXPECT_EQ(open(1, 7, 1), (Epoch{1, 1}));
  EXPECT_EQ(open(2, 7, 1), (Epoch{1, 1})) << "the same one again";
  EXPECT_EQ(open(3, 8, 2), (Epoch{2, 3}));
  EXPECT_EQ(open(4, 7, 2), (Epoch{2, 4})) << "with somebody else's in between";
  EXPECT_EQ(open(5, 0, 2), (Epoch{2, 5}));
  EXPECT_EQ(open(6, 0, 2), (Epoch{2, 6})) << "nobody knows whether it is the same";
  v1::StateSnapshot snapshot;
  table.WriteTo(&snapshot);
  EXPECT_EQ(ProducerTable::ReadFrom(snapshot).at(0).since, (Epoch{2, 6}));
}

TEST(ProducerTable, JudgesSequences) {
  ProducerTable table;
  table.ApplyOpen(Open("a", 0, 1), Index(1), 1);
  EXPECT_EQ(table.Judge(0, Sequence(1), 5), SequenceVerdict::kNext);
  EXPECT_EQ(table.Judge(0, Sequence(2), 5), SequenceVerdict::kOutOfOrder);
  EXPECT_EQ(table.Judge(0, Sequence(0), 1), SequenceVerdict::kOutOfOrder);
  table.ApplyAppend(0, Sequence(1), 5, Index(2), Lsn(10));
  EXPECT_EQ(table.at(0).last_lsn, Lsn(14));
  EXPECT_EQ(table.Judge(0, Sequence(6), 1), SequenceVerdict::kNext);
  EXPECT_EQ(table.Judge(0, Sequence(1), 5), SequenceVerdict::kApplied);
  EXPECT_EQ(table.Judge(0, Sequence(5), 1), SequenceVerdict::kApplied);
  EXPECT_EQ(table.Judge(0, Sequence(5), 2), SequenceVerdict::kOutOfOrder);  // half old, half new
  EXPECT_EQ(table.Judge(0, Sequence(7), 1), SequenceVerdict::kOutOfOrder);
  // The end of this run wraps around to below last: it is no duplicate all the same.
  EXPECT_EQ(table.Judge(0, Sequence(~uint64_t{0}), 5), SequenceVerdict::kOutOfOrder);
}

TEST(ProducerTable, ListsByNameFromWhereItIsToldAndNoFurtherThanThePrefix) {
  ProducerTable table;
  uint64_t index = 0;
  for (const char* name : {"b-2", "a", "b-1", "b", "c", "b-10"}) {
    table.ApplyOpen(Open(name, 0, 1), Index(++index), 1);
  }
  using Slots = std::vector<ProducerSlot>;
  EXPECT_EQ(table.ListByName("", "", 100), (Slots{1, 3, 2, 5, 0, 4}));
  EXPECT_EQ(table.ListByName("b-", "", 100), (Slots{2, 5, 0}));
  EXPECT_EQ(table.ListByName("b", "b-10", 100), (Slots{5, 0}));
  EXPECT_EQ(table.ListByName("b", "a", 2), (Slots{3, 2}));
  EXPECT_EQ(table.ListByName("b", "c", 100), Slots());
  EXPECT_EQ(table.ListByName("x", "", 100), Slots());
  EXPECT_EQ(table.ListByName("", "", 0), Slots());
  ProducerTable copy = table;
  ProducerTable moved = std::move(table);
  table = ProducerTable();
  EXPECT_EQ(copy.ListByName("b-", "", 100), (Slots{2, 5, 0}));
  moved.ApplyOpen(Open("bb", 0, 1), Index(++index), 1);
  EXPECT_EQ(moved.ListByName("b", "b-2", 100), (Slots{0, 6}));
}

TEST(ProducerTable, SurvivesASnapshotWithinItsBudget) {
  ProducerTable table;
  std::string name(limits::kProducerNameBytesMax, 'n');
  v1::ProducerOpen first = Open(name.c_str(), 0, 4000000000u);
  first.set_client_instance(~uint64_t{0});
  table.ApplyOpen(first, Index(~uint64_t{0} - 5), 1);
  table.ApplyAppend(0, Sequence(~uint64_t{0} - 9), 3, Index(~uint64_t{0} - 4), Lsn(1ull << 63));
  v1::StateSnapshot empty, snapshot;
  table.WriteTo(&snapshot);
  EXPECT_LE(snapshot.ByteSizeLong() - empty.ByteSizeLong(), limits::kProducerStateBytesMax);
  ProducerTable back = ProducerTable::ReadFrom(snapshot);
  v1::StateSnapshot again;
  back.WriteTo(&again);
  EXPECT_EQ(again.SerializeAsString(), snapshot.SerializeAsString());
}

TEST(ProducerTable, ItsBytesAreThoseThatProtobufWrites) {
  ProducerTable table;
  const std::string longest(limits::kProducerNameBytesMax, 'n'), longer = longest + "n";
  uint64_t index = 100;
  for (const char* name : {"a", "", "\xc3\xa9t\xc3\xa9", longest.c_str(), longer.c_str()}) {
    v1::ProducerOpen open = Open(name, 0, static_cast<uint32_t>(index));
    open.set_client_instance(index % 2 == 0 ? 0 : ~uint64_t{0} - index);
    table.ApplyOpen(open, Index(++index), 1);
  }
  table.ApplyAppend(1, Sequence(1), 1, Index(++index), Lsn(7));
  table.ApplyAppend(3, Sequence(~uint64_t{0}), 1, Index(~uint64_t{0}), Lsn(~uint64_t{0}));
  v1::StateSnapshot snapshot;
  table.WriteTo(&snapshot);
  std::string bytes;
  table.AppendTo(&bytes);
  EXPECT_EQ(bytes, snapshot.SerializeAsString());
}

}  // namespace
}  // namespace ringjournal
