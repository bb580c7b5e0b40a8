// What simulated transaction systems were told, did and said, and whether their takeovers add up.
#ifndef TESTS_CLUSTER_SIM_TAKEOVER_LEDGER_H_
#define TESTS_CLUSTER_SIM_TAKEOVER_LEDGER_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/takeover/report.h"
#include "journal/base/types.h"
#include "tests/cluster_sim/journal_truth.h"
#include "tests/sim/report.h"

namespace ringjournal::cluster_sim {

// A transaction by what it says, whatever LSN it has: client and counter.
using PayloadId = std::pair<uint32_t, uint64_t>;

// One takeover, as the engine that took over sees it.
struct SimTakeover {
  std::string who;
  client::TakeoverReport report;
  Lsn base;                          // it has not looked at what is up to here
  std::map<Lsn, PayloadId> applied;  // all that it did look at
  std::vector<Lsn> effects;          // that it was given to bring about
};

// I16: behind a takeover the new writer has applied every transaction of the older ones, once; what
// is not in doubt was acted on; all that is in doubt is listed; the verdict is true; and in the end
// everything committed was acted on. Each check that fails is a violation of the report, which
// outlives the ledger. One thread.
class TakeoverLedger {
 public:
  explicit TakeoverLedger(Report* report) : report_(report) {}

  // An engine that holds `writer` was acknowledged this payload, as replicated or safer.
  void OnAcked(Epoch writer, PayloadId payload, Lsn lsn);
  // An engine has brought about what the payload asks for. `in_doubt`: it knows that another one
  // may have done so before.
  void OnActed(PayloadId payload, bool in_doubt);
  // An engine begins behind this LSN and marks it: the ring of a journal without disks holds
  // nothing older, and there is no checkpoint that would say what was acted on.
  void OnGap(Lsn base) { given_up_ = std::max(given_up_, base); }
  void OnTakeover(const SimTakeover& takeover, const JournalTruth& truth);
  // Nothing more will happen.
  void CheckFinal(const JournalTruth& truth) const;
  uint64_t takeovers() const { return takeovers_.size(); }

 private:
  struct Acked {
    Epoch writer;
    PayloadId payload;
    Lsn lsn;
  };
  void CheckApplied(const SimTakeover& t, const JournalTruth& truth) const;
  void CheckInDoubt(const SimTakeover& t) const;
  void CheckVerdict(const SimTakeover& t, const Acked& acked) const;

  Report* report_;
  std::vector<Acked> acked_;
  std::map<PayloadId, int> acted_;       // how often, whoever did
  std::set<PayloadId> acted_by_writer_;  // by the one that had it acknowledged
  std::vector<SimTakeover> takeovers_;
  Lsn given_up_;  // up to here nobody knows what was acted on
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_TAKEOVER_LEDGER_H_
