#include "client/testing/fake_writers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/testing/fake_session.h"
#include "journal/base/limits.h"
#include "journal/format/utf8.h"

namespace ringjournal::client {
namespace {

std::string EpochText(Epoch writer) { return absl::StrCat(writer.generation, ".", writer.epoch); }

std::string HolderText(const FakeWriter& writer) {
  return absl::StrCat("\"", writer.claimant, "\" (writer epoch ", EpochText(writer.epoch), ")");
}

bool IsText(const std::string& text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return IsUtf8(AsBytes(text)) && std::none_of(text.begin(), text.end(), is_control);
}

// Why not; empty if it is well made.
std::string WrongWith(const v1::WriterAcquire& claim) {
  if (claim.claimant().empty() || claim.claimant().size() > limits::kWriterClaimantBytesMax) {
    return absl::StrCat("the claimant's name has ", claim.claimant().size(), " bytes; give 1 to ",
                        limits::kWriterClaimantBytesMax);
  }
  if (claim.reason().size() > limits::kWriterReasonBytesMax) {
    return absl::StrCat("the reason has ", claim.reason().size(), " bytes; at most ",
                        limits::kWriterReasonBytesMax, " are kept");
  }
  if (!IsText(claim.claimant()) || !IsText(claim.reason())) {
    return "the claimant's name or the reason is no UTF-8, or has control characters";
  }
  if (claim.nonce() == 0) return "the claim has no nonce; give a random number";
  return "";
}

}  // namespace

// A fence may be lost with its generation, so a new generation ends every writer epoch.
bool FakeWriters::Holds(uint32_t generation) const {
  return current().epoch != Epoch() && current().epoch.generation == generation;
}

bool FakeWriters::MayOpen(Epoch said, uint32_t generation, v1::ErrorReply* refusal) const {
  return !fenced_ || MayAppend(said, generation, refusal);
}

bool FakeWriters::MayAppend(Epoch said, uint32_t generation, v1::ErrorReply* refusal) const {
  // Who says that it is a writer means it, even where nobody insists.
  if (!fenced_ && (said == Epoch() || said >= current().epoch)) return true;
  if (fenced_ && Holds(generation) && said == current().epoch) return true;
  FillRefusal(said, generation, refusal);
  return false;
}

void FakeWriters::FillHolder(v1::ErrorReply* refusal) const {
  v1::FencedDetail* detail = refusal->mutable_fenced();
  detail->set_by(current().claimant);
  detail->set_since_ns(current().since_ns);
  detail->set_writer_generation(current().epoch.generation);
  detail->set_writer_epoch(current().epoch.epoch);
}

void FakeWriters::FillRefusal(Epoch said, uint32_t generation, v1::ErrorReply* refusal) const {
  refusal->set_code(v1::ERROR_CODE_FENCED);
  std::string* why = refusal->mutable_message();
  if (current().epoch == Epoch()) {
    *why = "the journal is fenced, and nobody is its writer yet: claim it (AcquireWriter)";
  } else if (!Holds(generation)) {
    *why = absl::StrCat("generation ", generation, " of the journal began with a possible loss, ",
                        "which ended writer epoch ", EpochText(current().epoch),
                        ": read what is left, then acquire the writer epoch anew");
  } else if (said == Epoch()) {
    *why = absl::StrCat("the journal is fenced and held by ", HolderText(current()),
                        ": only its writer may append");
  } else {
    *why = absl::StrCat("the journal is held by ", HolderText(current()), ", you hold ",
                        EpochText(said), ": stop acting, and read up to the fence before LSN ",
                        current().next_lsn.value());
  }
  FillHolder(refusal);
}

FakeWriters::Verdict FakeWriters::Judge(const v1::WriterAcquire& claim, uint32_t generation,
                                        v1::WriterFence* fence, v1::ErrorReply* refusal) const {
  if (!fenced_) {
    refusal->set_code(v1::ERROR_CODE_NOT_SUPPORTED);
    refusal->set_message("the journal is not fenced, so that it has no writer: declare it so");
    return Verdict::kRefused;
  }
  if (std::string wrong = WrongWith(claim); !wrong.empty()) {
    refusal->set_code(v1::ERROR_CODE_NAME_NOT_ALLOWED);
    refusal->set_message(wrong);
    return Verdict::kRefused;
  }
  const bool again = claim.claimant() == current().claimant && claim.nonce() == current().nonce;
  if (again && Holds(generation)) return Verdict::kAgain;
  const Epoch named{claim.replaces_generation(), claim.replaces_epoch()};
  if (!claim.force() && named != current().epoch) {
    refusal->set_code(v1::ERROR_CODE_WRITER_HELD);
    refusal->set_message(absl::StrCat(
        "the claim replaces writer epoch ", EpochText(named), ", but ",
        current().epoch == Epoch()
            ? "none was ever granted: claim with 0.0"
            : absl::StrCat(Holds(generation) ? "the journal is held by "
                                             : "the newest, which has ended, is ",
                           HolderText(current()), ": claim with its epoch, or force it")));
    FillHolder(refusal);
    return Verdict::kRefused;
  }
  fence->set_writer_generation(generation);
  fence->set_writer_epoch(Holds(generation) ? current().epoch.epoch + 1 : 1);
  fence->set_claimant(claim.claimant());
  fence->set_nonce(claim.nonce());
  fence->set_forced(claim.force());
  fence->set_reason(claim.reason());
  return Verdict::kGranted;
}

void FakeWriters::Note(const v1::WriterFence& fence, const EntryHeader& header) {
  fences_.push_back({.epoch = {fence.writer_generation(), fence.writer_epoch()},
                     .claimant = fence.claimant(),
                     .nonce = fence.nonce(),
                     .since_ns = header.log_time_ns,
                     .index = header.index,
                     .next_lsn = header.first_lsn,
                     .chain = header.chain});
}

void FakeWriters::ForgetFrom(Index index) {
  while (fences_.size() > 1 && fences_.back().index >= index) fences_.pop_back();
}

void FakeWriters::FillReply(uint32_t generation, v1::WriterReply* reply) const {
  const FakeWriter& writer = current();
  reply->set_generation(generation);
  reply->set_fenced(fenced_);
  reply->set_writer_generation(writer.epoch.generation);
  reply->set_writer_epoch(writer.epoch.epoch);
  if (writer.epoch == Epoch()) return;
  reply->set_ended_by_loss(!Holds(generation));
  reply->mutable_writer()->set_claimant(writer.claimant);
  reply->mutable_writer()->set_nonce(writer.nonce);
  reply->mutable_writer()->set_since_ns(writer.since_ns);
  reply->mutable_writer()->set_index(writer.index.value());
  reply->mutable_writer()->set_next_lsn(writer.next_lsn.value());
  reply->mutable_writer()->set_chain(writer.chain);
}

// ---- of a session ----

// Answers a WriterAcquire or a WriterShow.
void FakeSession::AboutWriter(const v1::ClientMessage& message, uint64_t now_ns,
                              v1::ServerMessage* reply) {
  const uint64_t id = message.has_writer_acquire() ? message.writer_acquire().request_id()
                                                   : message.writer_show().request_id();
  if (!opened_) return SendError(id, v1::ERROR_CODE_NOT_OPEN, "open the journal first");
  v1::ErrorReply refusal;
  if (message.has_writer_acquire() &&
      !log_->AcquireWriter(message.writer_acquire(), now_ns, &refusal)) {
    return SendError(id, std::move(refusal));
  }
  reply->mutable_writer_reply()->set_request_id(id);
  log_->writers().FillReply(log_->generation(), reply->mutable_writer_reply());
}

// Who is fenced should stop acting now, not when it has something to append.
void FakeSession::TellFenced() {
  if (!opened_ || producer_.empty() || !log_->writers().fenced()) return;
  const FakeWriter& current = log_->writers().current();
  if (current.index == fence_at_open_ || current.epoch == writer_) return;
  fence_at_open_ = current.index;
  v1::ErrorReply refusal;
  log_->writers().FillRefusal(writer_, log_->generation(), &refusal);
  SendError(0, std::move(refusal));
}

}  // namespace ringjournal::client
