// The metadata slots of the config file, and the document in them.
//
// Input: one byte that says where (bit 0: in slot 1, behind an empty slot 0), then the slot's
// bytes.
#include <cstring>

#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/document_edits.h"
#include "server/config_store/slot_format.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

// Where the header of slot_format.h has its fields.
constexpr size_t kHeaderCrcAt = 12, kLengthAt = 24, kBodyCrcAt = 32;

void MendSlot(std::string* bytes) {
  if (bytes->size() < kSlotHeaderBytes) return;
  std::memcpy(bytes->data(), kSlotMagic.data(), kSlotMagic.size());
  const uint64_t length = Load64(bytes->data() + kLengthAt);
  if (length <= bytes->size() - kSlotHeaderBytes) {
    Store32(bytes->data() + kBodyCrcAt,
            Crc32c(AsBytes(std::string_view(*bytes).substr(kSlotHeaderBytes, length))));
  }
  const std::string_view all = *bytes;
  const uint32_t crc = Crc32c(AsBytes(all.substr(0, kHeaderCrcAt)));
  Store32(bytes->data() + kHeaderCrcAt,
          Crc32cExtend(crc,
                       AsBytes(all.substr(kHeaderCrcAt + 4, kSlotHeaderBytes - kHeaderCrcAt - 4))));
}

std::string DecodeOnce(const std::string& slot_bytes, int slot) {
  // Slot 1 lies behind a whole slot of zeros, made once.
  static std::string& second = *new std::string(kSlotBytes, '\0');
  std::string_view file = slot_bytes;
  if (slot == 1) file = second.append(slot_bytes);
  const Slot found = DecodeSlot(file, slot);
  const absl::StatusOr<SlotDecision> decision = DecideSlots(file, "config");
  RJ_CHECK(decision.ok() == (found.verdict == SlotVerdict::kValid));
  if (found.verdict == SlotVerdict::kValid) {
    RJ_CHECK(SlotOffset(found.sequence) == SlotOffset(static_cast<uint64_t>(slot)));
    RJ_CHECK(ValidateDocument(found.document).ok());
    RJ_CHECK(!decision->note.empty());
    const std::string written = EncodeSlot(found.sequence, found.document);
    std::string again = slot == 1 ? std::string(kSlotBytes, '\0') + written : written;
    RJ_CHECK(DecodeSlot(again, slot).verdict == SlotVerdict::kValid);
  }
  second.resize(kSlotBytes);
  return SlotVerdictText(found.verdict);
}

}  // namespace

std::string Decode(ByteSpan input) {
  if (input.empty()) return "nothing";
  const int slot = static_cast<int>(input[0]) & 1;
  std::string bytes(AsView(input.subspan(1)));
  const std::string verdict = DecodeOnce(bytes, slot);
  MendSlot(&bytes);
  const std::string behind = DecodeOnce(bytes, slot);
  return behind == verdict ? verdict : verdict + " mended " + behind;
}

std::vector<std::string> Seeds() {
  v1::ConfigDocument document;
  document.set_version(3);
  document.set_cluster_id(std::string(16, 'c'));
  v1::NodeRegistration* node = document.add_nodes();
  node->set_node("node1");
  node->set_incarnation(2);
  node->set_address("127.0.0.1:7000");
  const std::string even = EncodeSlot(4, document), odd = EncodeSlot(5, document);
  document.add_nodes()->set_node("node1");  // twice: no valid document
  const std::string invalid = EncodeSlot(4, document);
  std::string bad_header = even, bad_body = even, newer = even, length = even;
  bad_header[20] ^= 1;
  bad_body.back() ^= 1;
  newer[8] = 9;
  length[kLengthAt + 6] = 1;
  const std::string first(1, '\0'), second(1, '\1');
  return {"",
          first + even,
          second + odd,
          second + even,
          first + invalid,
          first + bad_header,
          first + bad_body,
          first + newer,
          first + length,
          first + std::string(kSlotHeaderBytes, '\0'),
          first + "something else, and long enough to be a header of one",
          first + even.substr(0, even.size() - 1)};
}

}  // namespace ringjournal::fuzz
