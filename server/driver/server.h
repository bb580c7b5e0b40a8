// ringjournald: joins the shard to sockets, files, clocks and the config store.
#ifndef SERVER_DRIVER_SERVER_H_
#define SERVER_DRIVER_SERVER_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "io/file.h"
#include "io/net_loop.h"
#include "io/worker.h"
#include "server/config/options.h"
#include "server/config_store/config_store.h"
#include "server/driver/config_thread.h"
#include "server/driver/dialed_connections.h"
#include "server/driver/journal_files.h"
#include "server/driver/segment_tails.h"
#include "server/driver/storage_executor.h"
#include "server/session/shard.h"

namespace ringjournal {

// Exit codes of ringjournald; docs/operations.md lists them.
inline constexpr int kServerExitOk = 0;
inline constexpr int kServerExitFailure = 1;     // could not start; the log says why
inline constexpr int kServerExitDiskFailed = 4;  // a write or sync failed: start again to recover
inline constexpr int kServerExitReplaced = 5;    // its node was started again elsewhere

// One process. Start, then Run in the same thread until RequestStop; everything it accepted is then
// answered and on disk.
class Server {
 public:
  // `stop` is looked at while the start has to wait for the cluster's config store: Cancelled then.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::atomic<bool>& stop);
  ~Server();

  // Returns an exit code.
  int Run();
  // From a signal handler or another thread.
  void RequestStop();
  // What keeps the loop's sockets open while somebody maps it (io::MemoryHolder::UnmapFirst).
  std::vector<std::span<std::byte>> mappings() const { return loop_->mappings(); }

 private:
  // Listeners of the loop, by the order of Listen.
  enum ListenerNumber : uint64_t { kForClients, kForPeers };

  explicit Server(const ServerOptions& options) : options_(options) {}

  absl::Status LockDirectories();
  absl::Status OpenConfigStore();
  absl::Status OpenLocalFile();
  absl::Status MakeLoop();
  absl::StatusOr<io::Address> Listen(const ListenAddress& wanted, const io::SocketOptions& sockets);
  absl::Status RegisterNode();
  absl::Status StartJournals();
  void NameOrphans(const std::string& folder) const;
  absl::Status StartOne(const v1::JournalConfig& config);
  static void WarnOfLoss(const v1::JournalConfig& config);
  absl::Status OpenForBusiness();
  absl::StatusOr<v1::ConfigDocument> ChangeConfig(v1::ConfigDocument next);
  absl::StatusOr<ConfigCompletion> AskConfigStore(ConfigRequest request);
  std::unique_ptr<JournalFiles> MakeFiles(const JournalId& id);
  std::string SegmentFolder(const JournalId& id) const;
  JournalStartInput StartInput(const v1::JournalConfig& config) const;
  void TakeFiles(JournalNumber number, const JournalId& id, std::unique_ptr<JournalFiles> files);

  // one of several nodes (server_cluster.cc)
  absl::Status OpenClusterStore();
  absl::StatusOr<ConfigCompletion> AskUntilAnswered(const ConfigRequest& request);
  absl::Status OwnDataDir();
  absl::Status CheckUnowned() const;
  absl::Status LoadOne(const v1::JournalConfig& config);
  void CarryOutDials();
  void CarryOutReleases();
  void LogNotes();
  void ClosePeers();

  void Turn();
  void HandleEvent(const io::Event& event);
  void TakeControlResults();
  void CarryOut();
  void CarryOutSends();
  void StopForFatal();
  void CarryOutControl();
  void CarryOutRings();
  void CarryOutDiscards();
  void ShortenNext();  // server_tails.cc
  void ShortenOne();
  io::WaitOptions NextWait();
  void BeginDrain();
  void StopAcceptingClients();
  bool CheckStop();
  void RemoveAddressFile() const;
  void StepShard(const ShardEvent& event);

  ServerOptions options_;
  io::DirectoryLock lock_, ring_lock_;
  std::string ring_dir_;
  std::string new_owner_;  // to be written once the node is registered; empty: it is there
  std::string address_;    // bound
  std::vector<std::pair<JournalNumber, JournalId>> started_;
  BootId boot_ = {};
  const std::atomic<bool>* stop_start_ = nullptr;
  std::string peer_address_;            // bound
  std::unique_ptr<ConfigStore> store_;  // until the loop runs, then config_ has it
  v1::ConfigDocument document_;
  Incarnation incarnation_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<io::NetLoop> loop_;
  std::unique_ptr<io::Worker> worker_;
  // Reads old segments, which may take long and which nothing waits for.
  std::unique_ptr<io::Worker> tail_worker_;
  std::atomic<bool> stop_reading_tails_{false};
  size_t shortened_ = 0;                      // of started_: their segments are listed
  std::vector<OlderSegment> older_segments_;  // of one of them, not read yet
  std::unique_ptr<ConfigThread> config_;
  std::unique_ptr<DialedConnections> dialed_;
  absl::flat_hash_set<uint64_t> accepted_peers_;  // their connections
  std::unique_ptr<StorageExecutor> storage_;
  absl::flat_hash_map<std::string, std::unique_ptr<JournalFiles>> files_;  // by id
  std::vector<RingAnswer> ring_results_;
  std::vector<StorageAnswer> storage_answers_;
  ShardEffects effects_;
  Time now_;
  std::atomic<bool> stop_requested_{false};
  bool stopping_ = false;
  bool stopped_accepting_ = false;  // of clients
  int64_t stop_deadline_ns_ = 0;
  int64_t last_event_ns_ = 0;
  int exit_code_ = kServerExitOk;
  bool done_ = false;
};

}  // namespace ringjournal

#endif  // SERVER_DRIVER_SERVER_H_
