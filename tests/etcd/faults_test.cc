// What becomes of requests whose way to etcd and back is disturbed.
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"
#include "server/config_store/etcd_document.h"
#include "tests/etcd/etcd_test_client.h"
#include "tests/etcd/fault_proxy.h"
#include "tests/etcd/gateway.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;

constexpr char kTxn[] = "/v3/kv/txn";
constexpr char kRange[] = "/v3/kv/range";

EtcdCluster* Etcd() {
  static const std::unique_ptr<EtcdCluster> etcd = StartEtcd({.members = 1});
  return etcd.get();
}
uint16_t EtcdPort() { return Etcd()->plan().members[0].client_port; }

std::string Message(const absl::Status& status) { return std::string(status.message()); }

std::string NextKey() {
  static int number = 0;
  return std::string("/faults/").append(std::to_string(++number));
}

// A store behind a proxy and one that goes straight, on one new document.
class EtcdFaults : public ::testing::Test {
 protected:
  EtcdFaults() {
    direct_.Register("node1", "first");
    document_ = client_.Read().document;
    EXPECT_EQ(document_.version(), 2u);
  }

  EtcdOptions Proxied(EtcdTimes times = kPatient) {
    EtcdOptions options = OptionsFor(proxy_.endpoint(), key_);
    options.times = times;
    return options;
  }
  EtcdOptions Direct() {
    EtcdOptions options = OptionsFor(Etcd()->endpoints(), key_);
    options.times = kPatient;
    return options;
  }
  // A change that can be told from others.
  v1::ConfigDocument Changed(const std::string& address) {
    v1::ConfigDocument next = document_;
    next.mutable_nodes(0)->set_address(address);
    return next;
  }
  static std::string Answer(const std::string& status, const std::string& body) {
    return std::string("HTTP/1.1 ")
        .append(status)
        .append("\r\nContent-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
  }

  std::string key_ = NextKey();
  FaultProxy proxy_{EtcdPort()};
  EtcdTestClient direct_{Direct()};
  EtcdTestClient client_{Proxied()};
  v1::ConfigDocument document_;
};

TEST_F(EtcdFaults, AChangeWhoseConnectionEndsIsUnknownAndWasSentOnce) {
  uint64_t version = 2;
  for (const auto& [fault, applied] :
       {std::pair(Fault::kCutBefore, false), std::pair(Fault::kCutAfter, true),
        std::pair(Fault::kCutInside, true)}) {
    document_ = client_.Read().document;
    proxy_.Set(kTxn, fault);
    const int before = proxy_.Count(kTxn);
    const ConfigCompletion unknown = client_.Cas(version, Changed("b:1"));
    EXPECT_EQ(unknown.outcome, ConfigOutcome::kUnknown);
    EXPECT_EQ(unknown.document.version(), 0u);
    EXPECT_THAT(Message(unknown.status), HasSubstr("read before deciding anew"));
    EXPECT_EQ(proxy_.Count(kTxn), before + 1) << "never sent twice";
    if (applied) ++version;
    EXPECT_EQ(direct_.Read().document.version(), version);
  }
}

TEST_F(EtcdFaults, AChangeThatIsSwallowedIsUnknownInTime) {
  EtcdTestClient client(Proxied({.request_ms = 20'000, .change_attempt_ms = 500}));
  client.Read();
  proxy_.Set(kTxn, Fault::kSwallow, 1);
  EXPECT_EQ(client.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kUnknown);
  EXPECT_EQ(client.Read().document.version(), 3u) << "etcd had it";
}

TEST_F(EtcdFaults, AnUnknownChangeMayStillBeAppliedLater) {
  EtcdTestClient client(Proxied({.request_ms = 20'000, .change_attempt_ms = 500}));
  client.Read();
  proxy_.Set(kTxn, Fault::kHold, 1);
  EXPECT_EQ(client.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kUnknown);
  EXPECT_EQ(direct_.Read().document.version(), 2u);
  proxy_.Release();
  EXPECT_TRUE(direct_.Await([&] { return direct_.Read().document.version() == 3; }));
}

TEST_F(EtcdFaults, ANoOpChangeSettlesAnUnknownOneForGood) {
  EtcdTestClient client(Proxied({.request_ms = 20'000, .change_attempt_ms = 500}));
  client.Read();
  proxy_.Set(kTxn, Fault::kHold, 1);
  EXPECT_EQ(client.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kUnknown);
  ASSERT_EQ(direct_.Cas(2, document_).outcome, ConfigOutcome::kOk);
  proxy_.Release();
  // It has arrived when another one that came after it has.
  EXPECT_EQ(client_.Cas(3, document_).outcome, ConfigOutcome::kOk);
  EXPECT_EQ(direct_.Read().document.nodes(0).address(), "a:1");
}

TEST_F(EtcdFaults, AnswersThatLeaveItOpenAreUnknown) {
  const std::pair<const char*, std::string> answers[] = {
      {"503 Service Unavailable", R"({"message":"etcdserver: leader changed","code":14})"},
      {"503 Service Unavailable", R"({"message":"etcdserver: request timed out","code":14})"},
      {"504 Gateway Timeout", R"({"message":"context deadline exceeded","code":4})"},
      {"500 Internal Server Error", R"({"message":"raft proposal dropped","code":2})"},
      {"429 Too Many Requests", R"({"message":"mvcc: database space exceeded","code":8})"},
      {"200 OK", ""},
      {"200 OK", "{}"},
      {"200 OK", "<html>hello</html>"},
      {"302 Found", ""},
      {"200 OK", std::string(limits::kEtcdAnswerBytesMax + 1, ' ')},
  };
  for (const auto& [status, body] : answers) {
    proxy_.SetReplacement(Answer(status, body));
    proxy_.Set(kTxn, Fault::kReplace);
    const int before = proxy_.Count(kTxn);
    EXPECT_EQ(client_.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kUnknown) << status;
    EXPECT_EQ(proxy_.Count(kTxn), before + 1) << "never sent twice";
  }
  EXPECT_EQ(direct_.Read().document.version(), 2u);
}

TEST_F(EtcdFaults, AnswersThatSayNoAreRefusals) {
  for (const auto& [status, body] :
       {std::pair("400 Bad Request", R"({"message":"etcdserver: request is too large","code":3})"),
        std::pair("403 Forbidden", R"({"message":"etcdserver: permission denied","code":7})"),
        std::pair("401 Unauthorized",
                  R"({"message":"etcdserver: invalid auth token","code":16})")}) {
    proxy_.SetReplacement(Answer(status, body));
    proxy_.Set(kTxn, Fault::kReplace);
    const ConfigCompletion refused = client_.Cas(2, Changed("b:1"));
    EXPECT_EQ(refused.outcome, ConfigOutcome::kRefused) << status;
    EXPECT_THAT(Message(refused.status), HasSubstr("etcdserver: "));
  }
}

TEST_F(EtcdFaults, WhereEtcdDidNothingAChangeIsTriedAgain) {
  proxy_.SetReplacement(Answer("404 Not Found", "no such page"));
  proxy_.Set(kTxn, Fault::kReplace, 2);
  EXPECT_EQ(client_.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kOk);
}

TEST_F(EtcdFaults, ARequestOrAnAnswerThatComesTwiceCountsOnce) {
  proxy_.Set(kTxn, Fault::kSendTwice, 1);
  EXPECT_EQ(client_.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kOk);
  proxy_.Set("/v3/kv", Fault::kAnswerTwice, 2);
  EXPECT_EQ(client_.Read().document.version(), 3u);
  EXPECT_EQ(client_.Cas(3, Changed("c:1")).outcome, ConfigOutcome::kOk);
  EXPECT_EQ(direct_.Read().document.version(), 4u);
}

TEST_F(EtcdFaults, ReadsAreRepeatedUntilOneIsAnswered) {
  for (Fault fault : {Fault::kCutBefore, Fault::kCutAfter, Fault::kCutInside}) {
    proxy_.Set(kRange, fault, 3);
    EXPECT_EQ(client_.Read().outcome, ConfigOutcome::kOk);
  }
  EtcdTestClient client(Proxied({.request_ms = 20'000, .read_attempt_ms = 50}));
  proxy_.Set(kRange, Fault::kSwallow, 2);
  EXPECT_EQ(client.Read().outcome, ConfigOutcome::kOk);
}

TEST_F(EtcdFaults, ARegistrationWhoseAnswerIsLostGivesOneIncarnation) {
  proxy_.Set(kTxn, Fault::kCutAfter, 1);
  const ConfigCompletion done = client_.Register("node2", "nonce");
  EXPECT_EQ(done.outcome, ConfigOutcome::kOk) << done.status;
  EXPECT_EQ(done.incarnation, Incarnation(1));
  EXPECT_EQ(direct_.Read().document.version(), 3u);
}

TEST_F(EtcdFaults, EverythingEndsInTimeWhereNothingIsAnswered) {
  EtcdTestClient client(Proxied({.request_ms = 300, .connect_ms = 50, .read_attempt_ms = 50}));
  client.Read();
  proxy_.Set("/", Fault::kSwallow);
  EXPECT_EQ(client.Read().outcome, ConfigOutcome::kUnknown);
  EXPECT_EQ(client.Register("node2", "nonce").outcome, ConfigOutcome::kUnknown);
  // Of another version: it is never sent, so it is known not to be applied.
  const ConfigCompletion refused = client.Cas(1, document_);
  EXPECT_EQ(refused.outcome, ConfigOutcome::kRefused);
  EXPECT_THAT(Message(refused.status), HasSubstr("majority of etcd's members"));
}

TEST_F(EtcdFaults, AnEndpointThatRefusesIsLeftForOneThatWorks) {
  EtcdOptions options = Proxied();
  options.endpoints.push_back(Etcd()->endpoint(0));
  EtcdTestClient client(options);
  EXPECT_EQ(client.Read().outcome, ConfigOutcome::kOk);
  proxy_.StopForGood();
  EXPECT_EQ(client.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kOk)
      << "nothing was sent, so it may be asked elsewhere";
  EXPECT_THAT(client.store()->TakeNote(), HasSubstr(Etcd()->endpoint(0)));
  const int before = proxy_.Count("/");
  EXPECT_EQ(client.Read().outcome, ConfigOutcome::kOk);
  EXPECT_EQ(proxy_.Count("/"), before) << "the good one is remembered";
}

TEST_F(EtcdFaults, AnEndpointThatIsSilentIsLeftForOneThatWorks) {
  EtcdOptions options = Proxied();
  options.endpoints.push_back(Etcd()->endpoint(0));
  options.times.read_attempt_ms = 50;
  EtcdTestClient client(options);
  proxy_.Set("/", Fault::kSwallow);
  EXPECT_EQ(client.Read().outcome, ConfigOutcome::kOk);
  EXPECT_THAT(client.store()->TakeNote(), HasSubstr(proxy_.endpoint()));
}

// ---- the document itself ----

TEST_F(EtcdFaults, ADocumentThatIsGoneOlderOrDamagedIsRefusedAndNotWrittenOver) {
  Gateway gateway(Etcd()->endpoint(0));
  v1::ConfigDocument older = document_;
  older.set_version(1);
  const std::string good = EncodeEtcdValue(document_);
  const std::string bad_values[] = {EncodeEtcdValue(older), "garbage", good.substr(0, 60), ""};
  const auto expect_refusals = [&] {
    for (const ConfigCompletion& refused :
         {client_.Read(), client_.Cas(2, Changed("b:1")), client_.Register("node1", "again")}) {
      EXPECT_EQ(refused.outcome, ConfigOutcome::kRefused);
      EXPECT_EQ(refused.status.code(), absl::StatusCode::kDataLoss) << refused.status;
      EXPECT_THAT(Message(refused.status), HasSubstr(key_));
    }
  };
  for (const std::string& value : bad_values) {
    ASSERT_TRUE(gateway.Put(key_, value));
    expect_refusals();
  }
  ASSERT_TRUE(gateway.Delete(key_));
  expect_refusals();
  EXPECT_FALSE(gateway.Exists(key_));
  // Restored: all goes on.
  ASSERT_TRUE(gateway.Put(key_, good));
  EXPECT_EQ(client_.Cas(2, Changed("b:1")).outcome, ConfigOutcome::kOk);
}

TEST(EtcdFirstStart, NodesThatRaceAgreeOnOneCluster) {
  const std::string key = NextKey();
  std::vector<std::unique_ptr<EtcdTestClient>> clients;
  for (char id = 'a'; id < 'f'; ++id) {
    EtcdOptions options = OptionsFor(Etcd()->endpoints(), key);
    options.times = kPatient;
    options.cluster_id = std::string(16, id);
    clients.push_back(std::make_unique<EtcdTestClient>(options));
    ASSERT_TRUE(clients.back()->store()->Submit(ConfigRequest::Read(1)).ok());
  }
  std::vector<ConfigCompletion> completions;
  while (completions.size() < clients.size()) {
    for (auto& client : clients) client->store()->Poll(io::ReadClock(), &completions);
  }
  for (const ConfigCompletion& completion : completions) {
    ASSERT_EQ(completion.outcome, ConfigOutcome::kOk) << completion.status;
    EXPECT_EQ(completion.document.cluster_id(), completions[0].document.cluster_id());
    EXPECT_EQ(completion.document.version(), 1u);
  }
}

TEST(EtcdFirstStart, AMissingDocumentBesideDataIsNotReplacedByAnEmptyOne) {
  EtcdOptions options = OptionsFor(Etcd()->endpoints(), NextKey());
  options.times = kPatient;
  options.create_if_missing = false;
  EtcdTestClient client(options);
  const ConfigCompletion refused = client.Register("node1", "first");
  EXPECT_EQ(refused.outcome, ConfigOutcome::kRefused);
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(Gateway(Etcd()->endpoint(0)).Exists(options.prefix));
}

// ---- the watch ----

class EtcdWatchTest : public EtcdFaults {
 protected:
  EtcdWatchTest() {
    EXPECT_TRUE(client_.Await([this] { return client_.store()->watches(); }));
    client_.store()->TakeChanged();
  }
  void Change() {
    EXPECT_EQ(direct_.Cas(direct_.Read().document.version(), document_).outcome,
              ConfigOutcome::kOk);
  }
  // The document itself.
  bool IsTold() {
    return client_.Await([this] {
      news_ = client_.store()->TakeNews();
      return news_.has_value();
    });
  }
  // That it must be read.
  bool IsCalledChanged() {
    return client_.Await([this] { return client_.store()->TakeChanged(); });
  }
  bool IsSilent() {
    return !client_.store()->TakeNews().has_value() && !client_.store()->TakeChanged();
  }
  std::optional<v1::ConfigDocument> news_;
};

TEST_F(EtcdWatchTest, TellsAChangeOfSomebodyElseOnceWithTheDocument) {
  EXPECT_TRUE(IsSilent());
  Change();
  ASSERT_TRUE(IsTold());
  EXPECT_EQ(news_->version(), 3u);
  EXPECT_EQ(news_->SerializeAsString(), direct_.Read().document.SerializeAsString());
  EXPECT_TRUE(IsSilent()) << "nobody has to read it";
}

TEST_F(EtcdWatchTest, IsNoNewsWhereTheChangeIsKnownAlready) {
  Change();
  ASSERT_TRUE(IsTold());
  client_.Read();
  client_.Turn();
  EXPECT_TRUE(IsSilent());
}

TEST_F(EtcdWatchTest, CallsTheDocumentChangedWhereWhatItToldCannotFollow) {
  Change();
  ASSERT_TRUE(IsTold());
  Gateway gateway(Etcd()->endpoint(0));
  ASSERT_TRUE(gateway.Put(key_, "by hand"));
  EXPECT_TRUE(IsCalledChanged());
  EXPECT_TRUE(IsSilent()) << "what is no document is not handed out";
  EXPECT_EQ(client_.Read().status.code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(gateway.Put(key_, EncodeEtcdValue(document_))) << "it went back";
  EXPECT_TRUE(IsCalledChanged());
  EXPECT_TRUE(IsSilent());
  ASSERT_TRUE(gateway.Delete(key_));
  EXPECT_TRUE(IsCalledChanged());
}

TEST_F(EtcdWatchTest, BeginsAgainAfterACutAndCallsTheDocumentChanged) {
  proxy_.CutAll();
  EXPECT_TRUE(client_.Await([this] { return !client_.store()->watches(); }));
  EXPECT_TRUE(client_.Await([this] { return client_.store()->watches(); }));
  EXPECT_TRUE(client_.store()->TakeChanged());
  Change();
  EXPECT_TRUE(IsTold());
}

TEST_F(EtcdWatchTest, OutlivesACompaction) {
  Change();
  EXPECT_TRUE(IsTold());
  ASSERT_TRUE(Gateway(Etcd()->endpoint(0)).CompactNow());
  Change();
  EXPECT_TRUE(IsTold());
  proxy_.CutAll();
  EXPECT_TRUE(IsCalledChanged());
}

TEST_F(EtcdWatchTest, LeavesAnEndpointThatTakesNoWatch) {
  EtcdOptions options = Proxied();
  options.endpoints.push_back(Etcd()->endpoint(0));
  proxy_.Set("/v3/watch", Fault::kCutBefore);
  EtcdTestClient client(options);
  EXPECT_TRUE(client.Await([&] { return client.store()->watches(); }));
}

}  // namespace
}  // namespace ringjournal
