#include "tools/ringjournal/doctor_facts.h"

#include <fcntl.h>
#include <liburing.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "io/kernel_abi.h"
#include "io/socket_address.h"
#include "io/uring.h"
#include "journal/base/limits.h"
#include "server/config/listen_address.h"
#include "server/config/machine_facts.h"

namespace ringjournal::cli {
namespace {

std::vector<FeatureFact> FeaturesOf(io::Uring* ring) {
  io_uring_probe* probe = io_uring_get_probe_ring(ring->raw());
  const bool multishot =
      probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_SEND_ZC) != 0;
  if (probe != nullptr) io_uring_free_probe(probe);
  return {
      {"kept completions on overflow", "5.5", true, ring->has(IORING_FEAT_NODROP)},
      {"internal polling", "5.7", true, ring->has(IORING_FEAT_FAST_POLL)},
      {"waiting with a time limit", "5.11", true, ring->has(IORING_FEAT_EXT_ARG)},
      {"multishot receive", "6.0", true, multishot},
      {"completions run by their own thread", "6.1", false,
       (ring->setup_flags() & IORING_SETUP_DEFER_TASKRUN) != 0},
      {"waiting for a batch", "6.12", false, ring->has(io::abi::kFeatureMinTimeout)},
      {"one buffer for many receives", "6.15", false, ring->has(io::abi::kFeatureNoIowait)},
  };
}

void ReadUring(DoctorFacts* facts) {
  io::Uring::Options options;
  absl::StatusOr<std::unique_ptr<io::Uring>> ring = io::Uring::Create(options);
  facts->uring = ring.status();
  if (ring.ok()) facts->features = FeaturesOf(ring->get());
}

void ReadMemory(DoctorFacts* facts) {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  uint64_t kib = 0;
  while (file >> key >> kib) {
    std::getline(file, unit);
    if (key == "MemTotal:") facts->memory_bytes = kib * limits::kKiB;
    if (key == "MemAvailable:") facts->memory_available_bytes = kib * limits::kKiB;
  }
}

absl::Status Errno(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(errno)));
}

// As the server writes: one aligned block, direct where the file system can, synced each time.
SyncFacts MeasureSync(const std::string& directory) {
  constexpr int kSyncs = 30;
  constexpr int64_t kGiveUpNs = 2'000'000'000;
  SyncFacts facts;
  std::string path = absl::StrCat(directory, "/.ringjournal-doctor-XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) {
    facts.status = Errno(absl::StrCat("cannot make a file in ", directory));
    return facts;
  }
  absl::Cleanup closer = [fd] { close(fd); };
  unlink(path.c_str());
  (void)fcntl(fd, F_SETFL, O_DIRECT);  // not on every file system
  alignas(limits::kBlockBytes) static char block[limits::kBlockBytes];
  std::vector<int64_t> took;
  const int64_t started = io::MonotonicNs();
  for (int i = 0; i < kSyncs && io::MonotonicNs() - started < kGiveUpNs; ++i) {
    const int64_t before = io::MonotonicNs();
    if (pwrite(fd, block, sizeof block, 0) < 0 || fdatasync(fd) != 0) {
      facts.status = Errno(absl::StrCat("cannot write and sync in ", directory));
      return facts;
    }
    took.push_back(io::MonotonicNs() - before);
  }
  std::sort(took.begin(), took.end());
  facts.median_ns = took[took.size() / 2];
  facts.max_ns = took.back();
  facts.count = static_cast<int>(took.size());
  return facts;
}

// Binds as the server does, and lets go at once.
absl::Status TryPort(const ListenAddress& listen) {
  absl::StatusOr<io::Address> address = io::Address::Parse(ListenAddressText(listen));
  if (!address.ok()) return address.status();
  const int fd = socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Errno("cannot make a socket");
  absl::Cleanup closer = [fd] { close(fd); };
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, address->raw(), address->raw_bytes()) != 0 || ::listen(fd, 1) != 0) {
    return Errno(absl::StrCat("cannot listen on ", address->ToString()));
  }
  return absl::OkStatus();
}

}  // namespace

DoctorFacts ReadDoctorFacts(const ServerOptions& options) {
  DoctorFacts facts;
  const io::SetupFacts setup = io::ReadSetupFacts();
  facts.kernel_release = setup.kernel_release;
  facts.uring_disabled = setup.disabled;
  ReadUring(&facts);
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.open_files_max = limit.rlim_cur;
  facts.locked_bytes_max = UINT64_MAX;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    facts.locked_bytes_max = limit.rlim_cur;
  }
  ReadMemory(&facts);
  facts.sync = MeasureSync(ReadPlaceFacts(options.data_dir).path);
  facts.port = TryPort(options.listen);
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range >> facts.ephemeral_low >> facts.ephemeral_high;
  return facts;
}

}  // namespace ringjournal::cli
