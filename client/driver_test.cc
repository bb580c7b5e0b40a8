#include "client/driver.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "client/core/append_session.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

// A port of loopback on which connections are accepted by the kernel and nobody answers.
class SilentPort {
 public:
  explicit SilentPort(bool listens) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    if (listens) {
      EXPECT_EQ(listen(fd_, 16), 0);
    }
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~SilentPort() { close(fd_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  const std::string& address() const { return address_; }
  // Connections since the last call.
  int Accepted() {
    int count = 0;
    for (int fd = accept(fd_, nullptr, nullptr); fd >= 0; fd = accept(fd_, nullptr, nullptr)) {
      close(fd);
      ++count;
    }
    return count;
  }

 private:
  int fd_;
  std::string address_;
};

// Else each round costs the time that a frozen node is given to greet.
TEST(Driver, PassesOverANodeThatWasSilentJustNow) {
  SilentPort frozen(true), closed(false);
  ClientOptions options{.server = absl::StrCat(frozen.address(), ",", closed.address())};
  AppendSessionOptions session_options;
  session_options.session = Driver::SessionOptionsFrom(options);
  session_options.journal = "orders";
  AppendSession session(session_options);
  Driver driver(&session, options);
  while (session.disconnects() < 1) driver.Turn(kNeverNs);
  const int64_t passed_over_until_ns = Driver::NowNs() + limits::kNodeTriedMs * kMsNs;
  EXPECT_TRUE(session.was_silent());
  EXPECT_EQ(frozen.Accepted(), 1);
  while (session.disconnects() < 5) driver.Turn(kNeverNs);
  if (Driver::NowNs() >= passed_over_until_ns) GTEST_SKIP() << "the machine was too slow for this";
  EXPECT_EQ(frozen.Accepted(), 0);
  while (session.disconnects() < 100 && frozen.Accepted() == 0) driver.Turn(kNeverNs);
  EXPECT_LT(session.disconnects(), 100u) << "it is tried again later";
}

TEST(Driver, DoesNotPauseForLongWhereAnotherNodeMayLead) {
  const SessionOptions one = Driver::SessionOptionsFrom({.server = "a:1"});
  const SessionOptions three = Driver::SessionOptionsFrom({.server = "a:1,b:1,c:1"});
  EXPECT_EQ(one.backoff_max_ns, SessionOptions().backoff_max_ns);
  EXPECT_EQ(three.nodes, 3u);
  EXPECT_LE(three.backoff_max_ns, 250 * kMsNs);
}

}  // namespace
}  // namespace ringjournal::client
