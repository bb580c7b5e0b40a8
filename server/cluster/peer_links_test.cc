#include "server/cluster/peer_links.h"

#include <cerrno>

#include "gtest/gtest.h"
#include "server/config_store/document.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1'000'000;

class Recorder : public PeerHandler {
 public:
  void OnUp(PeerConnection* peer) override { events.push_back("up " + Name(peer->life)); }
  void OnDown(const PeerConnection& peer) override { events.push_back("down " + Name(peer.life)); }
  void OnPeerFrame(PeerConnection* peer, const PeerFrame& frame) override {
    events.push_back("frame " + std::to_string(frame.message.message_case()));
  }
  void OnConfigVersion(uint64_t version) override { seen = std::max(seen, version); }
  static std::string Name(const NodeLife& life) {
    return life.node + "/" + std::to_string(life.incarnation.value());
  }
  std::vector<std::string> events;
  uint64_t seen = 0;
};

// One node's links and what they do.
struct Side {
  Side(const std::string& node, uint64_t incarnation, const v1::ConfigDocument& document)
      : links({document.cluster_id(), {node, Incarnation(incarnation)}}, &recorder) {}

  template <class Call>
  void Step(int64_t ms, Call call) {
    effects.Clear();
    links.BeginStep(ms * kMs, &effects);
    call();
    links.Turn();
    links.Flush();
  }
  std::string Sent() const {
    std::string bytes;
    for (const ShardEffects::Send& send : effects.sends) {
      bytes += std::string(AsView(send.head)) + std::string(AsView(send.body));
    }
    return bytes;
  }
  Recorder recorder;
  PeerLinks links;
  ShardEffects effects;
};

class PeerLinksTest : public testing::Test {
 protected:
  PeerLinksTest() : document_(testing_document::ClusterOf({"a", "b"})) {}

  // a dials b; returns the connection's number at a. Its number at b is 5.
  ConnectionNumber Dial(Side* a) {
    a->Step(1, [&] { a->links.SetWanted({"b"}, document_); });
    EXPECT_EQ(a->effects.dials.size(), 1u);
    return a->effects.dials.at(0).connection;
  }
  void Greet(Side* a, Side* b, ConnectionNumber at_a) {
    a->Step(2, [&] { a->links.OnDialed({at_a, 0}); });
    std::string hello = a->Sent();
    b->Step(3, [&] { b->links.OnAccepted(5); });
    b->Step(3, [&] { b->links.OnReceived({5, AsBytes(hello)}); });
    std::string reply = b->Sent();
    a->Step(4, [&] { a->links.OnReceived({at_a, AsBytes(reply)}); });
  }

  v1::ConfigDocument document_;
};

using Events = std::vector<std::string>;

TEST_F(PeerLinksTest, TwoHellosBindAConnectionToBothIncarnations) {
  Side a("a", 1, document_), b("b", 1, document_);
  ConnectionNumber at_a = Dial(&a);
  EXPECT_GE(at_a, kDialedConnections);
  EXPECT_EQ(a.effects.dials[0].address, "b.example:7000");
  Greet(&a, &b, at_a);
  EXPECT_EQ(a.recorder.events, Events{"up b/1"});
  EXPECT_EQ(b.recorder.events, Events{"up a/1"});
  EXPECT_NE(a.links.FindDialed("b"), nullptr);
  EXPECT_EQ(b.links.FindDialed("a"), nullptr) << "it is not b's to ask on";
}

TEST_F(PeerLinksTest, WhatIsForAllGoesToALifeOnceOverHoweverManyConnections) {
  Side a("a", 1, document_), b("b", 1, document_);
  Greet(&a, &b, Dial(&a));
  b.Step(5, [&] { b.links.SetWanted({"a"}, document_); });
  const ConnectionNumber at_b = b.effects.dials.at(0).connection;
  b.Step(6, [&] { b.links.OnDialed({at_b, 0}); });
  std::string hello = b.Sent();
  a.Step(7, [&] { a.links.OnAccepted(6); });
  a.Step(7, [&] { a.links.OnReceived({6, AsBytes(hello)}); });
  std::string reply = a.Sent();
  b.Step(8, [&] { b.links.OnReceived({at_b, AsBytes(reply)}); });
  ASSERT_NE(b.links.FindDialed("a"), nullptr);
  b.Step(9, [&] { b.links.SendToAll({}); });
  EXPECT_EQ(b.effects.sends.size(), 1u);
}

// A frozen process's kernel goes on to take connections.
TEST_F(PeerLinksTest, OnlyWhatAProcessSaysShowsThatItIsThere) {
  Side a("a", 1, document_), b("b", 1, document_);
  const NodeLife first{"b", Incarnation(1)}, second{"b", Incarnation(2)};
  ConnectionNumber at_a = Dial(&a);
  a.Step(2, [&] { a.links.OnDialed({at_a, 0}); });
  EXPECT_FALSE(a.links.HasSaid(first, 0));
  std::string hello = a.Sent();
  b.Step(3, [&] { b.links.OnAccepted(5); });
  b.Step(3, [&] { b.links.OnReceived({5, AsBytes(hello)}); });
  std::string reply = b.Sent();
  a.Step(4, [&] { a.links.OnReceived({at_a, AsBytes(reply)}); });
  EXPECT_TRUE(a.links.HasSaid(first, 4 * kMs));
  EXPECT_FALSE(a.links.HasSaid(first, 4 * kMs + 1));
  EXPECT_FALSE(a.links.HasSaid(second, 0));
}

TEST_F(PeerLinksTest, AHelloForAnotherLifeOfTheNodeIsRefused) {
  Side a("a", 1, document_), b("b", 2, document_);
  ConnectionNumber at_a = Dial(&a);
  Greet(&a, &b, at_a);
  EXPECT_TRUE(b.recorder.events.empty());
  EXPECT_FALSE(b.links.Owns(5));
}

TEST_F(PeerLinksTest, ALifeThatIsOverIsRefusedAndItsConnectionsEnd) {
  Side a("a", 1, document_), b("b", 1, document_);
  ConnectionNumber at_a = Dial(&a);
  Greet(&a, &b, at_a);
  testing_document::Start(&document_, "a");
  b.Step(5, [&] { b.links.SetWanted({}, document_); });
  EXPECT_EQ(b.recorder.events, (Events{"up a/1", "down a/1"}));
  EXPECT_EQ(b.effects.closes, std::vector<ConnectionNumber>{5});
  // The old process tries again.
  a.Step(6, [&] { a.links.OnEnded(at_a); });
  ConnectionNumber again = a.effects.dials.at(0).connection;
  Greet(&a, &b, again);
  EXPECT_FALSE(b.links.Owns(5));
}

TEST_F(PeerLinksTest, AnotherClusterIsRefused) {
  v1::ConfigDocument other = document_;
  other.set_cluster_id("fedcba9876543210");
  Side a("a", 1, document_), b("b", 1, other);
  Greet(&a, &b, Dial(&a));
  EXPECT_TRUE(b.recorder.events.empty());
}

TEST_F(PeerLinksTest, AnotherProtocolVersionIsRefusedWithBothNamed) {
  v1::PeerMessage message;
  v1::PeerHello* hello = message.mutable_hello();
  hello->set_cluster_id(document_.cluster_id());
  hello->set_protocol_min(2);
  hello->set_protocol_max(3);
  hello->mutable_from()->set_node("a");
  hello->mutable_from()->set_incarnation(1);
  hello->mutable_to()->set_node("b");
  hello->mutable_to()->set_incarnation(1);
  std::string bytes(kPeerPreface);
  AppendFrame(message.SerializeAsString(), &bytes);
  Side b("b", 1, document_);
  b.Step(2, [&] { b.links.SetWanted({}, document_); });
  b.Step(3, [&] { b.links.OnAccepted(5); });
  b.Step(3, [&] { b.links.OnReceived({5, AsBytes(bytes)}); });
  EXPECT_TRUE(b.recorder.events.empty());
  EXPECT_FALSE(b.links.Owns(5));
  ASSERT_EQ(b.effects.notes.size(), 1u);
  EXPECT_NE(b.effects.notes[0].find("speaks protocol 2 to 3, this one 1"), std::string::npos)
      << b.effects.notes[0];
}

TEST_F(PeerLinksTest, ARefusedConnectionSaysThatTheProcessIsGone) {
  Side a("a", 1, document_);
  NodeLife b{"b", Incarnation(1)};
  ConnectionNumber first = Dial(&a);
  a.Step(2, [&] { a.links.OnDialed({first, ETIMEDOUT}); });
  EXPECT_FALSE(a.links.IsGone(b)) << "silence proves nothing";
  EXPECT_TRUE(a.effects.dials.empty());
  a.Step(60, [] {});
  ASSERT_EQ(a.effects.dials.size(), 1u);
  a.Step(61, [&] { a.links.OnDialed({a.effects.dials[0].connection, ECONNREFUSED}); });
  EXPECT_TRUE(a.links.IsGone(b));
  testing_document::Start(&document_, "b");
  a.Step(62, [&] { a.links.SetWanted({"b"}, document_); });
  EXPECT_FALSE(a.links.IsGone(b)) << "another life is known";
}

TEST_F(PeerLinksTest, BytesAreTakenInAnyPieces) {
  Side a("a", 1, document_), b("b", 1, document_);
  ConnectionNumber at_a = Dial(&a);
  a.Step(2, [&] { a.links.OnDialed({at_a, 0}); });
  std::string hello = a.Sent();
  b.Step(3, [&] { b.links.OnAccepted(5); });
  for (char c : hello) {
    std::string one(1, c);
    b.Step(3, [&] { b.links.OnReceived({5, AsBytes(one)}); });
  }
  EXPECT_EQ(b.recorder.events, Events{"up a/1"});
}

TEST_F(PeerLinksTest, StrangeBytesEndTheConnection) {
  Side b("b", 1, document_);
  b.Step(3, [&] { b.links.OnAccepted(5); });
  b.Step(3, [&] { b.links.OnReceived({5, AsBytes(std::string_view("GET / HTTP/1.1\r\n"))}); });
  EXPECT_EQ(b.effects.closes, std::vector<ConnectionNumber>{5});
}

TEST_F(PeerLinksTest, WhoSaysNothingIsNotWaitedForLong) {
  Side b("b", 1, document_);
  b.Step(3, [&] { b.links.OnAccepted(5); });
  EXPECT_LE(b.links.deadline_ns(), (3 + limits::kPeerGraceMs) * kMs + 1);
  b.Step(3 + limits::kPeerGraceMs, [] {});
  EXPECT_TRUE(b.effects.closes.empty());
  b.Step(4 + limits::kPeerGraceMs, [] {});
  EXPECT_EQ(b.effects.closes, std::vector<ConnectionNumber>{5});
}

TEST_F(PeerLinksTest, BeforeItsHelloAPeerGetsASmallBuffer) {
  Side b("b", 1, document_);
  b.Step(3, [&] { b.links.OnAccepted(5); });
  std::string bytes(kPeerPreface);
  bytes.append({'\0', '\0', '\1', '\0'});  // a frame of 64 KiB
  b.Step(3, [&] { b.links.OnReceived({5, AsBytes(bytes)}); });
  EXPECT_EQ(b.effects.closes, std::vector<ConnectionNumber>{5});
  ASSERT_EQ(b.effects.notes.size(), 1u);
  EXPECT_NE(b.effects.notes[0].find("over the limit"), std::string::npos) << b.effects.notes[0];
}

TEST_F(PeerLinksTest, WhyAPeerIsRefusedIsSaidOnce) {
  v1::ConfigDocument other = document_;
  other.set_cluster_id("fedcba9876543210");
  Side b("b", 1, other);
  size_t notes = 0;
  for (ConnectionNumber c = 5; c < 9; ++c) {
    Side a("a", 1, document_);
    ConnectionNumber at_a = Dial(&a);
    a.Step(2, [&] { a.links.OnDialed({at_a, 0}); });
    std::string hello = a.Sent();
    b.Step(3, [&] { b.links.OnAccepted(c); });
    b.Step(3, [&] { b.links.OnReceived({c, AsBytes(hello)}); });
    EXPECT_FALSE(b.links.Owns(c));
    notes += b.effects.notes.size();
  }
  EXPECT_EQ(notes, 1u);
}

TEST_F(PeerLinksTest, AcceptedConnectionsAreLimited) {
  Side b("b", 1, document_);
  for (ConnectionNumber c = 1; c <= limits::kPeerConnectionsMax; ++c) {
    b.Step(3, [&] { b.links.OnAccepted(c); });
    ASSERT_TRUE(b.links.Owns(c));
  }
  b.Step(3, [&] { b.links.OnAccepted(9999); });
  EXPECT_FALSE(b.links.Owns(9999));
  EXPECT_EQ(b.effects.closes, std::vector<ConnectionNumber>{9999});
}

TEST_F(PeerLinksTest, AnEndedConnectionIsMadeAgain) {
  Side a("a", 1, document_), b("b", 1, document_);
  ConnectionNumber at_a = Dial(&a);
  Greet(&a, &b, at_a);
  a.Step(5, [&] { a.links.OnEnded(at_a); });
  EXPECT_EQ(a.recorder.events, (Events{"up b/1", "down b/1"}));
  EXPECT_EQ(a.effects.dials.size(), 1u) << "at once: the answer tells whether the process is gone";
}

TEST_F(PeerLinksTest, AHelloWithANewerDocumentIsHeard) {
  Side a("a", 1, document_), b("b", 1, document_);
  v1::ConfigDocument newer = document_;
  newer.set_version(9);
  b.Step(0, [&] { b.links.SetWanted({}, newer); });
  Greet(&a, &b, Dial(&a));
  EXPECT_EQ(a.recorder.seen, 9u);
}

}  // namespace
}  // namespace ringjournal
