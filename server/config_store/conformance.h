// What every config store must do, as one test suite. An implementation's test includes this header
// once and says how to make one:
//
//   INSTANTIATE_TEST_SUITE_P(LocalFile, ConfigStoreConformance, ::testing::Values(MakeMyHarness));
#ifndef SERVER_CONFIG_STORE_CONFORMANCE_H_
#define SERVER_CONFIG_STORE_CONFORMANCE_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "server/config_store/config_store.h"
#include "server/config_store/document.h"
#include "server/config_store/test_document.h"

namespace ringjournal {

// A store under test, empty at first.
class ConfigStoreHarness {
 public:
  virtual ~ConfigStoreHarness() = default;
  // The client of this process. It changes with Restart.
  virtual ConfigStore* store() = 0;
  // The process dies (requests in flight with it) and a new one opens the same store.
  virtual void Restart() = 0;
  // Lets time pass until something may have completed; then Poll is called with what it returns.
  virtual Time Advance() = 0;
  // The next change ends as kUnknown, applied or not. False: this store cannot be made to do that.
  virtual bool MakeNextChangeUnknown() = 0;
};

using ConfigStoreHarnessFactory = std::unique_ptr<ConfigStoreHarness> (*)();

class ConfigStoreConformance : public ::testing::TestWithParam<ConfigStoreHarnessFactory> {
 protected:
  static constexpr int kTurnsMax = 10000;  // a bound on "within a bounded time"

  void Submit(ConfigRequest request) {
    const absl::Status taken = harness_->store()->Submit(std::move(request));
    ASSERT_TRUE(taken.ok()) << taken;
  }
  // All completions of what is in flight.
  std::vector<ConfigCompletion> Finish() {
    std::vector<ConfigCompletion> completions;
    for (int turn = 0; harness_->store()->in_flight() > 0; ++turn) {
      EXPECT_LT(turn, kTurnsMax) << "no completion within a bounded time";
      if (turn >= kTurnsMax) break;
      harness_->store()->Poll(harness_->Advance(), &completions);
    }
    return completions;
  }
  // Submits one request and waits for it.
  ConfigCompletion Call(ConfigRequest request) {
    const uint64_t token = request.token;
    Submit(std::move(request));
    std::vector<ConfigCompletion> completions = Finish();
    EXPECT_EQ(completions.size(), 1u);
    if (completions.empty()) return {};
    EXPECT_EQ(completions[0].token, token);
    return std::move(completions[0]);
  }
  v1::ConfigDocument ReadDocument() {
    ConfigCompletion read = Call(ConfigRequest::Read(1));
    EXPECT_EQ(read.outcome, ConfigOutcome::kOk) << read.status;
    return std::move(read.document);
  }
  ConfigCompletion Cas(uint64_t expected_version, const v1::ConfigDocument& document) {
    return Call(ConfigRequest::Cas(2, expected_version, document, "change"));
  }
  ConfigCompletion Register(const std::string& node, const std::string& nonce) {
    return Call(ConfigRequest::Register(3, {.node = node, .address = "a:1", .nonce = nonce}));
  }
  // The document with one node and one journal, which that node leads.
  v1::ConfigDocument LedByNode1() {
    EXPECT_EQ(Register("node1", "first").incarnation, Incarnation(1));
    v1::ConfigDocument document = ReadDocument();
    testing_document::AddJournal(&document, 1);
    const Claim claim = testing_document::ClaimOf(1, "node1", Incarnation(1));
    EXPECT_TRUE(LeadNew(&document, claim).ok());
    return Cas(document.version(), document).document;
  }
  static bool Same(const v1::ConfigDocument& a, const v1::ConfigDocument& b) {
    return google::protobuf::util::MessageDifferencer::Equals(a, b);
  }

  std::unique_ptr<ConfigStoreHarness> harness_ = GetParam()();
};

TEST_P(ConfigStoreConformance, ANewStoreHasAnEmptyDocumentOfAVersion) {
  const v1::ConfigDocument document = ReadDocument();
  EXPECT_GE(document.version(), 1u);
  EXPECT_EQ(document.cluster_id().size(), 16u);
  EXPECT_EQ(document.nodes_size() + document.journals_size(), 0);
}

TEST_P(ConfigStoreConformance, AChangeIsReadBackOneVersionHigherAndSurvivesARestart) {
  Register("node1", "first");
  v1::ConfigDocument next = ReadDocument();
  const uint64_t version = next.version();
  testing_document::AddJournal(&next, 7);
  next.set_version(999);  // the store numbers versions, not the caller
  const ConfigCompletion changed = Cas(version, next);
  ASSERT_EQ(changed.outcome, ConfigOutcome::kOk) << changed.status;
  next.set_version(version + 1);
  EXPECT_TRUE(Same(changed.document, next));
  EXPECT_TRUE(Same(ReadDocument(), next));
  harness_->Restart();
  EXPECT_TRUE(Same(ReadDocument(), next));
}

TEST_P(ConfigStoreConformance, AnotherExpectedVersionIsAConflictAndChangesNothing) {
  const v1::ConfigDocument led = LedByNode1();
  v1::ConfigDocument next = led;
  ASSERT_TRUE(RemoveJournal(&next, testing_document::Id(1)).ok());
  for (uint64_t wrong : {led.version() - 1, led.version() + 1, uint64_t{0}}) {
    const ConfigCompletion refused = Cas(wrong, next);
    EXPECT_EQ(refused.outcome, ConfigOutcome::kConflict) << wrong;
    EXPECT_TRUE(refused.document.version() == 0 || Same(refused.document, led));
  }
  EXPECT_TRUE(Same(ReadDocument(), led));
}

TEST_P(ConfigStoreConformance, OfTwoChangesOnOneVersionExactlyOneWins) {
  const v1::ConfigDocument led = LedByNode1();
  for (uint64_t token : {10, 11}) {
    v1::ConfigDocument next = led;
    next.mutable_journals(0)->mutable_settings()->set_retention_bytes(token);
    Submit(ConfigRequest::Cas(token, led.version(), next, "change"));
  }
  const std::vector<ConfigCompletion> completions = Finish();
  ASSERT_EQ(completions.size(), 2u);
  EXPECT_NE(completions[0].outcome, completions[1].outcome);
  for (const ConfigCompletion& completion : completions) {
    if (completion.outcome != ConfigOutcome::kOk) {
      EXPECT_EQ(completion.outcome, ConfigOutcome::kConflict);
      continue;
    }
    EXPECT_EQ(ReadDocument().journals(0).settings().retention_bytes(), completion.token);
  }
  EXPECT_EQ(ReadDocument().version(), led.version() + 1);
}

TEST_P(ConfigStoreConformance, ANoOpChangeRaisesTheVersionSoThatItSettlesOlderOnes) {
  const v1::ConfigDocument led = LedByNode1();
  EXPECT_EQ(Cas(led.version(), led).outcome, ConfigOutcome::kOk);
  EXPECT_EQ(ReadDocument().version(), led.version() + 1);
  EXPECT_EQ(Cas(led.version(), led).outcome, ConfigOutcome::kConflict);
}

TEST_P(ConfigStoreConformance, ADocumentThatBreaksARuleIsRefusedAndChangesNothing) {
  const v1::ConfigDocument led = LedByNode1();
  v1::ConfigDocument invalid = led;
  invalid.mutable_journals(0)->clear_isr();  // a leader outside the isr
  v1::ConfigDocument step_back = led;
  step_back.mutable_nodes(0)->set_address("elsewhere:1");
  step_back.mutable_journals(0)->set_epoch(0);
  for (const v1::ConfigDocument& document : {invalid, step_back}) {
    const ConfigCompletion refused = Cas(led.version(), document);
    EXPECT_EQ(refused.outcome, ConfigOutcome::kRefused);
    EXPECT_FALSE(refused.status.ok());
  }
  EXPECT_TRUE(Same(ReadDocument(), led));
}

TEST_P(ConfigStoreConformance, ADocumentOverTheLimitIsRefused) {
  const v1::ConfigDocument led = LedByNode1();
  v1::ConfigDocument large = led;
  large.mutable_journals(0)->set_change_id(std::string(limits::kConfigDocumentBytesMax, 'x'));
  EXPECT_EQ(Cas(led.version(), large).outcome, ConfigOutcome::kRefused);
  EXPECT_TRUE(Same(ReadDocument(), led));
}

TEST_P(ConfigStoreConformance, ARegistrationGivesANewIncarnationAndTakesTheNodeOutOfEveryIsr) {
  const v1::ConfigDocument led = LedByNode1();
  harness_->Restart();
  const ConfigCompletion second = Register("node1", "second");
  ASSERT_EQ(second.outcome, ConfigOutcome::kOk) << second.status;
  EXPECT_EQ(second.incarnation, Incarnation(2));
  EXPECT_EQ(second.document.version(), led.version() + 1);
  EXPECT_FALSE(second.document.journals(0).has_leader());
  EXPECT_TRUE(second.document.journals(0).isr().empty());
  EXPECT_EQ(testing_document::Text(second.document.journals(0).complete()), "node1/1");
  EXPECT_TRUE(Same(ReadDocument(), second.document));
}

TEST_P(ConfigStoreConformance, IncarnationsAreNeverGivenTwice) {
  for (uint64_t start = 1; start <= 20; ++start) {
    const std::string nonce = std::string("start").append(std::to_string(start));
    EXPECT_EQ(Register("node1", nonce).incarnation, Incarnation(start));
    harness_->Restart();
  }
}

TEST_P(ConfigStoreConformance, ARepeatedRegistrationIsRecognisedByItsNonce) {
  const ConfigCompletion first = Register("node1", "nonce");
  const ConfigCompletion again = Register("node1", "nonce");
  EXPECT_EQ(again.outcome, ConfigOutcome::kOk);
  EXPECT_EQ(again.incarnation, first.incarnation);
  EXPECT_EQ(ReadDocument().nodes(0).incarnation(), first.incarnation.value());
}

TEST_P(ConfigStoreConformance, ABadRegistrationIsRefused) {
  EXPECT_EQ(Register("no good", "nonce").outcome, ConfigOutcome::kRefused);
  EXPECT_EQ(Register("node1", "").outcome, ConfigOutcome::kRefused);
  EXPECT_EQ(ReadDocument().nodes_size(), 0);
}

TEST_P(ConfigStoreConformance, RequestsInFlightAreLimitedAndEachCompletesOnce) {
  std::vector<bool> seen(limits::kConfigRequestsInFlightMax, false);
  for (uint64_t token = 0; token < seen.size(); ++token) Submit(ConfigRequest::Read(token));
  EXPECT_EQ(harness_->store()->Submit(ConfigRequest::Read(99)).code(),
            absl::StatusCode::kResourceExhausted);
  for (const ConfigCompletion& completion : Finish()) {
    ASSERT_LT(completion.token, seen.size());
    EXPECT_FALSE(seen[completion.token]);
    seen[completion.token] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), std::ssize(seen));
  EXPECT_EQ(ReadDocument().nodes_size(), 0);  // and there is room again
}

TEST_P(ConfigStoreConformance, AnUnknownChangeIsEitherAppliedWholeOrNotAtAll) {
  const v1::ConfigDocument led = LedByNode1();
  if (!harness_->MakeNextChangeUnknown()) GTEST_SKIP() << "this store never answers `unknown`";
  v1::ConfigDocument next = led;
  ASSERT_TRUE(RemoveJournal(&next, testing_document::Id(1)).ok());
  const ConfigCompletion unknown = Cas(led.version(), next);
  ASSERT_EQ(unknown.outcome, ConfigOutcome::kUnknown);
  EXPECT_FALSE(unknown.status.ok());
  harness_->Restart();
  const v1::ConfigDocument found = ReadDocument();
  next.set_version(led.version() + 1);
  EXPECT_TRUE(Same(found, led) || Same(found, next)) << found.DebugString();
  // Equal versions prove nothing; a no-op change does.
  EXPECT_EQ(Cas(found.version(), found).outcome, ConfigOutcome::kOk);
  EXPECT_EQ(Cas(led.version(), next).outcome, ConfigOutcome::kConflict);
}

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_CONFORMANCE_H_
