#include "server/driver/data_dir_owner.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal {
namespace {

using ::testing::HasSubstr;

DataDirOwner Sample() {
  DataDirOwner owner{{}, "n1", {}};
  owner.cluster.bytes.fill(0x11);
  owner.directory.bytes.fill(0x22);
  return owner;
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(DataDirOwner, IsReadBackAsItWasWritten) {
  absl::StatusOr<DataDirOwner> read = ParseDataDirOwner(DataDirOwnerText(Sample()), "d/owner");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->cluster, Sample().cluster);
  EXPECT_EQ(read->node, "n1");
  EXPECT_EQ(read->directory, Sample().directory);
}

TEST(DataDirOwner, EveryFlippedBitIsDamageAndNothingElse) {
  const std::string text = DataDirOwnerText(Sample());
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const absl::Status status = ParseDataDirOwner(flipped, "d/owner").status();
    // The version's own digit may become another version's.
    const bool damaged = absl::IsDataLoss(status) || absl::IsUnimplemented(status);
    EXPECT_TRUE(damaged) << bit << ": " << status;
    EXPECT_THAT(Message(status), HasSubstr("d/owner"));
  }
}

TEST(DataDirOwner, EveryCutIsDamage) {
  const std::string text = DataDirOwnerText(Sample());
  for (size_t size = 0; size < text.size(); ++size) {
    const absl::Status status = ParseDataDirOwner(text.substr(0, size), "d/owner").status();
    EXPECT_FALSE(status.ok()) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(ParseDataDirOwner(text + "\n", "d/owner").status()));
  EXPECT_TRUE(absl::IsDataLoss(ParseDataDirOwner(std::string(5000, 'x'), "d").status()));
}

TEST(DataDirOwner, ANewerVersionsIsNotTouched) {
  const absl::Status status = ParseDataDirOwner("ringjournal-owner 2\nwhatever\n", "d").status();
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_THAT(Message(status), HasSubstr("newer version"));
}

TEST(DataDirOwner, AnotherClustersOrNodesDirectoryIsRefusedWithWhatToDo) {
  const DataDirOwner owner = Sample();
  EXPECT_TRUE(CheckDataDirOwner(owner, owner.cluster, "n1", "d").ok());
  EXPECT_THAT(Message(CheckDataDirOwner(owner, owner.directory, "n1", "d")), HasSubstr("--etcd"));
  EXPECT_THAT(Message(CheckDataDirOwner(owner, owner.cluster, "n2", "d")), HasSubstr("--node n1"));
}

}  // namespace
}  // namespace ringjournal
