// What clients have seen, as lines of files: written by chaos_client, read by chaos_check.
//
//   s NUMBER COUNT NS LEVEL                              sent
//   a NUMBER NS LSN INDEX CHAIN GENERATION EPOCH LEVEL   applied, as acknowledged; LSN 0: only that
//   u NUMBER NS REASON                                   unknown
//   r NUMBER NS REASON                                   not applied
//   l NS GENERATION FIRST_LSN RECEIPT_LSN                told of a loss
//   w NS REASON                                          the Writer has ended; another was opened
//   t LSN INDEX CHAIN GENERATION EPOCH PRODUCER NUMBER   a tail reader was given this; PRODUCER 0:
//                                                        a payload that nobody wrote
//   e NS REASON                                          its Reader has ended; another was opened
#ifndef TESTS_CHAOS_HISTORY_LINES_H_
#define TESTS_CHAOS_HISTORY_LINES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/chaos/payload.h"

namespace ringjournal::chaos {

enum class Fate { kNone, kApplied, kUnknown, kNotApplied };

// One append of one producer, which holds `count` payloads from `first` on.
struct SeenAppend {
  PayloadName first;
  uint32_t count = 1;
  int64_t sent_ns = 0;
  int asked_level = 0;  // numbers of client::Level
  Fate fate = Fate::kNone;
  int64_t done_ns = INT64_MAX;
  // With kApplied, and lsn 0 where only that is known.
  uint64_t lsn = 0;
  uint64_t index = 0;
  uint64_t chain = 0;
  uint32_t generation = 0;
  uint32_t epoch = 0;
  int level = 0;
};

struct ToldLoss {
  uint32_t producer = 0;
  int64_t ns = 0;
  uint32_t generation = 0;
  uint64_t first_lsn = 0;
  uint64_t receipt_lsn = 0;
};

// One transaction as a reader was given it.
struct SeenTransaction {
  uint64_t lsn = 0;
  uint64_t index = 0;
  uint64_t chain = 0;
  uint32_t generation = 0;
  uint32_t epoch = 0;
  PayloadName name;
};

// A Writer or Reader that ended by itself.
struct Ended {
  uint32_t producer = 0;  // 0: a reader
  std::string reader;
  int64_t ns = 0;
  std::string reason;
};

struct History {
  std::vector<SeenAppend> appends;  // of one producer in the order of their numbers
  std::vector<ToldLoss> told;
  std::vector<std::vector<SeenTransaction>> tails;  // one for each reader
  std::vector<Ended> ended;
};

// A report of the journal about itself, with the verdicts "none", "possible", … by level 1 to 4.
struct Report {
  uint32_t generation = 0;
  uint64_t first_lsn = 0;
  uint64_t known_committed_lsn = 0;
  std::vector<std::string> verdicts;
};

// Adds the lines of one producer's or one reader's file. The last line may be half written.
absl::Status AddLines(const std::string& text, uint32_t producer, History* history);
absl::Status AddTail(const std::string& text, const std::string& who, History* history);

// Every "pN.history" and "tN.history" of the folder.
absl::StatusOr<History> ReadHistory(const std::string& folder);
// "GENERATION FIRST_LSN KNOWN_COMMITTED_LSN RECEIVED REPLICATED DISK DISK_QUORUM", one a line.
absl::StatusOr<std::vector<Report>> ReadReports(const std::string& path);

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_HISTORY_LINES_H_
