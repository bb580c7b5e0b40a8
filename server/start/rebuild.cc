#include "server/start/rebuild.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace ringjournal {

absl::Status Unusable(const std::string& what) {
  return absl::DataLossError(absl::StrCat(
      what, "; nothing was changed or deleted: run `ringjournal verify` on the data directory"));
}

void Rebuild::OnStart(const v1::StateSnapshot& state) {
  derived_ = DerivedState::ReadFrom(state);
  if (memory_ != nullptr) ring_ = Ring::Create(*memory_, identity_, state, claim_);
}

void Rebuild::OnEntry(const RecordView& view) {
  if (status_.ok() && ring_.has_value()) Copy(view);
  if (status_.ok()) status_ = derived_.Apply(view);
}

// Everything is on disk, so all of the ring may be reused.
void Rebuild::Copy(const RecordView& view) {
  size_t bytes = view.record.size();
  std::byte* at = ring_->snapshot_due() ? nullptr : ring_->Reserve(bytes, view.header.index);
  if (at == nullptr) {
    v1::StateSnapshot state;
    derived_.WriteTo(&state);
    ring_->WriteSnapshot(state);
    at = ring_->Reserve(bytes, view.header.index);
  }
  if (at == nullptr) {
    status_ = Unusable(absl::StrCat("entry ", view.header.index.value(),
                                    " is larger than this journal's ring takes"));
    return;
  }
  std::memcpy(at, view.record.data(), bytes);
  ring_->Publish(view.header.index, view.header.first_lsn, bytes);
}

}  // namespace ringjournal
