#include "server/config_store/etcd_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(EtcdEndpoints, AreAListWithCommas) {
  EXPECT_THAT(*ParseEtcdEndpoints("http://localhost:1, https://example.org:2/ ,http://[::1]:3"),
              ElementsAre("http://localhost:1", "https://example.org:2", "http://[::1]:3"));
}

TEST(EtcdEndpoints, HaveEtcdsPortWhereNoneIsNamed) {
  EXPECT_THAT(*ParseEtcdEndpoints("http://localhost,https://[::1]"),
              ElementsAre("http://localhost:2379", "https://[::1]:2379"));
}

TEST(EtcdEndpoints, ThatAreWrongAreRefusedWithTheReasonAndTheForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "it is empty"},
      {"http://localhost:1,", "it is empty"},
      {"a:2379", "does not start with http://"},
      {"ftp://localhost:1", "only http and https"},
      {"http://localhost:1/v3", "it has a path"},
      {"http://localhost:1?x", "it has a path"},
      {"http://:2379", "its host"},
      {"http://%41:1", "its host"},
      {"http://[::1:3", "its host"},
      {"http://localhost:0", "its port"},
      {"http://localhost:65536", "its port"},
      {"http://localhost:12x", "its port"},
      {"http://localhost:+5", "its port"},
      {"http://localhost:", "its port"},
      {"http://[::1]x", "its port"},
      {"http://localhost:1,http://localhost:1", "named twice"},
  };
  for (const auto& [text, reason] : cases) {
    const absl::Status status = ParseEtcdEndpoints(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Message(status), HasSubstr(reason)) << text;
    EXPECT_THAT(Message(status), HasSubstr("http://<host>:<port>")) << text;
  }
}

TEST(EtcdEndpoints, WithAPasswordAreRefusedWithoutShowingIt) {
  const absl::Status status = ParseEtcdEndpoints("http://root:geheim@localhost:1").status();
  EXPECT_THAT(Message(status), HasSubstr("a password"));
  EXPECT_THAT(Message(status), Not(HasSubstr("geheim")));
}

TEST(EtcdEndpoints, AreLimitedInNumberAndLength) {
  std::string many = "http://localhost:1";
  for (uint32_t i = 1; i <= limits::kEtcdEndpointsMax; ++i) {
    many.append(",http://localhost:").append(std::to_string(i + 1));
  }
  EXPECT_THAT(Message(ParseEtcdEndpoints(many).status()), HasSubstr("17 etcd endpoints"));
  const std::string host(limits::kEtcdEndpointBytesMax, 'a');
  EXPECT_THAT(Message(ParseEtcdEndpoints(std::string("http://").append(host)).status()),
              HasSubstr("too long"));
}

EtcdOptions Good() { return {.endpoints = {"https://localhost:1"}}; }

TEST(EtcdSettings, ThatDoNotFitTogetherAreRefused) {
  EXPECT_TRUE(CheckEtcdOptions(Good()).ok());
  const auto refusal = [](auto change) {
    EtcdOptions options = Good();
    change(&options);
    return Message(CheckEtcdOptions(options));
  };
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->endpoints.clear(); }), HasSubstr("no endpoint"));
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->endpoints = {"a"}; }), HasSubstr("http://<host>"));
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->prefix.clear(); }), HasSubstr("the key has 0 bytes"));
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->prefix.assign(257, 'x'); }), HasSubstr("257 bytes"));
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->cert = "c"; }), HasSubstr("needs its key"));
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->key = "k"; }), HasSubstr("needs its key"));
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->user = "u"; }), HasSubstr("file with the password"));
  EXPECT_THAT(refusal([](EtcdOptions* o) { o->password_file = "f"; }),
              HasSubstr("the file a user"));
  EXPECT_THAT(refusal([](EtcdOptions* o) {
                o->ca = "ca";
                o->endpoints.push_back("http://127.0.0.1:1");
              }),
              HasSubstr("would not use them"));
}

TEST(EtcdSettings, GiveEachClusterAKeyOfItsOwn) {
  EXPECT_EQ(EtcdKeyOfCluster("blue"), "/ringjournal/blue/config");
}

}  // namespace
}  // namespace ringjournal
