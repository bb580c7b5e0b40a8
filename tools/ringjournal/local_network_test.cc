#include "tools/ringjournal/local_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/ringjournal/system_tool.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;

constexpr int kLostMs = 100;
constexpr int kTryAgainMs = 20;
constexpr int kTriesMax = 500;

// Two nodes and home, each with a socket. In a process that ends: its network is not ours.
class Sockets {
 public:
  Sockets() : network_(LocalNetwork::Make(2)) {
    if (!network_.ok()) return;
    const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    sockets_.push_back(Open(HomeAddress(), home));
    for (size_t node = 0; node < 2; ++node) {
      sockets_.push_back(Open(NodeAddress(node), (*network_)->namespace_of(node)));
    }
    setns(home, CLONE_NEWNET);
  }

  LocalNetwork& network() { return **network_; }
  static constexpr size_t kHome = 0, kFirst = 1, kSecond = 2;

  // Sends until it arrives; false if that never happens.
  bool Arrives(size_t from, size_t to) {
    for (int i = 0; i < kTriesMax; ++i) {
      if (!Send(from, to)) return false;
      if (Receives(to, kTryAgainMs)) return Drain(to);
    }
    return false;
  }
  // The sender hears of nothing, and neither does anybody else.
  bool IsLost(size_t from, size_t to) {
    return Send(from, to) && !Receives(to, kLostMs) && !Receives(from, 0);
  }

 private:
  struct Socket {
    int fd = -1;
    sockaddr_in address = {};
  };

  static Socket Open(const std::string& address, int inside) {
    setns(inside, CLONE_NEWNET);
    Socket made{.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    made.address.sin_family = AF_INET;
    inet_pton(AF_INET, address.c_str(), &made.address.sin_addr);
    socklen_t length = sizeof(made.address);
    bind(made.fd, reinterpret_cast<sockaddr*>(&made.address), length);
    getsockname(made.fd, reinterpret_cast<sockaddr*>(&made.address), &length);
    return made;
  }
  bool Send(size_t from, size_t to) const {
    const sockaddr_in& address = sockets_[to].address;
    return sendto(sockets_[from].fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address)) == 1;
  }
  bool Receives(size_t to, int timeout_ms) const {
    pollfd wait = {.fd = sockets_[to].fd, .events = POLLIN};
    return poll(&wait, 1, timeout_ms) > 0;
  }
  bool Drain(size_t to) const {
    char byte;
    while (recv(sockets_[to].fd, &byte, 1, 0) > 0) {
    }
    return true;
  }

  absl::StatusOr<std::unique_ptr<LocalNetwork>> network_;
  std::vector<Socket> sockets_;
};

// Ends the process of a test with the line of the first expectation that does not hold.
#define MUST(condition)                                     \
  if (!(condition)) {                                       \
    fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
    _exit(1);                                               \
  }

constexpr size_t kHome = Sockets::kHome, kFirst = Sockets::kFirst, kSecond = Sockets::kSecond;

bool AllArrive(Sockets* sockets) {
  for (const auto& [a, b] : {std::pair(kHome, kFirst), {kHome, kSecond}, {kFirst, kSecond}}) {
    if (!sockets->Arrives(a, b) || !sockets->Arrives(b, a)) return false;
  }
  return true;
}

class LocalNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const absl::Status possible = LocalNetwork::Try();
    if (!possible.ok()) GTEST_SKIP() << possible.message();
  }
};

TEST_F(LocalNetworkTest, WhoIsCutOffReachesNobodyAndNobodyReachesIt) {
  EXPECT_EXIT(
      {
        Sockets sockets;
        MUST(AllArrive(&sockets));
        MUST(sockets.network().CutOff(0, Cut::kBoth).ok());
        for (size_t other : {kHome, kSecond}) {
          MUST(sockets.IsLost(kFirst, other));
          MUST(sockets.IsLost(other, kFirst));
        }
        MUST(sockets.Arrives(kHome, kSecond) && sockets.Arrives(kSecond, kHome));
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(LocalNetworkTest, OneWayOnlyMayBeCut) {
  EXPECT_EXIT(
      {
        Sockets sockets;
        MUST(AllArrive(&sockets));
        MUST(sockets.network().CutOff(0, Cut::kIn).ok());
        for (size_t other : {kHome, kSecond}) {
          MUST(sockets.IsLost(other, kFirst));
          MUST(sockets.Arrives(kFirst, other));
        }
        MUST(sockets.network().Heal().ok());
        MUST(sockets.network().CutOff(0, Cut::kOut).ok());
        for (size_t other : {kHome, kSecond}) {
          MUST(sockets.IsLost(kFirst, other));
          MUST(sockets.Arrives(other, kFirst));
        }
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(LocalNetworkTest, AfterHealingAllReachAllAgain) {
  EXPECT_EXIT(
      {
        Sockets sockets;
        MUST(AllArrive(&sockets));
        MUST(sockets.network().CutOff(0, Cut::kBoth).ok());
        MUST(sockets.network().CutOff(1, Cut::kIn).ok());
        MUST(sockets.IsLost(kHome, kSecond));
        MUST(sockets.network().Heal().ok());
        MUST(AllArrive(&sockets));
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(LocalNetworkTest, TryingChangesNothingForThisProcess) {
  char before[64] = {}, after[64] = {};
  ASSERT_GT(readlink("/proc/self/ns/net", before, sizeof before - 1), 0);
  EXPECT_TRUE(LocalNetwork::Try().ok());
  ASSERT_GT(readlink("/proc/self/ns/net", after, sizeof after - 1), 0);
  EXPECT_STREQ(before, after);
}

TEST(LocalNetwork, OfMoreNodesThanThereAreAddressesIsRefused) {
  EXPECT_EQ(LocalNetwork::Make(kNetworkNodesMax + 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SystemTool, ThatIsMissingIsSaidWithThePackage) {
  const absl::Status status = FindSystemTool("no-such-tool", "some-package").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("there is no program no-such-tool. It is in Debian's package some-package"));
}

TEST(SystemTool, ThatFailsIsQuotedWithItsInput) {
  const auto shell = FindSystemTool("sh", "dash");
  ASSERT_TRUE(shell.ok());
  EXPECT_TRUE(RunSystemTool({.words = {*shell}, .input = "exit 0"}).ok());
  const absl::Status status =
      RunSystemTool({.words = {*shell}, .input = "echo I cannot; exit 3\n"});
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("ended with code 3 and said: I cannot\nIts input was:\necho I cannot"));
}

}  // namespace
}  // namespace ringjournal
