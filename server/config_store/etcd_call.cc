#include "server/config_store/etcd_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/document_edits.h"

namespace ringjournal {
namespace {

using Kind = ConfigRequest::Kind;

absl::Status CheckNext(const v1::ConfigDocument& before, const v1::ConfigDocument& next) {
  if (next.ByteSizeLong() > limits::kConfigDocumentBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the config document would have ", next.ByteSizeLong(), " bytes, allowed are ",
                     limits::kConfigDocumentBytesMax, "; remove journals that are not needed"));
  }
  RJ_RETURN_IF_ERROR(ValidateDocument(next));
  return ValidateChange(before, next);
}

}  // namespace

EtcdCall::EtcdCall(ConfigRequest request, EtcdCallContext* context)
    : request_(std::move(request)), context_(context) {
  completion_.token = request_.token;
  completion_.kind = request_.kind;
  // The usual change: the caller has read what he changes.
  const EtcdDocument& newest = context_->seen.newest();
  if (request_.kind == Kind::kCas && newest.document.version() > 0 &&
      newest.document.version() == request_.expected_version) {
    DecideWrite(newest);
  }
}

std::optional<EtcdQuestion> EtcdCall::Ask() {
  if (done_) return std::nullopt;
  asked_ = next_;
  floor_ = context_->seen.version();
  switch (asked_) {
    case Asked::kCreate:
      return EtcdQuestion{kEtcdTxnPath,
                          EtcdTxnBody(context_->key, 0, EncodeEtcdValue(first_document_))};
    case Asked::kWrite:
      return EtcdQuestion{kEtcdTxnPath, EtcdTxnBody(context_->key, base_revision_,
                                                    EncodeEtcdValue(request_.document))};
    default:
      return EtcdQuestion{kEtcdRangePath, EtcdRangeBody(context_->key)};
  }
}

bool EtcdCall::OnAnswer(std::string_view body) {
  if (asked_ == Asked::kRange) {
    std::optional<EtcdKey> found = DecodeEtcdRange(body, context_->key);
    if (found.has_value()) OnFound(*found);
    return found.has_value();
  }
  std::optional<EtcdTxnResult> result = DecodeEtcdTxn(body, context_->key);
  if (!result.has_value()) return false;
  if (!result->succeeded) {
    OnFound(result->found);
    return true;
  }
  const bool created = asked_ == Asked::kCreate;
  EtcdDocument written{std::move(created ? first_document_ : request_.document),
                       result->mod_revision};
  context_->seen.Wrote(written);
  if (created) {
    Decide(std::move(written));
  } else {
    FinishOk(std::move(written.document));
  }
  return true;
}

void EtcdCall::OnFound(const EtcdKey& found) {
  absl::StatusOr<EtcdDocument> current = context_->seen.Admit(found, floor_);
  if (current.ok()) return Decide(*std::move(current));
  if (!absl::IsNotFound(current.status()) || !context_->create_if_missing) {
    // An earlier attempt of this registration may stand in what was lost.
    return Finish(may_be_registered_ ? ConfigOutcome::kUnknown : ConfigOutcome::kRefused,
                  current.status());
  }
  first_document_ = NewDocument(context_->cluster_id);
  if (absl::Status valid = ValidateDocument(first_document_); !valid.ok()) {
    return Finish(ConfigOutcome::kRefused, valid);
  }
  next_ = Asked::kCreate;
}

void EtcdCall::Decide(EtcdDocument current) {
  if (request_.kind == Kind::kRead) return FinishOk(std::move(current.document));
  if (request_.kind == Kind::kRegister) return DecideRegister(std::move(current));
  if (current.document.version() == request_.expected_version) return DecideWrite(current);
  completion_.document = std::move(current.document);
  Finish(ConfigOutcome::kConflict, absl::OkStatus());
}

void EtcdCall::DecideRegister(EtcdDocument current) {
  v1::ConfigDocument edited = current.document;
  absl::StatusOr<Incarnation> incarnation = RegisterNode(&edited, request_.registration);
  if (!incarnation.ok()) return Finish(ConfigOutcome::kRefused, incarnation.status());
  incarnation_ = *incarnation;
  const v1::NodeRegistration* before = FindNode(current.document, request_.registration.node);
  if (before != nullptr && before->incarnation() == incarnation->value()) {  // asked twice
    return FinishOk(std::move(current.document));
  }
  request_.document = std::move(edited);
  DecideWrite(current);
}

void EtcdCall::DecideWrite(const EtcdDocument& current) {
  request_.document.set_version(current.document.version() + 1);
  if (absl::Status valid = CheckNext(current.document, request_.document); !valid.ok()) {
    return Finish(ConfigOutcome::kRefused, valid);
  }
  base_revision_ = current.mod_revision;
  next_ = Asked::kWrite;
}

void EtcdCall::OnNotApplied(std::string_view why) { last_why_ = std::string(why); }

void EtcdCall::OnUnknown(std::string_view why) {
  last_why_ = std::string(why);
  if (asked_once_only()) {
    return Finish(ConfigOutcome::kUnknown,
                  absl::UnavailableError(absl::StrCat(
                      "etcd did not say what became of a change of the config document: ",
                      last_why_, "; it may be applied yet, so read before deciding anew")));
  }
  if (asked_ == Asked::kWrite) may_be_registered_ = true;
  next_ = Asked::kRange;
}

void EtcdCall::OnRefused(std::string_view why) {
  Finish(may_be_registered_ ? ConfigOutcome::kUnknown : ConfigOutcome::kRefused,
         absl::FailedPreconditionError(absl::StrCat(
             "etcd refuses a request for the config document (key ", context_->key, "): ",
             std::string(why), "; nothing was changed by it. Check user, password and rights")));
}

void EtcdCall::OnDeadline() {
  // A change that may have been sent has ended in OnUnknown: this one has not been sent.
  const bool refused = request_.kind == Kind::kCas;
  Finish(refused ? ConfigOutcome::kRefused : ConfigOutcome::kUnknown,
         absl::UnavailableError(absl::StrCat(
             "etcd gave no answer within ", context_->times.request_ms, " ms",
             last_why_.empty() ? "" : ", the last attempt ended with: ", last_why_,
             refused ? "; the change was not applied. " : "; ",
             "Check that a majority of etcd's members runs and that this node reaches one")));
}

void EtcdCall::Finish(ConfigOutcome outcome, absl::Status status) {
  done_ = true;
  completion_.outcome = outcome;
  completion_.status = std::move(status);
}

void EtcdCall::FinishOk(v1::ConfigDocument document) {
  completion_.document = std::move(document);
  if (request_.kind == Kind::kRegister) completion_.incarnation = incarnation_;
  Finish(ConfigOutcome::kOk, absl::OkStatus());
}

}  // namespace ringjournal
