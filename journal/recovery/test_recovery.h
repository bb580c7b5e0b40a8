// For tests: segments on a disk, and what a recovery makes of them.
#ifndef JOURNAL_RECOVERY_TEST_RECOVERY_H_
#define JOURNAL_RECOVERY_TEST_RECOVERY_H_

#include <memory>
#include <string>
#include <vector>

#include "journal/recovery/disk_recovery.h"
#include "journal/segment/test_segment.h"

namespace ringjournal {

// A directory of segments, and what a recovery gave its visitor.
class SegmentDisk : public RecoveryVisitor {
 public:
  // The returned segment is written to the disk by Recover; change its bytes at will until then.
  TestSegment& Open(TestLog* log, SegmentOpener opener) {
    segments.push_back(std::make_unique<TestSegment>(log, opener));
    return *segments.back();
  }
  DiskRecovery Recover(uint64_t replay_bytes = 0) {
    visited.clear();
    starts = 0;
    std::vector<SegmentFile> files;
    for (auto& segment : segments) files.push_back({segment->name, segment->bytes.size()});
    DiskRecoveryOptions options;
    options.journal = TestSegment::Journal();
    options.replay_bytes = replay_bytes;
    return RecoverDisk(
        files,
        [this](size_t i) -> absl::StatusOr<ByteSpan> {
          if (static_cast<int>(i) == unreadable) return absl::DataLossError("input/output error");
          return AsBytes(segments[i]->bytes);
        },
        options, this);
  }
  void OnStart(const v1::StateSnapshot& state) override {
    ++starts;
    start_index = Index(state.next_index());
  }
  void OnEntry(const RecordView& view) override {
    visited.push_back(view.header.index.value());
    bodies += AsView(view.body);
  }
  static void Wipe(TestSegment* segment, size_t group) {
    segment->bytes.replace(segment->groups[group].offset, limits::kBlockBytes, limits::kBlockBytes,
                           '\0');
  }
  // What the visitor must have seen if entries [from, end) were replayed.
  static std::vector<uint64_t> Range(uint64_t from, uint64_t end) {
    std::vector<uint64_t> out;
    for (; from < end; ++from) out.push_back(from);
    return out;
  }

  std::vector<std::unique_ptr<TestSegment>> segments;
  std::vector<uint64_t> visited;
  std::string bodies;
  Index start_index;
  int starts = 0;
  int unreadable = -1;
};

}  // namespace ringjournal

#endif  // JOURNAL_RECOVERY_TEST_RECOVERY_H_
