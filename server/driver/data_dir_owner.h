// Whose a data directory is: which node of which cluster wrote it.
#ifndef SERVER_DRIVER_DATA_DIR_OWNER_H_
#define SERVER_DRIVER_DATA_DIR_OWNER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "journal/base/types.h"

namespace ringjournal {

inline constexpr char kDataDirOwnerFileName[] = "owner";  // within the data directory

// A node of a cluster keeps it beside its segments, so that a directory is never served under
// another name or to another cluster, where its entries would be foreign ones.
struct DataDirOwner {
  JournalId cluster;  // the config document's cluster_id
  std::string node;
  JournalId directory;  // random, made with the directory: its rings lie under this name
};

// "key value" lines, the last one a checksum.
std::string DataDirOwnerText(const DataDirOwner& owner);
// DataLoss, saying what to do, for text that is damaged; Unimplemented for a newer version's.
absl::StatusOr<DataDirOwner> ParseDataDirOwner(std::string_view text, const std::string& path);

// OK, or FailedPrecondition: the directory is another node's or another cluster's.
absl::Status CheckDataDirOwner(const DataDirOwner& owner, const JournalId& cluster,
                               const std::string& node, const std::string& path);

}  // namespace ringjournal

#endif  // SERVER_DRIVER_DATA_DIR_OWNER_H_
