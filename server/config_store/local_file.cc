#include "server/config_store/local_file.h"

#include <optional>
#include <utility>

#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/slot_format.h"

namespace ringjournal {
namespace {

absl::Status CheckSize(const v1::ConfigDocument& document) {
  if (document.ByteSizeLong() <= limits::kConfigDocumentBytesMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "the config document would have " + std::to_string(document.ByteSizeLong()) +
      " bytes, allowed are " + std::to_string(limits::kConfigDocumentBytesMax) +
      "; remove journals that are not needed any more");
}

absl::Status FailedBefore(const absl::Status& health) {
  return absl::UnavailableError("not applied, since the config store failed before: " +
                                std::string(health.message()));
}

absl::Status Refusal(const SlotFile& file, const LocalFileOptions& options) {
  if (!options.create_if_missing) {
    return absl::NotFoundError(
        "the config file " + file.path() +
        " is missing, although the data directory holds data. "
        "It says which journals exist, so the server does not start without it. Restore it from a "
        "backup; or give the data up: move the whole data directory away and start with an empty "
        "one");
  }
  return absl::OkStatus();
}

absl::Status CheckFeatureLevel(const SlotFile& file, const v1::ConfigDocument& document) {
  if (document.feature_level() <= kFeatureLevel) return absl::OkStatus();
  return absl::UnimplementedError(
      "the config file " + file.path() + " is at feature level " +
      std::to_string(document.feature_level()) + ", but this program knows levels up to " +
      std::to_string(kFeatureLevel) + " only: it needs a newer version of ringjournald");
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalFileStore>> LocalFileStore::Open(
    std::unique_ptr<SlotFile> file, const LocalFileOptions& options) {
  absl::StatusOr<std::optional<std::string>> content = file->Load();
  if (!content.ok()) return content.status();
  if (!content->has_value()) {
    RJ_RETURN_IF_ERROR(Refusal(*file, options));
    v1::ConfigDocument empty = NewDocument(options.cluster_id);
    RJ_RETURN_IF_ERROR(ValidateDocument(empty));
    *content = EncodeSlotFile(empty);
    RJ_RETURN_IF_ERROR(file->Create(**content));
  }
  absl::StatusOr<SlotDecision> decision = DecideSlots(**content, file->path());
  if (!decision.ok()) return decision.status();
  RJ_RETURN_IF_ERROR(CheckFeatureLevel(*file, decision->document));
  std::unique_ptr<LocalFileStore> store(new LocalFileStore(std::move(file)));
  store->document_ = std::move(decision->document);
  store->sequence_ = decision->sequence;
  store->open_note_ = std::move(decision->note);
  return store;
}

absl::Status LocalFileStore::Submit(ConfigRequest request) {
  if (queue_.size() >= limits::kConfigRequestsInFlightMax) {
    return absl::ResourceExhaustedError(
        "the config store has " + std::to_string(limits::kConfigRequestsInFlightMax) +
        " unanswered requests, which is the limit; poll it, then submit again");
  }
  queue_.push_back(std::move(request));
  return absl::OkStatus();
}

void LocalFileStore::Poll(Time /*now*/, std::vector<ConfigCompletion>* completions) {
  // The queue is short by its limit, so this is a bounded batch.
  while (!queue_.empty()) {
    completions->push_back(Serve(&queue_.front()));
    queue_.pop_front();
  }
}

ConfigCompletion LocalFileStore::Serve(ConfigRequest* request) {
  ConfigCompletion completion{.token = request->token, .kind = request->kind};
  if (!health_.ok()) {
    // What is on the disk is not known any more, so not even a read may answer from memory.
    completion.outcome = request->kind == ConfigRequest::Kind::kRead ? ConfigOutcome::kUnknown
                                                                     : ConfigOutcome::kRefused;
    completion.status = FailedBefore(health_);
    return completion;
  }
  switch (request->kind) {
    case ConfigRequest::Kind::kRead:
      completion.outcome = ConfigOutcome::kOk;
      completion.document = document_;
      break;
    case ConfigRequest::Kind::kCas:
      ServeCas(request, &completion);
      break;
    case ConfigRequest::Kind::kRegister:
      ServeRegister(request->registration, &completion);
      break;
  }
  return completion;
}

void LocalFileStore::ServeCas(ConfigRequest* request, ConfigCompletion* completion) {
  if (request->expected_version != document_.version()) {
    completion->outcome = ConfigOutcome::kConflict;
    completion->document = document_;
    return;
  }
  Replace(std::move(request->document), completion);
}

void LocalFileStore::ServeRegister(const Registration& registration, ConfigCompletion* completion) {
  v1::ConfigDocument next = document_;
  absl::StatusOr<Incarnation> incarnation = RegisterNode(&next, registration);
  if (!incarnation.ok()) {
    completion->outcome = ConfigOutcome::kRefused;
    completion->status = incarnation.status();
    return;
  }
  const v1::NodeRegistration* before = FindNode(document_, registration.node);
  if (before != nullptr && before->incarnation() == incarnation->value()) {  // asked twice
    completion->outcome = ConfigOutcome::kOk;
    completion->document = document_;
  } else {
    Replace(std::move(next), completion);
  }
  if (completion->outcome == ConfigOutcome::kOk) completion->incarnation = *incarnation;
}

void LocalFileStore::Replace(v1::ConfigDocument next, ConfigCompletion* completion) {
  next.set_version(document_.version() + 1);
  absl::Status valid = CheckSize(next);
  if (valid.ok()) valid = ValidateDocument(next);
  if (valid.ok()) valid = ValidateChange(document_, next);
  if (!valid.ok()) {
    completion->outcome = ConfigOutcome::kRefused;
    completion->status = valid;
    return;
  }
  health_ = WriteBothSlots(next);
  if (!health_.ok()) {
    completion->outcome = ConfigOutcome::kUnknown;
    completion->status = health_;
    return;
  }
  document_ = std::move(next);
  completion->outcome = ConfigOutcome::kOk;
  completion->document = document_;
}

absl::Status LocalFileStore::WriteBothSlots(const v1::ConfigDocument& next) {
  for (int i = 0; i < 2; ++i) {
    // Always the slot that is not the newest valid one: that one stays until this one is durable.
    const uint64_t sequence = sequence_ + 1;
    RJ_RETURN_IF_ERROR(file_->WriteAt(SlotOffset(sequence), EncodeSlot(sequence, next)));
    RJ_RETURN_IF_ERROR(file_->Sync());
    sequence_ = sequence;
  }
  return absl::OkStatus();
}

}  // namespace ringjournal
