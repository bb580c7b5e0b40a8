#include "tests/sim/payload_ledger.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "journal/format/append_scan.h"

namespace ringjournal::sim {
namespace {

// The type of what the client library writes for itself among the users' transactions.
constexpr std::string_view kRecordsOfTheLibrary = "ringjournal.v1.WriterRecord";

}  // namespace

std::string PayloadLedger::MakePayload(uint32_t client, uint64_t counter, size_t size) {
  std::string payload = absl::StrCat(client, ".", counter, ";");
  if (payload.size() < size) payload.resize(size, static_cast<char>('a' + counter % 26));
  return payload;
}

bool PayloadLedger::ReadPayload(std::string_view payload, uint32_t* client, uint64_t* counter) {
  size_t dot = payload.find('.'), end = payload.find(';');
  if (dot == std::string_view::npos || end == std::string_view::npos || dot > end) return false;
  auto part = [&](size_t from, size_t to) {
    return absl::string_view(payload.data() + from, to - from);
  };
  return absl::SimpleAtoi(part(0, dot), client) && absl::SimpleAtoi(part(dot + 1, end), counter);
}

void PayloadLedger::Note(const RecordView& view) {
  if (view.header.count == 0) return;
  TransactionCursor cursor(view.body);
  ByteSpan transaction;
  Lsn lsn = view.header.first_lsn;
  for (; cursor.Next(&transaction); lsn = lsn.next()) {
    uint32_t client = 0;
    uint64_t counter = 0;
    if (AsView(transaction).find(kRecordsOfTheLibrary) != std::string_view::npos) continue;
    if (!ReadPayload(AsView(TransactionPayload(transaction)), &client, &counter)) {
      report_->Violation("I8: LSN ", lsn.value(), " holds a payload that nobody appended");
      continue;
    }
    Place(client, counter, lsn);
  }
}

void PayloadLedger::Place(uint32_t client, uint64_t counter, Lsn lsn) {
  std::vector<Placed>* placed = &placed_[client];
  if (!placed->empty() && placed->back().counter >= counter) {
    report_->Violation("I8: payload ", client, ".", counter, " stands at LSN ", lsn.value(),
                       " behind ", client, ".", placed->back().counter, " at LSN ",
                       placed->back().lsn.value(), ": twice, or out of order");
  }
  if (not_applied_.count({client, counter}) > 0) {
    report_->Violation("not applied: payload ", client, ".", counter, " is in the journal at LSN ",
                       lsn.value(), ", although its client was told that it never will be");
  }
  placed->push_back({counter, lsn});
}

void PayloadLedger::CutFrom(Lsn lsn) {
  for (auto& [client, placed] : placed_) {
    while (!placed.empty() && placed.back().lsn >= lsn) placed.pop_back();
  }
}

void PayloadLedger::OnNotApplied(uint32_t client, uint64_t counter) {
  not_applied_.insert({client, counter});
  if (Holds(client, counter)) {
    report_->Violation("not applied: a client was told that payload ", client, ".", counter,
                       " was not applied, but it is in the journal");
  }
}

bool PayloadLedger::Holds(uint32_t client, uint64_t counter) const {
  auto it = placed_.find(client);
  if (it == placed_.end()) return false;
  auto at = std::lower_bound(it->second.begin(), it->second.end(), counter,
                             [](const Placed& p, uint64_t c) { return p.counter < c; });
  return at != it->second.end() && at->counter == counter;
}

}  // namespace ringjournal::sim
