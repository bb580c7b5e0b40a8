#include "server/config/cluster_settings.h"

#include "journal/base/check.h"
#include "server/config/listen_address.h"
#include "server/config_store/document_checks.h"

namespace ringjournal {
namespace {

absl::Status SetCluster(const std::string& value, ServerOptions* options) {
  RJ_RETURN_IF_ERROR(ValidateNodeName(value));
  options->cluster = value;
  return absl::OkStatus();
}

absl::Status SetPeerListen(const std::string& value, ServerOptions* options) {
  absl::StatusOr<ListenAddress> address = ParseListenAddress(value);
  if (!address.ok()) return address.status();
  options->peer_listen = *address;
  return absl::OkStatus();
}

// A name is allowed: the others resolve it.
absl::Status SetAdvertised(const std::string& value, std::string* out) {
  const size_t colon = value.rfind(':');
  const std::string port = colon == std::string::npos ? "" : value.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  if (colon == 0 || !digits || port == "0") {
    return absl::InvalidArgumentError("\"" + value +
                                      "\" is no address that others can use; write HOST:PORT, "
                                      "such as 10.0.0.1:7411");
  }
  return SetText(value, out);
}

absl::Status SetAdvertise(const std::string& v, ServerOptions* o) {
  return SetAdvertised(v, &o->advertise);
}
absl::Status SetPeerAdvertise(const std::string& v, ServerOptions* o) {
  return SetAdvertised(v, &o->peer_advertise);
}
absl::Status SetEtcd(const std::string& v, ServerOptions* o) {
  return SetText(v, &o->etcd.endpoints);
}
absl::Status SetCa(const std::string& v, ServerOptions* o) { return SetText(v, &o->etcd.ca_file); }
absl::Status SetCert(const std::string& v, ServerOptions* o) {
  return SetText(v, &o->etcd.cert_file);
}
absl::Status SetKey(const std::string& v, ServerOptions* o) {
  return SetText(v, &o->etcd.key_file);
}
absl::Status SetUser(const std::string& v, ServerOptions* o) { return SetText(v, &o->etcd.user); }
absl::Status SetPasswordFile(const std::string& v, ServerOptions* o) {
  return SetText(v, &o->etcd.password_file);
}

absl::Status Needs(const std::string& given, const std::string& flag, const std::string& other,
                   const std::string& why) {
  if (given.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(flag + " needs " + other + ": " + why);
}

absl::Status CheckAlone(const ServerOptions& o) {
  constexpr char kWhy[] = "without it this is a node alone, which has no peers";
  RJ_RETURN_IF_ERROR(Needs(o.peer_advertise, "--peer-advertise", "--etcd", kWhy));
  RJ_RETURN_IF_ERROR(Needs(o.advertise, "--advertise", "--etcd", kWhy));
  RJ_RETURN_IF_ERROR(Needs(o.etcd.ca_file, "--etcd-ca-file", "--etcd", kWhy));
  RJ_RETURN_IF_ERROR(Needs(o.etcd.cert_file, "--etcd-cert-file", "--etcd", kWhy));
  RJ_RETURN_IF_ERROR(Needs(o.etcd.key_file, "--etcd-key-file", "--etcd", kWhy));
  RJ_RETURN_IF_ERROR(Needs(o.etcd.user, "--etcd-user", "--etcd", kWhy));
  return Needs(o.etcd.password_file, "--etcd-password-file", "--etcd", kWhy);
}

bool IsWildcard(const ListenAddress& address) {
  return address.host == "0.0.0.0" || address.host == "::";
}

}  // namespace

absl::Status CheckCluster(const ServerOptions& o) {
  if (!o.clustered()) return CheckAlone(o);
  if (o.node.empty()) {
    return absl::InvalidArgumentError(
        "--etcd makes this one of several nodes, so it needs a name of its own; give --node NAME, "
        "another one on each machine, and keep it");
  }
  if (!IsLoopback(o.peer_listen) && !o.allow_remote) {
    return absl::InvalidArgumentError(
        "--peer-listen " + ListenAddressText(o.peer_listen) +
        " is reachable from other machines, but this version has neither TLS nor authentication "
        "between nodes. Listen on 127.0.0.1, or add --allow-remote if the network is trusted");
  }
  if (IsWildcard(o.listen) && o.advertise.empty()) {
    return absl::InvalidArgumentError("--listen " + ListenAddressText(o.listen) +
                                      " is no address that clients could be sent to; give "
                                      "--advertise HOST:PORT");
  }
  if (IsWildcard(o.peer_listen) && o.peer_advertise.empty()) {
    return absl::InvalidArgumentError("--peer-listen " + ListenAddressText(o.peer_listen) +
                                      " is no address that other nodes could connect to; give "
                                      "--peer-advertise HOST:PORT");
  }
  if (o.etcd.cert_file.empty() != o.etcd.key_file.empty()) {
    return absl::InvalidArgumentError(
        "--etcd-cert-file and --etcd-key-file belong together; give both");
  }
  if (o.etcd.user.empty() != o.etcd.password_file.empty()) {
    return absl::InvalidArgumentError(
        "--etcd-user and --etcd-password-file belong together; give both");
  }
  return absl::OkStatus();
}

std::vector<Setting> ClusterSettings() {
  const ServerOptions defaults;
  return {
      {"etcd", "RINGJOURNAL_ETCD", "URLS", SettingKind::kText,
       "Endpoints of the etcd that keeps the cluster's configuration, with commas between; makes "
       "this one of several nodes",
       "none: a node alone", "a node alone needs nobody", SetEtcd,
       [](const ServerOptions& o) { return o.etcd.endpoints; }},
      {"cluster", "RINGJOURNAL_CLUSTER", "NAME", SettingKind::kText, "Name of the cluster in etcd",
       defaults.cluster, "several may share one etcd", SetCluster,
       [](const ServerOptions& o) { return o.cluster; }},
      {"peer-listen", "RINGJOURNAL_PEER_LISTEN", "HOST:PORT", SettingKind::kText,
       "Address for the other nodes, in digits; port 0 is a free one",
       ListenAddressText(defaults.peer_listen),
       "clients cannot crowd out the nodes, and a firewall can tell them apart", SetPeerListen,
       [](const ServerOptions& o) { return ListenAddressText(o.peer_listen); }},
      {"advertise", "RINGJOURNAL_ADVERTISE", "HOST:PORT", SettingKind::kText,
       "Address that clients are told, where it is another than the bound one", "the bound address",
       "a node behind 0.0.0.0 or a translation is found all the same", SetAdvertise,
       [](const ServerOptions& o) { return o.advertise; }},
      {"peer-advertise", "RINGJOURNAL_PEER_ADVERTISE", "HOST:PORT", SettingKind::kText,
       "Address that the other nodes are told", "the bound address", "likewise", SetPeerAdvertise,
       [](const ServerOptions& o) { return o.peer_advertise; }},
  };
}

std::vector<Setting> EtcdAccessSettings() {
  return {
      {"etcd-ca-file", "RINGJOURNAL_ETCD_CA_FILE", "FILE", SettingKind::kText,
       "Certificates of those who may vouch for etcd, PEM", "the system's", "for https endpoints",
       SetCa, [](const ServerOptions& o) { return o.etcd.ca_file; }},
      {"etcd-cert-file", "RINGJOURNAL_ETCD_CERT_FILE", "FILE", SettingKind::kText,
       "Certificate of this node for etcd, PEM", "none", "for an etcd that asks for one", SetCert,
       [](const ServerOptions& o) { return o.etcd.cert_file; }},
      {"etcd-key-file", "RINGJOURNAL_ETCD_KEY_FILE", "FILE", SettingKind::kText,
       "Private key of that certificate, PEM", "none", "likewise", SetKey,
       [](const ServerOptions& o) { return o.etcd.key_file; }},
      {"etcd-user", "RINGJOURNAL_ETCD_USER", "NAME", SettingKind::kText, "User at etcd", "none",
       "for an etcd with authentication", SetUser,
       [](const ServerOptions& o) { return o.etcd.user; }},
      {"etcd-password-file", "RINGJOURNAL_ETCD_PASSWORD_FILE", "FILE", SettingKind::kText,
       "File whose first line is the password at etcd", "none",
       "nothing secret is taken from the command line", SetPasswordFile,
       [](const ServerOptions& o) { return o.etcd.password_file; }},
  };
}

}  // namespace ringjournal
