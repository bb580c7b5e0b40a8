#include "server/config_store/slot_format.h"

#include <algorithm>
#include <utility>

#include "journal/base/bytes.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "server/config_store/document_checks.h"

namespace ringjournal {
namespace {

constexpr size_t kVersionAt = 8, kHeaderCrcAt = 12, kSequenceAt = 16, kLengthAt = 24,
                 kBodyCrcAt = 32;

uint32_t HeaderCrc(std::string_view header) {
  const uint32_t crc = Crc32c(AsBytes(header.substr(0, kHeaderCrcAt)));
  return Crc32cExtend(crc, AsBytes(header.substr(kSequenceAt, kSlotHeaderBytes - kSequenceAt)));
}

// Sets slot->sequence and layout_version on kValid and kNewerLayout.
SlotVerdict DecodeHeader(std::string_view header, Slot* slot) {
  if (header.substr(0, kSlotMagic.size()) != kSlotMagic) return SlotVerdict::kNotASlot;
  if (Load32(header.data() + kHeaderCrcAt) != HeaderCrc(header)) return SlotVerdict::kHeaderCrc;
  slot->layout_version = Load32(header.data() + kVersionAt);
  slot->sequence = Load64(header.data() + kSequenceAt);
  return slot->layout_version > kSlotLayoutVersion ? SlotVerdict::kNewerLayout
                                                   : SlotVerdict::kValid;
}

SlotVerdict DecodeBody(std::string_view bytes, Slot* slot) {
  const uint64_t length = Load64(bytes.data() + kLengthAt);
  if (length > limits::kConfigDocumentBytesMax) return SlotVerdict::kBadLength;
  if (bytes.size() - kSlotHeaderBytes < length) return SlotVerdict::kCutOff;
  const std::string_view body = bytes.substr(kSlotHeaderBytes, length);
  if (Load32(bytes.data() + kBodyCrcAt) != Crc32c(AsBytes(body))) return SlotVerdict::kBodyCrc;
  if (!slot->document.ParseFromArray(body.data(), static_cast<int>(body.size())) ||
      !ValidateDocument(slot->document).ok()) {
    return SlotVerdict::kBadDocument;
  }
  return SlotVerdict::kValid;
}

std::string Finding(int slot, const Slot& found) {
  return "slot " + std::to_string(slot) + ": " + SlotVerdictText(found.verdict);
}

absl::Status NeedsNewer(std::string_view path, uint32_t layout_version) {
  return absl::UnimplementedError(
      "the config file " + std::string(path) + " has layout version " +
      std::to_string(layout_version) + ", but this program knows versions up to " +
      std::to_string(kSlotLayoutVersion) + " only: it needs a newer version of ringjournald");
}

absl::Status NothingValid(std::string_view path, const Slot& a, const Slot& b) {
  return absl::DataLossError(
      "the config file " + std::string(path) + " is damaged: " + Finding(0, a) + "; " +
      Finding(1, b) +
      ". It says which journals exist, so the server does not start without it. Restore the file "
      "from a backup of this data directory; or give the data up: move the whole data directory "
      "away and start with an empty one");
}

}  // namespace

const char* SlotVerdictText(SlotVerdict verdict) {
  switch (verdict) {
    case SlotVerdict::kValid:
      return "valid";
    case SlotVerdict::kNeverWritten:
      return "never written";
    case SlotVerdict::kCutOff:
      return "cut off by the end of the file";
    case SlotVerdict::kNotASlot:
      return "does not start with the magic bytes RJCONFIG";
    case SlotVerdict::kHeaderCrc:
      return "the header's checksum does not match";
    case SlotVerdict::kNewerLayout:
      return "has a newer layout version";
    case SlotVerdict::kMisplaced:
      return "holds what belongs into the other slot";
    case SlotVerdict::kBadLength:
      return "its length is over the limit";
    case SlotVerdict::kBodyCrc:
      return "the document's checksum does not match";
    case SlotVerdict::kBadDocument:
      break;
  }
  return "the document is not valid";
}

std::string EncodeSlot(uint64_t sequence, const v1::ConfigDocument& document) {
  std::string bytes(kSlotHeaderBytes, '\0');
  RJ_CHECK(document.AppendToString(&bytes));
  const uint64_t length = bytes.size() - kSlotHeaderBytes;
  RJ_CHECK(length <= limits::kConfigDocumentBytesMax);
  std::copy(kSlotMagic.begin(), kSlotMagic.end(), bytes.begin());
  Store32(bytes.data() + kVersionAt, kSlotLayoutVersion);
  Store64(bytes.data() + kSequenceAt, sequence);
  Store64(bytes.data() + kLengthAt, length);
  const std::string_view body = std::string_view(bytes).substr(kSlotHeaderBytes);
  Store32(bytes.data() + kBodyCrcAt, Crc32c(AsBytes(body)));
  Store32(bytes.data() + kHeaderCrcAt, HeaderCrc(bytes));
  return bytes;
}

std::string EncodeSlotFile(const v1::ConfigDocument& document) {
  std::string file(kSlotFileBytes, '\0');
  for (uint64_t sequence : {1u, 2u}) {
    const std::string slot = EncodeSlot(sequence, document);
    file.replace(SlotOffset(sequence), slot.size(), slot);
  }
  return file;
}

Slot DecodeSlot(std::string_view file, int slot) {
  Slot found;
  std::string_view bytes = file.substr(std::min<uint64_t>(file.size(), SlotOffset(slot)));
  bytes = bytes.substr(0, kSlotBytes);
  const std::string_view header = bytes.substr(0, kSlotHeaderBytes);
  if (header.size() < kSlotHeaderBytes) {
    found.verdict = SlotVerdict::kCutOff;
  } else if (header.find_first_not_of('\0') == std::string_view::npos) {
    found.verdict = SlotVerdict::kNeverWritten;
  } else {
    found.verdict = DecodeHeader(header, &found);
  }
  if (found.verdict == SlotVerdict::kValid) {
    const bool in_place = SlotOffset(found.sequence) == SlotOffset(slot);
    found.verdict = in_place ? DecodeBody(bytes, &found) : SlotVerdict::kMisplaced;
  }
  return found;
}

absl::StatusOr<SlotDecision> DecideSlots(std::string_view file, std::string_view path) {
  Slot slots[2] = {DecodeSlot(file, 0), DecodeSlot(file, 1)};
  for (const Slot& slot : slots) {
    // Not even if the other slot is valid: that one is older, and going back is never silent.
    if (slot.verdict == SlotVerdict::kNewerLayout) return NeedsNewer(path, slot.layout_version);
  }
  const bool valid[2] = {slots[0].verdict == SlotVerdict::kValid,
                         slots[1].verdict == SlotVerdict::kValid};
  if (!valid[0] && !valid[1]) return NothingValid(path, slots[0], slots[1]);
  const int used = valid[0] && (!valid[1] || slots[0].sequence > slots[1].sequence) ? 0 : 1;
  SlotDecision decision;
  decision.document = std::move(slots[used].document);
  decision.sequence = slots[used].sequence;
  if (!valid[1 - used]) {
    decision.note = "config file " + std::string(path) + ": " + Finding(1 - used, slots[1 - used]) +
                    "; slot " + std::to_string(used) + " is used, and the next change repairs it";
  }
  return decision;
}

}  // namespace ringjournal
