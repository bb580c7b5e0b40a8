#include "tools/ringjournal/ring_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <map>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "journal/ring/ring_memory.h"
#include "server/config/machine_facts.h"
#include "server/config_store/document.h"

namespace ringjournal::cli {
namespace {

constexpr std::string_view kRingSuffix = ".ring";

// A file, whatever its name: device (as /proc writes it) and inode.
using FileKey = std::pair<std::string, uint64_t>;
using Mappings = std::map<FileKey, int>;  // the process that has it mapped

bool KeyOf(const std::string& path, FileKey* key) {
  struct stat entry = {};
  if (stat(path.c_str(), &entry) != 0) return false;
  char device[32];
  std::snprintf(device, sizeof device, "%02x:%02x", major(entry.st_dev), minor(entry.st_dev));
  *key = {device, entry.st_ino};
  return true;
}

void ReadMappings(int process, Mappings* mappings) {
  std::ifstream maps(absl::StrCat("/proc/", process, "/maps"));
  std::string range, rights, offset, device, line;
  uint64_t inode = 0;
  while (maps >> range >> rights >> offset >> device >> inode && std::getline(maps, line)) {
    if (inode != 0) mappings->emplace(FileKey{device, inode}, process);
  }
}

Mappings AllMappings() {
  Mappings mappings;
  absl::StatusOr<std::vector<std::string>> names = io::ListDirectory("/proc");
  if (!names.ok()) return mappings;
  for (const std::string& name : *names) {
    int process = 0;
    if (absl::SimpleAtoi(name, &process)) ReadMappings(process, &mappings);
  }
  return mappings;
}

struct DataDir {
  std::string path;
  bool running = false;  // a server holds its lock, also one that /proc does not show
  v1::ConfigDocument document;
};

absl::StatusOr<std::map<std::string, DataDir>> ReadDataDirs(const std::vector<std::string>& paths) {
  std::map<std::string, DataDir> by_cluster;
  for (const std::string& path : paths) {
    ServerOptions options;
    options.data_dir = path;
    MachineFacts facts = ReadMachineFacts(options);
    if (!facts.document_problem.empty()) return absl::DataLossError(facts.document_problem);
    JournalId cluster;
    if (!facts.document || !JournalId::FromView(facts.document->cluster_id(), &cluster)) {
      return absl::NotFoundError(
          absl::StrCat(path,
                       " holds no configuration of a server, so it cannot say which rings "
                       "are needed; name a server's --data-dir"));
    }
    by_cluster[cluster.ToHex()] = {path, IsServed(path), std::move(*facts.document)};
  }
  return by_cluster;
}

// Nothing was ever written into it, or something else was: then it is no ring.
bool ReadIdentity(const std::string& path, RingIdentity* identity) {
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(identity), sizeof *identity);
  return file.gcount() == sizeof *identity && identity->magic == kRingMagic;
}

void Judge(const Mappings& mappings, const std::map<std::string, DataDir>& data_dirs,
           RingFile* ring) {
  FileKey key;
  const auto mapped = KeyOf(ring->path, &key) ? mappings.find(key) : mappings.end();
  const auto owner = data_dirs.find(ring->cluster);
  JournalId id;
  const v1::JournalConfig* journal = nullptr;
  if (owner != data_dirs.end() && JournalId::FromHex(ring->journal_id, &id)) {
    journal = FindJournal(owner->second.document, id);
    if (journal != nullptr) ring->journal = journal->name();
  }
  if (mapped != mappings.end()) {
    ring->use = RingUse::kInUse;
    ring->why = absl::StrCat("process ", mapped->second, " has it mapped");
  } else if (owner != data_dirs.end() && owner->second.running) {
    ring->use = RingUse::kInUse;
    ring->why = absl::StrCat("a server runs on ", owner->second.path);
  } else if (journal != nullptr) {
    ring->use = RingUse::kNeeded;
    ring->why = absl::StrCat("the next start on ", owner->second.path, " takes it up");
  } else if (owner != data_dirs.end()) {
    ring->use = RingUse::kOrphan;
    ring->why = absl::StrCat(owner->second.path, " has no such journal any more");
  } else if (!data_dirs.empty()) {
    ring->use = RingUse::kOrphan;
    ring->why = "it belongs to none of the data directories that were named";
  } else {
    ring->why = "no process has it mapped; name every --data-dir to know whether one needs it";
  }
}

}  // namespace

bool IsServed(const std::string& data_dir) {
  const int fd = open((data_dir + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  absl::Cleanup closer = [fd] { close(fd); };
  return flock(fd, LOCK_SH | LOCK_NB) != 0;
}

const char* RingUseText(RingUse use) {
  switch (use) {
    case RingUse::kInUse:
      return "in use";
    case RingUse::kNeeded:
      return "needed";
    case RingUse::kOrphan:
      return "orphan";
    case RingUse::kUnknown:
      break;
  }
  return "unknown";
}

absl::StatusOr<std::vector<RingFile>> FindRings(const std::string& ring_dir,
                                                const std::vector<std::string>& data_dirs) {
  auto owners = ReadDataDirs(data_dirs);
  if (!owners.ok()) return owners.status();
  absl::StatusOr<std::vector<std::string>> clusters = io::ListDirectory(ring_dir);
  if (absl::IsNotFound(clusters.status())) return std::vector<RingFile>();
  if (!clusters.ok()) return clusters.status();
  const Mappings mappings = AllMappings();
  std::vector<RingFile> rings;
  for (const std::string& cluster : *clusters) {
    JournalId id;
    if (!JournalId::FromHex(cluster, &id)) continue;
    const std::string folder = absl::StrCat(ring_dir, "/", cluster);
    absl::StatusOr<std::vector<std::string>> names = io::ListDirectory(folder);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (!std::string_view(name).ends_with(kRingSuffix)) continue;
      RingFile ring;
      ring.path = absl::StrCat(folder, "/", name);
      ring.cluster = cluster;
      ring.journal_id = name.substr(0, name.size() - kRingSuffix.size());
      ring.bytes = io::FileSize(ring.path).value_or(0);
      RingIdentity identity = {};
      if (ReadIdentity(ring.path, &identity)) ring.generation = identity.generation;
      Judge(mappings, *owners, &ring);
      rings.push_back(std::move(ring));
    }
  }
  return rings;
}

absl::Status RemoveRing(const RingFile& ring) {
  if (ring.use == RingUse::kInUse) {
    return absl::FailedPreconditionError(absl::StrCat(
        ring.path, " is in use: ", ring.why,
        "; remove the journal instead (ringjournal journal rm), or stop the server first"));
  }
  absl::Status status = io::RemoveFile(ring.path);
  if (!status.ok()) return status;
  (void)rmdir(ring.path.substr(0, ring.path.rfind('/')).c_str());  // refused while others are in it
  return absl::OkStatus();
}

}  // namespace ringjournal::cli
