#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "journal/base/check.h"
#include "journal/ring/test_ring.h"
#include "journal/segment/test_segment.h"
#include "tools/ringjournal/diff_compare.h"
#include "tools/ringjournal/diff_text.h"

namespace ringjournal::cli {
namespace {

namespace fs = std::filesystem;

// The body of an entry with these transactions.
std::string Body(const std::vector<std::string>& payloads) {
  std::string out;
  for (const std::string& payload : payloads) {
    const std::string transaction =
        std::string("\x0a") + static_cast<char>(payload.size()) + payload;
    out += std::string("\xfa\x01") + static_cast<char>(transaction.size()) + transaction;
  }
  return out;
}

// A log that is held in memory.
class FakeSource : public DiffSource {
 public:
  FakeSource& Add(const std::vector<std::string>& payloads) {
    return AddRecord(log_.RecordOf(Body(payloads), static_cast<uint32_t>(payloads.size())));
  }
  FakeSource& AddRecord(std::string record) {
    records_.push_back(std::move(record));
    return *this;
  }
  // Forgets the oldest entries.
  FakeSource& Trim(size_t entries) {
    records_.erase(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(entries));
    return *this;
  }
  TestLog* log() { return &log_; }
  absl::StatusOr<bool> Next(DiffItem* item) override {
    *item = DiffItem();
    if (at_ == records_.size()) return false;
    RJ_CHECK(ParseRecord(AsBytes(records_[at_++]), &item->view) == RecordVerdict::kOk);
    if (VerifyBody(item->view) != RecordVerdict::kOk) {
      item->wrong = "its body";
      at_ = records_.size();
    }
    return true;
  }
  std::string* record(size_t i) { return &records_[i]; }

 private:
  TestLog log_;
  std::vector<std::string> records_;
  size_t at_ = 0;
};

FakeSource Filled(int entries) {
  FakeSource out;
  for (int i = 0; i < entries; ++i) out.Add({"a" + std::to_string(i), "b" + std::to_string(i)});
  return out;
}

DiffResult CompareFakes(FakeSource a, FakeSource b, bool transactions_only = false) {
  absl::StatusOr<DiffResult> result = Compare(&a, &b, transactions_only);
  RJ_CHECK(result.ok());
  return *std::move(result);
}

std::string Said(const DiffResult& result) { return DiffText(result, {"left", "right", "", ""}); }

bool Says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Diff, EqualLogsAreTheSameUpToTheirChain) {
  const DiffResult result = CompareFakes(Filled(5), Filled(5));
  EXPECT_FALSE(result.difference.has_value());
  EXPECT_TRUE(result.only.empty());
  EXPECT_EQ(result.transactions, 10u);
  EXPECT_EQ(result.hash, Filled(5).log()->position.chain);
  EXPECT_TRUE(Says(Said(result), "same: 10 transactions, LSN 1–10, chain ")) << Said(result);
}

TEST(Diff, AFlippedByteIsFoundAtItsTransaction) {
  FakeSource damaged = Filled(5);
  damaged.record(2)->back() ^= 1;  // in the second transaction of the third entry: LSN 6
  const DiffResult result = CompareFakes(Filled(5), std::move(damaged));
  ASSERT_TRUE(result.difference.has_value());
  EXPECT_EQ(result.difference->lsn, 6u);
  EXPECT_EQ(result.difference->index, 3u);
  EXPECT_EQ(result.last_lsn, 4u);  // up to there they are the same
  EXPECT_EQ(result.difference->first_byte, Filled(5).record(2)->size() - 1);
  EXPECT_TRUE(Says(Said(result), "B is damaged, A verifies")) << Said(result);
}

TEST(Diff, WhatOnlyOneSideHasIsSaidAndIsNoDifference) {
  FakeSource trimmed = Filled(7);
  trimmed.Trim(2);
  const DiffResult result = CompareFakes(std::move(trimmed), Filled(5));
  EXPECT_FALSE(result.difference.has_value());
  EXPECT_EQ(result.first_lsn, 5u);
  EXPECT_EQ(result.last_lsn, 10u);
  ASSERT_EQ(result.only.size(), 2u);
  EXPECT_TRUE(Says(Said(result), "only B: LSN 1–4 (2 entries); A begins later")) << Said(result);
  EXPECT_TRUE(Says(Said(result), "only A: LSN 11–14 (2 entries); B ends earlier")) << Said(result);
}

TEST(Diff, LogsWithoutACommonEntryCannotBeCompared) {
  FakeSource late = Filled(7);
  late.Trim(5);
  EXPECT_TRUE(CompareFakes(std::move(late), Filled(5)).nothing_in_common);
  EXPECT_TRUE(CompareFakes(Filled(0), Filled(5)).nothing_in_common);
  EXPECT_FALSE(CompareFakes(Filled(0), Filled(0)).nothing_in_common);
}

TEST(Diff, TwoLogsThatBothVerifyShowTheFieldsThatDiffer) {
  FakeSource a = Filled(2), b = Filled(2);
  a.Add({"mine"});
  b.log()->position.epoch = {1, 2};
  b.Add({"his!"});
  const DiffResult result = CompareFakes(std::move(a), std::move(b));
  ASSERT_TRUE(result.difference.has_value());
  EXPECT_EQ(result.difference->lsn, 5u);
  const std::string said = Said(result);
  EXPECT_TRUE(Says(said, "epoch            A 0  B 2")) << said;
  EXPECT_TRUE(Says(said, "in header_crc32c of the header")) << said;
  EXPECT_TRUE(Says(said, "in different epochs")) << said;
}

TEST(Diff, ACopyInAnotherJournalIsComparedByItsTransactions) {
  FakeSource one, other;
  one.Add({"a", "b"}).Add({"c"});
  other.Add({"a"}).Add({"b", "c"});
  EXPECT_TRUE(CompareFakes(one, other).difference.has_value());
  const DiffResult same = CompareFakes(one, other, true);
  EXPECT_FALSE(same.difference.has_value());
  EXPECT_TRUE(Says(Said(same), "same: 3 transactions, LSN 1–3, range hash ")) << Said(same);
  other.Add({"d"});
  one.Add({"e"});
  const DiffResult differs = CompareFakes(one, other, true);
  ASSERT_TRUE(differs.difference.has_value());
  EXPECT_EQ(differs.difference->lsn, 4u);
}

// Files, as servers leave them.
class DiffFilesTest : public testing::Test {
 protected:
  DiffFilesTest() {
    std::string pattern = testing::TempDir() + "/diff-XXXXXX";
    RJ_CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    fs::create_directories(root_ + "/a");
    fs::create_directories(root_ + "/b");
  }
  ~DiffFilesTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream file(root_ + "/" + name, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  absl::StatusOr<DiffResult> Run(const std::string& a, const std::string& b) {
    auto left = OpenDiffFiles(root_ + "/" + a, ""), right = OpenDiffFiles(root_ + "/" + b, "");
    if (!left.ok()) return left.status();
    if (!right.ok()) return right.status();
    return Compare(left->get(), right->get(), false);
  }

  std::string root_;
};

TEST_F(DiffFilesTest, OneFlippedByteOfASegmentIsFoundAtItsLsn) {
  TestLog log;
  TestSegment first(&log, {Incarnation(1), 1});
  first.Group({10, 20}, 0).Group({30}, 0).Close();
  TestSegment second(&log, {Incarnation(1), 2});
  second.Group({10}, 0).Close();
  for (const char* side : {"a/", "b/"}) {
    Write(side + first.name.ToFileName(), first.bytes);
    Write(side + second.name.ToFileName(), second.bytes);
  }
  absl::StatusOr<DiffResult> same = Run("a", "b");
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_FALSE(same->difference.has_value());
  EXPECT_EQ(same->entries, 4u);
  EXPECT_EQ(same->hash, log.position.chain);

  const TestPart& part =
      *std::find_if(first.parts.begin(), first.parts.end(), [](const TestPart& p) {
        return p.kind == TestPart::Kind::kRecord && p.position.next_index == Index(2);
      });
  std::string bytes = first.bytes;
  bytes[part.to - 1] ^= 1;
  Write("b/" + first.name.ToFileName(), bytes);
  absl::StatusOr<DiffResult> differs = Run("a", "b");
  ASSERT_TRUE(differs.ok()) << differs.status();
  ASSERT_TRUE(differs->difference.has_value());
  EXPECT_EQ(differs->difference->lsn, 2u);
  EXPECT_EQ(differs->difference->first_byte, part.to - part.from - 1);
  EXPECT_EQ(differs->last_lsn, 1u);
  EXPECT_FALSE(differs->difference->b.wrong.empty());
  EXPECT_TRUE(differs->difference->a.wrong.empty());
}

// The newest group is on disk, but nothing says so yet: the byte is found all the same.
TEST_F(DiffFilesTest, AByteInATornTailCountsWhereTheOtherSideHasAnEntry) {
  TestLog log;
  TestSegment segment(&log, {Incarnation(1), 1});
  segment.Group({10}, 0).Group({20, 30}, 0);
  std::string torn = segment.bytes;
  const TestPart& part =
      *std::find_if(segment.parts.begin(), segment.parts.end(), [](const TestPart& p) {
        return p.kind == TestPart::Kind::kRecord && p.position.next_index == Index(3);
      });
  torn[part.to - 1] ^= 1;
  Write("a/" + segment.name.ToFileName(), segment.bytes);
  Write("b/" + segment.name.ToFileName(), torn);
  absl::StatusOr<DiffResult> differs = Run("a", "b");
  ASSERT_TRUE(differs.ok()) << differs.status();
  ASSERT_TRUE(differs->difference.has_value());
  EXPECT_EQ(differs->difference->lsn, 3u);
  EXPECT_TRUE(Says(Said(*differs), "torn tail, and starts without it")) << Said(*differs);
  Write("a/" + segment.name.ToFileName(), torn);
  absl::StatusOr<DiffResult> same = Run("a", "b");
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_FALSE(same->difference.has_value());
  EXPECT_EQ(same->last_lsn, 2u);
}

TEST_F(DiffFilesTest, ARingIsComparedRecordByRecord) {
  TestRing ring(limits::kRingBytesMin);
  for (int i = 0; i < 100; ++i) ring.AppendWithSnapshots(100, 1);
  ring.memory.memory().control()->ends[0].acked_end = ring.ring.end().offset.value();
  std::string image = ring.memory.Image();
  Write("a.ring", image);
  Write("b.ring", image);
  absl::StatusOr<DiffResult> same = Run("a.ring", "b.ring");
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_FALSE(same->difference.has_value());
  EXPECT_EQ(same->last_lsn, 100u);
  const RingPlace place = *ring.ring.Find(Index(50));
  const size_t data_at = image.size() - ring.ring.data_bytes();
  image[data_at + place.offset.value() + kRecordPrefixBytes + 20] ^= 1;
  Write("b.ring", image);
  absl::StatusOr<DiffResult> differs = Run("a.ring", "b.ring");
  ASSERT_TRUE(differs.ok()) << differs.status();
  ASSERT_TRUE(differs->difference.has_value());
  EXPECT_EQ(differs->difference->index, 50u);
}

TEST_F(DiffFilesTest, WhatIsNoJournalIsRefusedWithTheReason) {
  Write("a/notes.txt", "hello");
  absl::StatusOr<DiffResult> none = Run("a", "b");
  EXPECT_TRUE(absl::IsInvalidArgument(none.status())) << none.status();
  absl::StatusOr<DiffResult> text = Run("a/notes.txt", "a/notes.txt");
  EXPECT_TRUE(absl::IsInvalidArgument(text.status())) << text.status();
  EXPECT_TRUE(Says(std::string(text.status().message()), "exports of entries"));
}

}  // namespace
}  // namespace ringjournal::cli
