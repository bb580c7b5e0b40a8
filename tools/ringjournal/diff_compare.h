// Where do two logs differ first? Pure, but for what the sources do.
#ifndef TOOLS_RINGJOURNAL_DIFF_COMPARE_H_
#define TOOLS_RINGJOURNAL_DIFF_COMPARE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/ringjournal/diff_source.h"

namespace ringjournal::cli {

// A range that one side has and the other has not.
struct OnlyOne {
  char side = 'A';
  uint64_t first_lsn = 0, last_lsn = 0;
  uint64_t entries = 0;
  bool at_start = false;  // the other begins later; else it ends earlier

  // False: control records only, which a reader is not given at the start of its range.
  bool has_transactions() const { return last_lsn >= first_lsn; }
};

// What one side has at the first difference. Owns its bytes.
struct DiffPlace {
  EntryHeader header;
  std::string record;  // prefix, header and body, or the bytes that should be that
  std::string wrong;   // not empty: they do not verify
  bool torn = false;   // at the end of what a killed server has written
  bool held = true;    // false: this side does not reach there
};

struct Difference {
  uint64_t lsn = 0;
  uint64_t index = 0;     // of the entry; of the first side where only transactions are compared
  size_t first_byte = 0;  // of the record, or of the transaction
  DiffPlace a, b;
};

struct DiffResult {
  // What both have and is the same.
  uint64_t transactions = 0, entries = 0;
  uint64_t first_lsn = 0, last_lsn = 0;
  uint64_t hash = 0;  // chain of the last entry; with transactions_only the range hash
  bool transactions_only = false;
  std::optional<Difference> difference;
  std::vector<OnlyOne> only;
  bool nothing_in_common = false;  // one side holds nothing of what the other holds
};

// Reads both to the first difference, or to their ends. `transactions_only`: compares what users
// wrote, by LSN: journals with other ids hold the same transactions in other entries. Errors are
// those of the sources.
absl::StatusOr<DiffResult> Compare(DiffSource* a, DiffSource* b, bool transactions_only);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DIFF_COMPARE_H_
