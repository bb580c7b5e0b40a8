// Three members of etcd, some of which are not well.
#include <optional>

#include "gtest/gtest.h"
#include "tests/etcd/etcd_test_client.h"

namespace ringjournal {
namespace {

class EtcdOfThree : public ::testing::Test {
 protected:
  EtcdOfThree() { EXPECT_EQ(client_.Register("node1", "first").outcome, ConfigOutcome::kOk); }

  // As a node does it: read, change, settle what is unknown by a change of nothing, and again.
  // Checks that the change is made exactly once.
  void ChangeOnce(const std::string& address) {
    const int64_t give_up_ns = io::MonotonicNs() + 60'000'000'000;
    bool done = false;
    while (!done && io::MonotonicNs() < give_up_ns) {
      const ConfigCompletion read = client_.Read();
      if (read.outcome != ConfigOutcome::kOk) continue;
      if (read.document.nodes(0).address() == address) {
        done = true;  // of an attempt whose outcome was unknown
        continue;
      }
      v1::ConfigDocument next = read.document;
      next.mutable_nodes(0)->set_address(address);
      const ConfigCompletion changed = client_.Cas(read.document.version(), next);
      done = changed.outcome == ConfigOutcome::kOk;
      if (changed.outcome == ConfigOutcome::kUnknown) Settle(read.document.version());
      EXPECT_NE(changed.outcome, ConfigOutcome::kConflict) << "nobody else changes anything";
    }
    EXPECT_TRUE(done) << address;
  }
  // Until a version above `version` is seen: by then the older change is applied or dead.
  void Settle(uint64_t version) {
    for (int turn = 0; turn < 100; ++turn) {
      const ConfigCompletion read = client_.Read();
      if (read.outcome != ConfigOutcome::kOk) continue;
      if (read.document.version() > version) return;
      client_.Cas(version, read.document);
    }
    ADD_FAILURE() << "not settled";
  }

  std::unique_ptr<EtcdCluster> etcd_ = StartEtcd({.members = 3});
  EtcdTestClient client_{OptionsFor(etcd_->endpoints())};
};

TEST_F(EtcdOfThree, ChangesGoOnWhileEachMemberInTurnIsKilledAndComesBack) {
  for (size_t member = 0; member < 3; ++member) {  // its leader is among them
    const std::string number = std::to_string(member);
    ChangeOnce(std::string("before:").append(number));
    etcd_->Kill(member);
    ChangeOnce(std::string("without:").append(number));
    ASSERT_TRUE(etcd_->Restart(member).ok());
    ASSERT_TRUE(etcd_->AwaitHealthy(member).ok());
  }
}

TEST_F(EtcdOfThree, ChangesGoOnWhileEachMemberInTurnIsFrozen) {
  for (size_t member = 0; member < 3; ++member) {
    etcd_->Freeze(member);
    ChangeOnce(std::string("frozen:").append(std::to_string(member)));
    etcd_->Thaw(member);
    ASSERT_TRUE(etcd_->AwaitHealthy(member).ok());
  }
}

TEST_F(EtcdOfThree, WithoutAMajorityRequestsEndAsUnknownInTimeAndAllGoesOnAfterwards) {
  const v1::ConfigDocument document = client_.Read().document;
  etcd_->Kill(0);
  etcd_->Kill(1);
  EtcdOptions hasty = OptionsFor(etcd_->endpoints());
  hasty.times = {.request_ms = 500, .change_attempt_ms = 300};
  EtcdTestClient client(hasty);
  const int64_t start_ns = io::MonotonicNs();
  EXPECT_EQ(client.Read().outcome, ConfigOutcome::kUnknown);
  EXPECT_EQ(client.Register("node2", "nonce").outcome, ConfigOutcome::kUnknown);
  // Never applied, never called a conflict.
  const ConfigCompletion change = client.Cas(document.version(), document);
  EXPECT_EQ(change.outcome, ConfigOutcome::kRefused) << "it was never read, so never sent";
  const ConfigCompletion sent = client_.Cas(document.version(), document);
  EXPECT_EQ(sent.outcome, ConfigOutcome::kUnknown) << "the member that is left has it";
  const int64_t took_ms = (io::MonotonicNs() - start_ns) / 1'000'000;
  EXPECT_LT(took_ms, 3 * 500 + limits::kEtcdRequestTimeoutMs + 4000) << "each has its deadline";
  for (size_t member : {0, 1}) ASSERT_TRUE(etcd_->Restart(member).ok());
  for (size_t member : {0, 1, 2}) ASSERT_TRUE(etcd_->AwaitHealthy(member).ok());
  ChangeOnce("back:1");
  EXPECT_EQ(client_.Register("node2", "nonce").incarnation, Incarnation(1));
}

TEST_F(EtcdOfThree, TheWatchMovesToAMemberThatIsAlive) {
  EtcdTestClient watcher(OptionsFor(etcd_->endpoints()));
  ASSERT_TRUE(watcher.Await([&] { return watcher.store()->watches(); }));
  etcd_->Kill(0);  // where it began
  ASSERT_TRUE(watcher.Await([&] { return !watcher.store()->watches(); }));
  ASSERT_TRUE(watcher.Await([&] { return watcher.store()->watches(); }));
  ChangeOnce("later:1");
  std::optional<v1::ConfigDocument> told;
  EXPECT_TRUE(watcher.Await([&] {
    told = watcher.store()->TakeNews();
    return told.has_value();
  }));
  EXPECT_EQ(told->nodes(0).address(), "later:1");
}

TEST_F(EtcdOfThree, KeepsWhatItWasGivenThroughARestartOfAll) {
  ChangeOnce("kept:1");
  for (size_t member : {0, 1, 2}) etcd_->Kill(member);
  for (size_t member : {0, 1, 2}) ASSERT_TRUE(etcd_->Restart(member).ok());
  for (size_t member : {0, 1, 2}) ASSERT_TRUE(etcd_->AwaitHealthy(member).ok());
  EXPECT_TRUE(client_.Await([&] {
    const ConfigCompletion read = client_.Read();
    return read.outcome == ConfigOutcome::kOk && read.document.nodes(0).address() == "kept:1";
  }));
}

}  // namespace
}  // namespace ringjournal
