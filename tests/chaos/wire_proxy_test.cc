#include "tests/chaos/wire_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "io/clock.h"
#include "proto/peer.pb.h"

namespace ringjournal::chaos {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A listener of the test's own, and a port that is free.
class Port {
 public:
  Port() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Loopback(0);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socklen_t size = sizeof(address);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number_ = ntohs(address.sin_port);
  }
  void Listen() { EXPECT_EQ(listen(fd_.get(), 8), 0); }
  // For the proxy to listen there.
  uint16_t Release() {
    fd_.Reset();
    return number_;
  }
  int fd() const { return fd_.get(); }
  uint16_t number() const { return number_; }

 private:
  io::FileDescriptor fd_;
  uint16_t number_ = 0;
};

// n2 and clients connect to n1 through the proxy.
class WireProxyTest : public testing::Test {
 public:
  WireProxyTest() {
    behind_.Listen();
    Port peers, clients;
    peers_ = peers.number();
    clients_ = clients.number();
    peers.Release();
    clients.Release();
    proxy_ = std::make_unique<WireProxy>(
        std::vector<WireLink>{{"?", "n1", peers_, behind_.number()},
                              {"clients", "n1", clients_, behind_.number()},
                              {"n2", "etcd", Port().Release(), behind_.number()}});
    EXPECT_EQ(pipe(nothing_), 0);
  }
  ~WireProxyTest() override {
    close(nothing_[0]);
    close(nothing_[1]);
  }

  void Turn(int times = 5) {
    for (int i = 0; i < times; ++i) proxy_->Turn(nothing_[0], 5);
  }
  void Say(const std::string& command) {
    EXPECT_EQ(proxy_->Carry(command, io::MonotonicNs()), "") << command;
  }
  // Not open: refused.
  io::FileDescriptor Dial(uint16_t port) {
    io::FileDescriptor fd(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = Loopback(port);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fd.Reset();
    Turn();
    return fd;
  }
  // The proxy's own connection to the port behind it. Not open: none has come.
  io::FileDescriptor Accepted() {
    Turn();
    fcntl(behind_.fd(), F_SETFL, O_NONBLOCK);
    return io::FileDescriptor(accept(behind_.fd(), nullptr, nullptr));
  }
  void Send(const io::FileDescriptor& fd, const std::string& bytes) {
    EXPECT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    Turn();
  }
  // "" while nothing has come, "<end>" at the end.
  std::string Received(const io::FileDescriptor& fd) {
    Turn();
    char buffer[4096];
    ssize_t got = recv(fd.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
    return got == 0 ? "<end>" : std::string(buffer, got < 0 ? 0 : static_cast<size_t>(got));
  }
  static std::string Hello(const std::string& from) {
    v1::PeerMessage message;
    message.mutable_hello()->mutable_from()->set_node(from);
    const std::string body = message.SerializeAsString();
    std::string bytes = "RINGJPR\x01";
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(body.size() >> (8 * i)));
    return bytes + body;
  }

  Port behind_;
  uint16_t peers_ = 0, clients_ = 0;
  int nothing_[2];
  std::unique_ptr<WireProxy> proxy_;
};

TEST_F(WireProxyTest, ForwardsBothWaysAndTheEnd) {
  io::FileDescriptor client = Dial(clients_), server = Accepted();
  Send(client, "question");
  EXPECT_EQ(Received(server), "question");
  Send(server, "answer");
  EXPECT_EQ(Received(client), "answer");
  server.Reset();
  EXPECT_EQ(Received(client), "<end>");
}

TEST_F(WireProxyTest, ACutHoldsOneWayUntilItIsHealed) {
  io::FileDescriptor client = Dial(clients_), server = Accepted();
  Say("cut clients n1");
  Send(client, "question");
  EXPECT_EQ(Received(server), "");
  Send(server, "unasked");
  EXPECT_EQ(Received(client), "unasked");
  Say("heal");
  EXPECT_EQ(Received(server), "question");
}

TEST_F(WireProxyTest, TheEndOfAConnectionIsNotHeardThroughACut) {
  io::FileDescriptor client = Dial(clients_), server = Accepted();
  Say("cut n1 *");
  server.Reset();
  EXPECT_EQ(Received(client), "");
  Say("heal");
  EXPECT_EQ(Received(client), "<end>");
}

TEST_F(WireProxyTest, ANewConnectionNeedsBothWays) {
  Say("cut n1 clients");
  io::FileDescriptor client = Dial(clients_);
  Send(client, "question");
  EXPECT_FALSE(Accepted().is_open());
  Say("heal");
  EXPECT_EQ(Received(Accepted()), "question");
}

TEST_F(WireProxyTest, ANodeIsKnownByItsHello) {
  io::FileDescriptor n2 = Dial(peers_);
  Send(n2, Hello("n2"));
  io::FileDescriptor n1 = Accepted();
  EXPECT_EQ(Received(n1), Hello("n2"));
  Say("cut n2 n1");
  Send(n2, "more");
  EXPECT_EQ(Received(n1), "");
  io::FileDescriptor client = Dial(clients_), served = Accepted();
  Send(client, "question");
  EXPECT_EQ(Received(served), "question") << "clients are not cut off";
  Say("heal");
  EXPECT_EQ(Received(n1), "more");
}

TEST_F(WireProxyTest, PortsOfWhoIsDownRefuse) {
  Say("down n1");
  EXPECT_FALSE(Dial(clients_).is_open());
  Say("up n1");
  EXPECT_TRUE(Dial(clients_).is_open());
}

TEST_F(WireProxyTest, ADelayIsKept) {
  io::FileDescriptor client = Dial(clients_), server = Accepted();
  Say("delay clients n1 50");
  const int64_t sent_ns = io::MonotonicNs();
  Send(client, "question");
  while (Received(server).empty()) {
  }
  EXPECT_GE(io::MonotonicNs() - sent_ns, 50'000'000);
}

TEST_F(WireProxyTest, ARateIsKept) {
  io::FileDescriptor client = Dial(clients_), server = Accepted();
  Say("rate clients n1 20000");
  const int64_t sent_ns = io::MonotonicNs();
  Send(client, std::string(2000, 'x'));
  for (size_t got = 0; got < 2000;) got += Received(server).size();
  // All but the first piece, which goes at once.
  EXPECT_GE(io::MonotonicNs() - sent_ns, 70'000'000);
}

TEST_F(WireProxyTest, WhatItIsNotToldIsRefused) {
  EXPECT_NE(proxy_->Carry("cut nobody n1", 0), "");
  EXPECT_NE(proxy_->Carry("burn n1 n2", 0), "");
}

}  // namespace
}  // namespace ringjournal::chaos
