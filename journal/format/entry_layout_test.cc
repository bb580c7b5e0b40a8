#include "journal/format/entry_layout.h"

#include <string>

#include "gtest/gtest.h"
#include "journal/base/checksum.h"
#include "proto/entry.pb.h"

namespace ringjournal {
namespace {

std::string OneTransaction() {
  v1::Entry body;
  body.add_transactions()->set_payload("pay 5 to Bob");
  return body.SerializeAsString();
}

std::string MakeRecord(uint64_t index, uint64_t lsn, uint64_t previous_chain) {
  std::string body = OneTransaction();
  EntryHeader header;
  header.body_crc32c = Crc32c(AsBytes(body));
  header.body_length = static_cast<uint32_t>(body.size());
  header.index = Index(index);
  header.first_lsn = Lsn(lsn);
  header.count = 1;
  header.epoch = {1, 3};
  header.log_time_ns = 1700000000000000000;
  header.producer_id = ProducerId(2);
  header.producer_epoch = 1;
  header.first_sequence = Sequence(1);
  header.kind = v1::ENTRY_KIND_TRANSACTIONS;
  std::string record(kRecordOverheadBytes, '\0');
  EncodeRecordHead(header, previous_chain, reinterpret_cast<std::byte*>(record.data()));
  return record + body;
}

TEST(EntryLayout, OffsetsAreTheFrozenOnes) {
  EXPECT_EQ(kHeaderBytes, 137u);
  EXPECT_EQ(kRecordOverheadBytes, 142u);
  EXPECT_EQ(kHeaderCrcFrom, 5u);
  EXPECT_EQ(kChainFrom, 14u);
}

TEST(EntryLayout, TheGeneratedParserReadsARecord) {
  std::string record = MakeRecord(7, 9, 42);
  v1::Entries entries;
  ASSERT_TRUE(entries.ParseFromString(record));
  ASSERT_EQ(entries.entries_size(), 1);
  const v1::Entry& e = entries.entries(0);
  EXPECT_EQ(e.index(), 7u);
  EXPECT_EQ(e.first_lsn(), 9u);
  EXPECT_EQ(e.epoch(), 3u);
  EXPECT_EQ(e.layout_version(), 1u);
  EXPECT_TRUE(e.has_reserved_b());
  EXPECT_EQ(e.transactions(0).payload(), "pay 5 to Bob");
  // And the generated serialiser writes the same entry back, byte for byte.
  EXPECT_EQ(e.SerializeAsString(), record.substr(kRecordPrefixBytes));
}

TEST(EntryLayout, HeaderRoundTrips) {
  std::string record = MakeRecord(7, 9, 42);
  RecordView view;
  std::string longer = record + "more";
  ASSERT_EQ(ParseRecord(AsBytes(longer), &view), RecordVerdict::kOk);
  EXPECT_EQ(view.record.size(), record.size());
  EXPECT_EQ(view.header.index, Index(7));
  EXPECT_EQ(view.header.next_lsn(), Lsn(10));
  EXPECT_EQ(view.header.epoch, (Epoch{1, 3}));
  EXPECT_EQ(AsView(view.body), OneTransaction());
  EXPECT_EQ(VerifyBody(view), RecordVerdict::kOk);
  EXPECT_EQ(view.header.chain, ComputeChain(view, 42));
}

// The exact verdict for a flip of any byte: no flip is ever accepted.
TEST(EntryLayout, EveryFlippedByteIsFound) {
  std::string record = MakeRecord(7, 9, 42);
  for (size_t i = 0; i < record.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = record;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      RecordView view;
      RecordVerdict verdict = ParseRecord(AsBytes(bad), &view);
      if (verdict == RecordVerdict::kOk) {
        EXPECT_GE(i, kRecordOverheadBytes) << i;
        EXPECT_EQ(VerifyBody(view), RecordVerdict::kBodyCrc) << i;
      } else if (i == 0) {
        EXPECT_EQ(verdict, RecordVerdict::kNotARecord);
      } else if (i < kRecordPrefixBytes) {
        EXPECT_TRUE(verdict == RecordVerdict::kNotARecord || verdict == RecordVerdict::kBadHeader)
            << i << " " << RecordVerdictText(verdict);
      } else {
        EXPECT_TRUE(verdict == RecordVerdict::kHeaderCrc || verdict == RecordVerdict::kBadHeader)
            << i << " " << RecordVerdictText(verdict);
      }
    }
  }
}

TEST(EntryLayout, EveryCutIsFound) {
  std::string record = MakeRecord(7, 9, 42);
  for (size_t n = 0; n < record.size(); ++n) {
    RecordView view;
    EXPECT_EQ(ParseRecord(AsBytes(std::string_view(record).substr(0, n)), &view),
              RecordVerdict::kCutOff);
  }
}

TEST(EntryLayout, AZeroedHeaderIsNotAnEntry) {
  std::string zeros(500, '\0');
  RecordView view;
  EXPECT_EQ(ParseRecord(AsBytes(zeros), &view), RecordVerdict::kNotARecord);
}

TEST(LogPosition, RefusesWhatDoesNotContinue) {
  LogPosition position{Index(7), Lsn(9), 42, {1, 3}};
  RecordView view;
  std::string good = MakeRecord(7, 9, 42);
  ASSERT_EQ(ParseRecord(AsBytes(good), &view), RecordVerdict::kOk);
  LogPosition wrong_chain = position, wrong_index = position, wrong_lsn = position,
              newer_epoch = position;
  wrong_chain.chain = 41;
  wrong_index.next_index = Index(8);
  wrong_lsn.next_lsn = Lsn(8);
  newer_epoch.epoch = {1, 4};
  EXPECT_EQ(wrong_chain.Advance(view), "chain hash does not continue");
  EXPECT_EQ(wrong_index.Advance(view), "entry 7 where 8 must follow");
  EXPECT_EQ(wrong_lsn.Advance(view), "LSN 9 where 8 must follow");
  EXPECT_NE(newer_epoch.Advance(view), "");
  EXPECT_EQ(position.Advance(view), "");
  EXPECT_EQ(position.next_index, Index(8));
  EXPECT_EQ(position.next_lsn, Lsn(10));
  EXPECT_EQ(position.chain, view.header.chain);
}

}  // namespace
}  // namespace ringjournal
