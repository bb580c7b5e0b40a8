// Settings that are valid one by one and impossible together.
#include <filesystem>
#include <string>

#include "journal/base/check.h"
#include "server/config/cluster_settings.h"
#include "server/config/listen_address.h"
#include "server/config/settings.h"

namespace ringjournal {
namespace {

// Compared as text: what links lead to is the file system's affair, and nothing is touched here.
std::filesystem::path Plain(const std::string& path) {
  std::filesystem::path plain = std::filesystem::path(path).lexically_normal();
  return plain.has_filename() ? plain : plain.parent_path();
}

bool IsWithin(const std::string& inner, const std::string& outer) {
  std::filesystem::path path = Plain(inner);
  const std::filesystem::path wanted = Plain(outer);
  while (true) {
    if (path == wanted) return true;
    std::filesystem::path parent = path.parent_path();
    if (parent.empty() || parent == path) return false;
    path = parent;
  }
}

absl::Status CheckPlaces(const ServerOptions& options, const std::string& config_path) {
  if (IsWithin(options.data_dir, options.ring_dir)) {
    return absl::InvalidArgumentError(
        "--data-dir " + options.data_dir + " lies in --ring-dir " + options.ring_dir +
        ", which is memory: a restart of the machine would take segments and configuration too. "
        "Give a --data-dir on a disk, outside of it");
  }
  if (options.address_file.empty()) return absl::OkStatus();
  for (const std::string& folder : {options.data_dir, options.ring_dir}) {
    if (Plain(options.address_file) != Plain(folder)) continue;
    return absl::InvalidArgumentError("--address-file " + options.address_file +
                                      " is also the name of a directory of this server; give "
                                      "--address-file the name of a file of its own");
  }
  if (!config_path.empty() && Plain(options.address_file) == Plain(config_path)) {
    return absl::InvalidArgumentError("--address-file " + options.address_file +
                                      " would overwrite the configuration file; give "
                                      "--address-file the name of a file of its own");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTogether(const ServerOptions& options, const std::string& config_path) {
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError(
        "no data directory is given; name one with --data-dir DIR, RINGJOURNAL_DATA_DIR, or "
        "data-dir in the configuration file");
  }
  if (!IsLoopback(options.listen) && !options.allow_remote) {
    return absl::InvalidArgumentError(
        "--listen " + ListenAddressText(options.listen) +
        " is reachable from other machines, but this version has neither TLS nor authentication: "
        "whoever connects may read and append. Listen on 127.0.0.1, or add --allow-remote if the "
        "network is trusted");
  }
  RJ_RETURN_IF_ERROR(CheckCluster(options));
  return CheckPlaces(options, config_path);
}

}  // namespace ringjournal
