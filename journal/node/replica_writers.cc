// Writers of a fenced journal: one application instance may append, and ends the one before it by a
// fence, an entry of the log (replication.md, "Writers").
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/mutants.h"
#include "journal/format/utf8.h"
#include "journal/node/refusals.h"
#include "journal/node/replica.h"

namespace ringjournal {
namespace {

bool IsText(const std::string& text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return IsUtf8(AsBytes(text)) && std::none_of(text.begin(), text.end(), is_control);
}

}  // namespace

// A fence may be lost with its generation: who holds an epoch of an older one may be the zombie of
// somebody whose fence is gone. Nobody does until somebody acquires it anew.
bool Replica::writer_holds() const {
  const Epoch held = derived_.writer().epoch;
  if (Mutated(Mutant::kFenceOutlivesGeneration)) return held != Epoch();
  return held != Epoch() && held.generation == options_.epoch.generation;
}

bool Replica::MayWrite(Epoch writer, v1::ErrorReply* refusal) const {
  const WriterState& current = derived_.writer();
  if (!fenced()) {
    // Who says that it is a writer means it, even where nobody insists.
    if (writer == Epoch() || writer >= current.epoch) return true;
  } else if (writer_holds() && writer == current.epoch) {
    return true;
  } else if (Mutated(Mutant::kZombieWrites) && writer != Epoch()) {
    return true;
  }
  RefuseWriter(writer, refusal);
  return false;
}

// For good only where this log can tell: a fence that is not committed may be lost with this
// leader, and who holds a later epoch was granted it by another one.
void Replica::RefuseWriter(Epoch said, v1::ErrorReply* refusal) const {
  const WriterState& current = derived_.writer();
  if (said > current.epoch && said.generation >= options_.epoch.generation) {
    return RefuseUnknownWriter(said, current.epoch, refusal);
  }
  if (!fence_is_committed()) return RefuseBeforeFence(current, refusal);
  RefuseFencedWriter(current, said, options_.epoch.generation, refusal);
}

bool Replica::fence_is_committed() const {
  return HasReached(v1::LEVEL_REPLICATED, std::max(epoch_start(), derived_.writer().index));
}

// Who says nothing of a writer epoch asks as before there were any.
bool Replica::MayOpen(Epoch writer, v1::ErrorReply* refusal) const {
  if (!fenced() || Mutated(Mutant::kOpenIgnoresFence)) return true;
  return MayWrite(writer, refusal);
}

bool Replica::AcquireWriter(const WriterClaim& claim, Time now, v1::ErrorReply* refusal) {
  if (!fenced()) {
    Refuse(v1::ERROR_CODE_NOT_SUPPORTED,
           "the journal is not fenced, so that it has no writer; declare it so first: "
           "`ringjournal journal set JOURNAL --fenced yes`",
           refusal);
    return false;
  }
  if (!IsGoodClaim(claim, refusal)) return false;
  const WriterState& current = derived_.writer();
  const bool again = claim.claimant == current.claimant && claim.nonce == current.nonce;
  if (again && writer_holds() && !Mutated(Mutant::kClaimGrantedAnew)) return true;
  const bool named = !claim.replaces.has_value() || *claim.replaces == current.epoch ||
                     (again && Mutated(Mutant::kClaimGrantedAnew));
  if (!named && !fence_is_committed()) {
    RefuseBeforeFence(current, refusal);
    return false;
  }
  if (!named && !Mutated(Mutant::kClaimIgnoresHolder)) {
    RefuseHeldWriter(current, *claim.replaces, writer_holds(), refusal);
    return false;
  }
  v1::ControlRecord record;
  v1::WriterFence* fence = record.mutable_writer_fence();
  fence->set_writer_generation(options_.epoch.generation);
  fence->set_writer_epoch(writer_holds() ? current.epoch.epoch + 1 : 1);
  fence->set_claimant(claim.claimant);
  fence->set_nonce(claim.nonce);
  fence->set_forced(!claim.replaces.has_value());
  fence->set_reason(claim.reason);
  if (AppendControl(v1::ENTRY_KIND_WRITER_FENCE, record, now)) return true;
  RefuseBackPressure(limits::kStorageRetryMs, refusal);
  return false;
}

bool Replica::IsGoodClaim(const WriterClaim& claim, v1::ErrorReply* refusal) {
  std::string wrong;
  if (claim.claimant.empty() || claim.claimant.size() > limits::kWriterClaimantBytesMax) {
    wrong = absl::StrCat("the claimant's name has ", claim.claimant.size(), " bytes; give 1 to ",
                         limits::kWriterClaimantBytesMax);
  } else if (!IsText(claim.claimant) || !IsText(claim.reason)) {
    wrong =
        "the claimant's name or the reason is no UTF-8, or has control characters; people read "
        "them";
  } else if (claim.reason.size() > limits::kWriterReasonBytesMax) {
    wrong = absl::StrCat("the reason has ", claim.reason.size(), " bytes; at most ",
                         limits::kWriterReasonBytesMax, " are kept");
  } else if (claim.nonce == 0) {
    wrong = "the claim has no nonce; give a random number, the same when you ask again";
  }
  if (wrong.empty()) return true;
  Refuse(v1::ERROR_CODE_NAME_NOT_ALLOWED, std::move(wrong), refusal);
  return false;
}

}  // namespace ringjournal
