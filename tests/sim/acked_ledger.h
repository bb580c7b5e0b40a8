// What one client holds acknowledgements for, and whether it is told when they are taken back.
#ifndef TESTS_SIM_ACKED_LEDGER_H_
#define TESTS_SIM_ACKED_LEDGER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/outcome.h"
#include "proto/config.pb.h"
#include "tests/sim/payload_ledger.h"
#include "tests/sim/report.h"

namespace ringjournal::sim {

// An acknowledged append.
struct Acked {
  client::LsnRange range;  // first is 0 if the place is not known
  client::Level level = client::Level::kUnknown;
  uint32_t generation = 0;
  uint64_t first_counter = 0;
  uint32_t count = 0;
};

// Follows one client through its sessions. Each check that fails is a violation of the report,
// which outlives the ledger. `losses` are always the reports that are stored, oldest first. One
// thread.
class AckedLedger {
 public:
  using Losses = std::vector<v1::LossReport>;

  // `name` and `client`: as violations and payloads name the client. `received_may_vanish`: an
  // acknowledgement at level `received` promises nothing once its leader is gone.
  AckedLedger(std::string name, uint32_t client, bool received_may_vanish, Report* report)
      : name_(std::move(name)),
        client_(client),
        received_may_vanish_(received_may_vanish),
        report_(report) {}

  void Add(const Acked& acked) { acked_.push_back({acked}); }
  // The session was told of a loss: one of the stored ones, and it must name this client's
  // acknowledgements at or above it, all and only those.
  void TakeBack(const client::LossNotice& notice, const Losses& losses);
  // The session has ended and its receipts with it: nobody can be told of them any more, but the
  // journal must still answer for them.
  void EndSession();
  // Something of this generation was acknowledged to the client: of every loss up to there that
  // takes something from it, it must have been told before.
  void CheckTold(uint32_t generation, const Losses& losses);
  // What was acknowledged and no loss takes back is in the journal.
  void CheckFinal(const PayloadLedger& payloads, const Losses& losses) const;

 private:
  struct Held : Acked {
    bool taken_back = false;
    bool of_ended_session = false;
  };
  std::vector<client::LsnRange> TakeFrom(Lsn first_lsn, uint32_t generation);
  static bool MayBeLost(const Acked& acked, const Losses& losses);

  std::string name_;
  uint32_t client_;
  bool received_may_vanish_;
  Report* report_;
  std::vector<Held> acked_;
  uint32_t checked_generation_ = 0;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_ACKED_LEDGER_H_
