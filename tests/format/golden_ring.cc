#include "tests/format/golden_ring.h"

#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "journal/ring/test_ring.h"

namespace ringjournal {
namespace {

std::string Line(const char* name, size_t offset, const std::string& bytes) {
  return absl::StrCat(name, " ", offset, " ", absl::BytesToHexString(bytes), "\n");
}

std::string SlotLine(const char* name, const std::string& image, size_t offset) {
  SnapshotSlotHeader header;
  std::memcpy(&header, image.data() + offset, sizeof(header));
  return Line(name, offset, image.substr(offset, kSnapshotSlotHeaderBytes + header.length));
}

}  // namespace

std::string BuildGoldenRing() {
  TestRing t(limits::kRingBytesMin);
  t.ring.set_committed(Index(0));
  t.ring.set_claim_incarnation(Incarnation(3));
  t.ring.set_content_incarnation(Incarnation(4));
  for (uint32_t count : {1, 2, 3}) t.Append(40, count);
  t.ring.set_committed(Index(2));
  t.Snapshot();
  t.ring.set_committed(Index(3));
  t.Append(30, 1);
  t.Append(30, 1);
  t.TruncateTo(*t.ring.Find(Index(5)));
  t.Snapshot();
  t.ring.RaiseAckedEnd();
  t.Append(20, 1);
  const std::string image = t.memory.Image();
  const size_t head = t.memory.memory().head_bytes;
  const size_t slot_bytes = (head - kControlPageBytes) / 2;
  return Line("control", 0, image.substr(0, sizeof(RingControl))) +
         SlotLine("slot_0", image, kControlPageBytes) +
         SlotLine("slot_1", image, kControlPageBytes + slot_bytes) +
         Line("data", head, image.substr(head, t.ring.end().offset.value()));
}

std::string RingFileOf(const std::string& lines, size_t bytes) {
  std::string file(bytes, '\0');
  std::istringstream in(lines);
  std::string name, hex;
  for (size_t offset = 0; in >> name >> offset >> hex;) {
    const std::string piece = absl::HexStringToBytes(hex);
    if (offset + piece.size() > bytes) return "";
    file.replace(offset, piece.size(), piece);
  }
  return in.eof() ? file : "";
}

}  // namespace ringjournal
