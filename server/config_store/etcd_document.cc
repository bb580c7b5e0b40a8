#include "server/config_store/etcd_document.h"

#include <zstd.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "journal/base/bytes.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "server/config_store/document_edits.h"
#include "server/config_store/slot_format.h"

namespace ringjournal {
namespace {

absl::Status NeedsNewer(std::string_view key, std::string_view what) {
  return absl::UnimplementedError(absl::StrCat(
      "the config document in etcd (key ", std::string(key), ") has a newer ", std::string(what),
      " than this program knows; nothing was changed. Start a newer version of ringjournald"));
}

// Clients of a handover wait for it.
constexpr int kCompressionLevel = 1;
constexpr std::string_view kCompressedMagic = "RJCONFZ1";

std::string Compress(std::string_view bytes) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size =
      ZSTD_compress(frame.data(), frame.size(), bytes.data(), bytes.size(), kCompressionLevel);
  RJ_CHECK(!ZSTD_isError(size));
  frame.resize(size);
  std::string crc(sizeof(uint32_t), '\0');
  Store32(crc.data(), Crc32c(AsBytes(frame)));
  return std::string(kCompressedMagic) + crc + frame;
}

// nullopt: it is damaged, or more than a slot's bytes.
std::optional<std::string> Decompress(std::string_view frame) {
  if (frame.size() < sizeof(uint32_t)) return std::nullopt;
  const uint32_t crc = Load32(frame.data());
  frame.remove_prefix(sizeof crc);
  if (Crc32c(AsBytes(frame)) != crc) return std::nullopt;
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size > kSlotBytes) return std::nullopt;  // also where it is not known
  std::string bytes(size, '\0');
  const size_t got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size) return std::nullopt;
  return bytes;
}

}  // namespace

std::string EncodeEtcdValue(const v1::ConfigDocument& document) {
  return Compress(EncodeSlot(0, document));
}

absl::Status EtcdSeen::Lost(std::string_view what) const {
  std::string seen = version() == 0 ? std::string("none yet")
                                    : absl::StrCat("version ", version(), " at revision ",
                                                   newest_.mod_revision, " of etcd");
  return absl::DataLossError(absl::StrCat(
      "the config document in etcd (key ", key_, ") ", std::string(what), "; seen here: ", seen,
      ". It is not written over. Was etcd restored, set up anew, or the key changed by hand? "
      "Restore etcd from its newest snapshot, or let this node ask the etcd that it belongs to"));
}

absl::Status EtcdSeen::Compare(const v1::ConfigDocument& document, uint64_t floor) const {
  if (document.version() < floor) {
    return Lost(absl::StrCat("went back to version ", document.version()));
  }
  if (version() == 0) return absl::OkStatus();
  if (document.cluster_id() != newest_.document.cluster_id()) {
    return Lost("is another cluster's now");
  }
  if (document.version() == version() &&
      !google::protobuf::util::MessageDifferencer::Equals(document, newest_.document)) {
    return Lost(absl::StrCat("is another one of the same version ", version()));
  }
  return absl::OkStatus();
}

absl::StatusOr<EtcdDocument> EtcdSeen::Admit(const EtcdKey& found, uint64_t floor) {
  if (!found.exists) {
    if (floor > 0) return Lost("is gone");
    return absl::NotFoundError(absl::StrCat("there is no config document in etcd (key ", key_,
                                            "), and none was seen before"));
  }
  // What was admitted before and is there still: most answers to who reads often.
  const bool same = found.mod_revision == newest_.mod_revision && found.value == newest_value_;
  if (same && version() >= floor) return newest_;
  absl::StatusOr<v1::ConfigDocument> document = Decode(found.value);
  if (!document.ok()) return document.status();
  RJ_RETURN_IF_ERROR(Compare(*document, floor));
  EtcdDocument admitted{*std::move(document), found.mod_revision};
  Wrote(admitted);
  if (newest_.mod_revision == found.mod_revision) newest_value_ = found.value;
  return admitted;
}

absl::StatusOr<v1::ConfigDocument> EtcdSeen::Decode(std::string_view value) const {
  std::optional<std::string> bytes;
  if (value.starts_with(kCompressedMagic)) {
    bytes = Decompress(value.substr(kCompressedMagic.size()));
  } else {
    bytes = value;
  }
  if (!bytes.has_value()) return Lost("is damaged (it cannot be decompressed)");
  Slot slot = DecodeSlot(*bytes, 0);
  if (slot.verdict == SlotVerdict::kNewerLayout) return NeedsNewer(key_, "layout");
  if (slot.verdict != SlotVerdict::kValid) {
    return Lost(absl::StrCat("is damaged (", SlotVerdictText(slot.verdict), ")"));
  }
  if (slot.document.feature_level() > kFeatureLevel) return NeedsNewer(key_, "feature level");
  return std::move(slot.document);
}

void EtcdSeen::Wrote(const EtcdDocument& written) {
  const bool newer =
      written.document.version() > version() ||
      (written.document.version() == version() && written.mod_revision > newest_.mod_revision);
  if (newer) newest_ = written;
}

}  // namespace ringjournal
