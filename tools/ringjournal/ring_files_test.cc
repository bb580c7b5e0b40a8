#include "tools/ringjournal/ring_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/ring/ring_memory.h"
#include "server/config_store/slot_format.h"

namespace ringjournal::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kCluster[] = "63636363636363636363636363636363";  // sixteen times "c"
constexpr char kJournal[] = "6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a";  // sixteen times "j"
constexpr char kOther[] = "00112233445566778899aabbccddeeff";

// A ring directory and a data directory whose document has one journal.
class Rings : public ::testing::Test {
 protected:
  Rings() {
    folder_ = testing::TempDir() + "/rings-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    std::filesystem::create_directories(data());
    v1::ConfigDocument document;
    document.set_version(1);
    document.set_cluster_id(std::string(16, 'c'));
    v1::JournalConfig* journal = document.add_journals();
    journal->set_id(std::string(16, 'j'));
    journal->set_name("orders");
    journal->set_generation(1);
    journal->set_epoch(1);
    for (v1::ReplicaId* id :
         {journal->mutable_leader(), journal->add_isr(), journal->add_complete()}) {
      id->set_node("node1");
      id->set_incarnation(1);
    }
    journal->add_recovery_set("node1");
    journal->add_members("node1");
    journal->set_min_isr(1);
    journal->set_target_copies(1);
    journal->set_state(v1::JOURNAL_STATE_ACTIVE);
    v1::NodeRegistration* node = document.add_nodes();
    node->set_node("node1");
    node->set_incarnation(1);
    std::ofstream(data() + "/config", std::ios::binary) << EncodeSlotFile(document);
  }
  ~Rings() override { std::filesystem::remove_all(folder_); }

  std::string rings() const { return folder_ + "/rings"; }
  std::string data() const { return folder_ + "/data"; }
  std::string Make(const std::string& cluster, const std::string& journal) {
    const std::string path = rings() + "/" + cluster + "/" + journal + ".ring";
    std::filesystem::create_directories(rings() + "/" + cluster);
    RingIdentity identity = {};
    identity.magic = kRingMagic;
    identity.generation = 3;
    std::ofstream(path, std::ios::binary)
        << std::string(reinterpret_cast<const char*>(&identity), sizeof identity)
        << std::string(8192 - sizeof identity, '\0');
    return path;
  }
  RingFile Only(const std::vector<std::string>& data_dirs) {
    auto found = FindRings(rings(), data_dirs);
    EXPECT_TRUE(found.ok()) << found.status().message();
    if (!found.ok() || found->size() != 1) return {};
    return found->front();
  }

 private:
  std::string folder_;
};

TEST_F(Rings, WithoutADirectoryThereAreNone) { EXPECT_TRUE(FindRings(rings(), {})->empty()); }

TEST_F(Rings, AreNeededOrphanOrUnknownByTheDataDirectoriesNamed) {
  std::string path = Make(kCluster, kJournal);
  RingFile ring = Only({});
  EXPECT_EQ(ring.use, RingUse::kUnknown);
  EXPECT_EQ(ring.path, path);
  EXPECT_EQ(ring.bytes, 8192u);
  EXPECT_EQ(ring.generation, 3u);
  ring = Only({data()});
  EXPECT_EQ(ring.use, RingUse::kNeeded);
  EXPECT_EQ(ring.journal, "orders");
  std::filesystem::remove(path);
  Make(kCluster, kOther);
  EXPECT_EQ(Only({data()}).use, RingUse::kOrphan);
  EXPECT_THAT(Only({data()}).why, HasSubstr("no such journal any more"));
  std::filesystem::remove_all(rings());
  Make(kOther, kJournal);
  EXPECT_EQ(Only({data()}).use, RingUse::kOrphan);
}

TEST_F(Rings, OneThatAProcessHasMappedIsInUseAndIsNotRemoved) {
  const std::string path = Make(kOther, kJournal);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  void* mapped = mmap(nullptr, 8192, PROT_READ, MAP_SHARED, fd, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  close(fd);
  const RingFile ring = Only({data()});
  EXPECT_EQ(ring.use, RingUse::kInUse);
  EXPECT_THAT(ring.why, HasSubstr(std::to_string(getpid())));
  EXPECT_EQ(RemoveRing(ring).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::exists(path));
  munmap(mapped, 8192);
  EXPECT_EQ(Only({data()}).use, RingUse::kOrphan);
}

TEST_F(Rings, OfADataDirectoryWhoseLockIsHeldAreInUse) {
  Make(kCluster, kOther);
  const int fd = open((data() + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(Only({data()}).use, RingUse::kInUse);
  close(fd);
  EXPECT_EQ(Only({data()}).use, RingUse::kOrphan);
}

TEST_F(Rings, RemovingTheLastOneRemovesItsFolderToo) {
  Make(kOther, kJournal);
  Make(kOther, kOther);
  auto found = FindRings(rings(), {data()});
  ASSERT_EQ(found->size(), 2u);
  EXPECT_TRUE(RemoveRing((*found)[0]).ok());
  EXPECT_TRUE(std::filesystem::exists(rings() + "/" + kOther));
  EXPECT_TRUE(RemoveRing((*found)[1]).ok());
  EXPECT_FALSE(std::filesystem::exists(rings() + "/" + kOther));
}

TEST_F(Rings, ADirectoryThatIsNoServersIsRefused) {
  EXPECT_EQ(FindRings(rings(), {testing::TempDir() + "/nowhere"}).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace ringjournal::cli
