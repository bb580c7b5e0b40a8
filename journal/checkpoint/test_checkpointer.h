// A checkpointer with a ring and a disk, for tests.
#ifndef JOURNAL_CHECKPOINT_TEST_CHECKPOINTER_H_
#define JOURNAL_CHECKPOINT_TEST_CHECKPOINTER_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "journal/checkpoint/checkpointer.h"
#include "journal/checkpoint/test_disk.h"
#include "journal/ring/test_ring.h"

namespace ringjournal {

// A checkpointer over a test ring. `Turn` is one batch of the journal.
class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() : t(1 << 20), checkpointer(Options()) {
    t.reusable = Index(UINT64_MAX - 1);
    checkpointer.Start(t.ring.end(), t.State(), SegmentCatalog());
  }
  static constexpr int64_t kMs = 1'000'000;
  static CheckpointerOptions Options() {
    CheckpointerOptions options;
    options.journal = TestRing::Identity().journal;
    options.incarnation = Incarnation(3);
    options.segment_bytes = limits::kSegmentBytesMin;
    options.checkpoint_bytes = 64 * 1024;
    return options;
  }
  void Append(size_t bytes, int times = 1) {
    for (int i = 0; i < times; ++i) {
      if (checkpointer.boundary_due(t.ring, RecordBytes(bytes))) {
        checkpointer.SetBoundary(t.ring, t.State());
      }
      ASSERT_TRUE(t.AppendWithSnapshots(bytes, 1));
    }
  }
  void Turn(bool disk_waiter = false) {
    CheckpointInput input;
    input.now.monotonic_ns = now_ns;
    input.committed = {t.position.next_index.prev(), t.position.next_lsn.prev()};
    input.disk_waiter = disk_waiter;
    input.close = closing;
    checkpointer.Flush(t.ring, input, &ops);
    disk.Take(&ops);
  }
  std::string CompleteOne() {
    Time now;
    now.monotonic_ns = now_ns;
    return checkpointer.Done(disk.CompleteOne(), now);
  }
  // The first segment is open, its description durable.
  void Open() {
    for (int i = 0; i < 6; ++i) {
      Turn();
      while (!disk.pending().empty()) ASSERT_EQ(CompleteOne(), "");
    }
  }
  void Settle() {
    for (int i = 0; i < 40; ++i) {
      now_ns += 20 * kMs;
      Turn();
      while (!disk.pending().empty()) ASSERT_EQ(CompleteOne(), "");
    }
  }

  TestRing t;
  Checkpointer checkpointer;
  TestDisk disk;
  std::vector<StorageOp> ops;
  int64_t now_ns = 1'000 * kMs;
  bool closing = false;
};

}  // namespace ringjournal

#endif  // JOURNAL_CHECKPOINT_TEST_CHECKPOINTER_H_
