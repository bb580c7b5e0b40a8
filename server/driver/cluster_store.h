// The config store that all nodes of a cluster share.
#ifndef SERVER_DRIVER_CLUSTER_STORE_H_
#define SERVER_DRIVER_CLUSTER_STORE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "server/config/options.h"
#include "server/config_store/config_store.h"

namespace ringjournal {

// As --etcd and its companions say. InvalidArgument and the errors of files that they name.
// Connects to nobody yet.
absl::StatusOr<std::unique_ptr<ConfigStore>> MakeClusterStore(const ServerOptions& options);

}  // namespace ringjournal

#endif  // SERVER_DRIVER_CLUSTER_STORE_H_
