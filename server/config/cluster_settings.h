// The settings of a node among others; parts of Settings(), for settings.cc.
#ifndef SERVER_CONFIG_CLUSTER_SETTINGS_H_
#define SERVER_CONFIG_CLUSTER_SETTINGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/config/settings.h"

namespace ringjournal {

std::vector<Setting> ClusterSettings();
std::vector<Setting> EtcdAccessSettings();

// One plain line of UTF-8, or what is wrong with it.
absl::Status SetText(const std::string& value, std::string* out);

// OK, or why the cluster's settings cannot stand together; for CheckTogether.
absl::Status CheckCluster(const ServerOptions& options);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_CLUSTER_SETTINGS_H_
