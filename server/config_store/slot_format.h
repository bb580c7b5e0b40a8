// The bytes of the local config file: two slots, written in turn, the newest valid one wins. Pure.
//
//   offset in slot   0 magic "RJCONFIG"      8 layout version u32    12 header CRC32C u32
//                   16 slot sequence u64    24 length u64            32 body CRC32C u32
//                   36 reserved u32 (0)     40 serialised v1::ConfigDocument
//
// Little-endian. The header CRC covers bytes 0..11 and 16..39; these 40 bytes keep their form in
// every layout version, so that a newer file is told from a damaged one. The slot with sequence s
// lies at (s mod 2) * kSlotBytes: a write that went astray is found by that.
#ifndef SERVER_CONFIG_STORE_SLOT_FORMAT_H_
#define SERVER_CONFIG_STORE_SLOT_FORMAT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "journal/base/limits.h"
#include "proto/config.pb.h"

namespace ringjournal {

inline constexpr std::string_view kSlotMagic = "RJCONFIG";
inline constexpr uint32_t kSlotLayoutVersion = 1;
inline constexpr uint64_t kSlotHeaderBytes = 40;
// Room for the largest document, in whole blocks.
inline constexpr uint64_t kSlotBytes = limits::kBlockBytes + limits::kConfigDocumentBytesMax;
inline constexpr uint64_t kSlotFileBytes = 2 * kSlotBytes;

inline constexpr uint64_t SlotOffset(uint64_t sequence) { return sequence % 2 * kSlotBytes; }

// What is in a slot.
enum class SlotVerdict {
  kValid,
  kNeverWritten,  // zeros only
  kCutOff,        // the file ends before the slot does
  kNotASlot,      // no magic: foreign, or overwritten
  kHeaderCrc,     // header checksum does not match
  kNewerLayout,   // intact header of a newer layout version
  kMisplaced,     // intact header of the other slot
  kBadLength,     // length over the limit
  kBodyCrc,       // document checksum does not match
  kBadDocument,   // intact bytes that are no valid config document
};
const char* SlotVerdictText(SlotVerdict verdict);

// One slot as found.
struct Slot {
  SlotVerdict verdict = SlotVerdict::kNeverWritten;
  uint64_t sequence = 0;        // kValid
  uint32_t layout_version = 0;  // kValid, kNewerLayout
  v1::ConfigDocument document;  // kValid
};

// Header and document of a slot. The document's serialised form is at most
// kConfigDocumentBytesMax bytes (RJ_CHECK).
std::string EncodeSlot(uint64_t sequence, const v1::ConfigDocument& document);

// A whole new file of kSlotFileBytes with the document in both slots (sequences 1 and 2).
std::string EncodeSlotFile(const v1::ConfigDocument& document);

// Looks at slot 0 or 1 of a file's content.
Slot DecodeSlot(std::string_view file, int slot);

// What a file says.
struct SlotDecision {
  v1::ConfigDocument document;
  uint64_t sequence = 0;  // of the slot used; the next write gets one more, so the other slot
  // Empty if both slots are valid, else one sentence on the one that was passed over.
  std::string note;
};

// The decision table: a newer layout in either slot -> Unimplemented ("needs a newer version");
// two valid -> the higher sequence; one valid -> that one, with a note; none -> DataLoss. `path` is
// for the messages only.
absl::StatusOr<SlotDecision> DecideSlots(std::string_view file, std::string_view path);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_SLOT_FORMAT_H_
