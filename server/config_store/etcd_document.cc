#include "server/config_store/etcd_document.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "journal/base/check.h"
#include "server/config_store/document_edits.h"
#include "server/config_store/slot_format.h"

namespace ringjournal {
namespace {

absl::Status NeedsNewer(std::string_view key, std::string_view what) {
  return absl::UnimplementedError(absl::StrCat(
      "the config document in etcd (key ", std::string(key), ") has a newer ", std::string(what),
      " than this program knows; nothing was changed. Start a newer version of ringjournald"));
}

}  // namespace

std::string EncodeEtcdValue(const v1::ConfigDocument& document) { return EncodeSlot(0, document); }

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
  Slot slot = DecodeSlot(found.value, 0);
  if (slot.verdict == SlotVerdict::kNewerLayout) return NeedsNewer(key_, "layout");
  if (slot.verdict != SlotVerdict::kValid) {
    return Lost(absl::StrCat("is damaged (", SlotVerdictText(slot.verdict), ")"));
  }
  if (slot.document.feature_level() > kFeatureLevel) return NeedsNewer(key_, "feature level");
  RJ_RETURN_IF_ERROR(Compare(slot.document, floor));
  EtcdDocument admitted{std::move(slot.document), found.mod_revision};
  Wrote(admitted);
  return admitted;
}

void EtcdSeen::Wrote(const EtcdDocument& written) {
  const bool newer =
      written.document.version() > version() ||
      (written.document.version() == version() && written.mod_revision > newest_.mod_revision);
  if (newer) newest_ = written;
}

}  // namespace ringjournal
