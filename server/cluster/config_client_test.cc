#include "server/cluster/config_client.h"

#include "gtest/gtest.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1'000'000;

class ConfigClientTest : public testing::Test {
 protected:
  ConfigClientTest() : client_(Version(5), 100, 7) {}

  static v1::ConfigDocument Version(uint64_t version) {
    v1::ConfigDocument document = testing_document::ClusterOf({"a"});
    document.set_version(version);
    return document;
  }
  // Everything that is due at that time.
  std::vector<ConfigRequest> Turn(int64_t ms) {
    std::vector<ConfigRequest> out;
    client_.Turn(ms * kMs, &out);
    return out;
  }
  ConfigRequest Propose() {
    std::vector<ConfigRequest> out;
    client_.Propose(client_.document(), &out);
    return out.at(0);
  }
  ConfigClient::Result Answer(const ConfigRequest& request, ConfigOutcome outcome, uint64_t version,
                              int64_t ms) {
    ConfigCompletion done;
    done.token = request.token;
    done.kind = request.kind;
    done.outcome = outcome;
    if (version > 0) done.document = Version(version);
    return client_.OnAnswer(done, ms * kMs);
  }

  ConfigClient client_;
};

TEST_F(ConfigClientTest, AnAppliedChangeIsTheNewDocument) {
  ConfigRequest cas = Propose();
  EXPECT_EQ(cas.expected_version, 5u);
  EXPECT_TRUE(client_.busy());
  EXPECT_EQ(Answer(cas, ConfigOutcome::kOk, 6, 1), ConfigClient::Result::kApplied);
  EXPECT_EQ(client_.version(), 6u);
  EXPECT_FALSE(client_.busy());
}

TEST_F(ConfigClientTest, AConflictShowsTheNewDocument) {
  EXPECT_EQ(Answer(Propose(), ConfigOutcome::kConflict, 9, 1), ConfigClient::Result::kConflict);
  EXPECT_EQ(client_.version(), 9u);
  EXPECT_FALSE(client_.busy());
}

TEST_F(ConfigClientTest, AConflictWithoutADocumentIsRead) {
  EXPECT_EQ(Answer(Propose(), ConfigOutcome::kConflict, 0, 1), ConfigClient::Result::kConflict);
  EXPECT_TRUE(client_.busy()) << "which version stands there is not known";
  std::vector<ConfigRequest> due = Turn(1);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].kind, ConfigRequest::Kind::kRead);
  Answer(due[0], ConfigOutcome::kOk, 6, 2);
  EXPECT_FALSE(client_.busy());
}

// The request may still be on its way, although the version has not moved.
TEST_F(ConfigClientTest, ReadingTheSameVersionDoesNotSettleAnUnknownChange) {
  EXPECT_EQ(Answer(Propose(), ConfigOutcome::kUnknown, 0, 1), ConfigClient::Result::kUnknown);
  std::vector<ConfigRequest> due = Turn(1);
  ASSERT_EQ(due.size(), 1u);
  Answer(due[0], ConfigOutcome::kOk, 5, 2);
  EXPECT_TRUE(client_.busy());
}

TEST_F(ConfigClientTest, ANoOpChangeSettlesAnUnknownOne) {
  Answer(Propose(), ConfigOutcome::kUnknown, 0, 0);
  EXPECT_EQ(Turn(1).size(), 1u) << "a read only: the change may have been applied";
  std::vector<ConfigRequest> due = Turn(200);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].kind, ConfigRequest::Kind::kCas);
  EXPECT_EQ(due[0].expected_version, 5u);
  Answer(due[0], ConfigOutcome::kUnknown, 0, 210);
  EXPECT_TRUE(client_.busy()) << "it may have failed itself";
  due = Turn(400);
  ASSERT_EQ(due.size(), 1u);
  Answer(due[0], ConfigOutcome::kOk, 6, 410);
  EXPECT_FALSE(client_.busy());
}

// A node that looks for a leader reads all the time; it must not wait for the end of that.
TEST_F(ConfigClientTest, ReadsDoNotPutTheSettlingOff) {
  Answer(Propose(), ConfigOutcome::kUnknown, 0, 0);
  for (int64_t ms = 0; ms < 100; ms += 40) {
    client_.WantRead();
    const std::vector<ConfigRequest> due = Turn(ms);
    ASSERT_EQ(due.size(), 1u);
    Answer(due[0], ConfigOutcome::kOk, 5, ms + 20);
  }
  const std::vector<ConfigRequest> due = Turn(100);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].kind, ConfigRequest::Kind::kCas);
}

TEST_F(ConfigClientTest, AHigherVersionSettlesAnUnknownChange) {
  Answer(Propose(), ConfigOutcome::kUnknown, 0, 0);
  Answer(Turn(1).at(0), ConfigOutcome::kOk, 6, 2);
  EXPECT_FALSE(client_.busy());
}

TEST_F(ConfigClientTest, ARefusedChangeWillNeverBeApplied) {
  EXPECT_EQ(Answer(Propose(), ConfigOutcome::kRefused, 0, 1), ConfigClient::Result::kRefused);
  EXPECT_FALSE(client_.busy());
}

TEST_F(ConfigClientTest, AnOlderDocumentIsNotTakenOver) {
  Answer(Turn(600).at(0), ConfigOutcome::kOk, 4, 601);
  EXPECT_EQ(client_.version(), 5u);
}

TEST_F(ConfigClientTest, TheDocumentIsReadAgainNowAndThen) {
  Answer(Turn(0).at(0), ConfigOutcome::kOk, 5, 1);
  EXPECT_TRUE(Turn(400).empty());
  EXPECT_EQ(client_.deadline_ns(), 501 * kMs);
  EXPECT_EQ(Turn(501).size(), 1u);
  EXPECT_TRUE(Turn(502).empty()) << "one read at a time";
}

TEST_F(ConfigClientTest, ANewerVersionThatSomebodyHasSeenIsRead) {
  Answer(Turn(0).at(0), ConfigOutcome::kOk, 5, 1);
  client_.NoteVersion(5);
  EXPECT_TRUE(Turn(2).empty());
  client_.NoteVersion(6);
  EXPECT_EQ(Turn(3).size(), 1u);
}

}  // namespace
}  // namespace ringjournal
