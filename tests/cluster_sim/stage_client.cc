#include "tests/cluster_sim/stage_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::cluster_sim {

using client::AppendOutcome;
using client::Fate;
using client::Level;

namespace {

constexpr uint32_t kClient = 1;

client::SessionOptions SessionOptionsOf(const ClientEnvironment& env) {
  client::SessionOptions options;
  options.retry_for_ns = 100'000 * client::kSecondNs;
  options.handshake_timeout_ns = kSecond;
  options.backoff_max_ns = 100 * kMs;
  options.nodes = env.nodes;
  options.seed = env.random->Next();
  return options;
}

std::string ErrorText(const absl::Status& status) {
  return client::ErrorCodeName(client::CodeOf(status));
}

// What depends on the moment is left out: copies on disks, and a level above the one asked for,
// unless a single copy has to be on its disk.
std::string ReceiptText(const client::AppendReceipt& r, Level asked) {
  if (r.first_lsn == Lsn()) return "it is applied, its place is no longer known";
  return absl::StrCat("acknowledged at ",
                      std::string(client::LevelName(r.memory_copies > 1 ? asked : r.level)),
                      ", LSN ", r.first_lsn.value(), ", ", r.memory_copies,
                      r.memory_copies == 1 ? " copy" : " copies", " in memory",
                      r.duplicate ? ", from an earlier try" : "");
}

}  // namespace

StageAppender::StageAppender(const ClientEnvironment& environment, HostNumber host,
                             std::string journal, AppendNames* names, Tell tell,
                             std::string producer)
    : SimClient(environment, host, "the client"),
      journal_(std::move(journal)),
      producer_(std::move(producer)),
      names_(names),
      tell_(std::move(tell)) {
  Open();
}

void StageAppender::Open() {
  client::AppendSessionOptions options;
  options.session = SessionOptionsOf(env_);
  options.client_instance = options.session.seed;
  options.journal = journal_;
  options.producer = producer_;
  options.accept_loss_before_first_open = true;
  session_ = std::make_unique<client::AppendSession>(std::move(options));
}

void StageAppender::Append(const std::string& name, Level level, size_t payload_bytes) {
  Pending pending;
  pending.name = name;
  pending.counter = names_->Add(name);
  pending.level = level;
  run_.Clear();
  run_.Add(sim::PayloadLedger::MakePayload(kClient, pending.counter, payload_bytes));
  pending.run = std::string(AsView(run_.bytes()));
  fates_[name] = AppendFate();
  client::AppendRequest request;
  request.run = run_.bytes();
  request.count = 1;
  request.level = level;
  request.token = pending.counter;
  absl::Status queued = session_->Append(request);
  if (!queued.ok()) {
    env_.report->Violation("client: it cannot append: ", StatusText(queued));
    return;
  }
  pending_.push_back(std::move(pending));
  Begin();
}

void StageAppender::Check() {
  if (const client::LossNotice* notice = session_->loss()) TakeLoss(*notice);
  AppendOutcome outcome;
  while (session_->NextOutcome(&outcome)) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    if (pending.counter != outcome.token) {
      env_.report->Violation("client: outcomes are out of order");
      return;
    }
    Take(outcome, pending);
  }
  if (session_->stopped() && !env_.report->failed()) TakeStop();
}

void StageAppender::Take(const AppendOutcome& outcome, const Pending& pending) {
  AppendFate* fate = &fates_[pending.name];
  fate->answered = true;
  fate->outcome = outcome;
  switch (outcome.fate) {
    case Fate::kApplied:
      tell_(absl::StrCat(pending.name, ": ", ReceiptText(outcome.receipt, pending.level)));
      if (outcome.receipt.first_lsn > Lsn()) {
        env_.truth->OnAck(outcome.receipt, pending.level, AsBytes(pending.run));
      }
      told_.push_back(pending.name);
      return;
    case Fate::kNotApplied:
      tell_(absl::StrCat(pending.name, ": not applied: ", ErrorText(outcome.error)));
      env_.truth->payloads()->OnNotApplied(kClient, pending.counter);
      return;
    case Fate::kUnknown:
      tell_(absl::StrCat(pending.name, ": unknown: ", ErrorText(outcome.error)));
      return;
  }
}

void StageAppender::TakeLoss(const client::LossNotice& notice) {
  std::string held;
  for (const client::LsnRange& range : notice.held) {
    absl::StrAppend(&held, held.empty() ? "; it holds acknowledgements of LSN " : ", ",
                    range.first.value(), " to ", range.last.value());
  }
  tell_(absl::StrCat("the client is told: generation ", notice.generation, " begins at LSN ",
                     notice.first_lsn.value(), "; loss at replicated: ", notice.replicated,
                     ", disk: ", notice.disk, ", disk_quorum: ", notice.disk_quorum, held));
  for (auto& [name, fate] : fates_) {
    if (fate.acknowledged() && fate.outcome.receipt.first_lsn >= notice.first_lsn) {
      fate.taken_back = true;
    }
  }
  session_->AcceptLoss(now_ns());
}

// What was acknowledged at `received` is not in the log: the session says so and ends.
void StageAppender::TakeStop() {
  tell_(absl::StrCat("the client's session ends: ", ErrorText(session_->status())));
  bool loss = client::CodeOf(session_->status()) == client::ErrorCode::kDataLoss;
  if (!loss) env_.report->Violation("client: stopped: ", StatusText(session_->status()));
  for (const std::string& name : told_) {
    if (fates_[name].outcome.receipt.level == Level::kReceived) fates_[name].taken_back = true;
  }
  told_.clear();
  pending_.clear();
  Drop();
  Open();
}

StageReader::StageReader(const ClientEnvironment& environment, HostNumber host, std::string journal,
                         const AppendNames* names)
    : SimClient(environment, host, "a reader"), names_(names) {
  client::ReadSessionOptions options;
  options.session = SessionOptionsOf(env_);
  options.journal = std::move(journal);
  options.from = client::Position::Oldest();
  session_ = std::make_unique<client::ReadSession>(std::move(options));
}

void StageReader::Check() {
  client::ReadTransaction t;
  while (!env_.report->failed() && session_->Next(&t)) {
    env_.truth->OnRead(t);
    uint32_t client = 0;
    uint64_t counter = 0;
    if (sim::PayloadLedger::ReadPayload(AsView(t.payload), &client, &counter)) {
      got_.push_back(names_->Of(counter));
    }
  }
}

}  // namespace ringjournal::cluster_sim
