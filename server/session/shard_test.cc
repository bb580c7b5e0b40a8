// The shard fed with client bytes: any split, and everything that a client may get wrong.
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/session/test_shard.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

std::string GoodSession() {
  std::string bytes(kPreface);
  bytes += HelloFrame() + OpenFrame("p");
  bytes += FrameOf(AppendOf(1, 3, v1::LEVEL_REPLICATED));
  bytes += FrameOf(AppendOf(4, 1, v1::LEVEL_DISK));
  return bytes;
}

// Everything sent in answer to the bytes, cut at `cut`.
std::string AnswerTo(const std::string& bytes, size_t cut) {
  TestShard t;
  t.Accept(1);
  t.Receive(1, std::string_view(bytes).substr(0, cut));
  t.Receive(1, std::string_view(bytes).substr(cut));
  t.EndBatch();
  return t.sent;
}

TEST(Shard, AnySplitOfTheBytesGivesTheSameReplies) {
  std::string bytes = GoodSession();
  std::string whole = AnswerTo(bytes, 0);
  ASSERT_FALSE(whole.empty());
  for (size_t cut = 1; cut < bytes.size(); ++cut) ASSERT_EQ(AnswerTo(bytes, cut), whole) << cut;
  TestShard t;
  t.Accept(1);
  for (char c : bytes) t.Receive(1, std::string_view(&c, 1));
  t.EndBatch();
  EXPECT_EQ(t.sent, whole);
}

TEST(Shard, AcknowledgesInOneFrameWithLsnsAndLevels) {
  TestShard t;
  t.Accept(1);
  t.Receive(1, GoodSession());
  t.EndBatch();
  std::vector<v1::ServerMessage> messages = t.TakeMessages();
  std::vector<v1::AppendResult> results;
  for (const v1::ServerMessage& m : messages) {
    for (const v1::AppendResult& r : m.append_reply().results()) results.push_back(r);
  }
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].first_lsn(), 1u);
  EXPECT_EQ(results[0].count(), 3u);
  EXPECT_EQ(results[1].first_lsn(), 4u);
  EXPECT_EQ(results[1].level(), static_cast<uint32_t>(v1::LEVEL_DISK_QUORUM));
  EXPECT_EQ(results[1].disk_copies(), 1u);
}

TEST(Shard, ARetryIsAnsweredAsADuplicateWithItsPlace) {
  TestShard t;
  t.Accept(1);
  t.Receive(1, GoodSession());
  t.EndBatch();
  t.TakeMessages();
  t.Receive(1, FrameOf(AppendOf(1, 3, v1::LEVEL_REPLICATED)));
  t.EndBatch();
  std::vector<v1::ServerMessage> messages = t.TakeMessages();
  ASSERT_EQ(messages.size(), 1u);
  ASSERT_EQ(messages[0].append_reply().results_size(), 1);
  EXPECT_TRUE(messages[0].append_reply().results(0).duplicate());
  EXPECT_EQ(messages[0].append_reply().results(0).first_lsn(), 1u);
  EXPECT_EQ(t.replica().marks().end.lsn, Lsn(4));
}

// One way to be wrong: what is sent after the preface and hello, and what comes back.
struct Mistake {
  const char* name;
  std::function<std::string()> bytes;  // the whole connection
  v1::ErrorCode code;                  // UNKNOWN: a readable line instead of a frame
  bool ends_session;
  const char* says;
};

std::string Greeted(const std::string& frames) {
  return std::string(kPreface) + HelloFrame() + OpenFrame("bad") + frames;
}
std::string RawFrame(const std::string& body) {
  std::string frame;
  AppendFrame(body, &frame);
  return frame;
}
std::string AppendWith(const std::function<void(v1::Append*)>& change) {
  v1::ClientMessage m = AppendOf(1, 2, v1::LEVEL_REPLICATED);
  change(m.mutable_append());
  return Greeted(FrameOf(m));
}

const Mistake kMistakes[] = {
    {"random_bytes", [] { return std::string("\x93\x01garbage and more"); }, v1::ERROR_CODE_UNKNOWN,
     true, "not a ringjournal client"},
    {"http", [] { return std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"); },
     v1::ERROR_CODE_UNKNOWN, true, "400 Bad Request"},
    {"tls_hello", [] { return std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9); },
     v1::ERROR_CODE_UNKNOWN, true, "does not speak TLS"},
    {"other_major", [] { return std::string("RINGJNL\x07"); }, v1::ERROR_CODE_UNKNOWN, true,
     "protocol major"},
    {"length_over_the_limit",
     [] { return std::string(kPreface) + std::string("\xff\xff\xff\x7f", 4); },
     v1::ERROR_CODE_TOO_LARGE, true, "over the limit"},
    {"request_before_hello", [] { return std::string(kPreface) + OpenFrame("p"); },
     v1::ERROR_CODE_PROTOCOL, true, "first message must be a hello"},
    {"append_before_hello",
     [] { return std::string(kPreface) + FrameOf(AppendOf(1, 1, v1::LEVEL_REPLICATED)); },
     v1::ERROR_CODE_PROTOCOL, true, "first message must be a hello"},
    {"unknown_message", [] { return Greeted(RawFrame("\xfa\x3f\x01x")); }, v1::ERROR_CODE_PROTOCOL,
     true, "unknown kind"},
    {"not_a_message", [] { return Greeted(RawFrame("\x12\x7f")); }, v1::ERROR_CODE_PROTOCOL, true,
     "does not parse"},
    {"malformed_transaction",
     [] { return Greeted(RawFrame(std::string("\x0a\x05\xfa\x01\x02\x0a\x09", 7))); },
     v1::ERROR_CODE_MALFORMED, false, "transaction 0"},
    {"wrong_crc", [] { return AppendWith([](v1::Append* a) { a->set_body_crc32c(1); }); },
     v1::ERROR_CODE_CHECKSUM, false, "damaged on the way"},
    {"empty_append", [] { return AppendWith([](v1::Append* a) { a->clear_transactions(); }); },
     v1::ERROR_CODE_EMPTY_APPEND, false, "at least one"},
    {"sequence_gap", [] { return AppendWith([](v1::Append* a) { a->set_first_sequence(9); }); },
     v1::ERROR_CODE_OUT_OF_ORDER, false, "send from 1 on"},
    {"expected_lsn", [] { return AppendWith([](v1::Append* a) { a->set_expected_lsn(99); }); },
     v1::ERROR_CODE_EXPECTED_LSN, false, "the next one is"},
    {"unknown_level",
     [] { return AppendWith([](v1::Append* a) { a->set_level(static_cast<v1::Level>(9)); }); },
     v1::ERROR_CODE_LEVEL_NOT_OFFERED, false, "levels are 1 to 4"},
    {"unknown_journal",
     [] {
       v1::ClientMessage m;
       m.mutable_open()->set_journal("nowhere");
       return std::string(kPreface) + HelloFrame() + FrameOf(m);
     },
     v1::ERROR_CODE_JOURNAL_NOT_FOUND, false, "no journal \"nowhere\""},
    {"name_not_allowed",
     [] {
       v1::ClientMessage m;
       m.mutable_journal_create()->set_name("a/b");
       return std::string(kPreface) + HelloFrame() + FrameOf(m);
     },
     v1::ERROR_CODE_NAME_NOT_ALLOWED, false, ""},
    {"second_hello", [] { return Greeted(HelloFrame()); }, v1::ERROR_CODE_PROTOCOL, true,
     "second hello"},
};

class MistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsAnsweredInWordsAndHurtsNobodyElse) {
  const Mistake& mistake = GetParam();
  TestShard t;
  t.Accept(2);
  t.Receive(2, GoodSession());
  t.EndBatch();
  Lsn end_before = t.replica().marks().end.lsn;
  t.Accept(1);
  t.Receive(1, mistake.bytes());
  t.EndBatch();
  if (mistake.code == v1::ERROR_CODE_UNKNOWN) {
    EXPECT_THAT(t.sent, HasSubstr(mistake.says));
  } else {
    std::vector<v1::ServerMessage> messages = t.TakeMessages();
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(messages.back().error().code(), mistake.code);
    EXPECT_THAT(messages.back().error().message(), HasSubstr(mistake.says));
  }
  EXPECT_EQ(t.IsClosed(1), mistake.ends_session);
  EXPECT_EQ(t.replica().marks().end.lsn, end_before);
  // The other session goes on.
  t.watched = 2;
  t.sent.clear();
  t.Receive(2, FrameOf(AppendOf(5, 1, v1::LEVEL_REPLICATED)));
  t.EndBatch();
  ASSERT_EQ(t.TakeMessages().size(), 1u);
  EXPECT_EQ(t.replica().marks().end.lsn, end_before.next());
}

INSTANTIATE_TEST_SUITE_P(All, MistakeTest, testing::ValuesIn(kMistakes),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Shard, BehindARefusedAppendAllIsRefusedUntilResume) {
  TestShard t;
  t.Accept(1);
  t.Receive(1, Greeted(FrameOf(AppendOf(5, 1, v1::LEVEL_REPLICATED)) +
                       FrameOf(AppendOf(1, 1, v1::LEVEL_REPLICATED))));
  t.EndBatch();
  std::vector<v1::ServerMessage> messages = t.TakeMessages();
  ASSERT_GE(messages.size(), 2u);
  EXPECT_EQ(messages[messages.size() - 2].error().code(), v1::ERROR_CODE_OUT_OF_ORDER);
  EXPECT_EQ(messages.back().error().code(), v1::ERROR_CODE_BEHIND_REFUSED);
  v1::ClientMessage resume;
  resume.mutable_resume()->set_request_id(1);
  t.Receive(1, FrameOf(resume) + FrameOf(AppendOf(1, 1, v1::LEVEL_REPLICATED)));
  t.EndBatch();
  messages = t.TakeMessages();
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].resume_reply().expected_sequence(), 1u);
  EXPECT_EQ(messages[1].append_reply().results_size(), 1);
}

}  // namespace
}  // namespace ringjournal
