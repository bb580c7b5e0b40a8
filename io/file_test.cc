#include "io/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <set>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "io/errno_status.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Of what must happen: nothing waits for ever.
constexpr std::chrono::seconds kLimit(5);
static_assert(std::chrono::milliseconds(limits::kDyingLockHolderWaitMs) > kLimit);

std::string Message(const absl::Status& status) { return std::string(status.message()); }

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    dir = ::testing::TempDir() + "/file_XXXXXX";
    RJ_CHECK(mkdtemp(dir.data()) != nullptr);
  }
  std::string Path(const char* name) const { return dir + "/" + name; }
  void Put(const char* name, std::string_view bytes) {
    ASSERT_TRUE(WriteFileAtomically(Path(name), bytes).ok());
  }
  std::string Get(const char* name) { return ReadWholeFile(Path(name)).value_or("(unreadable)"); }
  std::string dir;
};

TEST_F(FileTest, WholeFilesReadBackAndAreReplacedWithoutLeftovers) {
  Put("a", "one");
  Put("a", "two");
  EXPECT_EQ(Get("a"), "two");
  EXPECT_EQ(*FileSize(Path("a")), 3u);
  EXPECT_THAT(*ListDirectory(dir), ElementsAre("a"));
  std::string large(1 << 20, 'x');
  Put("a", large);
  EXPECT_EQ(Get("a"), large);
}

TEST_F(FileTest, AtomicWriteThatFailsLeavesTheOldContent) {
  Put("a", "old");
  ASSERT_EQ(mkdir(Path("a.tmp").c_str(), 0700), 0);
  absl::Status failed = WriteFileAtomically(Path("a"), "new");
  EXPECT_THAT(Message(failed), HasSubstr(Path("a.tmp")));
  EXPECT_EQ(Get("a"), "old");
}

// What MakeFilledFile repeats in these tests: one block that begins with "abc".
std::span<const std::byte> Pattern() {
  static std::byte block[4096] = {std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
  return block;
}

TEST_F(FileTest, FilledFileIsAllocatedPrivateAndFull) {
  ASSERT_EQ(MakeFilledFile(Path("z"), (3 << 20) + 4096, Pattern()), 0);
  struct stat info;
  ASSERT_EQ(stat(Path("z").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, (3 << 20) + 4096);
  EXPECT_GE(info.st_blocks * 512, info.st_size);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::string block = "abc" + std::string(4093, '\0');
  std::string content = Get("z");
  for (size_t at = 0; at < content.size(); at += 4096) {
    ASSERT_EQ(content.compare(at, 4096, block), 0) << at;
  }
}

TEST_F(FileTest, FilledFileThatDoesNotFitLeavesNothingBehind) {
  EXPECT_LT(MakeFilledFile(Path("z"), 1ull << 46, Pattern()), 0);
  EXPECT_THAT(*ListDirectory(dir), ElementsAre());
  EXPECT_EQ(MakeFilledFile(Path("no") + "/z", 4096, Pattern()), -ENOENT);
}

TEST_F(FileTest, AFileThatWasCutIsFilledUpBehindWhatItHas) {
  Put("s", std::string(8192, 'x'));
  ASSERT_EQ(CutFile(Path("s"), 4096), 0);
  ASSERT_EQ(FillFileUp(Path("s"), 3 << 20, Pattern()), 0);
  struct stat info;
  ASSERT_EQ(stat(Path("s").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 3 << 20);
  EXPECT_GE(info.st_blocks * 512, info.st_size);
  const std::string content = Get("s");
  const std::string block = "abc" + std::string(4093, '\0');
  EXPECT_EQ(content.substr(0, 4096), std::string(4096, 'x'));
  for (size_t at = 4096; at < content.size(); at += 4096) {
    ASSERT_EQ(content.compare(at, 4096, block), 0) << at;
  }
  ASSERT_EQ(FillFileUp(Path("s"), 4096, Pattern()), 0);
  EXPECT_EQ(Get("s"), content) << "long enough already";
  EXPECT_LT(FillFileUp(Path("s"), 1ull << 46, Pattern()), 0);
  EXPECT_EQ(Get("s").substr(0, content.size()), content);
  EXPECT_EQ(FillFileUp(Path("no"), 4096, Pattern()), -ENOENT);
  ASSERT_EQ(CutFile(Path("s"), 5000), 0);  // by hand: no block ends there
  ASSERT_EQ(FillFileUp(Path("s"), 3 << 20, Pattern()), 0);
  EXPECT_EQ(Get("s"), content);
  EXPECT_EQ(CutFile(Path("no"), 4096), -ENOENT);
}

TEST_F(FileTest, WhatIsReadIsReadWholeOrNotAtAll) {
  Put("r", "0123456789");
  const auto fd = static_cast<int>(OpenForReading(Path("r"), false));
  std::byte out[4];
  ASSERT_TRUE(ReadWholeAt(fd, 6, out));
  EXPECT_EQ(AsView(out), "6789");
  EXPECT_FALSE(ReadWholeAt(fd, 7, out));
  CloseFile(fd);
  EXPECT_FALSE(ReadWholeAt(fd, 0, out));
}

TEST_F(FileTest, RenamedFileTakesAlignedDirectWrites) {
  ASSERT_EQ(MakeFilledFile(Path("spare"), 8192, Pattern()), 0);
  int64_t fd = RenameAndOpenForWriting(Path("spare"), Path("segment"));
  ASSERT_GE(fd, 0);
  alignas(4096) static std::byte block[4096] = {std::byte{7}};
  EXPECT_EQ(pwrite(static_cast<int>(fd), block, sizeof block, 4096), 4096);
  CloseFile(static_cast<int>(fd));
  EXPECT_THAT(*ListDirectory(dir), ElementsAre("segment"));
  EXPECT_EQ(Get("segment")[4096], 7);
  EXPECT_EQ(RenameAndOpenForWriting(Path("spare"), Path("x")), -ENOENT);
  EXPECT_EQ(RenameDurably(Path("spare"), Path("x")), -ENOENT);
  EXPECT_EQ(OpenForReading(Path("spare"), true), -ENOENT);
}

TEST_F(FileTest, WholeBlocksAreReadDirectlyAndTheLastOneIsCutOff) {
  ASSERT_EQ(MakeFilledFile(Path("f"), 8192, Pattern()), 0);
  Put("f", Get("f").substr(0, 5000));
  for (bool direct : {true, false}) {
    int64_t fd = OpenForReading(Path("f"), direct);
    ASSERT_GE(fd, 0);
    alignas(4096) static std::byte blocks[8192];
    EXPECT_EQ(pread(static_cast<int>(fd), blocks, sizeof blocks, 0), 5000);
    EXPECT_EQ(std::string(AsView({blocks, 5000})), Get("f"));
    EXPECT_EQ(pread(static_cast<int>(fd), blocks, sizeof blocks, 4096), 904);
    CloseFile(static_cast<int>(fd));
  }
}

TEST_F(FileTest, MappedFileHasTheBytesAndAnEmptyOneNone) {
  Put("a", "hello");
  Put("e", "");
  auto a = MappedFile::Open(Path("a")), e = MappedFile::Open(Path("e"));
  ASSERT_TRUE(a.ok() && e.ok());
  EXPECT_EQ(AsView(a->bytes()), "hello");
  EXPECT_TRUE(e->bytes().empty());
  MappedFile moved = *std::move(a);
  EXPECT_EQ(AsView(moved.bytes()), "hello");
  EXPECT_EQ(MappedFile::Open(Path("no")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(FileTest, EveryErrorHasItsReasonAndARemedy) {
  for (int error = 1; error < 134; ++error) {
    absl::Status status = ErrnoStatus(error, "cannot do /x");
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(Message(status), ::testing::MatchesRegex("cannot do /x: .+; .+"));
  }
  EXPECT_EQ(ErrnoStatus(ENOSPC, "x").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(EROFS, "x").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus(EIO, "x").code(), absl::StatusCode::kUnavailable);
}

TEST_F(FileTest, MissingFilesAreNotFoundAndRemovingThemIsFine) {
  EXPECT_EQ(ReadWholeFile(Path("no")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FileSize(Path("no")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ListDirectory(Path("no")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(ListDirectory(Path("no")).status()), HasSubstr(Path("no")));
  EXPECT_TRUE(RemoveFile(Path("no")).ok());
  EXPECT_TRUE(RemoveDirectory(Path("no")).ok());
  EXPECT_FALSE(ReadWholeFile(dir).ok());
}

TEST_F(FileTest, ListsSortedAndRemoves) {
  for (const char* name : {"c", "a", "b"}) Put(name, name);
  EXPECT_THAT(*ListDirectory(dir), ElementsAre("a", "b", "c"));
  EXPECT_EQ(RemoveDirectory(dir).code(), absl::StatusCode::kAlreadyExists);
  for (const char* name : {"c", "a", "b"}) EXPECT_TRUE(RemoveFile(Path(name)).ok());
  EXPECT_TRUE(RemoveDirectory(dir).ok());
}

TEST_F(FileTest, MakesDirectoriesPrivateAndAcceptsExistingOnes) {
  std::string deep = Path("x") + "/y/z";
  ASSERT_TRUE(MakeDirectory(deep).ok());
  ASSERT_TRUE(MakeDirectory(deep + "/").ok());
  struct stat status;
  ASSERT_EQ(stat(deep.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  Put("file", "");
  EXPECT_THAT(Message(MakeDirectory(Path("file"))), HasSubstr("Not a directory"));
  EXPECT_FALSE(MakeDirectory(Path("file") + "/below").ok());
}

TEST_F(FileTest, SecondLockOfADirectoryNamesItAndItsHolder) {
  auto lock = DirectoryLock::Acquire(dir);
  ASSERT_TRUE(lock.ok()) << lock.status();
  auto second = DirectoryLock::Acquire(dir);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second.status()),
              AllOf(HasSubstr(dir), HasSubstr(absl::StrCat("process ", getpid()))));
  { DirectoryLock moved = *std::move(lock); }
  EXPECT_TRUE(DirectoryLock::Acquire(dir).ok());
}

TEST_F(FileTest, LockOfAProcessThatDiesIsFreeWithinTheWait) {
  int ready[2], hold[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(hold), 0);
  pid_t child = fork();
  if (child == 0) {
    auto lock = DirectoryLock::Acquire(dir);
    char byte = lock.ok() ? 'y' : 'n';
    ssize_t n = write(ready[1], &byte, 1);
    n = read(hold[0], &byte, 1);  // until told to die
    (void)n;
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  std::promise<void> trying;
  auto acquired = std::async(std::launch::async, [&] {
    trying.set_value();
    return DirectoryLock::Acquire(dir).ok();
  });
  ASSERT_EQ(trying.get_future().wait_for(kLimit), std::future_status::ready);
  ASSERT_EQ(write(hold[1], "x", 1), 1);
  ASSERT_EQ(acquired.wait_for(kLimit), std::future_status::ready);
  EXPECT_TRUE(acquired.get());
  waitpid(child, nullptr, 0);
  for (int fd : {ready[0], ready[1], hold[0], hold[1]}) close(fd);
}

// A lock whose holder died at once, while a descriptor of it lives on, as one of an operation does.
class DeadHoldersLock : public FileTest {
 protected:
  DeadHoldersLock() {
    int fds[2], hold[2];
    RJ_CHECK(pipe(fds) == 0 && pipe(hold) == 0);
    child = fork();
    if (child == 0) {
      auto lock = DirectoryLock::Acquire(dir);
      char byte = lock.ok() ? 'y' : 'n';
      if (fork() != 0) _exit(byte == 'y' ? 0 : 1);
      close(hold[1]);
      ssize_t n = write(fds[1], &byte, 1);
      n = read(hold[0], &byte, 1);  // until the test lets go
      (void)n;
      _exit(0);
    }
    char byte = 0;
    RJ_CHECK(read(fds[0], &byte, 1) == 1 && byte == 'y');
    for (int fd : {fds[0], fds[1], hold[0]}) close(fd);
    hold_ = hold[1];
  }
  ~DeadHoldersLock() override {
    LetGo();
    waitpid(child, nullptr, 0);
  }
  void LetGo() {
    if (hold_ >= 0) close(hold_);
    hold_ = -1;
  }
  // Acquires the lock in another thread, and waits until that has seen the dead holder.
  std::future<bool> AcquireElsewhere() {
    auto acquired = std::async(std::launch::async, [this] {
      return DirectoryLock::Acquire(dir, [this](int64_t holder) { told_.set_value(holder); }).ok();
    });
    std::future<int64_t> holder = told_.get_future();
    EXPECT_EQ(holder.wait_for(kLimit), std::future_status::ready);
    EXPECT_EQ(holder.get(), child);
    return acquired;
  }
  pid_t child = 0;

 private:
  int hold_ = -1;
  std::promise<int64_t> told_;
};

TEST_F(DeadHoldersLock, IsWaitedForAsLongAsTheKernelHoldsIt) {
  std::future<bool> acquired = AcquireElsewhere();
  // A living holder is given up after that long: Acquire would return within this wait.
  EXPECT_EQ(acquired.wait_for(std::chrono::milliseconds(limits::kDirectoryLockWaitMs * 3 / 2)),
            std::future_status::timeout);
  LetGo();
  ASSERT_EQ(acquired.wait_for(kLimit), std::future_status::ready);
  EXPECT_TRUE(acquired.get());
}

TEST_F(DeadHoldersLock, IsGivenUpWhenALivingProcessHasTakenItMeanwhile) {
  std::future<bool> acquired = AcquireElsewhere();
  int fd = open(Path("lock").c_str(), O_WRONLY | O_CLOEXEC);
  const std::string living = std::to_string(getpid());
  ASSERT_EQ(ftruncate(fd, 0), 0);
  ASSERT_EQ(pwrite(fd, living.data(), living.size(), 0), static_cast<ssize_t>(living.size()));
  close(fd);
  ASSERT_EQ(acquired.wait_for(kLimit), std::future_status::ready);
  EXPECT_FALSE(acquired.get());
}

TEST_F(FileTest, BootIdIsStableAndNotZero) {
  auto first = ReadBootId(), second = ReadBootId();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, *second);
  EXPECT_NE(*first, BootId{});
}

TEST_F(FileTest, RandomBytesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(RandomBytes(16)).second);
  EXPECT_EQ(seen.begin()->size(), 16u);
}

}  // namespace
}  // namespace ringjournal::io
