#include "tools/ringjournal/bench_floor.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tools/ringjournal/bench_floor_loop.h"
#include "tools/ringjournal/bench_process.h"

namespace ringjournal::bench {
namespace {

// First message of the child: where it listens.
struct Hello {
  char address[64] = {};
  char error[200] = {};
};

void CopyText(std::string_view text, std::span<char> out) {
  size_t n = std::min(text.size(), out.size() - 1);
  std::memcpy(out.data(), text.data(), n);
  out[n] = 0;
}

template <class T>
bool WriteWhole(int fd, const T& value) {
  return write(fd, &value, sizeof value) == static_cast<ssize_t>(sizeof value);
}

// Both messages are smaller than a pipe's atomic write, so they come whole or not at all.
template <class T>
bool ReadWhole(int fd, T* value) {
  static_assert(sizeof *value <= 4096);
  ssize_t got;
  do {
    got = read(fd, value, sizeof *value);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof *value);
}

// The child. Never returns to the caller's stack.
[[noreturn]] void RunChild(const FloorOptions& options, AppendPool* pool, pid_t parent, int fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  Hello hello;
  FloorReport report;
  if (!PinToCpu(options.cpu)) std::fprintf(stderr, "ringjournal bench: cannot pin the floor\n");
  absl::StatusOr<std::unique_ptr<FloorLoop>> loop = FloorLoop::Create(options, pool);
  if (!loop.ok()) CopyText(std::string(loop.status().message()), hello.error);
  if (loop.ok()) CopyText((*loop)->address().ToString(), hello.address);
  if (!WriteWhole(fd, hello) || !loop.ok()) _exit(1);
  absl::Status ran = (*loop)->Run(&report);
  if (!ran.ok()) CopyText(std::string(ran.message()), report.error);
  _exit(WriteWhole(fd, report) && ran.ok() ? 0 : 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FloorProcess>> FloorProcess::Start(const FloorOptions& options,
                                                                  AppendPool* pool) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) {
    return absl::InternalError(
        absl::StrCat("cannot open a pipe: ", strerror(errno), "; raise the limit of open files"));
  }
  std::unique_ptr<FloorProcess> floor(new FloorProcess());
  floor->report_fd_.Reset(fds[0]);
  io::FileDescriptor write_end(fds[1]);
  pid_t parent = getpid();
  std::fflush(nullptr);
  floor->pid_ = fork();
  if (floor->pid_ == 0) RunChild(options, pool, parent, fds[1]);
  if (floor->pid_ < 0) {
    return absl::InternalError(
        absl::StrCat("cannot start the floor: ", strerror(errno), "; check the process limit"));
  }
  write_end.Reset();
  Hello hello;
  if (!ReadWhole(floor->report_fd_.get(), &hello)) {
    return absl::InternalError("the floor ended at its start; run it again with a debugger");
  }
  if (hello.error[0] != 0) return absl::InternalError(hello.error);
  absl::StatusOr<io::Address> address = io::Address::Parse(hello.address);
  if (!address.ok()) return address.status();
  floor->address_ = *address;
  return floor;
}

FloorProcess::~FloorProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

absl::StatusOr<FloorReport> FloorProcess::Finish() {
  FloorReport report;
  bool whole = ReadWhole(report_fd_.get(), &report);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  if (!whole) return absl::InternalError("the floor ended without a report; it crashed");
  if (report.error[0] != 0) return absl::InternalError(report.error);
  if (report.checksum_errors > 0) {
    return absl::DataLossError(
        absl::StrCat(report.checksum_errors, " appends reached the floor with a wrong CRC32C"));
  }
  return report;
}

}  // namespace ringjournal::bench
