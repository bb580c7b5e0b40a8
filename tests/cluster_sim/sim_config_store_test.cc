// The simulated store keeps the rules of every config store, and breaks no more than it says.
#include "tests/cluster_sim/sim_config_store.h"

#include "server/config_store/conformance.h"

namespace ringjournal {
namespace {

using cluster_sim::EventQueue;
using cluster_sim::kSecond;
using cluster_sim::SimConfigServer;
using cluster_sim::SimConfigStore;
using cluster_sim::StoreFaults;
using testing_document::kClusterId;

class SimHarness : public ConfigStoreHarness {
 public:
  ConfigStore* store() override { return store_.get(); }
  void Restart() override { store_ = std::make_unique<SimConfigStore>(&server_, 0, nullptr, 0, 0); }
  Time Advance() override {
    events_.RunOne();
    return {events_.now_ns(), events_.now_ns()};
  }
  bool MakeNextChangeUnknown() override {
    server_.ForgetNextAnswer();
    return true;
  }

 private:
  EventQueue events_;
  sim::Random random_{7};
  SimConfigServer server_{&events_, &random_, kClusterId};
  std::unique_ptr<SimConfigStore> store_ =
      std::make_unique<SimConfigStore>(&server_, 0, nullptr, 0, 0);
};

std::unique_ptr<ConfigStoreHarness> MakeSim() { return std::make_unique<SimHarness>(); }
INSTANTIATE_TEST_SUITE_P(Sim, ConfigStoreConformance, ::testing::Values(MakeSim));

class FaultyStore : public ::testing::Test {
 protected:
  ConfigCompletion Call(ConfigRequest request) {
    RJ_CHECK(store_.Submit(std::move(request)).ok());
    std::vector<ConfigCompletion> done;
    while (done.empty() && events_.RunOne()) store_.Poll(Time(), &done);
    RJ_CHECK(done.size() == 1);
    return done[0];
  }
  void RunAll() {
    while (events_.RunOne()) {
    }
  }
  ConfigRequest StartOf(const std::string& node, const std::string& nonce) {
    return ConfigRequest::Register(1, {.node = node, .address = "a:1", .nonce = nonce});
  }

  EventQueue events_;
  sim::Random random_{7};
  SimConfigServer server_{&events_, &random_, kClusterId};
  SimConfigStore store_{&server_, 0, nullptr, 0, 0};
};

TEST_F(FaultyStore, ALateChangeTakesEffectAfterItsOutcomeWasReportedUnknown) {
  Call(StartOf("n1", "first"));
  v1::ConfigDocument next = server_.document();
  testing_document::AddJournal(&next, 1);
  server_.set_faults(StoreFaults{.late = 1000});
  ConfigCompletion done = Call(ConfigRequest::Cas(1, next.version(), next, "c"));
  EXPECT_EQ(done.outcome, ConfigOutcome::kUnknown);
  EXPECT_EQ(server_.document().journals_size(), 0);
  RunAll();
  EXPECT_EQ(server_.document().journals_size(), 1);
}

TEST_F(FaultyStore, ALostRequestIsNeverApplied) {
  server_.set_faults(StoreFaults{.request_lost = 1000});
  EXPECT_EQ(Call(StartOf("n1", "first")).outcome, ConfigOutcome::kUnknown);
  RunAll();
  EXPECT_EQ(server_.document().nodes_size(), 0);
}

TEST_F(FaultyStore, ADuplicatedChangeIsAppliedOnce) {
  Call(StartOf("n1", "first"));
  server_.set_faults(StoreFaults{.duplicated = 1000});
  v1::ConfigDocument next = server_.document();
  EXPECT_EQ(Call(ConfigRequest::Cas(1, next.version(), next, "c")).outcome, ConfigOutcome::kOk);
  RunAll();
  EXPECT_EQ(server_.document().version(), next.version() + 1);
}

TEST_F(FaultyStore, ALateRegistrationDoesNotTakeTheNameFromALaterProcess) {
  server_.set_faults(StoreFaults{.late = 1000});
  EXPECT_EQ(Call(StartOf("n1", "first")).outcome, ConfigOutcome::kUnknown);
  server_.set_faults(StoreFaults());
  EXPECT_EQ(Call(StartOf("n1", "second")).outcome, ConfigOutcome::kOk);
  RunAll();
  EXPECT_EQ(server_.document().nodes(0).nonce(), "second");
}

TEST_F(FaultyStore, AnUnreachableStoreAnswersNobodyAndIsBackLater) {
  server_.SetUnreachable(0, events_.now_ns() + kSecond);
  EXPECT_EQ(Call(StartOf("n1", "first")).outcome, ConfigOutcome::kUnknown);
  while (events_.now_ns() < 3 * kSecond) Call(ConfigRequest::Read(1));
  EXPECT_EQ(Call(ConfigRequest::Read(1)).outcome, ConfigOutcome::kOk);
}

}  // namespace
}  // namespace ringjournal
