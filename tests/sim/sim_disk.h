// A simulated disk with the segment files of all journals.
#ifndef TESTS_SIM_SIM_DISK_H_
#define TESTS_SIM_SIM_DISK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "journal/base/types.h"
#include "journal/checkpoint/storage_op.h"
#include "journal/recovery/disk_recovery.h"
#include "tests/sim/random.h"

namespace ringjournal::sim {

// Fault model. Operations wait and complete in any order. A completed write is durable. At the end
// of a process each write that has not completed is lost, whole, or torn: any subset of its
// 4096-byte blocks has arrived, in the page cache only; a rename or removal has happened or not.
// When the machine is lost too, blocks that were never synced may go back to what they were. What
// the start procedure reads is synced first, as JournalStorage demands. While the disk is full,
// new files (and some renames and writes) fail with ENOSPC; a write may be told to fail with EIO.
class SimDisk {
 public:
  explicit SimDisk(Random* random) : random_(random) {}

  // ---- the driver's side ----
  void Submit(const JournalId& id, uint32_t journal, const StorageOp& op);
  struct Answer {
    uint32_t journal = 0;
    StorageDone done;
  };
  // Completes one waiting operation, chosen at random; nullopt if none has an answer ready.
  std::optional<Answer> CompleteOne();
  bool has_pending() const { return !pending_.empty(); }

  // ---- the start procedure's side ----
  std::vector<SegmentFile> ListSegments(const JournalId& id);
  absl::StatusOr<ByteSpan> ReadSegment(const SegmentName& name);
  void RemoveSegment(const SegmentName& name);
  void RemoveJournal(const JournalId& id);

  // ---- faults ----
  void EndProcess();
  void LoseUnsynced();
  void set_full(bool full) { full_ = full; }
  bool full() const { return full_; }
  void FailNextWrite() { fail_next_write_ = true; }
  // No write fails any more that was to.
  void FailNoWrite() { fail_next_write_ = false; }
  // Flips a byte that was synced, in a group of a segment of the journal. False: there is none.
  bool DamageSynced(const JournalId& id);
  // MUTANT: writes are answered at once and land when they like.
  void set_answers_before_durable(bool on) { answers_before_durable_ = on; }

  // Highest "committed" LSN that any completed group write of the journal says.
  uint64_t durable_commit_lsn(const JournalId& id) const;
  // A recovery cut the journal: what was said of LSNs above is about others now.
  void ForgetCommitAbove(const JournalId& id, uint64_t lsn);
  size_t file_count() const { return files_.size(); }

 private:
  struct File {
    std::string bytes;
    std::map<uint64_t, std::string> unsynced;  // block -> what is durable there
  };
  using FilePointer = std::shared_ptr<File>;
  struct Pending {
    JournalId id;
    uint32_t journal = 0;
    StorageOp op;
    std::string data;
    bool answered = false;
  };
  static std::string PathOf(const JournalId& id, const std::string& name) {
    return id.ToHex() + "/" + name;
  }
  int64_t Perform(Pending* p);
  int64_t PrepareSpare(const Pending& p);
  int64_t Rename(const JournalId& id, const std::string& from, const std::string& to);
  int64_t OpenFile(const std::string& path);
  int64_t Write(const Pending& p);
  int64_t Read(Pending* p);
  void LandTorn(const Pending& p);
  void NoteCommit(const Pending& p);

  Random* random_;
  std::map<std::string, FilePointer> files_;
  std::map<int64_t, FilePointer> handles_;
  int64_t next_handle_ = 1;
  std::vector<Pending> pending_;
  std::map<JournalId, uint64_t> commit_lsn_;
  bool full_ = false;
  bool fail_next_write_ = false;
  bool answers_before_durable_ = false;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_SIM_DISK_H_
