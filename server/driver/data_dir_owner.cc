#include "server/driver/data_dir_owner.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"
#include "server/config_store/document_checks.h"

namespace ringjournal {
namespace {

constexpr std::string_view kFirstLine = "ringjournal-owner 1";

std::string Checksum(std::string_view text) {
  return absl::StrCat(absl::Hex(Crc32c(AsBytes(text)), absl::kZeroPad8));
}

absl::Status Damaged(const std::string& path) {
  return absl::DataLossError(absl::StrCat(
      path,
      " is damaged, so nobody can tell which node's segments lie beside it; restore it from "
      "a copy, or move the directory away and start this node with an empty one: the others "
      "send it everything"));
}

// The value of "key value"; empty if the line is another.
std::string ValueOf(const std::string& line, const std::string& key) {
  return line.starts_with(key + " ") ? line.substr(key.size() + 1) : "";
}

}  // namespace

std::string DataDirOwnerText(const DataDirOwner& owner) {
  std::string text =
      absl::StrCat(std::string(kFirstLine), "\ncluster ", owner.cluster.ToHex(), "\nnode ",
                   owner.node, "\ndirectory ", owner.directory.ToHex(), "\n");
  return absl::StrCat(text, "checksum ", Checksum(text), "\n");
}

absl::StatusOr<DataDirOwner> ParseDataDirOwner(std::string_view text, const std::string& path) {
  if (text.size() > limits::kDataDirOwnerBytesMax) return Damaged(path);
  const std::string whole(text);
  std::vector<std::string> lines = absl::StrSplit(whole, '\n');
  const bool ours = lines[0].starts_with("ringjournal-owner ");
  if (ours && lines[0] != kFirstLine) {
    return absl::UnimplementedError(
        absl::StrCat(path, " was written by a newer version: it begins with \"", lines[0],
                     "\"; start that version, nothing here was changed"));
  }
  if (lines.size() != 6 || lines[0] != kFirstLine || !lines[5].empty()) return Damaged(path);
  const size_t sum_at = whole.rfind("checksum ");
  if (ValueOf(lines[4], "checksum") != Checksum(text.substr(0, sum_at))) return Damaged(path);
  DataDirOwner owner;
  owner.node = ValueOf(lines[2], "node");
  const bool parsed = JournalId::FromHex(ValueOf(lines[1], "cluster"), &owner.cluster) &&
                      JournalId::FromHex(ValueOf(lines[3], "directory"), &owner.directory) &&
                      ValidateNodeName(owner.node).ok();
  if (!parsed) return Damaged(path);
  return owner;
}

absl::Status CheckDataDirOwner(const DataDirOwner& owner, const JournalId& cluster,
                               const std::string& node, const std::string& path) {
  if (owner.cluster != cluster) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " says that this directory belongs to cluster ", owner.cluster.ToHex(),
        ", but the config store is cluster ", cluster.ToHex(),
        "'s; check --etcd and --cluster, or give this node another --data-dir. Where the config "
        "store was lost, see docs/operations.md"));
  }
  if (owner.node != node) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " says that this directory belongs to node ", owner.node, ", not to ", node,
        "; start it with --node ", owner.node, ", or give ", node, " another --data-dir"));
  }
  return absl::OkStatus();
}

}  // namespace ringjournal
