#include "io/memory_holder.h"

#include <liburing.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "io/uring.h"

namespace ringjournal::io {
namespace {

constexpr size_t kMapped = 3 << 20;

std::string ReadAll(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// "Name", "SigBlk", … of /proc/PID/status.
std::string StatusOf(pid_t pid, const std::string& field) {
  for (absl::string_view line :
       absl::StrSplit(ReadAll(absl::StrCat("/proc/", pid, "/status")), '\n')) {
    std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits(":\t", 1));
    if (parts.first == field) return parts.second;
  }
  return "";
}

std::vector<std::string> OpenOf(pid_t pid) {
  std::vector<std::string> targets;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", pid, "/fd"), error)) {
    targets.push_back(std::filesystem::read_symlink(entry.path(), error).string());
  }
  return targets;
}

struct Report {
  pid_t holder = -1;
  pid_t user = -1;
  void* mapped = nullptr;
};

alignas(64) std::byte g_user_stack[64 * 1024];

// Another process that uses the same memory, so that it stays whatever the holder does.
pid_t StartUser() {
  const auto wait = [](void*) {
    close_range(0, ~0u, 0);
    for (;;) pause();
    return 0;
  };
  return clone(wait, g_user_stack + sizeof g_user_stack, CLONE_VM, nullptr);
}

enum class Kept { kByDescriptor, kByUring };

// A process with a holder, a mapping and one end of a connection; the test has the other end, and
// is who orphans fall to, so that it learns how the holder ends.
class Owner {
 public:
  explicit Owner(Kept kept = Kept::kByDescriptor) {
    EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_ = fork();
    if (pid_ == 0) Live(pair[1], kept);
    close(pair[1]);
    connection_ = pair[0];
    EXPECT_EQ(read(connection_, &report_, sizeof report_), ssize_t{sizeof report_});
  }
  ~Owner() {
    Kill();
    close(connection_);
    if (report_.holder > 0) waitpid(report_.holder, nullptr, __WALL);
    if (report_.user <= 0) return;
    kill(report_.user, SIGKILL);
    waitpid(report_.user, nullptr, __WALL);
  }

  void Kill() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // Waits until the holder has closed what it was born with.
  std::vector<std::string> AwaitOpenOfHolder() {
    std::vector<std::string> open = OpenOf(holder());
    while (open.size() > 1) open = OpenOf(holder());
    return open;
  }
  // Of the holder, once it has ended.
  int AwaitEndOfHolder() {
    int status = -1;
    EXPECT_EQ(waitpid(report_.holder, &status, __WALL), report_.holder);
    report_.holder = -1;
    return status;
  }

  pid_t pid() const { return pid_; }
  pid_t holder() const { return report_.holder; }
  pid_t user() const { return report_.user; }
  int connection() const { return connection_; }
  std::string mapping() const {
    return absl::StrCat(absl::Hex(reinterpret_cast<uintptr_t>(report_.mapped)), "-");
  }

 private:
  [[noreturn]] static void Live(int connection, Kept kept) {
    auto started = MemoryHolder::Start();
    Report report;
    report.mapped = mmap(nullptr, kMapped, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (started.ok()) report.holder = started->pid();
    std::unique_ptr<Uring> ring;
    if (kept == Kept::kByUring) {
      report.user = StartUser();
      ring = Receive(connection);
    }
    if (write(connection, &report, sizeof report) < 0) _exit(1);
    for (;;) pause();
  }
  // The ring has the connection, and its mappings are those that go first.
  static std::unique_ptr<Uring> Receive(int connection) {
    std::unique_ptr<Uring> ring = *Uring::Create({});
    static char byte;
    io_uring_prep_recv(ring->GetSqe(), connection, &byte, 1, 0);
    if (!ring->Enable().ok() || ring->Enter({}) != 0) _exit(2);
    for (std::span<std::byte> mapping : ring->mappings()) MemoryHolder::UnmapFirst(mapping);
    return ring;
  }

  pid_t pid_ = -1;
  int connection_ = -1;
  Report report_;
};

#define SKIP_WITHOUT_HOLDER() \
  if (absl::IsUnimplemented(MemoryHolder::Start().status())) GTEST_SKIP() << "not in this build"

TEST(MemoryHolderTest, IsAProcessOfItsOwnWithAnotherNameThatTakesNoSignals) {
  SKIP_WITHOUT_HOLDER();
  Owner owner;
  ASSERT_GT(owner.holder(), 0);
  owner.AwaitOpenOfHolder();
  EXPECT_EQ(StatusOf(owner.holder(), "Name"), "rj-memory");
  EXPECT_EQ(StatusOf(owner.holder(), "Tgid"), absl::StrCat(owner.holder()));
  EXPECT_EQ(StatusOf(owner.holder(), "PPid"), absl::StrCat(owner.pid()));
  uint64_t blocked = 0;
  ASSERT_TRUE(absl::SimpleHexAtoi(StatusOf(owner.holder(), "SigBlk"), &blocked));
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGUSR1, SIGPIPE}) {
    EXPECT_NE(blocked & (uint64_t{1} << (signal - 1)), 0u) << "signal " << signal;
  }
}

TEST(MemoryHolderTest, HasNothingOpenButWhatTellsOfItsOwnersEnd) {
  SKIP_WITHOUT_HOLDER();
  Owner owner;
  ASSERT_GT(owner.holder(), 0);
  const std::vector<std::string> open = owner.AwaitOpenOfHolder();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(absl::StrContains(open[0], "pidfd")) << open[0];
}

TEST(MemoryHolderTest, TheOwnersSignalMaskIsAsBefore) {
  SKIP_WITHOUT_HOLDER();
  Owner owner;
  EXPECT_EQ(StatusOf(owner.pid(), "SigBlk"), StatusOf(getpid(), "SigBlk"));
}

// What it is for. A stopped holder cannot end, hence what is seen here does not depend on time.
TEST(MemoryHolderTest, AKilledOwnersConnectionsCloseBeforeItsMemoryIsTakenDown) {
  SKIP_WITHOUT_HOLDER();
  Owner owner;
  ASSERT_GT(owner.holder(), 0);
  owner.AwaitOpenOfHolder();
  ASSERT_EQ(kill(owner.holder(), SIGSTOP), 0);
  owner.Kill();
  char byte;
  EXPECT_EQ(recv(owner.connection(), &byte, 1, 0), 0) << "the end of the stream";
  const std::string maps = ReadAll(absl::StrCat("/proc/", owner.holder(), "/maps"));
  EXPECT_TRUE(absl::StrContains(maps, owner.mapping())) << maps;
  ASSERT_EQ(kill(owner.holder(), SIGCONT), 0);
  EXPECT_EQ(owner.AwaitEndOfHolder(), 0) << "it ends by itself";
}

// An io_uring that is mapped anywhere keeps what it receives from: descriptors are not enough.
TEST(MemoryHolderTest, WhatIsToBeUnmappedFirstGoesWhileTheMemoryStays) {
  SKIP_WITHOUT_HOLDER();
  Owner owner(Kept::kByUring);
  ASSERT_GT(owner.user(), 0);
  owner.Kill();
  char byte;
  EXPECT_EQ(recv(owner.connection(), &byte, 1, 0), 0) << "the end of the stream";
  EXPECT_EQ(owner.AwaitEndOfHolder(), 0);
  const std::string maps = ReadAll(absl::StrCat("/proc/", owner.user(), "/maps"));
  EXPECT_TRUE(absl::StrContains(maps, owner.mapping())) << maps;
}

TEST(MemoryHolderTest, OutlivesAnOwnerThatIsFrozenAndGoesOn) {
  SKIP_WITHOUT_HOLDER();
  Owner owner;
  ASSERT_GT(owner.holder(), 0);
  int status = 0;
  kill(owner.pid(), SIGSTOP);
  ASSERT_EQ(waitpid(owner.pid(), &status, WUNTRACED), owner.pid());
  EXPECT_EQ(StatusOf(owner.holder(), "Name"), "rj-memory");
  kill(owner.pid(), SIGCONT);
  ASSERT_EQ(waitpid(owner.pid(), &status, WCONTINUED), owner.pid());
  EXPECT_EQ(kill(owner.holder(), 0), 0);
}

TEST(MemoryHolderTest, IsGoneWithItsObjectAndLeavesNoZombie) {
  SKIP_WITHOUT_HOLDER();
  pid_t pid = -1;
  {
    auto holder = MemoryHolder::Start();
    ASSERT_TRUE(holder.ok()) << holder.status();
    pid = holder->pid();
    EXPECT_EQ(kill(pid, 0), 0);
    MemoryHolder moved = *std::move(holder);
    EXPECT_EQ(moved.pid(), pid);
    EXPECT_EQ(kill(pid, 0), 0) << "a move ends nothing";
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace ringjournal::io
