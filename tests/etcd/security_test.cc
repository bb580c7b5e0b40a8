// Certificates, users and passwords, as etcd offers them.
#include <cstdio>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/etcd/etcd_test_client.h"
#include "tests/etcd/gateway.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// Certificates made by openssl in a directory of their own.
class Certificates {
 public:
  Certificates() {
    for (const char* name : {"ca", "strangers-ca"}) {
      Run(std::string("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ")
              .append("-subj /CN=")
              .append(name)
              .append(" -keyout ")
              .append(Path(name, "key"))
              .append(" -out ")
              .append(Path(name, "pem")));
    }
    for (const char* name : {"server", "client"}) {
      Run(std::string("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=")
              .append(name)
              .append(" -keyout ")
              .append(Path(name, "key"))
              .append(" -out ")
              .append(Path(name, "csr")));
      std::ofstream(Path(name, "ext"))
          << "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
      Run(std::string("x509 -req -days 2 -CAcreateserial -in ")
              .append(Path(name, "csr"))
              .append(" -CA ")
              .append(Path("ca", "pem"))
              .append(" -CAkey ")
              .append(Path("ca", "key"))
              .append(" -extfile ")
              .append(Path(name, "ext"))
              .append(" -out ")
              .append(Path(name, "pem")));
    }
  }
  std::string Path(const std::string& name, const std::string& ending) const {
    return std::string(directory_).append("/").append(name).append(".").append(ending);
  }

 private:
  void Run(const std::string& arguments) {
    const std::string log = Path("openssl", "log");
    const std::string command =
        std::string("openssl ").append(arguments).append(" >>").append(log).append(" 2>&1");
    if (std::system(command.c_str()) == 0) return;
    ADD_FAILURE() << "this failed: " << command << "; is the package openssl installed?";
  }

  std::string directory_ = UniqueTestDirectory();
};

class EtcdWithTls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates_ = new Certificates();
    etcd_ = StartEtcd({.members = 1,
                       .tls = {.cert = certificates_->Path("server", "pem"),
                               .key = certificates_->Path("server", "key"),
                               .client_ca = certificates_->Path("ca", "pem")}})
                .release();
  }
  static void TearDownTestSuite() {
    delete etcd_;
    delete certificates_;
  }

  EtcdOptions Options() {
    EtcdOptions options = OptionsFor(etcd_->endpoints());
    options.ca = certificates_->Path("ca", "pem");
    options.cert = certificates_->Path("client", "pem");
    options.key = certificates_->Path("client", "key");
    options.times = kPatient;
    return options;
  }

  static Certificates* certificates_;
  static EtcdCluster* etcd_;
};
Certificates* EtcdWithTls::certificates_ = nullptr;
EtcdCluster* EtcdWithTls::etcd_ = nullptr;

TEST_F(EtcdWithTls, ACertificateOpensTheStoreAndItsWatch) {
  EtcdTestClient client(Options());
  EXPECT_EQ(client.Register("node1", "first").incarnation, Incarnation(1));
  EXPECT_TRUE(client.Await([&] { return client.store()->watches(); }));
}

// Of a machine without a moment for the handshake the store says that nobody answered in time.
ConfigCompletion ReadUntilTold(EtcdTestClient* client) {
  constexpr int kTries = 40;
  ConfigCompletion read = client->Read();
  for (int i = 1; i < kTries && Message(read.status).find("in time") != std::string::npos; ++i) {
    read = client->Read();
  }
  return read;
}

TEST_F(EtcdWithTls, AServerThatAStrangerSignedForIsToldNothing) {
  EtcdOptions options = Options();
  options.ca = certificates_->Path("strangers-ca", "pem");
  options.times.request_ms = 500;
  EtcdTestClient client(options);
  const ConfigCompletion read = ReadUntilTold(&client);
  EXPECT_EQ(read.outcome, ConfigOutcome::kUnknown);
  EXPECT_THAT(Message(read.status), HasSubstr("certificate"));
  // Nothing was sent, so a change is known not to be applied.
  EXPECT_EQ(client.Cas(1, NewDocument(testing_document::kClusterId)).outcome,
            ConfigOutcome::kRefused);
}

TEST_F(EtcdWithTls, WithoutACertificateNothingIsAnswered) {
  EtcdOptions options = Options();
  options.cert.clear();
  options.key.clear();
  options.times.request_ms = 500;
  EtcdTestClient client(options);
  const ConfigCompletion read = ReadUntilTold(&client);
  EXPECT_EQ(read.outcome, ConfigOutcome::kUnknown);
  EXPECT_THAT(Message(read.status), HasSubstr("certificate"));
}

TEST_F(EtcdWithTls, PlainHttpToItIsNotAnswered) {
  EtcdOptions options = OptionsFor(std::string("http").append(etcd_->endpoints().substr(5)));
  options.times = {.request_ms = 500};
  EXPECT_EQ(EtcdTestClient(options).Read().outcome, ConfigOutcome::kUnknown);
}

TEST(EtcdFiles, ThatCannotBeReadAreNamedBeforeAnythingIsAsked) {
  EtcdOptions options = OptionsFor("https://localhost:1");
  options.ca = "no/such/ca.pem";
  const absl::Status status = EtcdConfigStore::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(status), HasSubstr("no/such/ca.pem"));
  options = OptionsFor("http://localhost:1");
  options.user = "u";
  options.password_file = "no/such/password";
  EXPECT_THAT(Message(EtcdConfigStore::Open(options).status()), HasSubstr("no/such/password"));
}

// ---- users ----

class EtcdWithUsers : public ::testing::Test {
 protected:
  EtcdWithUsers() {
    Gateway gateway(etcd_->endpoint(0));
    for (const auto& [path, json] :
         {std::pair("/v3/auth/user/add", R"({"name":"root","password":"geheim"})"),
          std::pair("/v3/auth/role/add", R"({"name":"root"})"),
          std::pair("/v3/auth/user/grant", R"({"user":"root","role":"root"})"),
          std::pair("/v3/auth/user/add", R"({"name":"poor","password":"geheim"})"),
          std::pair("/v3/auth/enable", "{}")}) {
      const HttpAnswer answer = gateway.Post(path, json);
      EXPECT_EQ(answer.status, 200) << path << " " << answer.body;
    }
  }
  EtcdOptions As(const std::string& user, const std::string& password) {
    EtcdOptions options = OptionsFor(etcd_->endpoints());
    options.user = user;
    options.password_file = password_file_;
    options.times = kPatient;
    std::ofstream(password_file_) << password << "\n";
    return options;
  }

  std::unique_ptr<EtcdCluster> etcd_ =
      StartEtcd({.members = 1, .further_arguments = {"--bcrypt-cost", "4"}});
  std::string password_file_ = UniqueTestDirectory().append("/password");
};

TEST_F(EtcdWithUsers, APasswordOpensTheStoreAndItsWatch) {
  EtcdTestClient client(As("root", "geheim"));
  EXPECT_EQ(client.Register("node1", "first").incarnation, Incarnation(1));
  EXPECT_TRUE(client.Await([&] { return client.store()->watches(); }));
}

TEST_F(EtcdWithUsers, AWrongPasswordNoUserAndNoRightAreRefusedWithoutTellingThePassword) {
  const std::pair<EtcdOptions, const char*> cases[] = {
      {As("root", "falsch"), "authentication failed"}, {As("", "x"), "etcd wants a user"}};
  for (auto [options, reason] : cases) {
    if (options.user.empty()) options.password_file.clear();
    std::ofstream(password_file_) << "falsch\n";
    const ConfigCompletion refused = EtcdTestClient(options).Read();
    EXPECT_EQ(refused.outcome, ConfigOutcome::kRefused);
    EXPECT_THAT(Message(refused.status), HasSubstr(reason));
    EXPECT_THAT(Message(refused.status), Not(HasSubstr("falsch")));
  }
  const ConfigCompletion poor = EtcdTestClient(As("poor", "geheim")).Read();
  EXPECT_EQ(poor.outcome, ConfigOutcome::kRefused);
  EXPECT_THAT(Message(poor.status), HasSubstr("permission denied"));
}

TEST_F(EtcdWithUsers, ATokenThatEtcdHasForgottenIsRenewedWithThePasswordOfNow) {
  EtcdTestClient client(As("root", "geheim"));
  const v1::ConfigDocument document = client.Register("node1", "first").document;
  ASSERT_TRUE(etcd_->Restart(0).ok());  // its tokens are in memory only
  ASSERT_TRUE(etcd_->AwaitHealthy(0).ok());
  EXPECT_EQ(client.Cas(document.version(), document).outcome, ConfigOutcome::kOk);
  EXPECT_TRUE(client.Await([&] { return client.store()->watches(); }));
}

TEST(EtcdWithoutUsers, APasswordThatIsNotNeededDoesNoHarm) {
  const std::unique_ptr<EtcdCluster> etcd = StartEtcd({.members = 1});
  EtcdOptions options = OptionsFor(etcd->endpoints());
  options.user = "root";
  options.password_file = UniqueTestDirectory().append("/password");
  options.times = kPatient;
  std::ofstream(options.password_file) << "geheim\n";
  EtcdTestClient client(options);
  EXPECT_EQ(client.Register("node1", "first").outcome, ConfigOutcome::kOk);
}

}  // namespace
}  // namespace ringjournal
