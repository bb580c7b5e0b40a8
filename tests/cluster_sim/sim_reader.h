// A simulated reader of a journal of several nodes: everything it gets is compared with the truth.
#ifndef TESTS_CLUSTER_SIM_SIM_READER_H_
#define TESTS_CLUSTER_SIM_SIM_READER_H_

#include <map>
#include <memory>
#include <string>

#include "client/core/read_session.h"
#include "tests/cluster_sim/sim_client.h"

namespace ringjournal::cluster_sim {

// Reads from the oldest transaction on and follows; with `until_end` it stops at the end instead.
// Checks that nothing is missing or twice and that only committed transactions come, through every
// change of leader, and that it is told of each loss of what it has seen.
class SimReader : public SimClient {
 public:
  SimReader(const ClientEnvironment& environment, HostNumber host, std::string name,
            std::string journal, bool until_end);

  bool done() const override { return !until_end_ || finished_; }
  std::string Describe() const override;
  uint64_t read() const { return read_; }
  // It has got every transaction from LSN 1 up to the one before next_lsn().
  bool read_from_the_start() const { return first_lsn_ == Lsn(1); }
  Lsn next_lsn() const { return session_->next_lsn(); }

 protected:
  client::Session* session() const override { return session_.get(); }
  int64_t Work() override { return INT64_MAX; }
  void Check() override;

 private:
  void Open(client::Position from);
  void Take(const client::ReadTransaction& transaction);
  void TakeLoss(const client::LossNotice& notice);

  std::string journal_;
  bool until_end_;
  bool finished_ = false;
  std::unique_ptr<client::ReadSession> session_;
  uint64_t read_ = 0;  // in all
  Lsn first_lsn_;      // since the last start from the oldest or behind a gap; 0: nothing yet
  // What it had read by the time the journal was in a generation, since it was last told of a loss.
  std::map<uint32_t, Lsn> seen_by_;
  Lsn seen_end_;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_READER_H_
