// Carries out the core's storage operations: writes and reads on the ring of the event loop,
// everything that touches directories on the control thread.
#ifndef SERVER_DRIVER_STORAGE_EXECUTOR_H_
#define SERVER_DRIVER_STORAGE_EXECUTOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/net_loop.h"
#include "io/worker.h"
#include "server/driver/journal_files.h"
#include "server/session/effects.h"

namespace ringjournal {

// Loop thread only; the jobs it hands to the worker own what they use. Answers come out of Take, in
// the order of completion.
class StorageExecutor {
 public:
  StorageExecutor(io::NetLoop* loop, io::Worker* worker) : loop_(loop), worker_(worker) {}

  // Where a journal's operations go.
  void Register(JournalNumber journal, JournalFiles* files);
  void Forget(JournalNumber journal);

  // Starts an operation. Its buffers stay untouched until the answer.
  void Start(const ShardEffects::Storage& storage);
  // An answer from the event loop (kFileDone).
  StorageAnswer OnFileDone(const io::Event& event);
  // Moves the answers of the control thread to *out.
  void TakeAnswers(std::vector<StorageAnswer>* out);

 private:
  uint64_t Token(JournalNumber journal, uint32_t token) const {
    return uint64_t{journal} << 32 | token;
  }
  void RunOnWorker(JournalNumber journal, const StorageOp& op);

  io::NetLoop* loop_;
  io::Worker* worker_;
  std::vector<JournalFiles*> files_;
  std::vector<StorageAnswer> answers_;
};

}  // namespace ringjournal

#endif  // SERVER_DRIVER_STORAGE_EXECUTOR_H_
