#include "tools/ringjournal/doctor_judge.h"

#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {
namespace {

using ::testing::HasSubstr;

// A machine where all is well; each test breaks one thing.
class Doctor : public ::testing::Test {
 protected:
  Doctor() {
    options.listen.port = 7411;
    facts.kernel_release = "6.1.0-13-amd64";
    facts.features = {{"needed one", "6.0", true, true}, {"fast one", "6.12", false, true}};
    facts.open_files_max = 100000;
    facts.locked_bytes_max = UINT64_MAX;
    facts.memory_bytes = 64 * limits::kGiB;
    facts.memory_available_bytes = 32 * limits::kGiB;
    facts.sync.median_ns = 100000;
    facts.sync.max_ns = 200000;
    facts.sync.count = 30;
    facts.ephemeral_low = 32768;
    facts.ephemeral_high = 60999;
  }
  void ExpectOnly(Severity severity, const std::string& check, const std::string& sentence,
                  const std::string& mend) {
    int found = 0;
    for (const Finding& finding : JudgeMachine(options, facts)) {
      if (finding.severity == Severity::kPass) continue;
      ++found;
      EXPECT_EQ(finding.severity, severity) << finding.sentence;
      EXPECT_EQ(finding.check, check);
      EXPECT_THAT(finding.sentence, HasSubstr(sentence));
      EXPECT_THAT(finding.mend, HasSubstr(mend));
    }
    EXPECT_EQ(found, 1);
  }
  ServerOptions options;
  DoctorFacts facts;
};

TEST_F(Doctor, PassesAGoodMachine) {
  EXPECT_EQ(WorstOf(JudgeMachine(options, facts)), Severity::kPass);
}

TEST_F(Doctor, AnOldKernelFails) {
  facts.kernel_release = "5.10.0";
  ExpectOnly(Severity::kFail, "kernel", "5.10.0 is too old", "linux-image");
  facts.kernel_release = "6.0.3";
  ExpectOnly(Severity::kWarn, "kernel", "6.0.3", "linux-image");
}

TEST_F(Doctor, ARefusedRingNamesTheSysctlOrTheSandbox) {
  facts.uring = absl::PermissionDeniedError("refused");
  facts.uring_disabled = 2;
  ExpectOnly(Severity::kFail, "io_uring", "refused", "sysctl -w kernel.io_uring_disabled=0");
  facts.uring_disabled = 0;
  ExpectOnly(Severity::kFail, "io_uring", "refused", "seccomp");
  facts.uring = absl::ResourceExhaustedError("no memory");
  ExpectOnly(Severity::kFail, "io_uring", "no memory", "ulimit -l");
}

TEST_F(Doctor, AMissingFeatureFailsIfItIsNeededAndWarnsIfItIsOnlyFaster) {
  facts.features[0].present = false;
  ExpectOnly(Severity::kFail, "io_uring", "needed one (Linux 6.0)", "6.1");
  facts.features[0].present = true;
  facts.features[1].present = false;
  ExpectOnly(Severity::kWarn, "io_uring", "fast one (Linux 6.12)", "6.12");
}

TEST_F(Doctor, LimitsThatAreTooLow) {
  facts.open_files_max = 1024;
  ExpectOnly(Severity::kWarn, "open files", "1024", "ulimit -n 10256");
  facts.open_files_max = 256;
  ExpectOnly(Severity::kFail, "open files", "too few", "ulimit -n 10256");
  facts.open_files_max = 100000;
  facts.locked_bytes_max = 64 * limits::kKiB;
  ExpectOnly(Severity::kFail, "locked memory", "64KiB", "ulimit -l unlimited");
}

TEST_F(Doctor, TooLittleMemoryForAllRings) {
  facts.memory_available_bytes = 4 * limits::kGiB;
  ExpectOnly(Severity::kWarn, "memory", "4GiB of 64GiB", "--ring-total 2GiB");
}

TEST_F(Doctor, ASlowOrUnwritableDisk) {
  facts.sync.median_ns = 25'000'000;
  ExpectOnly(Severity::kWarn, "disk sync", "25.00 ms", "NVMe");
  facts.sync.status = absl::UnavailableError("cannot make a file in /x: Permission denied");
  ExpectOnly(Severity::kFail, "disk sync", "Permission denied", "--data-dir");
}

TEST_F(Doctor, APortThatIsTakenOrMayBeTaken) {
  facts.port = absl::UnavailableError("cannot listen on 127.0.0.1:7411: Address already in use");
  ExpectOnly(Severity::kFail, "port", "already in use", "ss -ltnp 'sport = :7411'");
  facts.port = absl::OkStatus();
  options.listen.port = 40000;
  ExpectOnly(Severity::kWarn, "port", "32768 to 60999", "ip_local_reserved_ports=40000");
}

TEST(FindingsJson, IsOneObject) {
  EXPECT_EQ(FindingsJson({{Severity::kWarn, "a", "say \"b\"", "c"}}),
            "{\"findings\":[{\"severity\":\"WARN\",\"check\":\"a\",\"sentence\":\"say \\\"b\\\"\","
            "\"mend\":\"c\"}],\"worst\":\"WARN\"}\n");
}

TEST(ReadDoctorFacts, LooksAtThisMachineAndLeavesNothing) {
  ServerOptions options;
  std::string folder = testing::TempDir() + "/doctor-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  options.data_dir = folder;
  const DoctorFacts facts = ReadDoctorFacts(options);
  EXPECT_FALSE(facts.kernel_release.empty());
  EXPECT_TRUE(facts.sync.status.ok()) << facts.sync.status.message();
  EXPECT_GT(facts.sync.count, 0);
  EXPECT_TRUE(facts.port.ok()) << facts.port.message();
  EXPECT_GT(facts.memory_bytes, 0u);
  EXPECT_EQ(rmdir(folder.c_str()), 0) << "something was left behind";
}

}  // namespace
}  // namespace ringjournal::cli
