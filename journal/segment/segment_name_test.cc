#include "journal/segment/segment_name.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

SegmentName Example() {
  SegmentName name;
  name.journal.bytes[0] = 0xab;
  name.first_index = Index(42);
  name.opener = {Incarnation(7), 3};
  return name;
}

TEST(SegmentName, HasTheFrozenForm) {
  EXPECT_EQ(Example().ToFileName(),
            "ab000000000000000000000000000000-00000000000000000042-00000000000000000007-0000000003"
            ".seg");
}

TEST(SegmentName, ReadsBackWhatItWrites) {
  SegmentName largest = Example();
  largest.first_index = Index(~uint64_t{0});
  largest.opener = {Incarnation(~uint64_t{0}), kSegmentCounterMax};
  EXPECT_EQ(SegmentName::FromFileName(Example().ToFileName()), Example());
  EXPECT_EQ(SegmentName::FromFileName(largest.ToFileName()), largest);
}

TEST(SegmentName, SortsByFirstIndexThenByOpener) {
  std::vector<std::string> names;
  for (uint64_t index : {1, 9, 10, 1000000}) {
    for (uint64_t incarnation : {2, 11}) {
      for (uint64_t counter : {9, 10}) {
        SegmentName name = Example();
        name.first_index = Index(index);
        name.opener = {Incarnation(incarnation), counter};
        names.push_back(name.ToFileName());
      }
    }
  }
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST(SegmentName, RefusesEverythingElse) {
  std::string good = Example().ToFileName();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '/' ? ':' : '/';
    EXPECT_EQ(SegmentName::FromFileName(bad), std::nullopt) << bad;
    EXPECT_EQ(SegmentName::FromFileName(good.substr(0, i)), std::nullopt) << i;
  }
  EXPECT_EQ(SegmentName::FromFileName(good + "x"), std::nullopt);
  std::string upper = good;
  upper[0] = 'A';
  EXPECT_EQ(SegmentName::FromFileName(upper), std::nullopt);
  std::string overflow = good;
  overflow.replace(33, 20, "18446744073709551616");
  EXPECT_EQ(SegmentName::FromFileName(overflow), std::nullopt);
  std::string zero = good;
  zero.replace(33, 20, "00000000000000000000");
  EXPECT_EQ(SegmentName::FromFileName(zero), std::nullopt) << "entries are numbered from 1";
}

}  // namespace
}  // namespace ringjournal
