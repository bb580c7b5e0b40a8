// A throw-away etcd on this machine: who its members are and how each is started. Pure.
#ifndef TOOLS_ETCD_PROCESS_ETCD_PLAN_H_
#define TOOLS_ETCD_PROCESS_ETCD_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

namespace ringjournal {

// One member of the cluster.
struct EtcdMember {
  std::string name;      // "etcd1"
  std::string data_dir;  // its own; etcd makes it
  uint16_t client_port = 0;
  uint16_t peer_port = 0;
  uint16_t health_port = 0;  // 0: health is asked at the client port
};

// Files in PEM; empty: plain http.
struct EtcdTls {
  std::string cert;
  std::string key;
  std::string client_ca;  // not empty: clients must show a certificate signed by it
};

struct EtcdPlan {
  std::vector<EtcdMember> members;  // one or three; of two, both are needed
  // Where all members listen, in digits: an address of this machine.
  std::string host = "127.0.0.1";
  EtcdTls tls;  // towards clients only
  // As a throw-away cluster on one machine stands them: loopback answers at once.
  uint32_t heartbeat_ms = 20;
  uint32_t election_ms = 200;
  // True: a power failure may lose what was acknowledged; for data that nobody keeps.
  bool without_fsync = true;
  std::vector<std::string> further_arguments;
};

// `count` members below `directory`, on the ports given: two for each, or three if `health_ports`.
// Ports that are missing are 0.
EtcdPlan PlanEtcd(const std::string& directory, size_t count, const std::vector<uint16_t>& ports,
                  bool health_ports);

// The arguments of one member, without the program's name.
std::vector<std::string> EtcdArguments(const EtcdPlan& plan, size_t member);

// "http://127.0.0.1:2379": of one member, and of all with commas between.
std::string EtcdEndpointOf(const EtcdPlan& plan, size_t member);
std::string EtcdEndpointsOf(const EtcdPlan& plan);

}  // namespace ringjournal

#endif  // TOOLS_ETCD_PROCESS_ETCD_PLAN_H_
