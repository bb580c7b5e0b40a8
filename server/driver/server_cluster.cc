// What a node of a cluster does that a node alone does not.
#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "journal/base/check.h"
#include "server/config_store/document.h"
#include "server/config_store/local_file.h"
#include "server/driver/cluster_store.h"
#include "server/driver/data_dir_owner.h"
#include "server/driver/peer_sockets.h"
#include "server/driver/server.h"
#include "server/log/log.h"
#include "server/start/replica_load.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
constexpr int64_t kTellWaitingNs = 5000 * kMs;

}  // namespace

absl::Status Server::OpenClusterStore() {
  absl::StatusOr<std::unique_ptr<ConfigStore>> store = MakeClusterStore(options_);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  return absl::OkStatus();
}

// A config store that is away is waited for: appends of the others go on meanwhile, and a node that
// gave up would have to be started by hand.
absl::StatusOr<ConfigCompletion> Server::AskUntilAnswered(const ConfigRequest& request) {
  int64_t tell_at_ns = 0;
  while (true) {
    absl::StatusOr<ConfigCompletion> done = AskConfigStore(request);
    if (done.ok() || !absl::IsUnavailable(done.status())) return done;
    if (*stop_start_) return absl::CancelledError("asked to stop before it could start");
    if (io::MonotonicNs() >= tell_at_ns) {
      tell_at_ns = io::MonotonicNs() + kTellWaitingNs;
      LogEvent(LogLevel::kWarn, "waiting_for_config_store",
               {{"endpoints", options_.etcd.endpoints},
                {"reason", std::string(done.status().message())},
                {"next", "the node joins as soon as etcd answers; check it and --etcd"}});
    }
    io::Pause(int64_t{limits::kRegisterRetryMs} * kMs);
  }
}

// Before the registration: a directory that is not this node's must not take its incarnation.
absl::Status Server::OwnDataDir() {
  absl::StatusOr<ConfigCompletion> read = AskUntilAnswered(ConfigRequest::Read(0));
  if (!read.ok()) return read.status();
  JournalId cluster;
  if (!JournalId::FromView(read->document.cluster_id(), &cluster)) {
    return absl::DataLossError(
        "the cluster's configuration in etcd has no valid cluster id; see "
        "docs/operations.md for a lost config store");
  }
  const std::string path = absl::StrCat(options_.data_dir, "/", kDataDirOwnerFileName);
  DataDirOwner owner{cluster, options_.node, {}};
  absl::StatusOr<std::string> text = io::ReadWholeFile(path);
  if (text.ok()) {
    absl::StatusOr<DataDirOwner> found = ParseDataDirOwner(*text, path);
    if (!found.ok()) return found.status();
    RJ_RETURN_IF_ERROR(CheckDataDirOwner(*found, cluster, options_.node, path));
    owner = *found;
  } else if (absl::IsNotFound(text.status())) {
    RJ_RETURN_IF_ERROR(CheckUnowned());
    RJ_CHECK(JournalId::FromView(io::RandomBytes(16), &owner.directory));
    new_owner_ = DataDirOwnerText(owner);
  } else {
    return text.status();
  }
  ring_dir_ = absl::StrCat(options_.ring_dir, "/", owner.directory.ToHex());
  RJ_RETURN_IF_ERROR(io::MakeDirectory(ring_dir_));
  // A copy of the directory has the same rings.
  absl::StatusOr<io::DirectoryLock> lock = io::DirectoryLock::Acquire(ring_dir_);
  if (!lock.ok()) return lock.status();
  ring_lock_ = *std::move(lock);
  return absl::OkStatus();
}

// Segments whose owner nobody knows are not served, and not deleted.
absl::Status Server::CheckUnowned() const {
  if (io::FileSize(absl::StrCat(options_.data_dir, "/", kConfigFileName)).ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(options_.data_dir,
                     " belongs to a node alone: it holds its configuration. Give this node "
                     "another --data-dir, or start it without --etcd"));
  }
  absl::StatusOr<std::vector<std::string>> journals =
      io::ListDirectory(absl::StrCat(options_.data_dir, "/journals"));
  if (!journals.ok()) return journals.status();
  if (journals->empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(options_.data_dir, " holds segments of ", journals->size(),
                   " journals but no file \"", kDataDirOwnerFileName,
                   "\", so nobody knows whose they are. Restore that file from a copy, "
                   "or move the directory away and start with an empty one"));
}

absl::Status Server::LoadOne(const v1::JournalConfig& config) {
  if (!Names(config.members(), options_.node)) return absl::OkStatus();
  JournalId id;
  RJ_CHECK(JournalId::FromView(config.id(), &id));
  std::unique_ptr<JournalFiles> files = MakeFiles(id);
  const JournalStartInput input = StartInput(config);
  absl::StatusOr<LoadedReplica> loaded = LoadReplica(input, files.get());
  if (!loaded.ok()) {
    return absl::Status(loaded.status().code(), absl::StrCat("journal ", config.name(), ": ",
                                                             loaded.status().message().data()));
  }
  int64_t took_ms = (io::MonotonicNs() - input.now.monotonic_ns) / kMs;
  LogEvent(LogLevel::kInfo, "replica_loaded",
           {{"journal", config.name()},
            {"content", ContentKindText(loaded->content.kind)},
            {"last_lsn", loaded->replica->marks().end.lsn.value()},
            {"took_ms", took_ms},
            {"found", loaded->sentence}});
  for (const std::string& note : loaded->notes) {
    LogEvent(LogLevel::kWarn, "journal_note", {{"journal", config.name()}, {"note", note}});
  }
  const LogOrigin origin = OriginOf(*loaded);
  TakeFiles(shard_->AddReplica(config, std::move(loaded->replica), origin), id, std::move(files));
  return absl::OkStatus();
}

void Server::CarryOutDials() {
  for (const ShardEffects::Dial& dial : effects_.dials) {
    dialed_->Want(dial.connection);
    absl::StatusOr<io::Address> address = io::Address::Parse(dial.address);
    if (address.ok()) {
      dialed_->Dial(dial.connection, address, PeerSocketOptions());
      continue;
    }
    auto resolved = std::make_shared<absl::StatusOr<io::Address>>(address);
    worker_->Submit(
        [resolved, name = dial.address]() -> int64_t {
          *resolved = io::ResolveAddress(name);
          return 0;
        },
        [this, resolved, number = dial.connection](int64_t) {
          dialed_->Dial(number, *resolved, PeerSocketOptions());
        });
  }
}

// Ring and segments stay: the node may become a member again.
void Server::CarryOutReleases() {
  for (const ShardEffects::Release& release : effects_.releases) {
    auto it = files_.find(std::string(release.id.view()));
    if (it == files_.end()) continue;
    storage_->Forget(release.journal);
    std::shared_ptr<JournalFiles> files = std::move(it->second);
    files_.erase(it);
    worker_->Submit([files]() -> int64_t { return 0; }, [](int64_t) {});
  }
}

void Server::LogNotes() {
  for (const std::string& note : effects_.notes) {
    LogEvent(LogLevel::kInfo, "cluster", {{"note", note}});
  }
  effects_.notes.clear();
}

void Server::ClosePeers() {
  dialed_->CloseAll();
  for (uint64_t id : accepted_peers_) loop_->Close(io::ConnectionId::FromU64(id));
}

}  // namespace ringjournal
