// ringjournal inspect: what is in these files? Works without a server.
#ifndef TOOLS_RINGJOURNAL_INSPECT_H_
#define TOOLS_RINGJOURNAL_INSPECT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "journal/format/entry_layout.h"
#include "tools/ringjournal/verify_files.h"

namespace ringjournal::cli {

struct InspectOptions {
  std::vector<std::string> paths;
  bool headers = false;  // one line for each entry
  bool as_json = false;
};

// What a segment file says beyond verify's report.
struct SegmentDetails {
  FileReport report;
  uint64_t generation = 0, epoch = 0;  // before its first entry
  uint64_t opener_incarnation = 0, opener_counter = 0;
  uint64_t producers = 0;  // known before its first entry
  uint64_t groups = 0, entries = 0, control_entries = 0, transactions = 0, record_bytes = 0;
  uint64_t first_log_time_ns = 0, last_log_time_ns = 0;
  std::vector<EntryHeader> headers;  // if they were asked for
};

// Entries [first_index, end_index) of a journal that no file holds, though later ones are there.
struct SegmentGap {
  std::string journal;
  uint64_t first_index = 0, end_index = 0;
  uint64_t first_lsn = 0, end_lsn = 0;
};

// An entry's header as `--headers` shows it: a line for people, an object of JSON.
std::string EntryHeaderText(const EntryHeader& header);
std::string EntryHeaderJson(const EntryHeader& header);

// Between the segments of each journal, in the order of their entries.
std::vector<SegmentGap> FindGaps(const std::vector<SegmentDetails>& segments);

// Prints to `out`, what could not be read to `err`. kExitOk; kExitDamaged if something is damaged
// or missing; kExitFailure if something could not be read, or nothing was found.
int RunInspect(const InspectOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_INSPECT_H_
