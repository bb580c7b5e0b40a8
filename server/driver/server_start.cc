// The start procedure: lock, config store, a new incarnation, journals, and only then the port.
#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "journal/base/check.h"
#include "server/config/listen_address.h"
#include "server/config_store/local_file.h"
#include "server/driver/data_dir_owner.h"
#include "server/driver/peer_sockets.h"
#include "server/driver/server.h"
#include "server/log/log.h"
#include "server/version.h"

namespace ringjournal {
namespace {

std::string JournalsDir(const ServerOptions& options) { return options.data_dir + "/journals"; }

uint64_t RandomNumber() {
  std::string bytes = io::RandomBytes(8);
  return Load64(bytes.data());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::atomic<bool>& stop) {
  std::unique_ptr<Server> server(new Server(options));
  server->stop_start_ = &stop;
  server->now_ = io::ReadClock();
  RJ_RETURN_IF_ERROR(server->LockDirectories());
  RJ_RETURN_IF_ERROR(server->OpenConfigStore());
  // The port comes first, so that a second server on it does not take an incarnation; nobody is
  // accepted before the loop turns.
  RJ_RETURN_IF_ERROR(server->MakeLoop());
  RJ_RETURN_IF_ERROR(server->RegisterNode());
  RJ_RETURN_IF_ERROR(server->StartJournals());
  RJ_RETURN_IF_ERROR(server->OpenForBusiness());
  return server;
}

absl::Status Server::LockDirectories() {
  RJ_RETURN_IF_ERROR(io::MakeDirectory(options_.data_dir));
  auto says = [this](int64_t holder) {
    LogEvent(LogLevel::kInfo, "waiting_for_lock",
             {{"data_dir", options_.data_dir},
              {"process", holder},
              {"reason", "it has been killed, and the kernel still ends its operations"}});
  };
  absl::StatusOr<io::DirectoryLock> lock = io::DirectoryLock::Acquire(options_.data_dir, says);
  if (!lock.ok()) return lock.status();
  lock_ = *std::move(lock);
  // A killed process's: who waits for the file must not find it before this one serves.
  if (!options_.address_file.empty()) RJ_RETURN_IF_ERROR(io::RemoveFile(options_.address_file));
  absl::StatusOr<BootId> boot = io::ReadBootId();
  if (!boot.ok()) return boot.status();
  boot_ = *boot;
  return io::MakeDirectory(JournalsDir(options_));
}

absl::Status Server::OpenConfigStore() {
  return options_.clustered() ? OpenClusterStore() : OpenLocalFile();
}

absl::Status Server::OpenLocalFile() {
  absl::StatusOr<std::vector<std::string>> journals = io::ListDirectory(JournalsDir(options_));
  if (!journals.ok()) return journals.status();
  LocalFileOptions store_options;
  store_options.create_if_missing = journals->empty();
  store_options.cluster_id = io::RandomBytes(16);
  std::string path = absl::StrCat(options_.data_dir, "/", kConfigFileName);
  absl::StatusOr<std::unique_ptr<LocalFileStore>> store =
      LocalFileStore::Open(NewPosixSlotFile(path), store_options);
  if (!store.ok()) return store.status();
  if (!(*store)->open_note().empty()) {
    LogEvent(LogLevel::kWarn, "config_repaired", {{"note", (*store)->open_note()}});
  }
  store_ = *std::move(store);
  return absl::OkStatus();
}

absl::StatusOr<ConfigCompletion> Server::AskConfigStore(ConfigRequest request) {
  RJ_RETURN_IF_ERROR(store_->Submit(std::move(request)));
  std::vector<ConfigCompletion> completions;
  while (true) {
    store_->Poll(io::ReadClock(), &completions);
    if (!completions.empty()) break;
    store_->Wait(io::ReadClock(), int64_t{limits::kConfigWaitMs} * 1'000'000);
  }
  RJ_CHECK(completions.size() == 1);
  if (completions[0].outcome == ConfigOutcome::kOk) return std::move(completions[0]);
  if (!completions[0].status.ok()) return completions[0].status;
  return absl::UnavailableError(
      absl::StrCat("the config store answered: ", ConfigOutcomeText(completions[0].outcome)));
}

absl::StatusOr<v1::ConfigDocument> Server::ChangeConfig(v1::ConfigDocument next) {
  uint64_t expected = next.version();
  std::string change_id = absl::StrCat(incarnation_.value(), "-", expected);
  absl::StatusOr<ConfigCompletion> done =
      AskConfigStore(ConfigRequest::Cas(0, expected, std::move(next), change_id));
  if (!done.ok()) return done.status();
  return std::move(done->document);
}

absl::Status Server::MakeLoop() {
  io::NetLoop::Options loop_options;
  loop_options.connections_max = options_.sessions_max + 64;  // so that refusals can be told
  // A read goes on when its session's queue is empty: it must hear of every queue that empties,
  // however small it was.
  loop_options.send_low_mark_bytes = 1;
  absl::StatusOr<std::unique_ptr<io::NetLoop>> loop = io::NetLoop::Create(loop_options);
  if (!loop.ok()) return loop.status();
  loop_ = *std::move(loop);
  dialed_ = std::make_unique<DialedConnections>(loop_.get());
  absl::StatusOr<io::Address> bound = Listen(options_.listen, {});
  if (!bound.ok()) return bound.status();
  address_ = bound->ToString();
  if (!options_.clustered()) return absl::OkStatus();
  bound = Listen(options_.peer_listen, PeerSocketOptions());
  if (!bound.ok()) return bound.status();
  peer_address_ = bound->ToString();
  return absl::OkStatus();
}

absl::StatusOr<io::Address> Server::Listen(const ListenAddress& wanted,
                                           const io::SocketOptions& sockets) {
  absl::StatusOr<io::Address> address = io::Address::Parse(ListenAddressText(wanted));
  if (!address.ok()) return address.status();
  // A killed process's listener lives on until the kernel has ended its last operations.
  int64_t give_up_ns = io::MonotonicNs() + int64_t{limits::kListenRetryMs} * 1000 * 1000;
  absl::StatusOr<io::Address> bound = loop_->Listen(*address, sockets);
  while (absl::IsAlreadyExists(bound.status()) && io::MonotonicNs() < give_up_ns) {
    io::Pause(20 * 1000 * 1000);
    bound = loop_->Listen(*address, sockets);
  }
  return bound;
}

absl::Status Server::RegisterNode() {
  if (options_.clustered()) RJ_RETURN_IF_ERROR(OwnDataDir());
  Registration registration{options_.node, address_, io::RandomBytes(16), peer_address_};
  if (!options_.advertise.empty()) registration.address = options_.advertise;
  if (!options_.peer_advertise.empty()) registration.peer_address = options_.peer_advertise;
  registration.empty_disk = !new_owner_.empty();
  const ConfigRequest request = ConfigRequest::Register(0, registration);
  absl::StatusOr<ConfigCompletion> done =
      options_.clustered() ? AskUntilAnswered(request) : AskConfigStore(request);
  if (!done.ok()) return done.status();
  document_ = std::move(done->document);
  incarnation_ = done->incarnation;
  // Only now: one that dies before it is registered says again that its directory is new.
  if (!new_owner_.empty()) {
    const std::string path = absl::StrCat(options_.data_dir, "/", kDataDirOwnerFileName);
    RJ_RETURN_IF_ERROR(io::WriteFileAtomically(path, new_owner_));
  }
  if (options_.clustered()) return absl::OkStatus();
  JournalId cluster;
  RJ_CHECK(JournalId::FromView(document_.cluster_id(), &cluster));
  // Keyed by the data directory's own id, so that a copied or new directory never meets old rings.
  ring_dir_ = absl::StrCat(options_.ring_dir, "/", cluster.ToHex());
  return io::MakeDirectory(ring_dir_);
}

std::unique_ptr<JournalFiles> Server::MakeFiles(const JournalId& id) {
  return std::make_unique<JournalFiles>(id, SegmentFolder(id),
                                        absl::StrCat(ring_dir_, "/", id.ToHex(), ".ring"));
}

std::string Server::SegmentFolder(const JournalId& id) const {
  return absl::StrCat(JournalsDir(options_), "/", id.ToHex());
}

absl::Status Server::StartJournals() {
  ShardOptions shard_options;
  shard_options.node = options_.node;
  shard_options.incarnation = incarnation_;
  shard_options.boot = boot_;
  shard_options.server_version = kServerVersion;
  shard_options.sessions_max = options_.sessions_max;
  shard_options.ring_bytes_total_max = options_.ring_bytes_total_max;
  shard_options.random_seed = RandomNumber();
  shard_options.cluster = options_.clustered();
  shard_options.document = document_;
  shard_ = std::make_unique<Shard>(std::move(shard_options));
  v1::ConfigDocument at_start = document_;
  for (const v1::JournalConfig& config : at_start.journals()) {
    RJ_RETURN_IF_ERROR(options_.clustered() ? LoadOne(config) : StartOne(config));
  }
  shard_->SetDocument(document_);
  NameOrphans(JournalsDir(options_));
  NameOrphans(ring_dir_);
  return absl::OkStatus();
}

// A removal or a creation that a kill cut short leaves files of a journal that the configuration
// does not know. So does a configuration from an old copy: nothing is deleted for that reason.
void Server::NameOrphans(const std::string& folder) const {
  absl::StatusOr<std::vector<std::string>> names = io::ListDirectory(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    JournalId id;
    bool known = !JournalId::FromHex(std::string_view(name).substr(0, 32), &id);
    for (const v1::JournalConfig& config : document_.journals()) known |= config.id() == id.view();
    if (known) continue;
    LogEvent(LogLevel::kWarn, "orphaned_files",
             {{"path", absl::StrCat(folder, "/", name)},
              {"reason",
               "no journal of the configuration has this id: it was removed, or never "
               "came to be"},
              {"next", "remove the path if you do not miss a journal"}});
  }
}

void Server::WarnOfLoss(const v1::JournalConfig& config) {
  if (config.losses().empty()) return;
  const v1::LossReport& loss = config.losses(config.losses_size() - 1);
  LogEvent(LogLevel::kWarn, "data_loss",
           {{"journal", config.name()},
            {"generation", loss.generation()},
            {"first_lsn", loss.first_lsn()},
            {"reason", loss.reason()},
            {"next", "clients are told, and go on once they accept it (--accept-loss)"}});
}

absl::Status Server::StartOne(const v1::JournalConfig& config) {
  JournalId id;
  RJ_CHECK(JournalId::FromView(config.id(), &id));
  std::unique_ptr<JournalFiles> files = MakeFiles(id);
  const JournalStartInput input = StartInput(config);
  auto change = [this](v1::ConfigDocument next) { return ChangeConfig(std::move(next)); };
  absl::StatusOr<JournalStart> start = StartJournal(input, files.get(), change);
  if (!start.ok()) {
    return absl::Status(start.status().code(), absl::StrCat("journal ", config.name(), ": ",
                                                            start.status().message().data()));
  }
  document_ = start->document;
  int64_t took_ms = (io::MonotonicNs() - input.now.monotonic_ns) / 1000000;
  LogEvent(LogLevel::kInfo, "journal_started",
           {{"journal", config.name()},
            {"action", StartActionText(start->action)},
            {"last_lsn", start->replica->marks().end.lsn.value()},
            {"took_ms", took_ms},
            {"found", start->sentence}});
  if (start->action == StartAction::kDiskRecovery) WarnOfLoss(start->config);
  for (const std::string& note : start->notes) {
    LogEvent(LogLevel::kWarn, "journal_note", {{"journal", config.name()}, {"note", note}});
  }
  TakeFiles(shard_->AddJournal(start->config, std::move(start->replica)), id, std::move(files));
  return absl::OkStatus();
}

JournalStartInput Server::StartInput(const v1::JournalConfig& config) const {
  return {config, document_, options_.node, incarnation_, boot_, io::ReadClock()};
}

void Server::TakeFiles(JournalNumber number, const JournalId& id,
                       std::unique_ptr<JournalFiles> files) {
  started_.push_back({number, id});
  files_[std::string(id.view())] = std::move(files);
}

absl::Status Server::OpenForBusiness() {
  worker_ = std::make_unique<io::Worker>([loop = loop_.get()] { loop->Wake(); });
  config_ =
      std::make_unique<ConfigThread>(std::move(store_), [loop = loop_.get()] { loop->Wake(); });
  storage_ = std::make_unique<StorageExecutor>(loop_.get(), worker_.get());
  for (const auto& [number, id] : started_) {
    storage_->Register(number, files_[std::string(id.view())].get());
  }
  if (!options_.address_file.empty()) {
    RJ_RETURN_IF_ERROR(io::WriteFileAtomically(options_.address_file, address_ + "\n"));
  }
  LogEvent(LogLevel::kInfo, "serving",
           {{"address", address_},
            {"peer_address", peer_address_},
            {"node", options_.node},
            {"incarnation", incarnation_.value()},
            {"journals", started_.size()},
            {"version", kServerVersion},
            {"data_dir", options_.data_dir},
            {"ring_dir", ring_dir_}});
  tail_worker_ = std::make_unique<io::Worker>([loop = loop_.get()] { loop->Wake(); });
  ShortenNext();
  return absl::OkStatus();
}

}  // namespace ringjournal
