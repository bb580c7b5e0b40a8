// A simulated operator, or restarted application, that asks what became of an appender's sequences.
#ifndef TESTS_CLUSTER_SIM_SIM_SETTLER_H_
#define TESTS_CLUSTER_SIM_SIM_SETTLER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/core/request_session.h"
#include "tests/cluster_sim/sim_appender.h"
#include "tests/cluster_sim/sim_client.h"

namespace ringjournal::cluster_sim {

// Asks about one sequence after the other of one appender: some that it holds a receipt for, some
// that it has in flight; and settles half of them, which ends the appender's session. What that has
// in flight when "never" is heard, and is not in the journal, must never be there.
class SimSettler : public SimClient {
 public:
  // `appender` outlives it.
  SimSettler(const ClientEnvironment& environment, HostNumber host, std::string journal,
             SimAppender* appender);

  // The faults are over: it asks no more.
  void Finish();
  bool done() const override { return finished_; }
  std::string Describe() const override;
  uint64_t settled() const { return settled_; }

 protected:
  client::Session* session() const override { return request_.get(); }
  int64_t Work() override;
  int64_t NextWork() const override;
  void Check() override;

 private:
  void Ask();
  void TakeAnswer(const v1::ResolveReply& reply);
  void CheckReceipt(const v1::ResolveReply& reply) const;
  void Rest();

  std::string journal_;
  SimAppender* appender_;
  std::unique_ptr<client::RequestSession> request_;
  bool asking_ = false, finished_ = false;
  int64_t next_ns_ = 0;
  Sequence sequence_;
  bool settles_ = false;
  std::optional<AckedSequence> acked_;   // the one that is asked about
  std::vector<PayloadRange> in_flight_;  // when it asked
  uint64_t life_ = 0;                    // of the appender, then; 0: it had yet to open
  uint64_t settled_ = 0;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_SETTLER_H_
