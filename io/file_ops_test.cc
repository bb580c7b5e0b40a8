#include "io/file_ops.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/test_peer.h"

namespace ringjournal::io {
namespace {

// A loop and an empty file.
class FileOpsTest : public ::testing::Test {
 protected:
  FileOpsTest() : test({.connections_max = 10}) {
    std::string path = ::testing::TempDir() + "/file_ops_XXXXXX";
    fd.Reset(mkostemp(path.data(), O_CLOEXEC));
    RJ_CHECK(fd.is_open());
    unlink(path.c_str());
  }
  int32_t Result(uint64_t token) {
    EXPECT_TRUE(test.Until([&] { return test.files.contains(token); }));
    return test.files[token];
  }
  static std::span<std::byte> Writable(std::string& s) {
    return {reinterpret_cast<std::byte*>(s.data()), s.size()};
  }
  TestLoop test;
  FileDescriptor fd;
};

TEST_F(FileOpsTest, WhatIsWrittenIsReadBack) {
  std::string bytes = Pattern(1, 0, 3 << 20), back(bytes.size(), '\0');
  test.loop->WriteFile(1, fd.get(), 4096, AsBytes(bytes), /*dsync=*/true);
  EXPECT_EQ(Result(1), 3 << 20);
  test.loop->ReadFile(2, fd.get(), 4096, Writable(back));
  EXPECT_EQ(Result(2), 3 << 20);
  EXPECT_TRUE(back == bytes);
}

TEST_F(FileOpsTest, ReadEndsEarlyAtTheEndOfTheFile) {
  std::string back(100, '\0');
  test.loop->WriteFile(1, fd.get(), 0, AsBytes("short"), /*dsync=*/false);
  EXPECT_EQ(Result(1), 5);
  test.loop->ReadFile(2, fd.get(), 2, Writable(back));
  EXPECT_EQ(Result(2), 3);
  EXPECT_EQ(back.substr(0, 3), "ort");
  test.loop->ReadFile(3, fd.get(), 50, Writable(back));
  EXPECT_EQ(Result(3), 0);
}

TEST_F(FileOpsTest, FailureIsTheErrno) {
  FileDescriptor readonly(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  test.loop->WriteFile(1, readonly.get(), 0, AsBytes("x"), /*dsync=*/false);
  EXPECT_EQ(Result(1), -EBADF);
  FileDescriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  test.loop->WriteFile(2, full.get(), 0, AsBytes("x"), /*dsync=*/false);
  EXPECT_EQ(Result(2), -ENOSPC);
}

TEST_F(FileOpsTest, WriteOfNothingSucceeds) {
  test.loop->WriteFile(1, fd.get(), 0, {}, /*dsync=*/false);
  EXPECT_EQ(Result(1), 0);
}

// A pipe takes a part at a time, so a large write is short again and again.
TEST_F(FileOpsTest, ShortReadsAreContinued) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  FileDescriptor out(ends[0]), in(ends[1]);
  std::string bytes = Pattern(2, 0, 300'000), back(bytes.size(), '\0');
  test.loop->WriteFile(1, in.get(), 0, AsBytes(bytes), /*dsync=*/false);
  test.loop->ReadFile(2, out.get(), 0, Writable(back));
  EXPECT_EQ(Result(2), 300'000);
  EXPECT_EQ(Result(1), 300'000);
  EXPECT_TRUE(back == bytes);
}

TEST_F(FileOpsTest, ThousandsInFlightAllEndWithTheirOwnToken) {
  constexpr uint64_t kCount = 5000;
  std::string bytes = Pattern(3, 0, kCount * 16);
  for (uint64_t i = 0; i < kCount; ++i) {
    test.loop->WriteFile(i, fd.get(), i * 16, AsBytes(bytes).subspan(i * 16, 1 + i % 16), false);
  }
  ASSERT_TRUE(test.Until([&] { return test.files.size() == kCount; }));
  for (uint64_t i = 0; i < kCount; ++i) EXPECT_EQ(test.files[i], static_cast<int32_t>(1 + i % 16));
  std::string back(bytes.size(), '\0');
  test.loop->ReadFile(kCount, fd.get(), 0, Writable(back));
  ASSERT_GT(Result(kCount), 0);
  for (uint64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(back.compare(i * 16, 1 + i % 16, bytes, i * 16, 1 + i % 16), 0) << i;
  }
}

TEST_F(FileOpsTest, DestructionWaitsForWrites) {
  std::string bytes = Pattern(4, 0, 8 << 20);
  test.loop->WriteFile(1, fd.get(), 0, AsBytes(bytes), /*dsync=*/true);
  test.loop->Turn({.timeout_ns = 0});
  test.loop.reset();
  std::string().swap(bytes);  // freed: the address sanitizer and the kernel would notice
  SUCCEED();
}

}  // namespace
}  // namespace ringjournal::io
