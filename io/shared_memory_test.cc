#include "io/shared_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstring>

#include "io/clock.h"
#include "journal/base/check.h"

namespace ringjournal::io {
namespace {

using ::testing::HasSubstr;

struct Size {
  size_t head_bytes, data_bytes;
};
constexpr Size kSmall = {.head_bytes = 8192, .data_bytes = 65536};

// A directory on the tmpfs where there is one, since that is where rings live.
class SharedRingTest : public ::testing::Test {
 protected:
  SharedRingTest() {
    for (const std::string& parent : {std::string("/dev/shm"), ::testing::TempDir()}) {
      dir = parent + "/shared_ring_XXXXXX";
      if (mkdtemp(dir.data()) != nullptr) break;
    }
    path = dir + "/ring";
  }
  ~SharedRingTest() override {
    unlink(path.c_str());
    rmdir(dir.c_str());
  }
  absl::StatusOr<SharedRing> Create(const Size& size) const {
    return SharedRing::Create(path, size.head_bytes, size.data_bytes);
  }
  absl::StatusOr<SharedRing> Open(const Size& size) const {
    return SharedRing::Open(path, size.head_bytes, size.data_bytes);
  }
  std::string dir, path;
};

TEST_F(SharedRingTest, DataAppearsTwiceInARowBehindTheHead) {
  auto ring = Create(kSmall);
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_EQ(ring->head() + kSmall.head_bytes, ring->data());
  EXPECT_EQ(ring->data()[0], std::byte{0});
  // Across the seam in one piece, then read from the other side of each view.
  std::memcpy(ring->data() + kSmall.data_bytes - 3, "abcdef", 6);
  char both[7] = {};
  std::memcpy(both, ring->data() + kSmall.data_bytes - 3, 3);
  std::memcpy(both + 3, ring->data(), 3);
  EXPECT_STREQ(both, "abcdef");
  EXPECT_EQ(ring->head()[kSmall.head_bytes - 1], std::byte{0});
}

TEST_F(SharedRingTest, AFileCutAtAnyLengthIsNotOpened) {
  ASSERT_TRUE(Create(kSmall).ok());
  for (size_t length = kSmall.head_bytes + kSmall.data_bytes; length-- > 0;) {
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(length)), 0);
    absl::Status status = Open(kSmall).status();
    ASSERT_TRUE(absl::IsFailedPrecondition(status)) << length << ": " << status;
  }
}

TEST_F(SharedRingTest, ContentSurvivesTheProcessThatWroteIt) {
  pid_t child = fork();
  if (child == 0) {
    auto ring = Create(kSmall);
    if (!ring.ok()) _exit(1);
    std::memcpy(ring->head(), "head", 4);
    std::memcpy(ring->data() + 1000, "data", 4);
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto ring = Open(kSmall);
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_EQ(std::memcmp(ring->head(), "head", 4), 0);
  EXPECT_EQ(std::memcmp(ring->data() + kSmall.data_bytes + 1000, "data", 4), 0);
}

TEST_F(SharedRingTest, FileIsPrivateAndFullyAllocated) {
  auto ring = Create(kSmall);
  ASSERT_TRUE(ring.ok());
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(status.st_size, 8192 + 65536);
  EXPECT_GE(status.st_blocks * 512, status.st_size);
}

TEST_F(SharedRingTest, OpenRefusesAnotherSizeAndNothing) {
  EXPECT_EQ(Open(kSmall).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Create(kSmall).ok());
  auto other = Open({8192, 131072});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("has 73728 bytes, not the 139264"));
  EXPECT_EQ(Create(kSmall).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(SharedRingTest, SparseFileIsAllocatedWhenOpened) {
  ASSERT_TRUE(Create(kSmall).ok());
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  ASSERT_EQ(truncate(path.c_str(), 8192 + 65536), 0);
  auto ring = Open(kSmall);
  ASSERT_TRUE(ring.ok()) << ring.status();
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, status.st_size);
}

TEST_F(SharedRingTest, OpenFollowsNoLinkAndTakesNoDirectory) {
  ASSERT_TRUE(Create(kSmall).ok());
  std::string link = dir + "/link";
  ASSERT_EQ(symlink(path.c_str(), link.c_str()), 0);
  EXPECT_FALSE(SharedRing::Open(link, kSmall.head_bytes, kSmall.data_bytes).ok());
  EXPECT_FALSE(SharedRing::Open(dir, kSmall.head_bytes, kSmall.data_bytes).ok());
  unlink(link.c_str());
}

TEST_F(SharedRingTest, TooLargeARingLeavesNoFile) {
  rlimit saved, tiny;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &saved), 0);
  tiny = saved;
  tiny.rlim_cur = 65536;
  signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tiny), 0);
  auto limited = Create(kSmall);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &saved), 0);
  EXPECT_FALSE(limited.ok());
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  auto huge = Create({4096, size_t{1} << 44});
  EXPECT_EQ(huge.status().code(), absl::StatusCode::kResourceExhausted) << huge.status();
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(SharedRingTest, AnonymousRingMovesWithItsAddresses) {
  auto made = SharedRing::CreateAnonymous(kSmall.head_bytes, kSmall.data_bytes);
  ASSERT_TRUE(made.ok()) << made.status();
  std::byte* data = made->data();
  SharedRing moved = *std::move(made);
  EXPECT_EQ(moved.data(), data);
  data[5] = std::byte{9};
  EXPECT_EQ(data[65536 + 5], std::byte{9});
  moved = *SharedRing::CreateAnonymous(kSmall.head_bytes, kSmall.data_bytes);
  EXPECT_EQ(moved.data()[5], std::byte{0});
}

TEST_F(SharedRingTest, AppendingFaultsNoPagesAfterOpen) {
  constexpr Size kMedium = {.head_bytes = 4096, .data_bytes = 64 << 20};
  ASSERT_TRUE(Create(kMedium).ok());
  auto ring = Open(kMedium);
  ASSERT_TRUE(ring.ok());
  rusage before, after;
  getrusage(RUSAGE_THREAD, &before);
  for (size_t at = 0; at < kMedium.data_bytes; at += 4096) ring->data()[at] = std::byte{1};
  getrusage(RUSAGE_THREAD, &after);
  EXPECT_LT(after.ru_minflt - before.ru_minflt, 4096) << "of 16384 pages";  // room for a sanitizer
}

}  // namespace
}  // namespace ringjournal::io
