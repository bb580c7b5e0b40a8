// One side of `ringjournal diff`: the entries of a journal in order, wherever they are.
#ifndef TOOLS_RINGJOURNAL_DIFF_SOURCE_H_
#define TOOLS_RINGJOURNAL_DIFF_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "journal/format/entry_layout.h"
#include "tools/ringjournal/context.h"

namespace ringjournal::cli {

// An entry, or the place where one should stand.
struct DiffItem {
  // Filled as far as it could be read; index and first_lsn always.
  RecordView view;
  // Empty: the entry verifies. Else what is wrong there, with the place; it is the last item.
  std::string wrong;
  // Such bytes at the end of the newest segment: a killed server leaves them, and nobody was told
  // that they are on disk. They count only where the other side has an entry there.
  bool torn = false;
};

// Gives out verified entries, each continuing the one before. One thread.
class DiffSource {
 public:
  virtual ~DiffSource() = default;
  // The next one; false: there are no more. Its bytes are valid until the next call. Errors are
  // those of servers and of the system: damaged bytes are an item.
  virtual absl::StatusOr<bool> Next(DiffItem* item) = 0;
  // Why it begins and ends where it does, for people; empty: that is all there is. Known at the
  // end.
  virtual std::string bounds() const { return ""; }
  const std::string& name() const { return name_; }
  // The journal's id in hex; empty: nothing says it.
  const std::string& journal() const { return journal_; }

 protected:
  std::string name_;  // as the user gave it
  std::string journal_;
};

// Which of a directory's journals: an id in hex or its beginning; empty: the only one.
struct DiffOptions {
  std::string journal;
};

// A file or directory (segments, a ring, an export of entries), NAME (as its leader serves it),
// NAME@NODE (as that node's memory holds it; NODE is a name or host:port) or host:port/NAME.
// InvalidArgument: nothing that can be compared, with the reason; else errors of the server.
absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffSource(const Context& context,
                                                           const std::string& side,
                                                           const DiffOptions& options);

// The parts of that: files without a server, and journals of servers.
absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffFiles(const std::string& path,
                                                          const std::string& journal);
absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffJournal(const Context& context,
                                                            const std::string& side);
absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffCopy(const Context& context,
                                                         const std::string& side);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DIFF_SOURCE_H_
