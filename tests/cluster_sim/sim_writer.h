// A simulated transaction system: one of several that want to be the writer of a fenced journal.
#ifndef TESTS_CLUSTER_SIM_SIM_WRITER_H_
#define TESTS_CLUSTER_SIM_SIM_WRITER_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "client/core/append_session.h"
#include "client/core/request_session.h"
#include "client/transaction_run.h"
#include "tests/cluster_sim/sim_client.h"
#include "tests/sim/acked_ledger.h"

namespace ringjournal::cluster_sim {

struct SimWriterPlan {
  uint32_t number = 0;  // below 100; payloads name client 1000 * (number + 1) + n in its n-th life
  std::string journal;
  size_t payload_bytes_max = 300;
  std::vector<client::Level> levels;  // none of them `received`
};

// Asks who is the writer, claims the journal, and appends until somebody else has come: it does not
// look whether that one still works, so most of the time there are zombies. Every life, from a
// claim to a fence, writes payloads of its own, so that the truth can tell whose they are.
class SimWriter : public SimClient {
 public:
  SimWriter(const ClientEnvironment& environment, HostNumber host, const SimWriterPlan& plan);

  // The faults are over. The last one claims the journal once more, and has to get something in.
  void Finish(bool is_last);
  bool done() const override;
  std::string Describe() const override;
  void CheckFinal() const;
  uint64_t grants() const { return grants_; }
  uint64_t fenced() const { return fenced_; }
  uint64_t acknowledged() const { return acknowledged_; }

 protected:
  client::Session* session() const override;
  int64_t Work() override;
  int64_t NextWork() const override;
  void Check() override;

 private:
  enum class Step { kIdle, kAsking, kClaiming, kAppending };
  struct Pending {
    uint64_t counter = 0;
    client::Level level = client::Level::kUnknown;
    std::string run;
  };

  void Ask(v1::ClientMessage request, bool once);
  void Rest();
  void Claim(Epoch current);
  void CheckRequest();
  void TakeGrant(const v1::WriterReply& reply);
  void Append();
  void CheckAppends();
  void Take(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeApplied(const client::AppendReceipt& receipt, const Pending& pending);
  void TakeStop();
  uint32_t client() const { return 1000 * (plan_.number + 1) + life_; }
  client::SessionOptions MakeSessionOptions();

  SimWriterPlan plan_;
  Step step_ = Step::kIdle;
  std::unique_ptr<client::RequestSession> request_;
  std::unique_ptr<client::AppendSession> append_;
  int64_t next_ns_ = 0;  // of the next claim or append
  uint32_t life_ = 0;
  uint64_t nonce_ = 0;
  Epoch named_;           // that the claim replaces
  Epoch granted_before_;  // to anybody, when it asked
  bool forced_ = false;
  Epoch held_;
  client::TransactionRun run_;
  std::deque<Pending> pending_;
  uint64_t counter_ = 0;
  std::vector<std::unique_ptr<sim::AckedLedger>> acked_;  // of each life that was granted
  uint64_t grants_ = 0, fenced_ = 0, acknowledged_ = 0;
  bool finishing_ = false, is_last_ = false;
  uint64_t last_appends_ = 0;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_WRITER_H_
