#include "server/config/machine_facts.h"

#include <linux/magic.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "io/file.h"
#include "server/config_store/local_file.h"
#include "server/config_store/slot_format.h"

namespace ringjournal {
namespace {

uint64_t MemoryBytes() {
  struct sysinfo info = {};
  uint64_t bytes = sysinfo(&info) == 0 ? uint64_t{info.totalram} * info.mem_unit : 0;
  // A container's limit is what counts for its memory files.
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    uint64_t limit = 0;
    std::ifstream file(path);
    if (file >> limit && limit > 0 && bytes > 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

uint32_t Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<uint32_t>(CPU_COUNT(&set));
}

void ReadDocument(const std::string& data_dir, MachineFacts* facts) {
  const std::string path = data_dir + "/" + std::string(kConfigFileName);
  absl::StatusOr<uint64_t> size = io::FileSize(path);
  if (absl::IsNotFound(size.status())) return;
  if (size.ok() && *size > kSlotFileBytes) {
    facts->document_problem = path +
                              " is larger than a config file can be; keep it, and look "
                              "whether --data-dir is the right one";
    return;
  }
  absl::StatusOr<std::string> bytes = io::ReadWholeFile(path);
  if (!bytes.ok()) {
    facts->document_problem = std::string(bytes.status().message());
    return;
  }
  absl::StatusOr<SlotDecision> decision = DecideSlots(*bytes, path);
  if (decision.ok()) {
    facts->document = std::move(decision->document);
  } else {
    facts->document_problem = std::string(decision.status().message());
  }
}

}  // namespace

PlaceFacts ReadPlaceFacts(const std::string& path) {
  PlaceFacts facts;
  std::filesystem::path at =
      path.empty() ? std::filesystem::path(".") : std::filesystem::path(path);
  struct stat entry = {};
  facts.is_there = stat(at.c_str(), &entry) == 0;
  while (stat(at.c_str(), &entry) != 0) {
    std::filesystem::path parent = at.parent_path();
    if (parent == at) break;
    at = parent.empty() ? std::filesystem::path(".") : parent;
    if (at == "." && stat(".", &entry) != 0) break;
  }
  facts.path = at.string();
  facts.is_directory = S_ISDIR(entry.st_mode);
  facts.writable = access(at.c_str(), W_OK | X_OK) == 0;
  struct statfs system = {};
  if (statfs(at.c_str(), &system) != 0) return facts;
  facts.in_memory = system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
  facts.bytes_total = uint64_t{system.f_blocks} * static_cast<uint64_t>(system.f_bsize);
  facts.bytes_free = uint64_t{system.f_bavail} * static_cast<uint64_t>(system.f_bsize);
  return facts;
}

MachineFacts ReadMachineFacts(const ServerOptions& options) {
  MachineFacts facts;
  facts.data_dir = ReadPlaceFacts(options.data_dir);
  facts.ring_dir = ReadPlaceFacts(options.ring_dir);
  facts.memory_bytes = MemoryBytes();
  facts.processors = Processors();
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) facts.open_files_max = files.rlim_cur;
  if (facts.data_dir.is_there) ReadDocument(options.data_dir, &facts);
  return facts;
}

}  // namespace ringjournal
