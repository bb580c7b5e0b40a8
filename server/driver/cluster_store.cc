#include "server/driver/cluster_store.h"

namespace ringjournal {

absl::StatusOr<std::unique_ptr<ConfigStore>> MakeClusterStore(const ServerOptions& options) {
  return absl::UnimplementedError("no etcd yet");
}

}  // namespace ringjournal
