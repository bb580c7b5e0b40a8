#include "examples/matching_engine/primary.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/transaction_run.h"

namespace ringjournal::matching {

using client::AppendOutcome;
using client::CodeOf;
using client::ErrorCode;
using client::Fate;

namespace {

// Nothing wakes the loop when trades are acknowledged or the next command is due.
constexpr std::chrono::microseconds kPause(200);
constexpr std::chrono::seconds kEndTimeout(10);

int64_t NowNs() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

absl::Status WhyNotPlaced(const AppendOutcome& outcome) {
  if (!outcome.error.ok()) return outcome.error;
  return client::MakeError(ErrorCode::kOutcomeUnknown,
                           "a command is journaled at a place that is not known any more: this "
                           "process must start anew");
}

}  // namespace

absl::Status Primary::Run(Input* input) {
  absl::Status status = Work(input);
  if (status.ok() || CodeOf(status) == ErrorCode::kFenced) return status;
  // Who sleeps through his replacement sees the consequences first: an append without an answer,
  // trades that are in their journal already.
  absl::Status writes = CheckWriter();
  return CodeOf(writes) == ErrorCode::kFenced ? writes : status;
}

absl::Status Primary::Work(Input* input) {
  if (absl::Status status = EmitInDoubt(); !status.ok()) return status;
  if (absl::Status status = Skip(input); !status.ok()) return status;
  began_ns_ = NowNs();
  for (;;) {
    if (absl::Status status = promotion_.writer->status(); !status.ok()) return status;
    if (absl::Status status = Submit(input); !status.ok()) return status;
    if (absl::Status status = Act(); !status.ok()) return status;
    if (absl::Status status = Mark(); !status.ok()) return status;
    std::unique_lock lock(shared_->mutex);
    // One that failed since Act has looked is no end of the input.
    if (shared_->acknowledged.empty() && !shared_->failed.ok()) return shared_->failed;
    const bool done =
        at_end_ && shared_->in_flight == 0 && shared_->acknowledged.empty() && output_->empty();
    lock.unlock();
    if (done) return End();
    Wait();
  }
}

absl::Status Primary::End() {
  if (absl::Status status = Mark(); !status.ok()) return status;
  return promotion_.writer->FlushMarks(kEndTimeout);
}

// What a predecessor has journaled and may have acted on: trades have numbers, so that those that
// are there already are not sent again.
absl::Status Primary::EmitInDoubt() {
  absl::Status status = output_->Open();
  if (CodeOf(status) == ErrorCode::kFenced) status = ReopenOutput();
  for (client::Effect& effect : promotion_.effects) {
    if (status.ok()) status = output_->Emit(effect.lsn, std::move(effect.bytes));
    if (CodeOf(status) == ErrorCode::kFenced) status = ReopenOutput();
    if (!status.ok()) return status;
  }
  return status.ok() ? output_->Emit(promotion_.report.final_lsn, "") : status;
}

// Inputs that the journal holds already.
absl::Status Primary::Skip(Input* input) {
  for (;;) {
    auto command = input->Next();
    if (!command.ok()) return command.status();
    at_end_ = !command->has_value();
    if (at_end_) return absl::OkStatus();
    if ((*command)->input_number() < state_->next_input()) continue;
    next_ = *std::move(command);
    return absl::OkStatus();
  }
}

bool Primary::Due() const {
  if (options_.rate == 0) return true;
  const double due_s = static_cast<double>(submitted_) / static_cast<double>(options_.rate);
  return static_cast<double>(NowNs() - began_ns_) >= due_s * 1e9;
}

// As many as are due and have room.
absl::Status Primary::Submit(Input* input) {
  while (!at_end_ && Due()) {
    {
      std::lock_guard lock(shared_->mutex);
      if (!shared_->failed.ok()) return shared_->failed;
      ++shared_->in_flight;
    }
    auto done = [shared = shared_, command = *next_](const AppendOutcome& outcome) {
      std::lock_guard lock(shared->mutex);
      --shared->in_flight;
      // Behind one that came to nothing, or whose place is not known, nothing is acted on.
      const bool placed = outcome.fate == Fate::kApplied && outcome.receipt.first_lsn > Lsn() &&
                          shared->failed.ok();
      if (placed) shared->acknowledged.push_back({command, outcome.receipt});
      if (!placed && shared->failed.ok()) shared->failed = WhyNotPlaced(outcome);
      shared->wake.notify_all();
    };
    const auto run = client::TransactionRun::Of(next_->SerializeAsString());
    absl::Status accepted = promotion_.writer->TryAppend(run, done);
    if (!accepted.ok()) {
      std::lock_guard lock(shared_->mutex);
      --shared_->in_flight;
      return CodeOf(accepted) == ErrorCode::kWindowFull ? absl::OkStatus() : accepted;
    }
    ++submitted_;
    auto command = input->Next();
    if (!command.ok()) return command.status();
    at_end_ = !command->has_value();
    if (!at_end_) next_ = *std::move(command);
  }
  return absl::OkStatus();
}

absl::Status Primary::Act() {
  std::deque<Acknowledged> acknowledged;
  {
    std::lock_guard lock(shared_->mutex);
    acknowledged.swap(shared_->acknowledged);
    if (acknowledged.empty()) return shared_->failed;
  }
  for (Acknowledged& one : acknowledged) {
    if (absl::Status status = ActOn(std::move(one)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Primary::ActOn(Acknowledged acknowledged) {
  const Lsn lsn = acknowledged.receipt.last_lsn();
  if (!std::exchange(first_told_, true) && options_.on_first_acknowledged) {
    options_.on_first_acknowledged(lsn);
  }
  absl::Status emitted = output_->Emit(lsn, state_->Apply(acknowledged.command));
  if (CodeOf(emitted) == ErrorCode::kFenced) emitted = ReopenOutput();
  if (!emitted.ok()) return emitted;
  if (options_.digest_every > 0 && lsn.value() % options_.digest_every == 0) {
    const auto digest = promotion_.writer->AddDigest(lsn, *state_->Digest());
    if (!digest.ok()) return digest;
  }
  const uint64_t number = acknowledged.command.input_number();
  const uint64_t every = options_.checkpoint_every;
  if (every > 0 && number % every == 0) TakeCheckpoint(acknowledged);
  return absl::OkStatus();
}

void Primary::TakeCheckpoint(const Acknowledged& at) {
  // The one before it is not saved yet: the next one will do.
  if (checkpoint_.has_value() || options_.saver->busy()) return;
  checkpoint_.emplace();
  checkpoint_->at = {promotion_.boundary.journal, at.receipt.epoch, at.receipt.index,
                     at.receipt.last_lsn(), at.receipt.chain};
  checkpoint_->state = *state_->Save();
}

void Primary::SaveCheckpoint() {
  if (!checkpoint_.has_value() || checkpoint_->at.lsn > marked_) return;
  checkpoint_->acted = marked_;
  options_.saver->Save(*std::move(checkpoint_), promotion_.report.new_writer);
  checkpoint_.reset();
}

absl::Status Primary::Mark() {
  if (output_->status().ok()) {
    const Lsn done = output_->done();
    if (done <= marked_) return absl::OkStatus();
    marked_ = done;
    const absl::Status marked = promotion_.writer->MarkActed(done);
    if (marked.ok()) SaveCheckpoint();
    return marked;
  }
  return ReopenOutput();
}

// Somebody else has opened the trades, or an append of them came to nothing. Only the writer may
// have them: one that was replaced and has not noticed asks first.
absl::Status Primary::ReopenOutput() {
  if (absl::Status status = CheckWriter(); !status.ok()) return status;
  return output_->Open();
}

// As the journal's leader knows it.
absl::Status Primary::CheckWriter() {
  if (absl::Status status = promotion_.writer->status(); !status.ok()) return status;
  auto now = journal_.GetWriter();
  if (!now.ok()) return now.status();
  if (now->epoch == promotion_.report.new_writer && !now->ended_by_loss) return absl::OkStatus();
  return client::MakeError(ErrorCode::kFenced,
                           absl::StrCat("journal ", journal_.name(), " is written by ",
                                        now->claimant, ": the trades are not this engine's"));
}

void Primary::Wait() {
  std::unique_lock lock(shared_->mutex);
  if (shared_->acknowledged.empty()) shared_->wake.wait_for(lock, kPause);
}

}  // namespace ringjournal::matching
