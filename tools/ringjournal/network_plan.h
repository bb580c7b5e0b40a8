// The network of a cluster of one's own whose nodes can be cut off: addresses, and what `ip` and
// `nft` are told. Pure.
//
//                    ┌─ to-n1 ──── eth0  10.77.0.2  namespace of n1
//   10.77.0.1  nodes ┼─ to-n2 ──── eth0  10.77.0.3  namespace of n2
//   etcd, clients    └─ to-n3 ──── eth0  10.77.0.4  namespace of n3
#ifndef TOOLS_RINGJOURNAL_NETWORK_PLAN_H_
#define TOOLS_RINGJOURNAL_NETWORK_PLAN_H_

#include <cstddef>
#include <string>

namespace ringjournal {

// Whose packets are lost.
enum class Cut {
  kBoth,  // a pulled cable
  kIn,    // what comes in to the node
  kOut,   // what it sends
};

// So many have an address; more are refused.
inline constexpr size_t kNetworkNodesMax = 200;

// Of who is never cut off: the processes beside the bridge.
std::string HomeAddress();
// Of the node with this number, from 0.
std::string NodeAddress(size_t node);

// Lines for `ip -batch -`, in this order. In the namespace of the bridge: the bridge.
std::string BridgeLinks();
// There too: the cable to a node. `namespace_file` is that of the node.
std::string CableLinks(size_t node, const std::string& namespace_file);
// In the node's namespace: its end of the cable.
std::string NodeLinks(size_t node);

// For `nft -f -` in the namespace of the bridge: at first nothing is lost. Packets vanish on the
// way, so that neither side hears of it, by a refusal or by an error of its own send.
std::string CutTable();
// From now on, beside what was cut before.
std::string CutRules(size_t node, Cut cut);
// Nothing is lost from now on.
std::string HealRules();

}  // namespace ringjournal

#endif  // TOOLS_RINGJOURNAL_NETWORK_PLAN_H_
