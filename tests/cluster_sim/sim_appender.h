// A simulated application that appends to a journal of several nodes.
#ifndef TESTS_CLUSTER_SIM_SIM_APPENDER_H_
#define TESTS_CLUSTER_SIM_SIM_APPENDER_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/core/append_session.h"
#include "client/transaction_run.h"
#include "tests/cluster_sim/history.h"
#include "tests/cluster_sim/sim_client.h"
#include "tests/sim/acked_ledger.h"

namespace ringjournal::cluster_sim {

struct SimAppenderPlan {
  uint32_t client = 0;
  std::string journal;
  uint64_t appends = 200;  // then it is done
  int64_t pause_max_ns = 40 * kMs;
  size_t payload_bytes_max = 300;
  uint32_t in_flight_max = 16;
  std::vector<client::Level> levels;  // one of them for each append
};

// Payloads of an appender, by their counters.
struct PayloadRange {
  uint64_t first_counter = 0;
  uint32_t count = 0;
};

// A sequence that the appender holds a receipt for, at `replicated` or above.
struct AckedSequence {
  Sequence sequence;
  Lsn lsn;
  uint32_t generation = 0;
};

// Appends payloads "client.counter" and checks every outcome against the truth. An acknowledgement
// at level `received` may be taken back without a word in the log; then the session says so and
// stops, and a new one goes on.
class SimAppender : public SimClient {
 public:
  SimAppender(const ClientEnvironment& environment, HostNumber host, const SimAppenderPlan& plan,
              History* history);

  bool done() const override { return started_ >= plan_.appends && pending_.empty(); }
  std::string Describe() const override;
  // Every payload acknowledged at `replicated` or above that no report took back is in the journal.
  void CheckFinal();
  // The faults are over: what is left is appended without pauses.
  void Hurry() { plan_.pause_max_ns = kMs; }
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t told() const { return told_; }

  // ---- for who asks what became of its sequences ----
  const std::string& producer() const { return producer_; }
  // Which of its sessions it has: they go on with the same producer, each with a right of its own.
  uint64_t life() const { return life_; }
  Sequence highest_acked() const { return highest_acked_; }
  // nullopt: it holds no receipt.
  std::optional<AckedSequence> SomeAcked(sim::Random* random) const;
  // Under the producer epoch of now, or older ones.
  std::vector<PayloadRange> InFlight() const;
  // Somebody may end one session of its, this one or a later one.
  void ExpectFence() { ++fences_expected_; }
  // Its session has a producer epoch.
  bool opened() const { return session_->opened(); }
  // What of these is not in the journal now was told, in that generation, never to be.
  void NeverAgain(const std::vector<PayloadRange>& payloads, uint32_t generation);

 protected:
  client::Session* session() const override { return session_.get(); }
  int64_t Work() override;
  void Check() override;

 private:
  struct Pending {
    uint64_t token = 0;
    uint64_t first_counter = 0;
    uint32_t count = 0;
    client::Level level = client::Level::kUnknown;
    std::string run;
    size_t operation = 0;  // in the history
  };
  void Open(HostNumber host);
  void Append();
  void Take(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeApplied(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeNotApplied(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeLoss(const client::LossNotice& notice);
  void TakeStop();
  void Remember(const client::AppendOutcome& outcome);
  bool IsFenced() const;  // by somebody who settles
  void TakeNotAppliedAnyMore(const Pending& pending);
  void CheckNever() const;

  struct Never {
    uint64_t counter = 0;
    uint32_t generation = 0;  // in which that was said
    Lsn end;                  // of what was committed then, with what makes it so
  };
  bool MayBeVoid(const Never& never) const;

  SimAppenderPlan plan_;
  std::string producer_;
  uint64_t fences_expected_ = 0;  // and not met yet
  uint64_t life_ = 0;
  Sequence highest_acked_;
  std::deque<AckedSequence> remembered_;  // the newest
  std::vector<Never> never_;
  History* history_;
  std::unique_ptr<client::AppendSession> session_;
  client::TransactionRun run_;
  std::deque<Pending> pending_;
  sim::AckedLedger acked_;
  uint64_t started_ = 0;
  int64_t next_append_ns_ = 0;
  uint64_t next_counter_ = 1;
  uint64_t next_token_ = 1;
  uint64_t acknowledged_ = 0;
  uint64_t told_ = 0;
  bool receipts_may_vanish_;  // level `received` is among the levels
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_APPENDER_H_
