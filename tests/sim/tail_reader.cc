#include "tests/sim/tail_reader.h"

#include <utility>

#include "client/errors.h"

namespace ringjournal::sim {

TailReader::TailReader(const PeerContext& context, std::string name, std::string journal,
                       bool until_end, bool allows_gap)
    : Peer(context, std::move(name)),
      journal_(std::move(journal)),
      until_end_(until_end),
      allows_gap_(allows_gap) {
  Begin(client::Position::Oldest());
}

void TailReader::Begin(client::Position from) {
  client::ReadSessionOptions options;
  options.session.retry_for_ns = 100'000 * client::kSecondNs;
  options.session.seed = c_.random->Next();
  options.journal = journal_;
  options.from = from;
  options.follow = !until_end_;
  options.credit_bytes = c_.random->Between(1, 20) * 4096;
  session_ = std::make_unique<client::ReadSession>(std::move(options));
  read_ = 0;
  generation_ = 0;
  first_lsn_ = seen_end_ = Lsn();
}

void TailReader::Check(Time now, bool may_work) {
  if (const client::LossNotice* notice = session_->loss()) TakeLoss(*notice, now);
  client::ReadTransaction transaction;
  // A slow reader takes one now and then.
  bool slow = may_work && c_.random->Chance(20);
  while (!(slow && c_.random->Chance(70)) && session_->Next(&transaction)) Take(transaction);
  if (session_->finished()) finished_ = true;
  if (!session_->stopped() || c_.report->failed()) return;
  if (client::CodeOf(session_->status()) == client::ErrorCode::kTrimmed) {
    c_.report->Trace(name(), " starts again: ", session_->status().ToString());
    return Begin(client::Position::Oldest());
  }
  LogModel* model = c_.models->begin()->second.get();
  // Where only a control entry is damaged, no transaction is missing: it goes on where it stands.
  bool gap = allows_gap_ && client::CodeOf(session_->status()) == client::ErrorCode::kDamaged &&
             session_->next_lsn() <= model->oldest_in_ring();
  if (gap) return Begin(client::Position::At(model->oldest_in_ring()));
  c_.report->Violation(name(), " stopped: ", session_->status().ToString());
}

void TailReader::Take(const client::ReadTransaction& transaction) {
  client::ReadTransaction t = transaction;
  if (c_.mutant == Mutant::kReadsFuture && c_.random->Chance(1)) t.index = t.index + 1000;
  LogModel* model = c_.models->begin()->second.get();
  model->OnRead(t);
  if (read_ == 0) first_lsn_ = t.lsn;
  if (read_ > 0 && t.lsn != seen_end_) {
    c_.report->Violation(name(), " got LSN ", t.lsn.value(), " where ", seen_end_.value(),
                         " must follow");
  }
  for (const v1::LossReport& loss : model->losses()) {
    bool passed = generation_ > 0 && generation_ < loss.generation() &&
                  loss.generation() <= t.epoch.generation;
    if (passed && seen_end_ > Lsn(loss.first_lsn())) {
      c_.report->Violation(name(), " reads on in generation ", loss.generation(),
                           " and was not told of the loss from LSN ", loss.first_lsn());
    }
  }
  generation_ = t.epoch.generation;
  seen_end_ = t.lsn.next();
  ++read_;
}

void TailReader::TakeLoss(const client::LossNotice& notice, Time now) {
  ++told_;
  c_.report->Trace(name(), " is told of a loss from LSN ", notice.first_lsn.value());
  if (seen_end_ <= notice.first_lsn) {
    c_.report->Violation(name(), " is told of a loss from LSN ", notice.first_lsn.value(),
                         ", it had read up to ", seen_end_.value());
  }
  session_->AcceptLoss(now.monotonic_ns);
  generation_ = notice.generation;
  seen_end_ = std::min(seen_end_, notice.first_lsn);
  if (seen_end_ <= first_lsn_) read_ = 0;
}

}  // namespace ringjournal::sim
