// What the core asks of the disk: effects, carried out by the driver, answered by StorageDone.
#ifndef JOURNAL_CHECKPOINT_STORAGE_OP_H_
#define JOURNAL_CHECKPOINT_STORAGE_OP_H_

#include <cstdint>
#include <span>
#include <string>

#include "journal/base/bytes.h"

namespace ringjournal {

// One operation in the storage directory of one journal. Names are plain file names in it. Buffers
// belong to the asker and stay untouched until the answer.
struct StorageOp {
  enum class Kind {
    // Make a file of `size` bytes, allocated, filled with UnusedBlock() and synced: syncing freshly
    // allocated extents would commit metadata at each write. Answer: 0.
    kPrepareSpare,
    // Rename the spare `from` to `name`, sync the directory, open it for direct writes. Answer: a
    // handle, or -errno.
    kOpenSegment,
    // Write `data` at `offset` of `file`; answered once it is durable (RWF_DSYNC).
    kWrite,
    kClose,   // no answer
    kRemove,  // remove `name`. Answer: 0
    // Fill `name` up to `size` bytes with UnusedBlock(), where a start has shortened it, and rename
    // it to the spare name `from`; a description will end its old content. Answer: 0
    kRecycle,
    kOpenRead,  // answer: a handle
    // Into `buffer`, whole blocks from a block on, as direct I/O wants them. Answer: bytes read,
    // less only at the end of the file.
    kRead,
  };
  Kind kind = Kind::kWrite;
  uint32_t token = 0;  // comes back in the answer; unique among a journal's pending operations
  int64_t file = -1;   // handle
  std::string name;
  std::string from;
  uint64_t offset = 0;
  uint64_t size = 0;
  // kOpenRead: past the page cache, so that the loop copies nothing while it submits. For what is
  // read once.
  bool direct = false;
  ByteSpan data;
  std::span<std::byte> buffer;
};

struct StorageDone {
  uint32_t token = 0;
  int64_t result = 0;  // see StorageOp::Kind; -errno on failure
};

}  // namespace ringjournal

#endif  // JOURNAL_CHECKPOINT_STORAGE_OP_H_
