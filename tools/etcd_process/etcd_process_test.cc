#include "tools/etcd_process/etcd_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string UniqueDirectory() {
  std::string pattern = std::string(::testing::TempDir()).append("/etcd_XXXXXX");
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  return pattern;
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(EtcdPlan, OfThreeMembersNamesAllOfThemToEach) {
  const EtcdPlan plan = PlanEtcd("dir", 3, {11, 12, 21, 22, 31, 32}, false);
  EXPECT_EQ(EtcdEndpointsOf(plan), "http://127.0.0.1:11,http://127.0.0.1:21,http://127.0.0.1:31");
  for (size_t member = 0; member < 3; ++member) {
    const std::vector<std::string> arguments = EtcdArguments(plan, member);
    EXPECT_THAT(arguments, Contains("etcd1=http://127.0.0.1:12,etcd2=http://127.0.0.1:22,"
                                    "etcd3=http://127.0.0.1:32"));
    EXPECT_THAT(arguments, Contains(EtcdEndpointOf(plan, member)));
    EXPECT_THAT(arguments, Contains(plan.members[member].data_dir));
    EXPECT_THAT(arguments, Contains("20"));   // heartbeat
    EXPECT_THAT(arguments, Contains("200"));  // election
    EXPECT_THAT(arguments, Not(Contains("--cert-file")));
  }
}

TEST(EtcdPlan, OnAnotherAddressEverythingIsThere) {
  EtcdPlan plan = PlanEtcd("dir", 1, {11, 12, 13}, true);
  plan.host = "10.77.0.1";
  const std::string there = "http://" + plan.host;
  EXPECT_EQ(EtcdEndpointsOf(plan), there + ":11");
  const std::vector<std::string> arguments = EtcdArguments(plan, 0);
  EXPECT_THAT(arguments, Contains("etcd1=" + there + ":12"));
  EXPECT_THAT(arguments, Contains(there + ":13"));
  EXPECT_THAT(arguments, Not(Contains(HasSubstr("127.0.0.1"))));
}

TEST(EtcdPlan, WithCertificatesSpeaksHttpsToClientsAndTellsItsHealthElsewhere) {
  EtcdPlan plan = PlanEtcd("dir", 1, {11, 12, 13}, true);
  plan.tls = {.cert = "c", .key = "k", .client_ca = "ca"};
  EXPECT_EQ(EtcdEndpointOf(plan, 0), "https://127.0.0.1:11");
  const std::vector<std::string> arguments = EtcdArguments(plan, 0);
  EXPECT_THAT(arguments, Contains("--client-cert-auth"));
  EXPECT_THAT(arguments, Contains("http://127.0.0.1:13"));
}

TEST(EtcdProcess, ThatIsMissingIsSaidWithThePackage) {
  const absl::Status status =
      EtcdCluster::Start({.directory = UniqueDirectory(), .program = "no-such-etcd"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status), HasSubstr("\"no-such-etcd\": there is no such program"));
  EXPECT_THAT(Message(status), HasSubstr("etcd-server"));
}

TEST(EtcdProcess, ThatIsNoEtcdIsSaidWithWhatItPrinted) {
  const std::string directory = UniqueDirectory();
  const std::string program = std::string(directory).append("/fake");
  std::ofstream(program) << "#!/bin/sh\necho not what you think\nexit 3\n";
  EXPECT_THAT(Message(EtcdCluster::Start({.directory = directory, .program = program}).status()),
              HasSubstr("cannot be executed"));
  ASSERT_EQ(chmod(program.c_str(), 0700), 0);
  const absl::Status status =
      EtcdCluster::Start({.directory = directory, .program = program}).status();
  EXPECT_THAT(Message(status), HasSubstr("exit code 3"));
  EXPECT_THAT(Message(status), HasSubstr("not what you think"));
  EXPECT_THAT(Message(status), HasSubstr("etcd 3.4"));
}

TEST(EtcdProcess, ServesAsOneMemberAndEndsWithItsOwner) {
  auto cluster = EtcdCluster::Start({.directory = UniqueDirectory(), .members = 1});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  EXPECT_TRUE((*cluster)->Healthy(0));
  const pid_t pid = (*cluster)->pid(0);
  cluster->reset();
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(EtcdProcess, EndsWhenItsOwnerIsKilled) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    auto cluster = EtcdCluster::Start({.directory = UniqueDirectory(), .members = 1});
    const pid_t pid = cluster.ok() ? (*cluster)->pid(0) : -1;
    if (write(pipe_ends[1], &pid, sizeof(pid)) != sizeof(pid)) _exit(1);
    raise(SIGKILL);
  }
  close(pipe_ends[1]);
  pid_t etcd = -1;
  ASSERT_EQ(read(pipe_ends[0], &etcd, sizeof(etcd)), static_cast<ssize_t>(sizeof(etcd)));
  ASSERT_GT(etcd, 0);
  ASSERT_EQ(waitpid(owner, nullptr, 0), owner);
  // Etcd has the pipe's other end open too: it is closed when etcd is gone.
  char byte = 0;
  EXPECT_EQ(read(pipe_ends[0], &byte, 1), 0);
}

TEST(EtcdProcess, OfThreeGoesOnWithoutOneAndTakesItBack) {
  auto cluster = EtcdCluster::Start({.directory = UniqueDirectory()});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  (*cluster)->Kill(0);
  EXPECT_FALSE((*cluster)->Healthy(0));
  EXPECT_TRUE((*cluster)->AwaitHealthy(1).ok());
  ASSERT_TRUE((*cluster)->Restart(0).ok());
  EXPECT_TRUE((*cluster)->AwaitHealthy(0).ok());
}

}  // namespace
}  // namespace ringjournal
