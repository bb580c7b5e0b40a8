// A simulated reader: a production ReadSession, every transaction compared with the model.
#ifndef TESTS_SIM_TAIL_READER_H_
#define TESTS_SIM_TAIL_READER_H_

#include <memory>
#include <string>

#include "client/core/read_session.h"
#include "tests/sim/peer.h"

namespace ringjournal::sim {

// Reads from the oldest transaction on and follows; with `until_end` it stops at the end instead.
// Checks that nothing is missing or twice, that what it has read never disappears without a word,
// and that it is told of each loss of what it has seen.
class TailReader : public Peer {
 public:
  // `allows_gap`: the disk may lack entries, because it was full and segments went before their
  // trim was durable, or because it was damaged. The reader goes on behind them, after a typed end.
  TailReader(const PeerContext& context, std::string name, std::string journal, bool until_end,
             bool allows_gap);

  bool done() const override { return !until_end_ || finished_; }
  bool finished() const { return finished_; }
  // Transactions read since the last start from the oldest, and the first of them.
  uint64_t read() const { return read_; }
  Lsn first_lsn() const { return first_lsn_; }
  Lsn next_lsn() const { return session_->next_lsn(); }
  bool caught_up_with(Lsn next) const { return session_->next_lsn() >= next; }
  uint64_t told() const { return told_; }

 protected:
  client::Session* session() const override { return session_.get(); }
  bool Work(Time now) override { return false; }
  void Check(Time now, bool may_work) override;

 private:
  void Begin(client::Position from);
  void TakeLoss(const client::LossNotice& notice, Time now);
  void Take(const client::ReadTransaction& transaction);

  std::string journal_;
  bool until_end_, allows_gap_;
  bool finished_ = false;
  std::unique_ptr<client::ReadSession> session_;
  uint64_t read_ = 0;
  uint64_t told_ = 0;
  uint32_t generation_ = 0;  // of the newest entry read
  Lsn first_lsn_, seen_end_;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_TAIL_READER_H_
