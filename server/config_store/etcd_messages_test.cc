#include "server/config_store/etcd_messages.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

HttpAnswer Answered(long status, const std::string& body) {
  return {.sent = HttpSent::kAnswered, .status = status, .body = body};
}

EtcdVerdict VerdictOn(long status, const std::string& body) {
  return JudgeEtcdAnswer(Answered(status, body)).verdict;
}

std::string Words(const std::string& message, int code) {
  return std::string(R"({"error":")")
      .append(message)
      .append(R"(","message":")")
      .append(message)
      .append(R"(","code":)")
      .append(std::to_string(code))
      .append("}");
}

// "k" is "aw==", "v" is "dg==".
constexpr char kHeader[] = R"("header":{"cluster_id":"151","revision":"7"})";
constexpr char kPair[] =
    R"({"key":"aw==","create_revision":"2","mod_revision":"5","value":"dg=="})";

std::string Body(const std::string& rest) {
  return std::string("{").append(kHeader).append(rest).append("}");
}

TEST(EtcdRequests, AreInEtcdsJson) {
  EXPECT_EQ(EtcdRangeBody("k"), R"({"key":"aw=="})");
  EXPECT_EQ(EtcdWatchBody("k"), R"({"create_request":{"key":"aw=="}})");
  EXPECT_EQ(EtcdAuthenticateBody("u", "p\"w"), R"({"name":"u","password":"p\"w"})");
  EXPECT_EQ(EtcdTxnBody("k", 5, "v"),
            R"({"compare":[{"target":"MOD","key":"aw==","mod_revision":"5"}],)"
            R"("success":[{"request_put":{"key":"aw==","value":"dg=="}}],)"
            R"("failure":[{"request_range":{"key":"aw=="}}]})");
  EXPECT_THAT(EtcdTxnBody("k", 0, "v"),
              HasSubstr(R"({"target":"CREATE","key":"aw==","create_revision":"0"})"));
}

TEST(EtcdAnswers, ToAReadAreTheKeyOrItsAbsence) {
  const auto found =
      DecodeEtcdRange(Body(std::string(R"(,"kvs":[)").append(kPair).append("]")), "k");
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->exists);
  EXPECT_EQ(found->mod_revision, 5);
  EXPECT_EQ(found->value, "v");
  const auto missing = DecodeEtcdRange(Body(""), "k");
  ASSERT_TRUE(missing.has_value());
  EXPECT_FALSE(missing->exists);
}

TEST(EtcdAnswers, ToAChangeSayWhetherItWasMadeAndWhatStandsThereInstead) {
  const auto made = DecodeEtcdTxn(
      Body(R"(,"succeeded":true,"responses":[{"response_put":{"header":{"revision":"7"}}}])"), "k");
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(made->succeeded);
  EXPECT_EQ(made->mod_revision, 7);
  const auto not_made = DecodeEtcdTxn(
      Body(std::string(R"(,"responses":[{"response_range":{"kvs":[)").append(kPair).append("]}}]")),
      "k");
  ASSERT_TRUE(not_made.has_value());
  EXPECT_FALSE(not_made->succeeded);
  EXPECT_EQ(not_made->found.value, "v");
}

TEST(EtcdAnswers, ThatAreNotEtcdsAreNotUnderstood) {
  const std::string other_key = Body(std::string(R"(,"kvs":[)").append(kPair).append("]"));
  for (const std::string& body : {std::string(), std::string("{}"), std::string("null"),
                                  std::string("<html>"), std::string(R"({"header":{}})"),
                                  std::string(R"({"header":{"revision":"x"}})"), other_key}) {
    EXPECT_FALSE(DecodeEtcdRange(body, "other").has_value()) << body;
    EXPECT_FALSE(DecodeEtcdTxn(body, "other").has_value()) << body;
    EXPECT_FALSE(DecodeEtcdToken(body).has_value()) << body;
  }
  // Success without what was written, and failure without what was found.
  EXPECT_FALSE(DecodeEtcdTxn(Body(R"(,"succeeded":true)"), "k").has_value());
  EXPECT_FALSE(DecodeEtcdTxn(Body(R"(,"succeeded":true,"responses":[{}])"), "k").has_value());
  EXPECT_FALSE(DecodeEtcdTxn(Body(R"(,"responses":[{}])"), "k").has_value());
  // What would break out of a header line.
  EXPECT_FALSE(DecodeEtcdToken(R"({"token":"a\r\nX: y"})").has_value());
  EXPECT_EQ(DecodeEtcdToken(R"({"token":"abc.7"})"), "abc.7");
}

TEST(EtcdOutcomes, AreOnlyCalledNothingDoneWhereThatIsCertain) {
  EXPECT_EQ(JudgeEtcdAnswer({.sent = HttpSent::kNo}).verdict, EtcdVerdict::kNotApplied);
  EXPECT_EQ(JudgeEtcdAnswer({.sent = HttpSent::kMaybe}).verdict, EtcdVerdict::kUnknown);
  EXPECT_EQ(VerdictOn(200, "{}"), EtcdVerdict::kAnswered);
  EXPECT_EQ(VerdictOn(400, Words("etcdserver: request is too large", 3)), EtcdVerdict::kRefused);
  EXPECT_EQ(VerdictOn(400, "Client sent an HTTP request to an HTTPS server."),
            EtcdVerdict::kNotApplied);
  EXPECT_EQ(VerdictOn(400, Words("etcdserver: user name is empty", 3)), EtcdVerdict::kNoToken);
  EXPECT_EQ(VerdictOn(400, Words("etcdserver: revision of auth store is old", 3)),
            EtcdVerdict::kNoToken);
  EXPECT_EQ(VerdictOn(401, Words("etcdserver: invalid auth token", 16)), EtcdVerdict::kNoToken);
  EXPECT_EQ(VerdictOn(403, Words("etcdserver: permission denied", 7)), EtcdVerdict::kRefused);
  EXPECT_EQ(VerdictOn(404, "Not Found"), EtcdVerdict::kNotApplied);
  for (long status : {100, 201, 204, 301, 302, 408, 409, 412, 429, 500, 501, 502, 503, 504, 599}) {
    EXPECT_EQ(VerdictOn(status, "anything"), EtcdVerdict::kUnknown) << status;
  }
  EXPECT_EQ(VerdictOn(429, Words("etcdserver: mvcc: database space exceeded", 8)),
            EtcdVerdict::kUnknown);
  EXPECT_EQ(VerdictOn(503, Words("etcdserver: leader changed", 14)), EtcdVerdict::kUnknown);
  EXPECT_EQ(VerdictOn(503, Words("etcdserver: request timed out", 14)), EtcdVerdict::kUnknown);
}

TEST(EtcdOutcomes, CarryEtcdsWordsCutAndPrintable) {
  const EtcdJudgement judgement = JudgeEtcdAnswer(Answered(503, Words("leader\\u0007changed", 14)));
  EXPECT_EQ(judgement.code, 14);
  EXPECT_EQ(judgement.why, "HTTP status 503: leader?changed");
  const std::string endless(5000, 'x');
  EXPECT_LE(JudgeEtcdAnswer(Answered(500, endless)).why.size(),
            limits::kEtcdErrorTextBytesMax + 20);
}

std::string Line(const std::string& result) {
  return std::string(R"({"result":{)").append(kHeader).append(result).append("}}\n");
}

TEST(EtcdWatchLines, TellCreationAndChangesHoweverTheStreamIsCut) {
  const std::string stream = Line(R"(,"created":true)") +
                             Line(std::string(R"(,"events":[{"kv":)").append(kPair).append("}]")) +
                             Line("");
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    EtcdWatchLines lines;
    const EtcdWatchNews a = lines.Take(stream.substr(0, cut));
    const EtcdWatchNews b = lines.Take(stream.substr(cut));
    EXPECT_TRUE(a.created || b.created);
    EXPECT_EQ(std::max(a.mod_revision_max, b.mod_revision_max), 5);
    const EtcdKey& told = a.newest.exists ? a.newest : b.newest;
    EXPECT_TRUE(told.exists);
    EXPECT_EQ(told.value, "v");
    EXPECT_EQ(told.mod_revision, 5);
    EXPECT_FALSE(a.ended || b.ended);
  }
}

TEST(EtcdWatchLines, TellTheNewestChangeOnlyAndADeletionAsNothing) {
  const auto told = [](const std::string& events) {
    return EtcdWatchLines().Take(Line(std::string(R"(,"events":[)").append(events).append("]")));
  };
  const std::string put = std::string(R"({"kv":)").append(kPair).append("}");
  const std::string later = R"({"kv":{"key":"aw==","mod_revision":"6","value":"dw=="}})";
  const std::string gone = R"({"type":"DELETE","kv":{"key":"aw==","mod_revision":"7"}})";
  EXPECT_EQ(told(put + "," + later).newest.value, "w");
  EXPECT_EQ(told(later + "," + put).newest.value, "w");
  const EtcdWatchNews deleted = told(later + "," + gone);
  EXPECT_FALSE(deleted.newest.exists);
  EXPECT_EQ(deleted.mod_revision_max, 7);
}

TEST(EtcdWatchLines, EndWithTheReason) {
  const auto why = [](const std::string& bytes) {
    const EtcdWatchNews news = EtcdWatchLines().Take(bytes);
    return news.ended ? std::string(news.why).append("!") : std::string();
  };
  EXPECT_THAT(why(Line(R"(,"canceled":true,"cancel_reason":"compacted")")), HasSubstr("compacted"));
  EXPECT_THAT(why(R"({"error":{"message":"no leader"}})"
                  "\n"),
              HasSubstr("no leader"));
  EXPECT_THAT(why("<html>\n"), HasSubstr("not etcd's"));
  EXPECT_THAT(why(std::string(limits::kEtcdAnswerBytesMax + 1, 'x')), HasSubstr("too long"));
  EXPECT_THAT(why(Line("")), IsEmpty());
}

}  // namespace
}  // namespace ringjournal
