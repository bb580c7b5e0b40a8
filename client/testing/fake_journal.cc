#include "client/testing/fake_journal.h"

#include <time.h>

#include "client/testing/fake_server_thread.h"
#include "client/transaction_run.h"
#include "journal/base/check.h"

namespace ringjournal::client {
namespace {

uint64_t WallNs() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

struct FakeJournal::Impl {
  explicit Impl(std::string name) : server(std::move(name)) {}
  FakeServerThread server;
};

FakeJournal::FakeJournal(std::string_view name)
    : impl_(std::make_unique<Impl>(std::string(name))) {}
FakeJournal::~FakeJournal() = default;

const std::string& FakeJournal::address() const { return impl_->server.address(); }

ClientOptions FakeJournal::client_options() const {
  ClientOptions options;
  options.server = address();
  return options;
}

std::vector<std::string> FakeJournal::Payloads() const {
  std::vector<std::string> payloads;
  impl_->server.With([&](FakeState& state) { payloads = state.log.Payloads(); });
  return payloads;
}

Lsn FakeJournal::end_lsn() const {
  Lsn end;
  impl_->server.With([&](FakeState& state) { end = state.log.end().lsn; });
  return end;
}

FakeJournalCounts FakeJournal::counts() const {
  FakeJournalCounts counts;
  impl_->server.With([&](FakeState& state) {
    counts = {.connections = state.counts.connections,
              .appends_received = state.counts.appends,
              .appends_applied = state.counts.applied,
              .requests = state.counts.requests};
  });
  return counts;
}

Level FakeJournal::LastLevel(std::string_view journal) const {
  Level level = Level::kUnknown;
  impl_->server.With([&](FakeState& state) {
    const FakeLog* log = state.journals.Find(std::string(journal));
    if (log != nullptr) level = static_cast<Level>(log->last_level());
  });
  return level;
}

void FakeJournal::AddTransactions(const std::vector<std::string>& payloads) {
  TransactionRun run;
  for (const std::string& payload : payloads) run.Add(payload);
  if (run.empty()) return;
  impl_->server.With([&](FakeState& state) {
    state.log.AppendRun(nullptr, 0, run.count(), run.bytes(), WallNs());
  });
}

void FakeJournal::Trim(Lsn first_kept) {
  impl_->server.With([&](FakeState& state) { state.log.Trim(first_kept, WallNs()); });
}

void FakeJournal::SetFenced(bool fenced) {
  impl_->server.With([&](FakeState& state) { state.log.set_fenced(fenced); });
}

void FakeJournal::RefuseAppends(ErrorCode code, uint32_t count) {
  RJ_CHECK(v1::ErrorCode_IsValid(static_cast<int>(code)));  // a server never says client codes
  impl_->server.With([&](FakeState& state) {
    state.faults.refuse_code = static_cast<v1::ErrorCode>(code);
    state.faults.refuse_appends = count;
  });
}

void FakeJournal::LoseConnectionBeforeApplying(uint32_t count) {
  impl_->server.With([&](FakeState& state) { state.faults.lose_before = count; });
}

void FakeJournal::LoseConnectionAfterApplying(uint32_t count) {
  impl_->server.With([&](FakeState& state) { state.faults.lose_after = count; });
}

void FakeJournal::LoseAnswerOfRequests(uint32_t count) {
  impl_->server.With([&](FakeState& state) { state.faults.lose_requests = count; });
}

void FakeJournal::LeaveRequestsUnanswered(bool on) {
  impl_->server.With([&](FakeState& state) { state.faults.mute_requests = on; });
}

void FakeJournal::DelayAnswers(std::chrono::nanoseconds delay) {
  impl_->server.With([&](FakeState& state) { state.delay_ns = delay.count(); });
}

void FakeJournal::SetRingFull(bool full) {
  impl_->server.With([&](FakeState& state) { state.faults.ring_full = full; });
}

void FakeJournal::SetLeaderless(std::string_view journal) {
  impl_->server.With([&](FakeState& state) { state.faults.leaderless = std::string(journal); });
}

void FakeJournal::Fence(std::string_view producer) {
  impl_->server.With(
      [&](FakeState& state) { state.log.OpenProducer(std::string(producer), WallNs()); });
}

void FakeJournal::LoseTransactionsFrom(Lsn first_lost) {
  impl_->server.With([&](FakeState& state) {
    state.log.Lose(first_lost, WallNs());
    state.break_connections = true;
  });
}

void FakeJournal::ReplaceJournal() {
  impl_->server.With([&](FakeState& state) {
    state.log.StartOver();
    state.break_connections = true;
  });
}

void FakeJournal::RemoveJournal() {
  impl_->server.With([&](FakeState& state) {
    state.log.Remove();
    state.break_connections = true;
  });
}

void FakeJournal::SetDurableAtOnce(bool on) {
  impl_->server.With([&](FakeState& state) { state.log.set_durable_at_once(on); });
}

void FakeJournal::StopServing() { impl_->server.Stop(); }
void FakeJournal::StartServing() { impl_->server.Start(); }

void FakeJournal::BreakConnections() {
  impl_->server.With([&](FakeState& state) { state.break_connections = true; });
}

}  // namespace ringjournal::client
