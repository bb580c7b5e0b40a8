#include "tests/cluster_sim/sim_reader.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::cluster_sim {

SimReader::SimReader(const ClientEnvironment& environment, HostNumber host, std::string name,
                     std::string journal, bool until_end)
    : SimClient(environment, host, std::move(name)),
      journal_(std::move(journal)),
      until_end_(until_end) {
  Open(client::Position::Oldest());
}

void SimReader::Open(client::Position from) {
  client::ReadSessionOptions options;
  options.session.retry_for_ns = 100'000 * client::kSecondNs;
  options.session.handshake_timeout_ns = kSecond;
  options.session.backoff_max_ns = 200 * kMs;
  options.session.nodes = env_.nodes;
  options.session.seed = env_.random->Next();
  options.journal = journal_;
  options.from = from;
  options.follow = !until_end_;
  options.credit_bytes = env_.random->Between(1, 20) * 4096;
  session_ = std::make_unique<client::ReadSession>(std::move(options));
  first_lsn_ = Lsn();
  seen_by_.clear();
}

std::string SimReader::Describe() const {
  return absl::StrCat(name(), ": next LSN ", session_->next_lsn().value(),
                      ", last trouble: ", StatusText(session_->last_trouble()));
}

void SimReader::Check() {
  if (const client::LossNotice* notice = session_->loss()) TakeLoss(*notice);
  client::ReadTransaction transaction;
  while (!env_.report->failed() && session_->Next(&transaction)) Take(transaction);
  if (session_->finished()) finished_ = true;
  if (!session_->stopped() || finished_ || env_.report->failed()) return;
  const bool memory_only = env_.truth->config().settings().memory_only();
  // Nothing trims here: what a disk is there for stays.
  if (memory_only && client::CodeOf(session_->status()) == client::ErrorCode::kTrimmed) {
    env_.report->Trace(name(), " starts again: ", StatusText(session_->status()));
    Drop();
    return Open(client::Position::Oldest());
  }
  // Without a disk a replica that has begun anew from a snapshot lacks what is below it. With one
  // it gets everything from its leader's segments.
  Lsn in_ring = env_.truth->oldest_in_ring();
  bool lacks = memory_only && client::CodeOf(session_->status()) == client::ErrorCode::kDamaged &&
               session_->next_lsn() < in_ring;
  if (lacks) {
    env_.report->Trace(name(), " goes on above a gap: ", StatusText(session_->status()));
    Drop();
    return Open(client::Position::At(in_ring));
  }
  env_.report->Violation("I10: ", name(), " stopped: ", StatusText(session_->status()));
}

void SimReader::Take(const client::ReadTransaction& transaction) {
  client::ReadTransaction t = transaction;
  if (env_.mutant == SimMutant::kReadsFuture && env_.random->Chance(1)) t.index = t.index + 1000;
  env_.truth->OnRead(t);
  if (first_lsn_ != Lsn() && t.lsn != seen_end_) {
    env_.report->Violation("I10: ", name(), " got LSN ", t.lsn.value(), " where ",
                           seen_end_.value(), " must follow");
  }
  for (const v1::LossReport& loss : env_.truth->config().losses()) {
    if (loss.generation() > t.epoch.generation || seen_by_.empty()) continue;
    auto before = seen_by_.lower_bound(loss.generation());
    if (before == seen_by_.begin() || std::prev(before)->second <= Lsn(loss.first_lsn())) continue;
    env_.report->Violation("I11: ", name(), " reads on in generation ", loss.generation(),
                           " and was not told of the loss from LSN ", loss.first_lsn());
  }
  if (first_lsn_ == Lsn()) first_lsn_ = t.lsn;
  seen_end_ = t.lsn.next();
  // Entries of an older generation may stand above a loss: what counts is when they were read.
  seen_by_[env_.truth->generation()] = seen_end_;
  ++read_;
}

void SimReader::TakeLoss(const client::LossNotice& notice) {
  env_.report->Trace(name(), " is told of a loss from LSN ", notice.first_lsn.value());
  if (seen_end_ <= notice.first_lsn) {
    env_.report->Violation("loss notice: ", name(), " is told of a loss from LSN ",
                           notice.first_lsn.value(), ", it had read up to ", seen_end_.value());
  }
  session_->AcceptLoss(now_ns());
  seen_by_.clear();
  seen_end_ = std::min(seen_end_, notice.first_lsn);
}

}  // namespace ringjournal::cluster_sim
