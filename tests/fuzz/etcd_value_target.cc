// The config document as etcd gives it: compressed, or a slot as it is. What is in the slot:
// slot_target.cc.
#include <cstring>

#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/document_edits.h"
#include "server/config_store/etcd_document.h"
#include "server/config_store/slot_format.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

// Where the head of etcd_document.h has its CRC, and what it is of.
constexpr std::string_view kMagic = "RJCONFZ1";
constexpr size_t kFrameAt = kMagic.size() + sizeof(uint32_t);

void MendValue(std::string* bytes) {
  if (bytes->size() < kFrameAt) return;
  std::memcpy(bytes->data(), kMagic.data(), kMagic.size());
  Store32(bytes->data() + kMagic.size(),
          Crc32c(AsBytes(std::string_view(*bytes).substr(kFrameAt))));
}

// Of the message what stands in the brackets of "is damaged (…)".
std::string WhatIsDamaged(std::string_view message) {
  constexpr std::string_view kBefore = "is damaged (";
  const size_t at = message.find(kBefore);
  RJ_CHECK(at != std::string_view::npos);
  const size_t from = at + kBefore.size();
  return std::string(message.substr(from, message.find(')', from) - from));
}

std::string DecodeOnce(const std::string& value) {
  EtcdSeen seen("/key");
  const EtcdKey found{.exists = true, .mod_revision = 7, .value = value};
  const absl::StatusOr<EtcdDocument> admitted = seen.Admit(found, 0);
  RJ_CHECK(admitted.ok() == (seen.version() > 0));
  if (absl::IsUnimplemented(admitted.status())) return "newer";
  if (!admitted.ok()) return WhatIsDamaged(std::string(admitted.status().message()));
  RJ_CHECK(ValidateDocument(admitted->document).ok());
  // The same answer again, and what this program writes of it.
  RJ_CHECK(seen.Admit(found, seen.version()).ok());
  const std::string written = EncodeEtcdValue(admitted->document);
  const EtcdKey own{.exists = true, .mod_revision = 8, .value = written};
  RJ_CHECK(seen.Admit(own, seen.version()).ok() && seen.newest().mod_revision == 8);
  return "valid";
}

}  // namespace

std::string Decode(ByteSpan input) {
  std::string value(AsView(input));
  const std::string verdict = DecodeOnce(value);
  MendValue(&value);
  const std::string behind = DecodeOnce(value);
  return behind == verdict ? verdict : verdict + " mended " + behind;
}

std::vector<std::string> Seeds() {
  v1::ConfigDocument document;
  document.set_version(3);
  document.set_cluster_id(std::string(16, 'c'));
  const std::string good = EncodeEtcdValue(document);
  document.set_feature_level(kFeatureLevel + 1);
  const std::string newer = EncodeEtcdValue(document), plain_newer = EncodeSlot(0, document);
  document.clear_feature_level();
  const std::string plain = EncodeSlot(0, document);
  document.add_nodes()->set_node("node1");  // no incarnation: no valid document
  const std::string invalid = EncodeEtcdValue(document);
  std::string bad_frame = good, bad_crc = good, bad_size = good;
  bad_frame.back() ^= 1;
  bad_crc[kMagic.size()] ^= 1;
  bad_size[kFrameAt + 4] ^= 0x40;  // of the frame's own head
  return {"",
          good,
          plain,
          newer,
          plain_newer,
          invalid,
          bad_frame,
          bad_crc,
          bad_size,
          good.substr(0, good.size() - 1),
          good.substr(0, kFrameAt),
          std::string(kMagic),
          good + "x",
          "something else, and long enough to be a header of one"};
}

}  // namespace ringjournal::fuzz
