#include "journal/format/append_scan.h"

#include <random>
#include <string>

#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "journal/format/control.h"
#include "journal/format/utf8.h"

namespace ringjournal {
namespace {

v1::ClientMessage SmallAppend() {
  v1::ClientMessage message;
  v1::Append* append = message.mutable_append();
  append->set_request_id(77);
  append->set_first_sequence(5);
  append->set_level(v1::LEVEL_DISK);
  append->set_expected_lsn(0);
  append->set_body_crc32c(123);
  append->add_transactions()->set_payload("one");
  v1::Transaction* two = append->add_transactions();
  two->set_type("shop.Order");
  two->set_key("k");
  v1::Header* header = two->add_headers();
  header->set_name("trace");
  header->set_value("\xff\x00");
  append->add_transactions();
  return message;
}

TEST(ScanAppend, ReadsWhatTheGeneratedSerialiserWrites) {
  std::string frame = SmallAppend().SerializeAsString();
  AppendEnvelope envelope;
  AppendRefusal refusal;
  ASSERT_TRUE(ScanAppend(AsBytes(frame), &envelope, &refusal)) << refusal.message;
  EXPECT_EQ(envelope.request_id, 77u);
  EXPECT_EQ(envelope.first_sequence, Sequence(5));
  EXPECT_EQ(envelope.level, v1::LEVEL_DISK);
  ASSERT_TRUE(envelope.expected_lsn.has_value());
  EXPECT_EQ(*envelope.expected_lsn, Lsn(0));
  EXPECT_EQ(envelope.body_crc32c, 123u);
  EXPECT_EQ(envelope.count, 3u);
  v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(std::string(AsView(envelope.body))));
  EXPECT_EQ(entry.transactions_size(), 3);
  TransactionCursor cursor(envelope.body);
  ByteSpan transaction;
  ASSERT_TRUE(cursor.Next(&transaction));
  EXPECT_EQ(AsView(TransactionPayload(transaction)), "one");
}

TEST(ScanAppend, AbsentFieldsStayAbsent) {
  v1::ClientMessage message;
  message.mutable_append()->add_transactions()->set_payload("x");
  std::string frame = message.SerializeAsString();
  AppendEnvelope envelope;
  AppendRefusal refusal;
  ASSERT_TRUE(ScanAppend(AsBytes(frame), &envelope, &refusal));
  EXPECT_FALSE(envelope.expected_lsn.has_value());
  EXPECT_FALSE(envelope.body_crc32c.has_value());
}

v1::ErrorCode Refused(const std::string& frame, uint32_t* transaction = nullptr) {
  AppendEnvelope envelope;
  AppendRefusal refusal;
  if (ScanAppend(AsBytes(frame), &envelope, &refusal)) return v1::ERROR_CODE_UNKNOWN;
  EXPECT_FALSE(refusal.message.empty());
  if (transaction) *transaction = refusal.transaction;
  return refusal.code;
}

std::string Wrap(const std::string& append) {
  std::string frame = "\x0a";
  std::byte length[10];
  std::byte* end = WriteVarint(length, append.size());
  frame.append(AsView({length, static_cast<size_t>(end - length)}));
  return frame + append;
}

TEST(ScanAppend, RefusesWithAReason) {
  v1::ClientMessage empty;
  empty.mutable_append()->set_request_id(1);
  EXPECT_EQ(Refused(empty.SerializeAsString()), v1::ERROR_CODE_EMPTY_APPEND);

  std::string run("\xfa\x01\x03\x0a\x01x", 6);
  std::string other("\x09\x01\0\0\0\0\0\0\0", 9);
  EXPECT_EQ(Refused(Wrap(run + run)), v1::ERROR_CODE_UNKNOWN);    // fine
  EXPECT_EQ(Refused(Wrap(run + other)), v1::ERROR_CODE_UNKNOWN);  // fine: still one run
  EXPECT_EQ(Refused(Wrap(run + other + run)), v1::ERROR_CODE_MALFORMED);
  EXPECT_EQ(Refused(Wrap(run) + std::string("\x12\x00", 2)), v1::ERROR_CODE_MALFORMED);

  uint32_t transaction = 9;
  std::string bad("\xfa\x01\x02\x0a\x05", 5);  // payload longer than its transaction
  EXPECT_EQ(Refused(Wrap(run + bad), &transaction), v1::ERROR_CODE_MALFORMED);
  EXPECT_EQ(transaction, 1u);
  std::string bad_type("\xfa\x01\x03\x12\x01\xff", 6);
  EXPECT_EQ(Refused(Wrap(bad_type)), v1::ERROR_CODE_MALFORMED);
  std::string group("\xfa\x01\x02\x0b\x0c", 5);
  EXPECT_EQ(Refused(Wrap(group)), v1::ERROR_CODE_MALFORMED);
}

TEST(ScanAppend, ATransactionOverTheLimitIsNamed) {
  v1::ClientMessage message;
  message.mutable_append()->add_transactions()->set_payload("small");
  message.mutable_append()->add_transactions()->set_payload(
      std::string(limits::kTransactionBytesMax + 1, 'x'));
  uint32_t transaction = 0;
  EXPECT_EQ(Refused(message.SerializeAsString(), &transaction), v1::ERROR_CODE_TOO_LARGE);
  EXPECT_EQ(transaction, 1u);
}

TEST(ScanAppend, EveryCutOfAFrameIsRefused) {
  std::string frame = SmallAppend().SerializeAsString();
  for (size_t n = 0; n < frame.size(); ++n) {
    EXPECT_NE(Refused(frame.substr(0, n)), v1::ERROR_CODE_UNKNOWN) << n;
  }
}

// The oracle: what the scan accepts, the generated parser accepts with the same values.
TEST(ScanAppend, AgreesWithTheGeneratedParserOnMutatedFrames) {
  std::mt19937_64 random(1);
  std::string good = SmallAppend().SerializeAsString();
  int accepted = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string frame = good;
    for (int k = static_cast<int>(random() % 3); k >= 0; --k) {
      frame[random() % frame.size()] = static_cast<char>(random());
    }
    AppendEnvelope envelope;
    AppendRefusal refusal;
    if (!ScanAppend(AsBytes(frame), &envelope, &refusal)) continue;
    ++accepted;
    v1::ClientMessage parsed;
    ASSERT_TRUE(parsed.ParseFromString(frame)) << i;
    const v1::Append& append = parsed.append();
    ASSERT_EQ(append.request_id(), envelope.request_id);
    ASSERT_EQ(append.first_sequence(), envelope.first_sequence.value());
    ASSERT_EQ(append.level(), envelope.level);
    ASSERT_EQ(append.has_expected_lsn(), envelope.expected_lsn.has_value());
    ASSERT_EQ(append.has_body_crc32c(), envelope.body_crc32c.has_value());
    ASSERT_EQ(append.transactions_size(), static_cast<int>(envelope.count));
    v1::Entry entry;
    ASSERT_TRUE(entry.ParseFromString(std::string(AsView(envelope.body))));
    for (int t = 0; t < append.transactions_size(); ++t) {
      ASSERT_EQ(append.transactions(t).SerializeAsString(),
                entry.transactions(t).SerializeAsString());
    }
  }
  EXPECT_GT(accepted, 10000);
}

TEST(Utf8, FollowsRfc3629) {
  for (const char* good :
       {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(AsBytes(good))) << good;
  }
  for (const char* bad :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x80"}) {
    EXPECT_FALSE(IsUtf8(AsBytes(bad))) << bad;
  }
}

TEST(Control, RoundTripsAndRefusesOtherBodies) {
  v1::ControlRecord record, back;
  record.mutable_trim()->set_first_lsn(17);
  std::string body = EncodeControlBody(record);
  ASSERT_TRUE(DecodeControlBody(AsBytes(body), &back));
  EXPECT_EQ(back.trim().first_lsn(), 17u);
  EXPECT_FALSE(DecodeControlBody(AsBytes(body + "x"), &back));
  EXPECT_FALSE(DecodeControlBody(AsBytes(body.substr(1)), &back));
  v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(body));
  EXPECT_EQ(entry.control().trim().first_lsn(), 17u);
}

// What the generated parsers refuse must not get into a journal: no reader could take it out again.
TEST(ScanAppend, TagsAndLengthsLongerThanTheParsersTakeAreMalformed) {
  for (const std::string& field :
       {std::string("\x8d\x9e\xf2\x8b\x8d\x00\x01\x02\x03\x04", 10),  // a tag of six bytes
        std::string("\x1a\x81\x80\x80\x80\x80\x00k", 8)}) {           // a length of six bytes
    v1::Transaction parsed;
    ASSERT_FALSE(parsed.ParseFromString(field)) << "the test needs what parsers refuse";
    std::string run = "\xfa\x01";
    run += static_cast<char>(field.size());
    run += field;
    EXPECT_EQ(Refused(Wrap(run)), v1::ERROR_CODE_MALFORMED);
  }
}

}  // namespace
}  // namespace ringjournal
