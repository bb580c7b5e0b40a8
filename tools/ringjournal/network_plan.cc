#include "tools/ringjournal/network_plan.h"

#include "absl/strings/str_cat.h"

namespace ringjournal {
namespace {

constexpr char kNetwork[] = "10.77.0.";
constexpr char kBridge[] = "nodes";
constexpr char kTable[] = "bridge cuts";
constexpr size_t kFirstNode = 2;  // the last number of its address
static_assert(kFirstNode + kNetworkNodesMax < 255);

std::string CableOf(size_t node) { return absl::StrCat("to-n", node + 1); }

std::string AddressLine(const std::string& address, const char* device) {
  return absl::StrCat("addr add ", address, "/24 dev ", device, "\n");
}

std::string UpLine(const std::string& device) { return absl::StrCat("link set ", device, " up\n"); }

}  // namespace

std::string HomeAddress() { return absl::StrCat(kNetwork, 1); }

std::string NodeAddress(size_t node) { return absl::StrCat(kNetwork, kFirstNode + node); }

std::string BridgeLinks() {
  return absl::StrCat(UpLine("lo"), "link add ", kBridge, " type bridge\n",
                      AddressLine(HomeAddress(), kBridge), UpLine(kBridge));
}

std::string CableLinks(size_t node, const std::string& namespace_file) {
  const std::string cable = CableOf(node);
  return absl::StrCat("link add ", cable, " type veth peer name eth0 netns ", namespace_file, "\n",
                      // lint-allow: glossary: the word of ip for the bridge that a port belongs to
                      "link set ", cable, " master ", kBridge, "\n", UpLine(cable));
}

std::string NodeLinks(size_t node) {
  return absl::StrCat(UpLine("lo"), AddressLine(NodeAddress(node), "eth0"), UpLine("eth0"));
}

// Not in the nodes' own namespaces: there the kernel tells who sends that the packet is dropped.
std::string CutTable() {
  return absl::StrCat("table ", kTable,
                      " {\n"
                      "  set in { type ifname; }\n"
                      "  set out { type ifname; }\n"
                      "  chain arriving {\n"
                      "    type filter hook postrouting priority 0;\n"
                      "    oifname @in drop\n"
                      "  }\n"
                      "  chain leaving {\n"
                      "    type filter hook prerouting priority 0;\n"
                      "    iifname @out drop\n"
                      "  }\n"
                      "}\n");
}

std::string CutRules(size_t node, Cut cut) {
  std::string rules;
  for (const auto& [set, other] : {std::pair("in", Cut::kOut), std::pair("out", Cut::kIn)}) {
    if (cut == other) continue;
    absl::StrAppend(&rules, "add element ", kTable, " ", set, " { \"", CableOf(node), "\" }\n");
  }
  return rules;
}

std::string HealRules() {
  return absl::StrCat("flush set ", kTable, " in\nflush set ", kTable, " out\n");
}

}  // namespace ringjournal
