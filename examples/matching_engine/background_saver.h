// Application checkpoints on a thread of their own: the engine matches while one is saved.
#ifndef EXAMPLES_MATCHING_ENGINE_BACKGROUND_SAVER_H_
#define EXAMPLES_MATCHING_ENGINE_BACKGROUND_SAVER_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/journal.h"
#include "client/takeover/checkpoints.h"

namespace ringjournal::matching {

// Holds one checkpoint at most. What goes wrong is told on stderr and ends nothing: the checkpoints
// before it still stand, and the next one is a new try. It may outlive the life as a writer that
// gave it a checkpoint: nothing of that is used. One thread calls it, and it has one of its own.
class BackgroundSaver {
 public:
  struct Counts {
    uint64_t saved = 0, failed = 0;
  };

  // `name`: the producer that saves; another one for each process.
  static absl::StatusOr<std::unique_ptr<BackgroundSaver>> Start(const client::Journal& journal,
                                                                const std::string& name);
  // What was given is saved first, if that is soon done. If not, requests are broken off, and an
  // append is waited for until its own timeout (limits::kClientAppendTimeoutMs).
  ~BackgroundSaver();
  BackgroundSaver(const BackgroundSaver&) = delete;
  BackgroundSaver& operator=(const BackgroundSaver&) = delete;

  // One is waiting or being saved: Save does nothing now.
  bool busy() const;
  // Returns at once. `writer`: the writer epoch of who saves; once another one holds it nothing of
  // his is saved, and nothing is trimmed for it.
  void Save(client::ApplicationCheckpoint checkpoint, Epoch writer);
  Counts counts() const;

 private:
  BackgroundSaver(int stop_fd, client::Journal journal, std::string name);

  struct Due {
    client::ApplicationCheckpoint checkpoint;
    Epoch writer;
  };
  void Run();
  absl::Status SaveNow(const Due& due);
  absl::Status Open(const Due& due);
  void Took(const absl::Status& status);

  const int stop_fd_;  // readable: requests end
  const client::Journal journal_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Due> next_;  // under mutex_, until it is saved
  bool stopping_ = false;    // under mutex_
  Counts counts_;            // under mutex_
  // The thread's own: null before the first, and behind an error.
  std::unique_ptr<client::CheckpointSaver> saver_;
  Epoch writer_;  // that saver_ was opened for
  std::thread thread_;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_BACKGROUND_SAVER_H_
