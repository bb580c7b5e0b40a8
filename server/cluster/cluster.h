// A node among others: its peers, its view of the config document, and the roles of its journals.
#ifndef SERVER_CLUSTER_CLUSTER_H_
#define SERVER_CLUSTER_CLUSTER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/cluster/config_client.h"
#include "server/cluster/replicated_journal.h"

namespace ringjournal {

// Between the shard, which owns the replicas and the clients' sessions, and the replicated
// journals. Pure; one thread. The shard calls BeginStep first and EndStep last in every Step.
class Cluster : private PeerHandler {
 public:
  Cluster(const NodeLife& self, v1::ConfigDocument document);

  // `replica` outlives the cluster's use of it: until Remove.
  ReplicatedJournal* Add(const JournalId& id, Replica* replica, LogOrigin origin);
  void Remove(const JournalId& id);
  ReplicatedJournal* Find(const JournalId& id);

  void BeginStep(Time now, ShardEffects* effects);
  void EndStep();

  // ---- events ----
  void OnAccepted(const PeerAccepted& event) { links_.OnAccepted(event.connection); }
  void OnDialed(const Dialed& event) { links_.OnDialed(event); }
  void OnReceived(const Received& event) { links_.OnReceived(event); }
  void OnEnded(ConnectionNumber connection) { links_.OnEnded(connection); }
  void OnSendQueue(const SendQueue& event) { links_.OnSendQueue(event); }
  bool OwnsConnection(ConnectionNumber connection) const { return links_.Owns(connection); }
  void OnConfigHint(const v1::ConfigDocument& told);
  bool OwnsToken(uint64_t token) const { return config_.Owns(token); }
  void OnConfigAnswer(const ConfigCompletion& done);
  // An operator's recovery of the journal; see ReplicatedJournal. Its result is taken here.
  bool Recover(ReplicatedJournal* journal, RecoverRequest request);
  std::optional<RecoverResult> TakeRecovery(ReplicatedJournal* journal);
  // The shard itself has changed the document.
  void TakeOver(const v1::ConfigDocument& document);

  // Around the replicas' EndOfBatch.
  void BeforeBatch();
  void AfterBatch();
  int64_t deadline_ns() const;

  const v1::ConfigDocument& document() const { return config_.document(); }
  // A change is out, or not settled: the shard's own must wait.
  bool config_busy() const { return config_.busy(); }
  // The shard has one out: the cluster's must wait.
  void set_shard_changes(bool changes) { shard_changes_ = changes; }
  const std::map<JournalId, std::unique_ptr<ReplicatedJournal>>& journals() const {
    return journals_;
  }

 private:
  void OnUp(PeerConnection* peer) override;
  void OnDown(const PeerConnection& peer) override;
  void OnPeerFrame(PeerConnection* peer, const PeerFrame& frame) override;
  void OnConfigVersion(uint64_t version) override { config_.NoteVersion(version); }

  ReplicatedJournal* FindByView(std::string_view id);
  void OnProbe(PeerConnection* peer, const v1::Probe& probe);
  void OnProbeReply(PeerConnection* peer, const v1::ProbeReply& reply);
  void TakeToldDocument(const v1::ConfigDocument& document);
  void SendProbes();
  void TellPeers(const v1::ConfigDocument& document, uint64_t version);
  bool MayPropose() const;
  void ProposeChanges();
  void NewDocument();
  void WantPeers();
  void Collect(ReplicatedJournal* journal);

  NodeLife self_;
  PeerLinks links_;
  ConfigClient config_;
  CatchUpSeats seats_;
  std::map<JournalId, std::unique_ptr<ReplicatedJournal>> journals_;
  std::vector<ReplicatedJournal*> proposers_;  // of the change that is out
  uint64_t seen_version_ = 0;
  bool wants_peers_ = false;  // others than by the newest document
  uint64_t told_version_ = 0;
  uint64_t change_number_ = 0;
  uint64_t probe_number_ = 0;
  int64_t probe_at_ns_ = 0;
  int64_t read_not_before_ns_ = 0;
  int64_t propose_not_before_ns_ = 0;
  bool shard_changes_ = false;
  Time now_;
  ShardEffects* effects_ = nullptr;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_CLUSTER_H_
