#include "tests/cluster_sim/sim_tail.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringjournal::cluster_sim {

SimTail::SimTail(const ClientEnvironment& environment, HostNumber host, std::string name,
                 std::string journal)
    : SimClient(environment, host, std::move(name)), journal_(std::move(journal)) {
  Ask();
}

client::Session* SimTail::session() const {
  if (locate_ != nullptr) return locate_.get();
  return read_.get();
}

void SimTail::Ask() {
  client::SessionOptions options;
  options.retry_for_ns = 100'000 * client::kSecondNs;
  options.handshake_timeout_ns = 2 * kSecond;
  options.backoff_max_ns = 50 * kMs;
  options.nodes = env_.nodes;
  options.seed = env_.random->Next();
  known_ = env_.truth->known_lsn();
  generation_ = env_.truth->generation();
  asking_ = true;
  sent_ = false;
  read_.reset();
  locate_.reset();
  if (answers_ % 2 == 0) {
    client::ReadSessionOptions read;
    read.session = options;
    read.journal = journal_;
    read.from = client::Position::Newest();
    read.follow = true;
    read_ = std::make_unique<client::ReadSession>(std::move(read));
    return;
  }
  v1::ClientMessage request;
  request.mutable_locate()->mutable_position()->set_newest(true);
  request.mutable_locate()->set_linearizable(true);
  locate_ = std::make_unique<client::RequestSession>(std::move(options), request, false);
  locate_->OpenFirst(journal_);
}

std::string SimTail::Describe() const {
  return absl::StrCat(name(),
                      ": has not been told the end: ", session()->last_trouble().ToString());
}

void SimTail::Finish() {
  finishing_ = true;
  Drop();
  Ask();
  Begin();
}

int64_t SimTail::Work() {
  if (now_ns() < NextWork()) return INT64_MAX;
  Drop();
  Ask();
  return INT64_MAX;
}

// 0: not yet.
Lsn SimTail::Answer() const {
  if (read_ != nullptr) return read_->located() ? read_->from_lsn() : Lsn();
  return locate_->answered() ? Lsn(locate_->reply().locate_reply().lsn()) : Lsn();
}

void SimTail::Check() {
  if (!asking_) return;
  // On an open session the question leaves now.
  if (locate_ != nullptr && locate_->under_way() && !sent_) {
    sent_ = true;
    known_ = env_.truth->known_lsn();
    generation_ = env_.truth->generation();
  }
  const Lsn answer = Answer();
  if (answer == Lsn()) {
    if (session()->stopped()) {
      env_.report->Violation("tail: ", name(), " stopped: ", session()->status().ToString());
    }
    return;
  }
  asking_ = false;
  ++answers_;
  ask_at_ns_ = now_ns() + static_cast<int64_t>(env_.random->Below(kPauseMaxNs));
  Lsn known = known_;
  for (const v1::LossReport& loss : env_.truth->losses()) {
    // Who was declared lost and lives does not know it yet, and answers for the older generation.
    const bool over = loss.generation() > generation_ || env_.truth->IsLostBy(loss, node());
    if (over) known = std::min(known, Lsn(loss.first_lsn()).prev());
  }
  if (answer > known) return;
  env_.report->Violation("tail: ", name(), " was told that the journal ends before LSN ",
                         answer.value(), ", but LSN ", known.value(),
                         " had been acknowledged or read before it asked");
}

}  // namespace ringjournal::cluster_sim
