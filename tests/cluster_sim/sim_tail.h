// A simulated client that asks where the journal ends, and knows what must lie below.
#ifndef TESTS_CLUSTER_SIM_SIM_TAIL_H_
#define TESTS_CLUSTER_SIM_SIM_TAIL_H_

#include <memory>
#include <string>

#include "client/core/read_session.h"
#include "client/core/request_session.h"
#include "tests/cluster_sim/sim_client.h"

namespace ringjournal::cluster_sim {

// Asks again and again for the linearizable end, by opening a read at `newest` and by Locate in
// turn, at whatever node comes next: leaders that have been replaced and do not know it, too. What
// anybody had been acknowledged, or had read, before it asked must lie below the answer.
class SimTail : public SimClient {
 public:
  SimTail(const ClientEnvironment& environment, HostNumber host, std::string name,
          std::string journal);

  // Nothing fails any more: the next answer is the last that it wants.
  void Finish();
  bool done() const override { return finishing_ && !asking_; }
  std::string Describe() const override;
  uint64_t answers() const { return answers_; }

 protected:
  client::Session* session() const override;
  int64_t Work() override;
  int64_t NextWork() const override { return asking_ || finishing_ ? INT64_MAX : ask_at_ns_; }
  void Check() override;

 private:
  static constexpr int64_t kPauseMaxNs = 150 * kMs;
  void Ask();
  Lsn Answer() const;

  std::string journal_;
  std::unique_ptr<client::ReadSession> read_;
  std::unique_ptr<client::RequestSession> locate_;
  bool asking_ = false;
  bool sent_ = false;  // a Locate
  bool finishing_ = false;
  int64_t ask_at_ns_ = 0;
  uint64_t answers_ = 0;
  // Of when it asked, or the question left: what must lie below, and in which generation.
  Lsn known_;
  uint32_t generation_ = 0;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_TAIL_H_
