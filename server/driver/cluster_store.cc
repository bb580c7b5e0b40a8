#include "server/driver/cluster_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "server/config_store/etcd_config_store.h"
#include "server/driver/data_dir_owner.h"

namespace ringjournal {

absl::StatusOr<std::unique_ptr<ConfigStore>> MakeClusterStore(const ServerOptions& options) {
  const EtcdSettings& etcd = options.etcd;
  absl::StatusOr<std::vector<std::string>> endpoints = ParseEtcdEndpoints(etcd.endpoints);
  if (!endpoints.ok()) return endpoints.status();
  EtcdOptions store;
  store.endpoints = *std::move(endpoints);
  store.prefix = EtcdKeyOfCluster(options.cluster);
  store.ca = etcd.ca_file;
  store.cert = etcd.cert_file;
  store.key = etcd.key_file;
  store.user = etcd.user;
  store.password_file = etcd.password_file;
  // A node that was part of a cluster must not be the one who begins an empty configuration.
  const std::string owner = absl::StrCat(options.data_dir, "/", kDataDirOwnerFileName);
  store.create_if_missing = absl::IsNotFound(io::FileSize(owner).status());
  store.cluster_id = io::RandomBytes(16);
  absl::StatusOr<std::unique_ptr<EtcdConfigStore>> opened = EtcdConfigStore::Open(store);
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<ConfigStore>(*std::move(opened));
}

}  // namespace ringjournal
