#include "examples/matching_engine/output.h"

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/transaction_run.h"
#include "examples/matching_engine/engine.pb.h"

namespace ringjournal::matching {

using client::AppendOutcome;
using client::Fate;

namespace {

constexpr std::chrono::hours kForGood(24 * 365);

}  // namespace

absl::Status Output::Open() {
  writer_.reset();  // its outcomes come first
  // No append is given up: the next one would take its sequence, which is another trade's number.
  auto writer = journal_.OpenWriter({.producer = "trades", .append_timeout = kForGood});
  if (!writer.ok()) return writer.status();
  writer_ = *std::move(writer);
  next_trade_ = writer_->last_sequence_at_open().value() + 1;
  std::deque<Pending> again;
  {
    std::lock_guard lock(shared_->mutex);
    ++shared_->opened;
    shared_->failed = absl::OkStatus();
    again = std::exchange(shared_->pending, {});
  }
  absl::Status status;
  for (Pending& pending : again) {
    if (status.ok()) {
      status = Emit(pending.lsn, std::move(pending.effect));
    } else {
      std::lock_guard lock(shared_->mutex);
      shared_->pending.push_back(std::move(pending));
    }
  }
  return status;
}

absl::Status Output::Emit(Lsn lsn, std::string effect) {
  Pending pending{lsn, std::move(effect)};
  {
    std::lock_guard lock(shared_->mutex);
    if (pending.effect.empty() && shared_->pending.empty()) {
      shared_->done = lsn;
      return absl::OkStatus();
    }
    // Nothing to say, but not before those that have.
    if (pending.effect.empty()) {
      shared_->pending.back().lsn = lsn;
      return absl::OkStatus();
    }
    shared_->pending.push_back(pending);
  }
  return Send(pending);
}

absl::Status Output::Send(const Pending& pending) {
  Trades trades;
  if (!trades.ParseFromString(pending.effect)) return absl::InternalError("an effect is no Trades");
  client::TransactionRun run;
  for (const Trade& trade : trades.trades()) {
    if (trade.trade_number() < next_trade_) continue;  // is there
    if (trade.trade_number() != next_trade_) {
      return absl::DataLossError(absl::StrCat("trade ", trade.trade_number(),
                                              " comes behind trade ", next_trade_ - 1,
                                              ": the output journal is another "
                                              "one's"));
    }
    run.Add(trade.SerializeAsString());
    ++next_trade_;
  }
  auto done = [shared = shared_, opened = shared_->opened](const AppendOutcome& outcome) {
    std::lock_guard lock(shared->mutex);
    if (opened != shared->opened || !shared->failed.ok()) return;
    if (outcome.fate != Fate::kApplied) {
      shared->failed = outcome.error;  // it stays pending, and all behind it
      return;
    }
    shared->done = shared->pending.front().lsn;
    shared->pending.pop_front();
  };
  // At its number's place or not at all. The sequence alone does not see to that: a Writer counts
  // on from what it finds, behind an append that came to nothing as well as behind a successor's.
  const Lsn place(next_trade_ - run.count());
  if (!run.empty()) return writer_->AppendAsync(std::move(run), done, {.expected_lsn = place});
  // All of it is there, from a predecessor: it waits for those before it, which have been sent.
  std::lock_guard lock(shared_->mutex);
  shared_->pending.pop_back();
  if (shared_->pending.empty()) {
    shared_->done = pending.lsn;
  } else {
    shared_->pending.back().lsn = pending.lsn;
  }
  return absl::OkStatus();
}

Lsn Output::done() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->done;
}

bool Output::empty() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->pending.empty();
}

absl::Status Output::status() const {
  if (absl::Status status = writer_->status(); !status.ok()) return status;
  std::lock_guard lock(shared_->mutex);
  return shared_->failed;
}

}  // namespace ringjournal::matching
