// Which payloads stand in a journal, and where: each at most once, each client's in order.
#ifndef TESTS_SIM_PAYLOAD_LEDGER_H_
#define TESTS_SIM_PAYLOAD_LEDGER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/format/entry_layout.h"
#include "tests/sim/report.h"

namespace ringjournal::sim {

// Follows one journal entry by entry. Each check that fails is a violation of the report, which
// outlives the ledger. One thread.
class PayloadLedger {
 public:
  explicit PayloadLedger(Report* report) : report_(report) {}

  // The payload of the simulation's transactions: "client.counter;" and filler up to `size` bytes.
  static std::string MakePayload(uint32_t client, uint64_t counter, size_t size);
  // False: the simulation has made no such payload.
  static bool ReadPayload(std::string_view payload, uint32_t* client, uint64_t* counter);

  // The journal's next entry.
  void Note(const RecordView& view);
  // What stands at this LSN and above is gone.
  void CutFrom(Lsn lsn);
  // The client was told that this payload is not in the journal and never will be.
  void OnNotApplied(uint32_t client, uint64_t counter);
  bool Holds(uint32_t client, uint64_t counter) const;

 private:
  struct Placed {
    uint64_t counter;
    Lsn lsn;
  };
  void Place(uint32_t client, uint64_t counter, Lsn lsn);

  Report* report_;
  std::map<uint32_t, std::vector<Placed>> placed_;
  std::set<std::pair<uint32_t, uint64_t>> not_applied_;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_PAYLOAD_LEDGER_H_
