#include "tools/etcd_process/etcd_plan.h"

#include "absl/strings/str_cat.h"

namespace ringjournal {
namespace {

std::string PeerUrl(const EtcdPlan& plan, const EtcdMember& member) {
  return absl::StrCat("http://", plan.host, ":", member.peer_port);
}

std::string InitialCluster(const EtcdPlan& plan) {
  std::string text;
  for (const EtcdMember& member : plan.members) {
    absl::StrAppend(&text, text.empty() ? "" : ",", member.name, "=", PeerUrl(plan, member));
  }
  return text;
}

void AddTls(const EtcdTls& tls, std::vector<std::string>* arguments) {
  if (tls.cert.empty()) return;
  for (const std::string& argument :
       {std::string("--cert-file"), tls.cert, std::string("--key-file"), tls.key}) {
    arguments->push_back(argument);
  }
  if (tls.client_ca.empty()) return;
  arguments->push_back("--client-cert-auth");
  arguments->push_back("--trusted-ca-file");
  arguments->push_back(tls.client_ca);
}

}  // namespace

EtcdPlan PlanEtcd(const std::string& directory, size_t count, const std::vector<uint16_t>& ports,
                  bool health_ports) {
  EtcdPlan plan;
  size_t used = 0;
  const auto next_port = [&] {
    return used < ports.size() ? ports[used++] : static_cast<uint16_t>(0);
  };
  for (size_t number = 1; number <= count; ++number) {
    EtcdMember& member = plan.members.emplace_back();
    member.name = absl::StrCat("etcd", number);
    member.data_dir = absl::StrCat(directory, "/", member.name);
    member.client_port = next_port();
    member.peer_port = next_port();
    if (health_ports) member.health_port = next_port();
  }
  return plan;
}

std::vector<std::string> EtcdArguments(const EtcdPlan& plan, size_t member) {
  const EtcdMember& self = plan.members[member];
  std::vector<std::string> arguments = {
      "--name",
      self.name,
      "--data-dir",
      self.data_dir,
      "--listen-client-urls",
      EtcdEndpointOf(plan, member),
      "--advertise-client-urls",
      EtcdEndpointOf(plan, member),
      "--listen-peer-urls",
      PeerUrl(plan, self),
      "--initial-advertise-peer-urls",
      PeerUrl(plan, self),
      "--initial-cluster",
      InitialCluster(plan),
      // Ports are used again: a member of another cluster must not be taken for one of this.
      "--initial-cluster-token",
      absl::StrCat("ringjournal ", plan.members[0].data_dir),
      "--heartbeat-interval",
      absl::StrCat(plan.heartbeat_ms),
      "--election-timeout",
      absl::StrCat(plan.election_ms),
      "--logger",
      "zap",
      "--log-outputs",
      "stderr",
      "--log-level",
      "warn",
  };
  if (plan.without_fsync) arguments.push_back("--unsafe-no-fsync");
  if (self.health_port != 0) {
    arguments.push_back("--listen-metrics-urls");
    arguments.push_back(absl::StrCat("http://", plan.host, ":", self.health_port));
  }
  AddTls(plan.tls, &arguments);
  arguments.insert(arguments.end(), plan.further_arguments.begin(), plan.further_arguments.end());
  return arguments;
}

std::string EtcdEndpointOf(const EtcdPlan& plan, size_t member) {
  return absl::StrCat(plan.tls.cert.empty() ? "http" : "https", "://", plan.host, ":",
                      plan.members[member].client_port);
}

std::string EtcdEndpointsOf(const EtcdPlan& plan) {
  std::string text;
  for (size_t member = 0; member < plan.members.size(); ++member) {
    absl::StrAppend(&text, text.empty() ? "" : ",", EtcdEndpointOf(plan, member));
  }
  return text;
}

}  // namespace ringjournal
