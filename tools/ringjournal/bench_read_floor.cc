#include "tools/ringjournal/bench_read_floor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/file_descriptor.h"
#include "io/socket.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"
#include "tools/ringjournal/bench_process.h"
#include "tools/ringjournal/progress.h"

namespace ringjournal::bench {
namespace {

// In front of each run: its length and its CRC32C.
constexpr size_t kHeadBytes = 8;
constexpr size_t kRunBytes = limits::kReadChunkBytes;
// Different runs, so that not all comes from the processor's cache.
constexpr size_t kPoolBytes = 64 * limits::kMiB;

absl::Status SystemError(const std::string& what) {
  return absl::InternalError(absl::StrCat("the floor cannot ", what, ": ", strerror(errno)));
}

// Memory as the server's rings have it where the kernel gives large pages.
class Pool {
 public:
  Pool()
      : data_(
            mmap(nullptr, kPoolBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (ok()) madvise(data_, kPoolBytes, MADV_HUGEPAGE);
  }
  ~Pool() {
    if (ok()) munmap(data_, kPoolBytes);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  bool ok() const { return data_ != MAP_FAILED; }
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t size() const { return kPoolBytes; }

 private:
  void* data_;
};

void FillPool(Pool* pool) {
  uint64_t x = 88172645463325252u;
  for (size_t i = 0; i + 8 <= pool->size(); i += 8) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    Store64(pool->data() + i, x);
  }
}

bool SendAll(int fd, iovec* parts, size_t count) {
  while (count > 0) {
    ssize_t n = writev(fd, parts, static_cast<int>(count));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    size_t left = static_cast<size_t>(n);
    while (count > 0 && left >= parts->iov_len) {
      left -= parts->iov_len;
      ++parts;
      --count;
    }
    if (count == 0) return true;
    parts->iov_base = static_cast<std::byte*>(parts->iov_base) + left;
    parts->iov_len -= left;
  }
  return true;
}

bool SendRun(int fd, std::byte* run, size_t bytes, uint32_t crc) {
  std::byte head[kHeadBytes];
  Store32(head, static_cast<uint32_t>(bytes));
  Store32(head + 4, crc);
  iovec parts[] = {{head, kHeadBytes}, {run, bytes}};
  return SendAll(fd, parts, 2);
}

// The server's side, in the child.
bool Serve(int socket, const ReadFloorOptions& options, Pool* pool,
           const std::vector<uint32_t>& crcs, int file) {
  std::vector<std::byte> buffer(limits::kSegmentReadBytes);
  uint64_t sent = 0;
  while (sent < options.bytes) {
    size_t at = sent % pool->size();
    if (!options.from_file) {
      if (!SendRun(socket, pool->data() + at, kRunBytes, crcs[at / kRunBytes])) return false;
      sent += kRunBytes;
      continue;
    }
    if (pread(file, buffer.data(), buffer.size(), static_cast<off_t>(at)) !=
        static_cast<ssize_t>(buffer.size())) {
      return false;
    }
    for (size_t i = 0; i < buffer.size() && sent < options.bytes; i += kRunBytes) {
      uint32_t crc = Crc32c({buffer.data() + i, kRunBytes});
      if (!SendRun(socket, buffer.data() + i, kRunBytes, crc)) return false;
      sent += kRunBytes;
    }
  }
  return true;
}

bool ReceiveAll(int fd, std::byte* into, size_t bytes) {
  while (bytes > 0) {
    ssize_t n = recv(fd, into, bytes, MSG_WAITALL);  // fewest wake-ups
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    into += n;
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

absl::Status Receive(int socket, uint64_t bytes) {
  io::FileDescriptor null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  std::vector<std::byte> run(kRunBytes), out(kRunBytes);
  for (uint64_t got = 0; got < bytes; got += kRunBytes) {
    std::byte head[kHeadBytes];
    if (!ReceiveAll(socket, head, kHeadBytes) || Load32(head) != kRunBytes ||
        !ReceiveAll(socket, run.data(), kRunBytes)) {
      return SystemError("receive");
    }
    if (Crc32c(run) != Load32(head + 4)) {
      return absl::DataLossError("bytes reached the floor's client with a wrong CRC32C");
    }
    std::memcpy(out.data(), run.data(), kRunBytes);
    if (write(null.get(), out.data(), out.size()) < 0) return SystemError("write to /dev/null");
  }
  return absl::OkStatus();
}

// A file of the pool's bytes, unlinked at once, in the page cache.
absl::StatusOr<io::FileDescriptor> MakeFile(const std::string& directory, const Pool& pool) {
  std::string path = absl::StrCat(directory, "/read-floor-XXXXXX");
  io::FileDescriptor file(mkostemp(path.data(), O_CLOEXEC));
  if (file.get() < 0) return SystemError(absl::StrCat("make a file in ", directory));
  unlink(path.c_str());
  for (size_t at = 0; at < pool.size();) {
    ssize_t n = write(file.get(), pool.data() + at, pool.size() - at);
    if (n < 0) return SystemError("fill its file");
    at += static_cast<size_t>(n);
  }
  return file;
}

}  // namespace

absl::StatusOr<int64_t> RunReadFloor(const ReadFloorOptions& options) {
  Pool pool;
  if (!pool.ok()) return SystemError("allocate its memory");
  FillPool(&pool);
  std::vector<uint32_t> crcs;
  for (size_t at = 0; at < pool.size(); at += kRunBytes) {
    crcs.push_back(Crc32c({pool.data() + at, kRunBytes}));
  }
  io::FileDescriptor file;
  if (options.from_file) {
    absl::StatusOr<io::FileDescriptor> made = MakeFile(options.directory, pool);
    if (!made.ok()) return made.status();
    file = *std::move(made);
  }
  absl::StatusOr<io::Listener> listener =
      io::OpenListener(*io::Address::Parse("127.0.0.1:0"), io::SocketOptions());
  if (!listener.ok()) return listener.status();
  absl::StatusOr<io::FileDescriptor> client =
      io::OpenSocket(listener->address, io::SocketOptions());
  if (!client.ok()) return client.status();
  if (connect(client->get(), listener->address.raw(), listener->address.raw_bytes()) != 0) {
    return SystemError("connect");
  }
  io::FileDescriptor server(accept4(listener->fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (server.get() < 0) return SystemError("accept");
  pid_t child = fork();
  if (child < 0) return SystemError("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    PinToCpu(options.server_cpu);
    _exit(Serve(server.get(), options, &pool, crcs, file.get()) ? 0 : 1);
  }
  server.Reset();
  CpuPin pin(options.client_cpu);
  int64_t begin = cli::MonotonicNs();
  absl::Status status = Receive(client->get(), options.bytes);
  int64_t elapsed = cli::MonotonicNs() - begin;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  if (!status.ok()) return status;
  return elapsed;
}

}  // namespace ringjournal::bench
