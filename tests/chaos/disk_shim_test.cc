#include "tests/chaos/disk_shim.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "io/clock.h"
#include "io/test_peer.h"

namespace ringjournal::chaos {
namespace {

constexpr int64_t kMs = 1'000'000;

// The shim is linked into this program, so that its calls come before liburing's, as with
// LD_PRELOAD. It looks once where its file is: all tests share it.
DiskFaults* Faults() {
  static DiskFaults* faults = [] {
    std::string path = ::testing::TempDir() + "/disk_shim_XXXXXX";
    const int fd = mkostemp(path.data(), O_CLOEXEC);
    RJ_CHECK(fd >= 0 && ftruncate(fd, sizeof(DiskFaults)) == 0);
    setenv("RINGJOURNAL_CHAOS_DISK", path.c_str(), 1);
    void* mapped = mmap(nullptr, sizeof(DiskFaults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    RJ_CHECK(mapped != MAP_FAILED);
    return static_cast<DiskFaults*>(mapped);
  }();
  return faults;
}

class DiskShimTest : public ::testing::Test {
 protected:
  DiskShimTest() : faults(Faults()), test({.connections_max = 10}), bytes(8192, 'x') {
    faults->slow_min_ms = faults->slow_max_ms = faults->fail_at = 0;
    faults->slowed = faults->failed = 0;
    std::string path = ::testing::TempDir() + "/disk_shim_file_XXXXXX";
    fd.Reset(mkostemp(path.data(), O_CLOEXEC));
    RJ_CHECK(fd.is_open());
    unlink(path.c_str());
  }
  void Write(uint64_t token, bool dsync = true) {
    test.loop->WriteFile(token, fd.get(), token * bytes.size(), AsBytes(bytes), dsync);
  }
  int32_t Result(uint64_t token) {
    EXPECT_TRUE(test.Until([&] { return test.files.contains(token); }));
    return test.files[token];
  }
  DiskFaults* faults;
  io::TestLoop test;
  io::FileDescriptor fd;
  std::string bytes;
};

TEST_F(DiskShimTest, WithoutAFaultNothingChanges) {
  Write(1);
  EXPECT_EQ(Result(1), 8192);
  EXPECT_EQ(faults->slowed, 0u);
}

TEST_F(DiskShimTest, ASlowSyncTakesItsTimeAndHoldsUpNothingElse) {
  faults->slow_min_ms = faults->slow_max_ms = 300;
  const int64_t began_ns = io::MonotonicNs();
  Write(1);
  Write(2, /*dsync=*/false);
  EXPECT_EQ(Result(2), 8192);
  EXPECT_FALSE(test.files.contains(1)) << "the sync was to take 300 ms";
  EXPECT_EQ(Result(1), 8192);
  EXPECT_GE(io::MonotonicNs() - began_ns, 300 * kMs);
  EXPECT_EQ(faults->slowed, 1u);
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_END), 3 * 8192);
}

TEST_F(DiskShimTest, SeveralSlowSyncsOfOneSubmissionAllEnd) {
  faults->slow_min_ms = 10;
  faults->slow_max_ms = 30;
  for (uint64_t i = 1; i <= 5; ++i) Write(i);
  for (uint64_t i = 1; i <= 5; ++i) EXPECT_EQ(Result(i), 8192);
  EXPECT_EQ(faults->slowed, 5u);
}

TEST_F(DiskShimTest, ExactlyTheSyncThatIsNamedFails) {
  faults->failure = static_cast<uint32_t>(DiskFailure::kNothingWritten);
  faults->fail_at = 2;
  for (uint64_t i = 0; i < 3; ++i) Write(i);
  EXPECT_EQ(Result(0), 8192);
  EXPECT_EQ(Result(1), -EIO);
  EXPECT_EQ(Result(2), 8192);
  char byte = 'y';
  EXPECT_EQ(pread(fd.get(), &byte, 1, 8192), 1);
  EXPECT_EQ(byte, '\0') << "nothing was to be written";
  EXPECT_EQ(faults->failed, 1u);
}

TEST_F(DiskShimTest, WhereOnlyTheSyncFailsTheBytesAreThere) {
  faults->failure = static_cast<uint32_t>(DiskFailure::kSyncFailed);
  faults->fail_at = 1;
  Write(0);
  EXPECT_EQ(Result(0), -EIO);
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_END), 8192);
}

TEST_F(DiskShimTest, ATornWriteLeavesItsFirstBlocks) {
  faults->failure = static_cast<uint32_t>(DiskFailure::kTorn);
  faults->fail_at = 1;
  Write(0);
  EXPECT_EQ(Result(0), -EIO);
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_END), 4096);
}

TEST_F(DiskShimTest, FsyncIsSlowedAndFailsLikewise) {
  faults->slow_min_ms = faults->slow_max_ms = 50;
  const int64_t began_ns = io::MonotonicNs();
  EXPECT_EQ(fsync(fd.get()), 0);
  EXPECT_GE(io::MonotonicNs() - began_ns, 50 * kMs);
  faults->fail_at = 1;
  EXPECT_EQ(fsync(fd.get()), -1);
  EXPECT_EQ(errno, EIO);
  faults->slow_max_ms = 0;
  EXPECT_EQ(fsync(fd.get()), 0);
}

}  // namespace
}  // namespace ringjournal::chaos
