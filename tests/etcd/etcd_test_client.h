// A config store on a real etcd, driven by the real clock, as tests want it.
#ifndef TESTS_ETCD_ETCD_TEST_CLIENT_H_
#define TESTS_ETCD_ETCD_TEST_CLIENT_H_

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "io/clock.h"
#include "journal/base/check.h"
#include "server/config_store/etcd_config_store.h"
#include "server/config_store/test_document.h"
#include "tools/etcd_process/etcd_process.h"

namespace ringjournal {

inline std::string UniqueTestDirectory() {
  std::string pattern = std::string(::testing::TempDir()).append("/etcd_XXXXXX");
  RJ_CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

// A cluster that must start, or the test cannot say anything.
inline std::unique_ptr<EtcdCluster> StartEtcd(EtcdClusterOptions options) {
  if (options.directory.empty()) options.directory = UniqueTestDirectory();
  absl::StatusOr<std::unique_ptr<EtcdCluster>> cluster = EtcdCluster::Start(options);
  if (!cluster.ok()) ADD_FAILURE() << cluster.status();
  RJ_CHECK(cluster.ok());
  return *std::move(cluster);
}

// For tests in which etcd is well: a busy machine must not make them fail.
inline constexpr EtcdTimes kPatient = {.request_ms = 30'000,
                                       .connect_ms = 10'000,
                                       .read_attempt_ms = 20'000,
                                       .change_attempt_ms = 20'000};

inline EtcdOptions OptionsFor(const std::string& endpoints, const std::string& prefix = "/t") {
  absl::StatusOr<std::vector<std::string>> list = ParseEtcdEndpoints(endpoints);
  RJ_CHECK(list.ok());
  return {.endpoints = *list,
          .prefix = prefix,
          .cluster_id = std::string(testing_document::kClusterId)};
}

// One store with calls that wait.
class EtcdTestClient {
 public:
  explicit EtcdTestClient(const EtcdOptions& options) {
    absl::StatusOr<std::unique_ptr<EtcdConfigStore>> store = EtcdConfigStore::Open(options);
    EXPECT_TRUE(store.ok()) << store.status();
    RJ_CHECK(store.ok());
    store_ = *std::move(store);
  }

  EtcdConfigStore* store() { return store_.get(); }

  // One turn: waits until something may have happened, then polls.
  void Turn() {
    store_->Wait(io::ReadClock(), 100'000'000);
    store_->Poll(io::ReadClock(), &completions_);
  }
  // Turns until `ready`; false after a minute.
  template <class Ready>
  bool Await(Ready ready) {
    const int64_t give_up_ns = io::MonotonicNs() + 60'000'000'000;
    while (!ready()) {
      if (io::MonotonicNs() >= give_up_ns) return false;
      Turn();
    }
    return true;
  }
  ConfigCompletion Call(ConfigRequest request) {
    EXPECT_TRUE(store_->Submit(std::move(request)).ok());
    EXPECT_TRUE(Await([this] { return !completions_.empty(); })) << "no completion in a minute";
    if (completions_.empty()) return {};
    EXPECT_EQ(completions_.size(), 1u);
    ConfigCompletion completion = std::move(completions_[0]);
    completions_.clear();
    return completion;
  }
  ConfigCompletion Read() { return Call(ConfigRequest::Read(1)); }
  ConfigCompletion Register(const std::string& node, const std::string& nonce) {
    return Call(ConfigRequest::Register(2, {.node = node, .address = "a:1", .nonce = nonce}));
  }
  ConfigCompletion Cas(uint64_t expected_version, const v1::ConfigDocument& document) {
    return Call(ConfigRequest::Cas(3, expected_version, document, "change"));
  }

 private:
  std::unique_ptr<EtcdConfigStore> store_;
  std::vector<ConfigCompletion> completions_;
};

}  // namespace ringjournal

#endif  // TESTS_ETCD_ETCD_TEST_CLIENT_H_
