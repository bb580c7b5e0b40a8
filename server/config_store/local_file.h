// The config store of one node without a cluster: a file in its data directory.
#ifndef SERVER_CONFIG_STORE_LOCAL_FILE_H_
#define SERVER_CONFIG_STORE_LOCAL_FILE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config_store/config_store.h"
#include "server/config_store/slot_file.h"

namespace ringjournal {

inline constexpr char kConfigFileName[] = "config";  // within the data directory

struct LocalFileOptions {
  // Make a new, empty store if there is no file. False where the data directory already holds
  // segments: then a missing file is damage.
  bool create_if_missing = true;
  std::string cluster_id;  // 16 random bytes, used only when the file is made
};

// Every change is written to both slots, one after the other, each synced, before its completion: a
// crash at any moment leaves the old document or the new one, and damage to one slot never takes an
// acknowledged change back (an incarnation or epoch given out again would break I1 and I7).
//
// Requests are served in order, inside Poll; kUnknown occurs only when the disk fails, and then
// health() is not OK and everything behind it is refused.
class LocalFileStore : public ConfigStore {
 public:
  // Reads or makes the file. Errors: NotFound (no file and create_if_missing is false), DataLoss
  // (both slots damaged), Unimplemented (written by a newer version), Unavailable and
  // ResourceExhausted (the operating system refuses: no permission, read-only, full disk). Never
  // starts empty over a file that exists.
  static absl::StatusOr<std::unique_ptr<LocalFileStore>> Open(std::unique_ptr<SlotFile> file,
                                                              const LocalFileOptions& options);

  absl::Status Submit(ConfigRequest request) override;
  void Poll(Time now, std::vector<ConfigCompletion>* completions) override;
  size_t in_flight() const override { return queue_.size(); }
  absl::Status health() const override { return health_; }

  // One sentence for the log if Open passed over a damaged slot, else empty.
  const std::string& open_note() const { return open_note_; }

 private:
  explicit LocalFileStore(std::unique_ptr<SlotFile> file) : file_(std::move(file)) {}

  ConfigCompletion Serve(ConfigRequest* request);
  void ServeCas(ConfigRequest* request, ConfigCompletion* completion);
  void ServeRegister(const Registration& registration, ConfigCompletion* completion);
  void Replace(v1::ConfigDocument next, ConfigCompletion* completion);
  absl::Status WriteBothSlots(const v1::ConfigDocument& next);

  std::unique_ptr<SlotFile> file_;
  v1::ConfigDocument document_;  // as it stands in the slot with sequence_
  uint64_t sequence_ = 0;
  absl::Status health_;
  std::string open_note_;
  std::deque<ConfigRequest> queue_;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_LOCAL_FILE_H_
