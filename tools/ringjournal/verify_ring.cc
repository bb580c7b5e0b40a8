#include "tools/ringjournal/verify_ring.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "io/shared_memory.h"
#include "journal/base/limits.h"
#include "journal/ring/ring_recovery.h"

namespace ringjournal::cli {
namespace {

std::nullopt_t Failed(FileReport* out, std::string verdict, std::string sentence) {
  out->damaged = true;
  out->verdict = std::move(verdict);
  out->sentence = std::move(sentence);
  return std::nullopt;
}

// Sizes that could be those of a ring, so that a damaged identity does not ask for terabytes.
bool SizesFit(const RingIdentity& id, size_t file_bytes) {
  uint64_t data = id.data_bytes, slot = id.snapshot_slot_bytes;
  bool power_of_two = data != 0 && (data & (data - 1)) == 0;
  if (!power_of_two || data < limits::kRingBytesMin || data > limits::kRingBytesMax) return false;
  if (slot % kControlPageBytes != 0 || slot > file_bytes) return false;
  return kControlPageBytes + 2 * slot + data == file_bytes;
}

void Fill(const RingInspection& ring, FileReport* out) {
  out->journal = ring.identity.journal.ToHex();
  out->verdict = RingVerdictText(ring.verdict);
  out->damaged = ring.verdict != RingVerdict::kIntact && ring.verdict != RingVerdict::kAbsent;
  out->first_index = ring.oldest_entry.index.value();
  out->first_lsn = ring.oldest_entry.lsn.value();
  out->end_index = ring.position.next_index.value();
  out->end_lsn = ring.position.next_lsn.value();
  out->bytes_lost = ring.stated_end - ring.end;
  out->sentence = ring.reason;
  if (ring.verdict != RingVerdict::kIntact) return;
  out->sentence = absl::StrCat("intact: ", ring.end - ring.oldest, " bytes of records");
  if (out->bytes_lost > 0) {
    absl::StrAppend(&out->sentence, "; a tail of ", out->bytes_lost,
                    " bytes does not count, none of it acknowledged");
  }
}

}  // namespace

bool LooksLikeRing(ByteSpan bytes) {
  return bytes.size() >= kControlPageBytes && Load64(bytes.data()) == kRingMagic;
}

std::optional<OpenedRing> OpenRingFile(const std::string& path, FileReport* out) {
  out->path = path;
  out->kind = "ring";
  RingIdentity identity;
  size_t file_bytes = 0;
  {
    absl::StatusOr<io::MappedFile> file = io::MappedFile::Open(path);
    if (!file.ok()) return Failed(out, "unreadable", std::string(file.status().message()));
    file_bytes = file->bytes().size();
    if (file_bytes < kControlPageBytes) {
      return Failed(out, "cut off", "shorter than a ring's control page: not a whole ring file");
    }
    std::memcpy(&identity, file->bytes().data(), sizeof identity);
    if (identity.magic != kRingMagic && !(identity.magic == 0 && identity.data_bytes == 0)) {
      return Failed(out, "not a ring", "does not start with a ring's magic");
    }
  }
  if (identity.magic == 0) {
    out->verdict = "absent";
    out->sentence = "never filled in: it holds nothing";
    return std::nullopt;
  }
  if (identity.layout_version != kRingLayoutVersion) {
    return Failed(out, "newer version",
                  absl::StrCat("ring layout ", identity.layout_version, "; this version reads ",
                               kRingLayoutVersion, ": use a newer version"));
  }
  if (!SizesFit(identity, file_bytes)) {
    return Failed(out, "cut off", "its size is not the one that its control page names");
  }
  size_t head_bytes = file_bytes - identity.data_bytes;
  absl::StatusOr<io::SharedRing> ring = io::SharedRing::Open(path, head_bytes, identity.data_bytes);
  if (!ring.ok()) return Failed(out, "unreadable", std::string(ring.status().message()));
  RingMemory memory{ring->head(), head_bytes, ring->data(), ring->data_bytes()};
  OpenedRing opened{*std::move(ring), InspectRing(memory, nullptr)};
  Fill(opened.found, out);
  return opened;
}

FileReport VerifyRingFile(const std::string& path) {
  FileReport out;
  OpenRingFile(path, &out);
  return out;
}

}  // namespace ringjournal::cli
