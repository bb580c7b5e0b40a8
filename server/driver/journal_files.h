// One journal's files: its directory of segments and its ring in shared memory.
#ifndef SERVER_DRIVER_JOURNAL_FILES_H_
#define SERVER_DRIVER_JOURNAL_FILES_H_

#include <optional>
#include <string>
#include <vector>

#include "io/file.h"
#include "io/shared_memory.h"
#include "journal/checkpoint/storage_op.h"
#include "server/start/journal_start.h"

namespace ringjournal {

// Blocking; used by the start procedure, and by the control thread for one operation at a time.
class JournalFiles : public JournalStorage {
 public:
  // `segment_dir` is made if it is missing; `ring_path` is the ring's file.
  JournalFiles(JournalId id, std::string segment_dir, std::string ring_path);

  absl::StatusOr<std::vector<SegmentFile>> ListSegments() override;
  absl::StatusOr<ByteSpan> ReadSegment(const SegmentName& name) override;
  void RemoveSegment(const SegmentName& name) override;
  absl::StatusOr<RingMemory> OpenRing(size_t head_bytes, size_t data_bytes) override;
  absl::StatusOr<RingMemory> CreateRing(size_t head_bytes, size_t data_bytes) override;

  // Carries out an operation other than kWrite and kRead: the answer's result.
  int64_t Execute(const StorageOp& op);
  // Deletes segments, directory and ring. The ring's memory must not be used any more.
  void Discard();

 private:
  std::string PathOf(const std::string& name) const { return segment_dir_ + "/" + name; }
  RingMemory View() const;

  JournalId id_;
  std::string segment_dir_;
  std::string ring_path_;
  std::optional<io::SharedRing> ring_;
  std::optional<io::MappedFile> mapped_;
};

}  // namespace ringjournal

#endif  // SERVER_DRIVER_JOURNAL_FILES_H_
