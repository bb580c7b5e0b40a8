// A simulated transaction system with a standby: it follows, takes over when the writer is silent,
// acts on what it has journaled, and dies.
#ifndef TESTS_CLUSTER_SIM_SIM_ENGINE_H_
#define TESTS_CLUSTER_SIM_SIM_ENGINE_H_

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/core/append_session.h"
#include "client/core/read_session.h"
#include "client/core/request_session.h"
#include "client/takeover/standby_core.h"
#include "client/takeover/writer_marks.h"
#include "client/transaction_run.h"
#include "tests/cluster_sim/sim_client.h"
#include "tests/cluster_sim/takeover_ledger.h"
#include "tests/sim/acked_ledger.h"

namespace ringjournal::cluster_sim {

struct SimEnginePlan {
  uint32_t number = 0;  // below 100; its n-th claim's payloads name client 1000 * (number + 1) + n
  std::string journal;
  size_t payload_bytes_max = 300;
  std::vector<client::Level> levels;  // none of them `received`
};

// One process after the other under one name, each from nothing: a standby that reads the fenced
// journal, then perhaps its writer, until it dies or is fenced. It has one connection at a time: a
// standby that asks or claims reads on afterwards, behind its cursor.
class SimEngine : public SimClient {
 public:
  SimEngine(const ClientEnvironment& environment, HostNumber host, const SimEnginePlan& plan,
            TakeoverLedger* ledger);

  // The faults are over: nobody dies any more. The last one takes over once more, and has to get
  // something in and to act on everything.
  void Finish(bool is_last);
  bool done() const override;
  std::string Describe() const override;
  void CheckFinal() const;
  uint64_t acknowledged() const { return acknowledged_; }

 protected:
  client::Session* session() const override;
  int64_t Work() override;
  int64_t NextWork() const override;
  void Check() override;

 private:
  enum class Step { kDown, kFollowing, kAsking, kClaiming, kReplaying, kActive };
  struct Pending {
    uint64_t counter = 0;  // 0: a WriterRecord
    client::Level level = client::Level::kUnknown;
    std::string run;
  };
  struct Act {
    Lsn lsn;
    PayloadId payload;
    int64_t at_ns = 0;  // when it is brought about
  };

  client::SessionOptions MakeSessionOptions();
  void Start();
  void Die(int64_t down_ns);
  // sim_engine.cc: standing by
  void Read();
  void CheckReading();
  void CheckReadingStopped();
  void Take(const client::ReadTransaction& t);
  void Apply(Lsn lsn, PayloadId payload);
  void Ask();
  void Claim();
  void Request(v1::ClientMessage message, bool once, Step step);
  void CheckRequest();
  void TakeAnswer(const v1::WriterReply& reply);
  void TakeGrant(const v1::WriterReply& reply);
  void NoteLosses(const v1::OpenReply& opened);
  // sim_engine_active.cc: being the writer
  void Promote();
  void OpenWriter(const client::TakeoverReport& report);
  void WorkActive();
  void Append();
  void Send(Pending pending, const client::TransactionRun& run);
  void Bring();
  void CheckAppends();
  void TakeOutcome(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeApplied(const client::AppendReceipt& receipt, const Pending& pending);
  void TakeStop();

  uint32_t client() const { return 1000 * (plan_.number + 1) + claims_; }
  bool started_anew() const { return base_ > Lsn(); }

  SimEnginePlan plan_;
  TakeoverLedger* ledger_;
  Step step_ = Step::kDown;
  std::unique_ptr<client::ReadSession> read_;
  std::unique_ptr<client::RequestSession> request_;
  std::unique_ptr<client::AppendSession> append_;
  int64_t next_ns_ = 0;  // of the next start, append or takeover by hand
  int64_t dies_at_ns_ = 0;
  uint32_t claims_ = 0;
  bool finishing_ = false, is_last_ = false;

  // The standby.
  std::unique_ptr<client::StandbyCore> core_;
  Lsn base_;  // it has begun behind this, as nothing older is there any more
  uint32_t base_generation_ = 0;
  std::map<Lsn, PayloadId> applied_;
  uint64_t state_ = 0;  // a hash of all that was applied
  std::optional<client::Cursor> cursor_;
  uint64_t reconnects_ = 0;
  bool by_hand_ = false;
  client::WriterInfo current_;
  uint64_t nonce_ = 0;
  Epoch granted_before_;

  // The writer.
  Epoch held_;
  std::unique_ptr<client::WriterMarks> marks_;
  std::deque<Pending> pending_;
  std::deque<Act> acts_;
  uint64_t counter_ = 0;
  std::vector<std::unique_ptr<sim::AckedLedger>> acked_;  // of each life as the writer
  uint64_t acknowledged_ = 0, last_appends_ = 0;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_ENGINE_H_
