// The store on a real etcd keeps the rules of every config store.
#include "server/config_store/conformance.h"

#include "tests/etcd/etcd_test_client.h"
#include "tests/etcd/fault_proxy.h"

namespace ringjournal {
namespace {

// One etcd for the whole suite; each test has its own key.
EtcdCluster* Etcd() {
  static const std::unique_ptr<EtcdCluster> etcd = StartEtcd({.members = 1});
  return etcd.get();
}

std::string NextKey() {
  static int number = 0;
  return std::string("/conformance/").append(std::to_string(++number));
}

class EtcdHarness : public ConfigStoreHarness {
 public:
  explicit EtcdHarness(EtcdOptions options) : options_(std::move(options)) {
    options_.times = kPatient;
    Open();
  }
  ConfigStore* store() override { return store_.get(); }
  void Restart() override { Open(); }
  Time Advance() override {
    store_->Wait(io::ReadClock(), 10'000'000);
    return io::ReadClock();
  }
  bool MakeNextChangeUnknown() override { return false; }

 private:
  void Open() {
    store_.reset();
    auto store = EtcdConfigStore::Open(options_);
    RJ_CHECK(store.ok());
    store_ = *std::move(store);
  }

  EtcdOptions options_;
  std::unique_ptr<EtcdConfigStore> store_;
};

class ProxiedHarness : public EtcdHarness {
 public:
  explicit ProxiedHarness(std::unique_ptr<FaultProxy> proxy)
      : EtcdHarness(OptionsFor(proxy->endpoint(), NextKey())), proxy_(std::move(proxy)) {}
  bool MakeNextChangeUnknown() override {
    // Applied or not, in turn.
    static bool before = false;
    before = !before;
    proxy_->Set("/v3/kv/txn", before ? Fault::kCutBefore : Fault::kCutAfter, 1);
    return true;
  }

 private:
  std::unique_ptr<FaultProxy> proxy_;
};

std::unique_ptr<ConfigStoreHarness> MakeDirect() {
  return std::make_unique<EtcdHarness>(OptionsFor(Etcd()->endpoints(), NextKey()));
}
std::unique_ptr<ConfigStoreHarness> MakeProxied() {
  return std::make_unique<ProxiedHarness>(
      std::make_unique<FaultProxy>(Etcd()->plan().members[0].client_port));
}

INSTANTIATE_TEST_SUITE_P(Etcd, ConfigStoreConformance, ::testing::Values(MakeDirect));
INSTANTIATE_TEST_SUITE_P(EtcdBehindProxy, ConfigStoreConformance,
                         ::testing::Values(MakeProxied, MakeProxied));

}  // namespace
}  // namespace ringjournal
