#include "server/config_store/local_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "server/config_store/conformance.h"
#include "server/config_store/memory_slot_file.h"
#include "server/config_store/slot_format.h"

namespace ringjournal {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;
using testing_document::kClusterId;

LocalFileOptions Options() { return {.cluster_id = std::string(kClusterId)}; }

std::string Message(const absl::Status& status) { return std::string(status.message()); }

std::string UniqueDirectory() {
  std::string pattern = ::testing::TempDir();
  pattern.append("/config_XXXXXX");
  RJ_CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::unique_ptr<LocalFileStore> OpenOn(const std::shared_ptr<MemoryDisk>& disk) {
  auto store = LocalFileStore::Open(std::make_unique<MemorySlotFile>(disk), Options());
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? std::move(*store) : nullptr;
}

ConfigCompletion Call(ConfigStore* store, ConfigRequest request) {
  EXPECT_TRUE(store->Submit(std::move(request)).ok());
  std::vector<ConfigCompletion> completions;
  store->Poll(Time(), &completions);
  EXPECT_EQ(completions.size(), 1u);
  return completions.at(0);
}

ConfigRequest StartNumber(int number) {
  return ConfigRequest::Register(1, {.node = "node1",
                                     .address = "a:1",
                                     .nonce = std::string("start").append(std::to_string(number))});
}

// ---- conformance ----

class MemoryHarness : public ConfigStoreHarness {
 public:
  ConfigStore* store() override { return store_.get(); }
  void Restart() override {
    disk_->Crash(disk_->unsynced ? disk_->unsynced->bytes.size() / 2 : 0);
    store_ = OpenOn(disk_);
  }
  Time Advance() override { return Time(); }
  bool MakeNextChangeUnknown() override {
    disk_->fail_at = disk_->operations + 2;  // its first sync
    return true;
  }

 private:
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<LocalFileStore> store_ = OpenOn(disk_);
};

class PosixHarness : public ConfigStoreHarness {
 public:
  PosixHarness() { Restart(); }
  ConfigStore* store() override { return store_.get(); }
  void Restart() override {
    store_.reset();
    auto store = LocalFileStore::Open(NewPosixSlotFile(path_), Options());
    RJ_CHECK(store.ok());
    store_ = std::move(*store);
  }
  Time Advance() override { return Time(); }
  bool MakeNextChangeUnknown() override { return false; }

 private:
  std::string path_ = UniqueDirectory().append("/config");
  std::unique_ptr<LocalFileStore> store_;
};

std::unique_ptr<ConfigStoreHarness> MakeMemoryHarness() {
  return std::make_unique<MemoryHarness>();
}
std::unique_ptr<ConfigStoreHarness> MakePosixHarness() { return std::make_unique<PosixHarness>(); }

INSTANTIATE_TEST_SUITE_P(SimulatedDisk, ConfigStoreConformance,
                         ::testing::Values(MakeMemoryHarness));
INSTANTIATE_TEST_SUITE_P(LocalFile, ConfigStoreConformance, ::testing::Values(MakePosixHarness));

// ---- crashes and failing disks ----

TEST(LocalFileCrash, AtEveryMomentTheOldOrTheNewDocumentIsFoundAndNeverLessThanWasAcknowledged) {
  // Three process starts, each four operations (write, sync, write, sync), plus the creation. Each
  // run loses power at one operation, with the write in flight torn at one place.
  constexpr int kStarts = 3;
  for (uint64_t crash_at = 2; crash_at <= 1 + 4 * kStarts + 1; ++crash_at) {
    for (uint64_t kept : {0u, 1u, 8u, 16u, 39u, 40u, 41u, 60u, 1u << 20}) {
      auto disk = std::make_shared<MemoryDisk>();
      std::unique_ptr<LocalFileStore> store = OpenOn(disk);
      disk->fail_at = crash_at;
      uint64_t acknowledged = 0;
      for (int start = 1; start <= kStarts; ++start) {
        const ConfigCompletion completion = Call(store.get(), StartNumber(start));
        if (completion.outcome != ConfigOutcome::kOk) break;
        acknowledged = completion.incarnation.value();
      }
      disk->Crash(kept);
      store = OpenOn(disk);
      ASSERT_NE(store, nullptr) << "crash at " << crash_at << ", kept " << kept;
      const ConfigCompletion read = Call(store.get(), ConfigRequest::Read(1));
      const v1::NodeRegistration* node = FindNode(read.document, "node1");
      const uint64_t found = node == nullptr ? 0 : node->incarnation();
      EXPECT_TRUE(found == acknowledged || found == acknowledged + 1)
          << "crash at " << crash_at << ", kept " << kept << ": " << found;
      // And it goes on from there, with both slots repaired.
      EXPECT_EQ(Call(store.get(), StartNumber(99)).incarnation, Incarnation(found + 1));
      EXPECT_EQ(OpenOn(disk)->open_note(), "");
    }
  }
}

TEST(LocalFileCrash, DamageToEitherSlotAfterwardsTakesNoAcknowledgedChangeBack) {
  auto disk = std::make_shared<MemoryDisk>();
  ASSERT_EQ(Call(OpenOn(disk).get(), StartNumber(1)).outcome, ConfigOutcome::kOk);
  for (int slot : {0, 1}) {
    auto damaged = std::make_shared<MemoryDisk>(*disk);
    (*damaged->durable)[SlotOffset(slot) + kSlotHeaderBytes + 3] ^= 1;
    std::unique_ptr<LocalFileStore> store = OpenOn(damaged);
    EXPECT_THAT(store->open_note(), HasSubstr(std::string("slot ").append(std::to_string(slot))));
    EXPECT_EQ(Call(store.get(), StartNumber(2)).incarnation, Incarnation(2));
    EXPECT_EQ(OpenOn(damaged)->open_note(), "");
  }
}

TEST(LocalFileFailure, AFailedWriteOrSyncIsUnknownEndsTheStoreAndIsNeverRetried) {
  for (uint64_t operation : {1, 2, 3, 4}) {  // write, sync, write, sync
    auto disk = std::make_shared<MemoryDisk>();
    std::unique_ptr<LocalFileStore> store = OpenOn(disk);
    EXPECT_TRUE(store->health().ok());
    disk->fail_at = disk->operations + operation;
    const uint64_t operations = disk->fail_at;
    const ConfigCompletion failed = Call(store.get(), StartNumber(1));
    EXPECT_EQ(failed.outcome, ConfigOutcome::kUnknown);
    EXPECT_EQ(failed.incarnation, Incarnation(0));
    EXPECT_THAT(Message(failed.status), HasSubstr("injected"));
    EXPECT_EQ(store->health(), failed.status);

    disk->fail_at = 0;  // the disk would "work" again: it must not be asked
    EXPECT_EQ(Call(store.get(), StartNumber(2)).outcome, ConfigOutcome::kRefused);
    EXPECT_EQ(Call(store.get(), ConfigRequest::Read(1)).outcome, ConfigOutcome::kUnknown);
    EXPECT_THAT(Message(Call(store.get(), StartNumber(2)).status),
                HasSubstr("not applied, since the config store failed before: injected"));
    EXPECT_EQ(disk->operations, operations);
  }
}

TEST(LocalFileFailure, AStoreThatCannotBeMadeIsAnErrorAndLeavesNothing) {
  auto disk = std::make_shared<MemoryDisk>();
  disk->fail_at = 1;
  disk->failure = absl::ResourceExhaustedError("No space left on device");
  auto store = LocalFileStore::Open(std::make_unique<MemorySlotFile>(disk), Options());
  EXPECT_EQ(store.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(disk->durable.has_value());
}

// ---- opening ----

TEST(LocalFileOpen, AMissingFileBesideDataIsNotReplacedByAnEmptyStore) {
  auto disk = std::make_shared<MemoryDisk>();
  LocalFileOptions options = Options();
  options.create_if_missing = false;
  auto store = LocalFileStore::Open(std::make_unique<MemorySlotFile>(disk), options);
  EXPECT_EQ(store.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(store.status()), HasSubstr("simulated/config is missing"));
  EXPECT_FALSE(disk->durable.has_value());
}

TEST(LocalFileOpen, ANewerFeatureLevelNeedsANewerVersion) {
  v1::ConfigDocument document = NewDocument(kClusterId);
  document.set_feature_level(kFeatureLevel + 1);
  auto disk = std::make_shared<MemoryDisk>();
  disk->durable = EncodeSlotFile(document);
  auto store = LocalFileStore::Open(std::make_unique<MemorySlotFile>(disk), Options());
  EXPECT_EQ(store.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(store.status()), HasSubstr("needs a newer version"));
}

TEST(LocalFileOpen, ABadClusterIdMakesNoFile) {
  auto disk = std::make_shared<MemoryDisk>();
  auto store =
      LocalFileStore::Open(std::make_unique<MemorySlotFile>(disk), {.cluster_id = "short"});
  EXPECT_FALSE(store.ok());
  EXPECT_FALSE(disk->durable.has_value());
}

// ---- the real file ----

class PosixFile : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<LocalFileStore>> Open() {
    return LocalFileStore::Open(NewPosixSlotFile(path_), Options());
  }
  std::string directory_ = UniqueDirectory();
  std::string path_ = std::string(directory_).append("/config");
};

TEST_F(PosixFile, IsAllocatedWholeAndPrivate) {
  ASSERT_TRUE(Open().ok());
  struct stat status;
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(static_cast<uint64_t>(status.st_size), kSlotFileBytes);
  EXPECT_NE(access(std::string(path_).append(".new").c_str(), F_OK), 0);
}

TEST_F(PosixFile, ALeftoverOfACrashDuringCreationIsReplaced) {
  WriteFile(std::string(path_).append(".new"), "half of it");
  ASSERT_TRUE(Open().ok());
  EXPECT_TRUE(DecideSlots(ReadFile(path_), path_).ok());
}

TEST_F(PosixFile, DamageIsFoundReportedAndRepairedByTheNextChange) {
  ASSERT_EQ(Call(Open()->get(), StartNumber(1)).incarnation, Incarnation(1));
  std::string content = ReadFile(path_);
  content[SlotOffset(0) + 20] ^= 1;
  WriteFile(path_, content);
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT((*store)->open_note(), HasSubstr(path_));
  EXPECT_EQ(Call(store->get(), StartNumber(2)).incarnation, Incarnation(2));
  EXPECT_EQ((*Open())->open_note(), "");
}

TEST_F(PosixFile, AnEmptyOrDamagedFileIsAnErrorAndStaysAsItIs) {
  for (const std::string& content : {std::string(), std::string("garbage")}) {
    WriteFile(path_, content);
    EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(Message(Open().status()), HasSubstr(path_));
    EXPECT_EQ(ReadFile(path_), content);
  }
}

TEST_F(PosixFile, AFileCutShortGrowsAgain) {
  ASSERT_EQ(Call(Open()->get(), StartNumber(1)).incarnation, Incarnation(1));
  ASSERT_EQ(truncate(path_.c_str(), kSlotBytes + 5), 0);
  EXPECT_EQ(Call(Open()->get(), StartNumber(2)).incarnation, Incarnation(2));
  EXPECT_EQ((*Open())->open_note(), "");
}

TEST_F(PosixFile, AMissingDirectoryAndADirectoryInItsPlaceAreErrors) {
  const std::string nowhere = std::string(directory_).append("/nowhere/config");
  const absl::Status missing = LocalFileStore::Open(NewPosixSlotFile(nowhere), Options()).status();
  EXPECT_THAT(Message(missing), HasSubstr("create the data directory"));
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  EXPECT_FALSE(Open().ok());
}

TEST_F(PosixFile, AFifoInItsPlaceIsRefusedWithoutWaiting) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(Message(Open().status()), HasSubstr("not a regular file"));
}

// Runs as a user without privileges where the test is started as root.
class WithoutPrivileges {
 public:
  WithoutPrivileges() : was_root_(geteuid() == 0), dropped_(was_root_ && seteuid(65534) == 0) {}
  ~WithoutPrivileges() {
    if (dropped_) RJ_CHECK(seteuid(0) == 0);
  }
  bool effective() const { return !was_root_ || dropped_; }

 private:
  bool was_root_;
  bool dropped_;
};

TEST_F(PosixFile, AReadOnlyDirectoryOrFileIsAnErrorThatSaysWhatToDo) {
  ASSERT_EQ(chmod(directory_.c_str(), 0555), 0);
  {
    WithoutPrivileges user;
    if (!user.effective()) GTEST_SKIP() << "root cannot become another user here";
    EXPECT_EQ(Open().status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(Message(Open().status()), HasSubstr("permission on the data directory"));
  }
  ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
}

TEST(PosixFileElsewhere, AFileSystemThatTakesNoNewFilesIsAnErrorEvenForRoot) {
  const absl::Status status =
      LocalFileStore::Open(NewPosixSlotFile("/sys/config"), Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(status), ::testing::AnyOf(HasSubstr("permission on the data directory"),
                                                HasSubstr("mount it writable")));
}

TEST_F(PosixFile, AFileThatCannotBeWrittenWholeIsAnErrorAndNothingIsLeft) {
  // A limit on file sizes stands in for a full disk: the write fails half-way.
  ASSERT_NE(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  struct rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const struct rlimit small = {.rlim_cur = 10000, .rlim_max = old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = Open().status();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  EXPECT_THAT(Message(status), HasSubstr("cannot be written"));
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  EXPECT_NE(access(std::string(path_).append(".new").c_str(), F_OK), 0);
  EXPECT_TRUE(Open().ok());
}

}  // namespace
}  // namespace ringjournal
