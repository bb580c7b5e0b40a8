#include "server/config_store/slot_format.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;
using testing_document::kClusterId;
using testing_document::Start;
using testing_document::ThreeInSync;

constexpr char kPath[] = "data/config";

v1::ConfigDocument Older() { return ThreeInSync(); }
v1::ConfigDocument Newer() {
  v1::ConfigDocument document = Older();
  document.set_version(document.version() + 1);
  Start(&document, "n1");
  return document;
}

// Sequence 6, the older, lies in slot 0; 7, the newer, in slot 1.
std::string OlderThenNewer() {
  std::string file(kSlotFileBytes, '\0');
  const std::string older = EncodeSlot(6, Older()), newer = EncodeSlot(7, Newer());
  file.replace(SlotOffset(6), older.size(), older);
  file.replace(SlotOffset(7), newer.size(), newer);
  return file;
}

// Recomputes the header checksum of a slot after a deliberate change.
void ResealHeader(std::string* file, uint64_t slot_offset) {
  char* header = file->data() + slot_offset;
  const std::string_view bytes(header, kSlotHeaderBytes);
  const uint32_t crc = Crc32c(AsBytes(bytes.substr(0, 12)));
  Store32(header + 12, Crc32cExtend(crc, AsBytes(bytes.substr(16))));
}

// What a damaged file must yield.
enum class Use { kNewer, kOlder };
void ExpectUses(std::string_view file, Use use, const std::string& note) {
  absl::StatusOr<SlotDecision> decision = DecideSlots(file, kPath);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_EQ(decision->sequence, use == Use::kNewer ? 7u : 6u);
  EXPECT_TRUE(
      MessageDifferencer::Equals(decision->document, use == Use::kNewer ? Newer() : Older()));
  if (note.empty()) {
    EXPECT_EQ(decision->note, "");
  } else {
    EXPECT_THAT(decision->note, HasSubstr(note));
  }
}

// The verdict on a slot in which the byte at `offset` was flipped.
SlotVerdict VerdictOfFlip(uint64_t offset) {
  if (offset < 8) return SlotVerdict::kNotASlot;
  return offset < kSlotHeaderBytes ? SlotVerdict::kHeaderCrc : SlotVerdict::kBodyCrc;
}

TEST(SlotFormat, TheNewestOfTwoValidSlotsWinsWhicheverItIs) {
  ExpectUses(OlderThenNewer(), Use::kNewer, "");
  std::string file = OlderThenNewer();
  const std::string next = EncodeSlot(8, Older());
  file.replace(SlotOffset(8), next.size(), next);
  EXPECT_EQ(DecideSlots(file, kPath)->sequence, 8u);
}

TEST(SlotFormat, ANewFileHoldsTheDocumentTwice) {
  const std::string file = EncodeSlotFile(Older());
  ASSERT_EQ(file.size(), kSlotFileBytes);
  for (int slot : {0, 1}) {
    EXPECT_EQ(DecodeSlot(file, slot).verdict, SlotVerdict::kValid);
    EXPECT_TRUE(MessageDifferencer::Equals(DecodeSlot(file, slot).document, Older()));
  }
  EXPECT_EQ(DecideSlots(file, kPath)->sequence, 2u);
}

TEST(SlotFormat, GoldenHeaderOfLayoutVersionOne) {
  v1::ConfigDocument document = NewDocument(kClusterId);
  const std::string slot = EncodeSlot(0x0102030405060708, document);
  const std::string body = document.SerializeAsString();
  std::string expected = "RJCONFIG";
  const auto put = [&](uint64_t value, int width) {
    for (int i = 0; i < width; ++i) expected.push_back(static_cast<char>(value >> (8 * i)));
  };
  put(1, 4);
  put(Load32(slot.data() + 12), 4);  // checked below
  put(0x0102030405060708, 8);
  put(body.size(), 8);
  put(Crc32c(AsBytes(body)), 4);
  put(0, 4);
  EXPECT_EQ(slot, expected + body);
  std::string resealed = slot;
  ResealHeader(&resealed, 0);
  EXPECT_EQ(resealed, slot);
}

TEST(SlotFormat, EveryFlippedByteOfTheNewerSlotFallsBackToTheOlderOne) {
  std::string file = OlderThenNewer();
  const uint64_t length = EncodeSlot(7, Newer()).size();
  for (uint64_t i = 0; i < length; ++i) {
    for (int bit : {0, 7}) {
      char& byte = file[SlotOffset(7) + i];
      byte = static_cast<char>(byte ^ (1 << bit));
      EXPECT_EQ(DecodeSlot(file, 1).verdict, VerdictOfFlip(i)) << i;
      ExpectUses(file, Use::kOlder, SlotVerdictText(VerdictOfFlip(i)));
      byte = static_cast<char>(byte ^ (1 << bit));
    }
  }
  ExpectUses(file, Use::kNewer, "");
}

TEST(SlotFormat, EveryFlippedByteOfTheOlderSlotLeavesTheNewerOneAndIsNoted) {
  std::string file = OlderThenNewer();
  const uint64_t length = EncodeSlot(6, Older()).size();
  for (uint64_t i = 0; i < length; ++i) {
    file[i] = static_cast<char>(file[i] ^ 0x10);
    ExpectUses(file, Use::kNewer, SlotVerdictText(VerdictOfFlip(i)));
    file[i] = static_cast<char>(file[i] ^ 0x10);
  }
}

TEST(SlotFormat, UnusedBytesMeanNothing) {
  std::string file = OlderThenNewer();
  for (uint64_t i = EncodeSlot(6, Older()).size(); i < kSlotBytes; i += 5003) file[i] = 'x';
  for (uint64_t i = SlotOffset(7) + EncodeSlot(7, Newer()).size(); i < file.size(); i += 5003) {
    file[i] = 'x';
  }
  ExpectUses(file, Use::kNewer, "");
}

TEST(SlotFormat, CutAnywhereInTheNewerSlotFallsBackToTheOlderOne) {
  const std::string file = OlderThenNewer();
  const uint64_t used_end = SlotOffset(7) + EncodeSlot(7, Newer()).size();
  for (uint64_t size = SlotOffset(7); size < used_end; ++size) {
    ExpectUses(std::string_view(file).substr(0, size), Use::kOlder, "cut off");
  }
  ExpectUses(std::string_view(file).substr(0, used_end), Use::kNewer, "");
}

TEST(SlotFormat, CutAnywhereInTheOlderSlotLeavesNothing) {
  const std::string file = OlderThenNewer();
  const uint64_t used = EncodeSlot(6, Older()).size();
  for (uint64_t size = 0; size < used; ++size) {
    const absl::Status status = DecideSlots(std::string_view(file).substr(0, size), kPath).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("data/config is damaged: slot 0: cut off by the end of the file; slot 1: "
                          "cut off by the end of the file."));
  }
  for (uint64_t size : {used, used + 1, SlotOffset(7)}) {
    ExpectUses(std::string_view(file).substr(0, size), Use::kOlder, "slot 1: cut off");
  }
}

TEST(SlotFormat, EveryTornWriteOverAnOldSlotLeavesTheOtherOne) {
  // Sequence 8 is being written over 6 in slot 0: any prefix of it may have reached the disk.
  v1::ConfigDocument next = Newer();
  Start(&next, "n2");
  next.set_version(next.version() + 1);
  const std::string before = OlderThenNewer(), slot = EncodeSlot(8, next);
  std::string complete = before;
  complete.replace(SlotOffset(8), slot.size(), slot);
  for (uint64_t kept = 0; kept < slot.size(); ++kept) {
    std::string file = before;
    file.replace(SlotOffset(8), kept, slot, 0, kept);
    absl::StatusOr<SlotDecision> decision = DecideSlots(file, kPath);
    ASSERT_TRUE(decision.ok()) << kept;
    // The bytes that are missing may by chance be what lay there before.
    EXPECT_EQ(decision->sequence, file == complete ? 8u : 7u) << kept;
    EXPECT_EQ(decision->document.version(), file == complete ? next.version() : Newer().version());
  }
}

TEST(SlotFormat, TwoDamagedSlotsAreAnErrorThatNamesTheFileTheDamageAndTheWayOut) {
  std::string file = OlderThenNewer();
  file[SlotOffset(6) + 20] ^= 1;
  file[SlotOffset(7) + kSlotHeaderBytes] ^= 1;
  const absl::Status status = DecideSlots(file, kPath).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  for (const char* part :
       {"data/config", "slot 0: the header's checksum does not match",
        "slot 1: the document's checksum does not match", "Restore the file from a backup"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
  }
}

TEST(SlotFormat, AnEmptyAZeroedAndAForeignFileAreErrorsNeverAnEmptyStore) {
  for (const std::string& file :
       {std::string(), std::string(kSlotFileBytes, '\0'), std::string(kSlotFileBytes, 'x'),
        std::string("{\"journals\": []}\n")}) {
    EXPECT_EQ(DecideSlots(file, kPath).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(SlotFormat, ANewerLayoutInEitherSlotNeedsANewerVersion) {
  for (uint64_t sequence : {6, 7}) {
    std::string file = OlderThenNewer();
    Store32(file.data() + SlotOffset(sequence) + 8, 2);
    ResealHeader(&file, SlotOffset(sequence));
    const absl::Status status = DecideSlots(file, kPath).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(status.message()), HasSubstr("needs a newer version"));
  }
}

TEST(SlotFormat, ASlotInTheOthersPlaceAnImpossibleLengthAndAnInvalidDocumentDoNotCount) {
  std::string file = OlderThenNewer();
  const std::string astray = EncodeSlot(8, Newer());
  file.replace(SlotOffset(7), astray.size(), astray);
  ExpectUses(file, Use::kOlder, "belongs into the other slot");

  file = OlderThenNewer();
  Store64(file.data() + SlotOffset(7) + 24, uint64_t{limits::kConfigDocumentBytesMax} + 1);
  ResealHeader(&file, SlotOffset(7));
  ExpectUses(file, Use::kOlder, "length is over the limit");

  file = OlderThenNewer();
  v1::ConfigDocument invalid = Newer();
  invalid.mutable_journals(0)->set_generation(0);
  const std::string slot = EncodeSlot(7, invalid);
  file.replace(SlotOffset(7), slot.size(), slot);
  ExpectUses(file, Use::kOlder, "the document is not valid");
}

}  // namespace
}  // namespace ringjournal
