// A file of history_lines.h, written by several threads.
#ifndef TESTS_CHAOS_HISTORY_FILE_H_
#define TESTS_CHAOS_HISTORY_FILE_H_

#include <cstdio>
#include <mutex>
#include <string>

#include "journal/base/check.h"

namespace ringjournal::chaos {

class HistoryFile {
 public:
  // Ends the process if the file cannot be made.
  explicit HistoryFile(const std::string& path) : file_(std::fopen(path.c_str(), "w")) {
    RJ_CHECK(file_ != nullptr);
  }
  ~HistoryFile() { std::fclose(file_); }
  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;

  // One line, without its newline.
  void Add(const std::string& line) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::fwrite(line.data(), 1, line.size(), file_);
    std::fputc('\n', file_);
  }
  void Flush() {
    std::lock_guard<std::mutex> lock(mutex_);
    std::fflush(file_);
  }

 private:
  std::mutex mutex_;
  std::FILE* file_;
};

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_HISTORY_FILE_H_
