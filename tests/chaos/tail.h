// A client that follows the journal from its first transaction on and notes what it is given.
#ifndef TESTS_CHAOS_TAIL_H_
#define TESTS_CHAOS_TAIL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "client/reader.h"
#include "tests/chaos/history_file.h"

namespace ringjournal::chaos {

struct TailOptions {
  std::string servers;
  std::string journal;
  std::string folder;   // of the history
  uint32_t number = 1;  // among the readers
};

// Has a thread of its own.
class Tail {
 public:
  explicit Tail(const TailOptions& options);
  ~Tail();
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;

  // LSN of the last transaction that it was given. Any thread.
  uint64_t at_lsn() const { return at_lsn_.load(); }
  void Flush() { file_.Flush(); }

 private:
  void Run();
  void Open();
  void Note(const client::ReadTransaction& t);
  void Failed(const absl::Status& status);

  const TailOptions options_;
  HistoryFile file_;
  std::unique_ptr<client::Reader> reader_;
  uint32_t accept_generation_ = 0;
  std::atomic<uint64_t> at_lsn_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_TAIL_H_
