// A simulated application that appends: a production AppendSession and what it was promised.
#ifndef TESTS_SIM_APPENDER_H_
#define TESTS_SIM_APPENDER_H_

#include <deque>
#include <memory>
#include <string>

#include "client/core/append_session.h"
#include "client/transaction_run.h"
#include "tests/sim/acked_ledger.h"
#include "tests/sim/peer.h"

namespace ringjournal::sim {

struct AppenderPlan {
  uint32_t client = 0;
  std::string journal;
  std::string producer;
  bool memory_only = false;  // only memory levels can be asked for
  size_t payload_bytes_max = 4000;
  uint32_t appends_in_flight_max = 32;
};

// Appends payloads "client.counter", checks every outcome against the model, and that it is told of
// each loss that takes back an acknowledgement of its own.
class Appender : public Peer {
 public:
  Appender(const PeerContext& context, const AppenderPlan& plan);

  bool done() const override { return pending_.empty(); }
  std::string Describe() const override;
  // Every acknowledged payload that no report took back is in the journal.
  void CheckFinal();
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t told() const { return told_; }

 protected:
  client::Session* session() const override { return session_.get(); }
  bool Work(Time now) override;
  void Check(Time now, bool may_work) override;

 private:
  struct Pending {
    uint64_t token;
    uint64_t first_counter;
    uint32_t count;
    client::Level level;
    std::string run;
  };
  LogModel* model() const;
  void Take(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeApplied(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeNotApplied(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeLoss(const client::LossNotice& notice, Time now);

  AppenderPlan plan_;
  std::unique_ptr<client::AppendSession> session_;
  client::TransactionRun run_;
  std::deque<Pending> pending_;
  AckedLedger acked_;
  uint64_t next_counter_ = 1;
  uint64_t next_token_ = 1;
  uint64_t acknowledged_ = 0;
  uint64_t told_ = 0;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_APPENDER_H_
