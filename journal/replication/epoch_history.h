// Where two logs last agreed, by their epoch histories.
#ifndef JOURNAL_REPLICATION_EPOCH_HISTORY_H_
#define JOURNAL_REPLICATION_EPOCH_HISTORY_H_

#include <optional>
#include <vector>

#include "journal/base/types.h"
#include "proto/entry.pb.h"

namespace ringjournal {

// A log as it describes itself: its epochs with the first entry of each, rising, and its last
// entry. A log may have forgotten its oldest epochs.
struct LogOutline {
  std::vector<v1::EpochHistory> epochs;
  Index end;  // 0: no entry
};

// The last entry that both logs hold for certain: the end, in the log that is shorter there, of the
// highest epoch that both know (KIP-101, KIP-279: never "truncate to the commit"). A leader
// appends all entries of its epoch, so within one epoch two logs differ in length only.
// Index(0): they share nothing, because one of them is empty or no epoch is known to both.
// nullopt: they contradict each other: one epoch begins at different entries.
std::optional<Index> LastCommonEntry(const LogOutline& a, const LogOutline& b);

}  // namespace ringjournal

#endif  // JOURNAL_REPLICATION_EPOCH_HISTORY_H_
