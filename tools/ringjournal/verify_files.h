// Checks segment and ring files offline: every checksum, the chain, and whether the segments of a
// journal join. Reads only; a running server is not disturbed.
#ifndef TOOLS_RINGJOURNAL_VERIFY_FILES_H_
#define TOOLS_RINGJOURNAL_VERIFY_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace ringjournal::cli {

// What one file is.
struct FileReport {
  std::string path;
  std::string kind;     // "segment", "ring" or "unknown"
  std::string journal;  // its id in hex; empty if that could not be read
  std::string verdict;  // two or three words: "torn tail"
  std::string sentence;
  bool damaged = false;
  // Entries [first_index, end_index) are whole, with transactions [first_lsn, end_lsn). 0: unknown.
  uint64_t first_index = 0, end_index = 0;
  uint64_t first_lsn = 0, end_lsn = 0;
  uint64_t bytes_lost = 0;
};

// What the segments of one journal in one directory are together.
struct JournalReport {
  std::string journal;
  std::string directory;
  std::string verdict;
  std::string sentence;
  bool damaged = false;
  uint64_t end_index = 0, end_lsn = 0;
  uint64_t bytes_lost = 0;
  std::vector<std::string> notes;
};

struct VerifyReport {
  std::vector<FileReport> files;
  std::vector<JournalReport> journals;
  std::vector<std::string> errors;  // paths that could not be read, and why

  bool damaged() const;
};

// Looks at files, and at the `.seg` and `.ring` files in and below directories. A named file may
// have any name: its first bytes say what it is.
VerifyReport VerifyPaths(const std::vector<std::string>& paths);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_VERIFY_FILES_H_
