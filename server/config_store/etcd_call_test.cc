// One request against an etcd that is a key and a revision in this test.
#include "server/config_store/etcd_call.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;

class EtcdCallTest : public ::testing::Test {
 protected:
  EtcdCall Read() { return EtcdCall(ConfigRequest::Read(1), &context_); }
  EtcdCall Cas(uint64_t expected, const v1::ConfigDocument& document) {
    return EtcdCall(ConfigRequest::Cas(2, expected, document, "change"), &context_);
  }
  EtcdCall Register(const std::string& nonce) {
    return EtcdCall(ConfigRequest::Register(3, {.node = "n1", .address = "a:1", .nonce = nonce}),
                    &context_);
  }

  // Puts the question to the key; the answer is kept back.
  std::string Ask(EtcdCall* call) {
    const std::optional<EtcdQuestion> question = call->Ask();
    EXPECT_TRUE(question.has_value());
    if (!question.has_value()) return {};
    ++asked_;
    if (question->body == EtcdRangeBody(context_.key)) return RangeAnswer();
    // The revision that it compares with is in the body in one form only.
    const std::string target =
        value_.empty()
            ? std::string(R"("create_revision":"0")")
            : std::string(R"("mod_revision":")").append(std::to_string(revision_)).append("\"");
    if (question->body.find(target) == std::string::npos) {
      return std::string(R"({"header":{"revision":"1"},"responses":[{"response_range":)")
          .append(RangeAnswer())
          .append("}]}");
    }
    const std::string marker = R"("value":")";
    const size_t at = question->body.find(marker) + marker.size();
    value_ = question->body.substr(at, question->body.find('"', at) - at);
    ++revision_;
    return std::string(R"({"header":{"revision":"1"},"succeeded":true,"responses":[)")
        .append(R"({"response_put":{"header":{"revision":")")
        .append(std::to_string(revision_))
        .append(R"("}}}]})");
  }
  ConfigCompletion Finish(EtcdCall call) {
    while (!call.done()) EXPECT_TRUE(call.OnAnswer(Ask(&call)));
    return call.TakeCompletion();
  }
  std::string RangeAnswer() const {
    if (value_.empty()) return R"({"header":{"revision":"1"}})";
    // "/k" is "L2s=".
    return std::string(R"({"header":{"revision":"1"},"kvs":[{"key":"L2s=","mod_revision":")")
        .append(std::to_string(revision_))
        .append(R"(","value":")")
        .append(value_)
        .append("\"}]}");
  }

  EtcdCallContext context_{
      "/k", true, std::string(testing_document::kClusterId), {}, EtcdSeen("/k")};
  std::string value_;  // in base64; empty: no such key
  int64_t revision_ = 1;
  int asked_ = 0;
};

TEST_F(EtcdCallTest, TheFirstReadMakesTheDocument) {
  const ConfigCompletion read = Finish(Read());
  EXPECT_EQ(read.outcome, ConfigOutcome::kOk);
  EXPECT_EQ(read.document.version(), 1u);
  EXPECT_EQ(asked_, 2);  // read, made
}

TEST_F(EtcdCallTest, WhereTheDocumentMustExistItIsNotMade) {
  context_.create_if_missing = false;
  EXPECT_EQ(Finish(Read()).outcome, ConfigOutcome::kRefused);
  EXPECT_TRUE(value_.empty());
}

TEST_F(EtcdCallTest, AChangeOfTheNewestVersionSeenIsOneQuestion) {
  const v1::ConfigDocument document = Finish(Read()).document;
  asked_ = 0;
  EXPECT_EQ(Finish(Cas(1, document)).document.version(), 2u);
  EXPECT_EQ(asked_, 1);
}

TEST_F(EtcdCallTest, AChangeOfAnotherVersionIsReadFirstAndNeverSentInVain) {
  const v1::ConfigDocument document = Finish(Read()).document;
  asked_ = 0;
  const ConfigCompletion conflict = Finish(Cas(7, document));
  EXPECT_EQ(conflict.outcome, ConfigOutcome::kConflict);
  EXPECT_EQ(conflict.document.version(), 1u);
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(revision_, 2);
}

TEST_F(EtcdCallTest, AChangeWithoutAnAnswerIsUnknownAtOnce) {
  const v1::ConfigDocument document = Finish(Read()).document;
  EtcdCall call = Cas(1, document);
  Ask(&call);
  EXPECT_TRUE(call.asked_once_only());
  call.OnUnknown("the connection ended");
  ASSERT_TRUE(call.done());
  EXPECT_FALSE(call.Ask().has_value());
  const ConfigCompletion completion = call.TakeCompletion();
  EXPECT_EQ(completion.outcome, ConfigOutcome::kUnknown);
  EXPECT_THAT(std::string(completion.status.message()), HasSubstr("the connection ended"));
}

TEST_F(EtcdCallTest, AChangeThatWasNotAppliedIsAskedAgainAndRefusedInTheEnd) {
  const v1::ConfigDocument document = Finish(Read()).document;
  EtcdCall call = Cas(1, document);
  ASSERT_TRUE(call.Ask().has_value());
  call.OnNotApplied("connection refused");
  EXPECT_FALSE(call.done());
  ASSERT_TRUE(call.Ask().has_value());
  call.OnNotApplied("connection refused");
  call.OnDeadline();
  const ConfigCompletion completion = call.TakeCompletion();
  EXPECT_EQ(completion.outcome, ConfigOutcome::kRefused);
  EXPECT_THAT(std::string(completion.status.message()), HasSubstr("connection refused"));
  EXPECT_THAT(std::string(completion.status.message()), HasSubstr("was not applied"));
}

TEST_F(EtcdCallTest, ARegistrationWhoseAnswerIsLostFindsItselfByItsNonce) {
  Finish(Read());
  EtcdCall call = Register("first");
  EXPECT_TRUE(call.OnAnswer(Ask(&call)));  // read
  Ask(&call);                              // written, and the answer lost
  EXPECT_FALSE(call.asked_once_only());
  call.OnUnknown("cut");
  const ConfigCompletion completion = Finish(std::move(call));
  EXPECT_EQ(completion.outcome, ConfigOutcome::kOk);
  EXPECT_EQ(completion.incarnation, Incarnation(1));
  EXPECT_EQ(completion.document.version(), 2u);
}

TEST_F(EtcdCallTest, ARegistrationBeginsAnewWhereSomebodyWasFaster) {
  Finish(Read());
  EtcdCall slow = Register("slow");
  EXPECT_TRUE(slow.OnAnswer(Ask(&slow)));
  EXPECT_EQ(Finish(Register("fast")).incarnation, Incarnation(1));
  EXPECT_EQ(Finish(std::move(slow)).incarnation, Incarnation(2));
}

TEST_F(EtcdCallTest, ARegistrationThatMayHaveBeenAppliedIsNeverCalledRefused) {
  Finish(Read());
  EtcdCall call = Register("first");
  EXPECT_TRUE(call.OnAnswer(Ask(&call)));
  Ask(&call);
  call.OnUnknown("cut");
  call.OnRefused("permission denied");
  EXPECT_EQ(call.TakeCompletion().outcome, ConfigOutcome::kUnknown);
}

TEST_F(EtcdCallTest, NothingIsWrittenOverADocumentThatIsGone) {
  const v1::ConfigDocument document = Finish(Read()).document;
  value_.clear();
  for (EtcdCall call : {Read(), Cas(1, document), Register("x")}) {
    const ConfigCompletion completion = Finish(std::move(call));
    EXPECT_EQ(completion.outcome, ConfigOutcome::kRefused);
    EXPECT_EQ(completion.status.code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_TRUE(value_.empty());
}

TEST_F(EtcdCallTest, TheSameDocumentAtANewRevisionIsNoConflict) {
  const v1::ConfigDocument document = Finish(Read()).document;
  ++revision_;  // written again by hand
  EXPECT_EQ(Finish(Cas(1, document)).outcome, ConfigOutcome::kOk);
}

}  // namespace
}  // namespace ringjournal
