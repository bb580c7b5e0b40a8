// The server without its sockets and files: sessions, journals and what passes between them.
#ifndef SERVER_SESSION_SHARD_H_
#define SERVER_SESSION_SHARD_H_

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "server/cluster/cluster.h"
#include "server/session/effects.h"
#include "server/session/session.h"

namespace ringjournal {

struct ShardOptions {
  std::string node;
  Incarnation incarnation;
  BootId boot = {};
  std::string server_version;
  uint32_t sessions_max = limits::kSessionsMaxDefault;
  uint64_t ring_bytes_total_max = limits::kRingBytesTotalDefault;
  v1::ConfigDocument document;  // as it stood after the start
  uint64_t random_seed = 1;     // for journal ids
  // One of several nodes: journals may have leaders elsewhere, and replicas here that do not lead.
  bool cluster = false;
};

// Step(event, now) -> effects: pure, one thread. The driver feeds it what arrives, then EndOfBatch
// once per turn; nothing is acknowledged, replicated or checkpointed before that. The bytes in
// effects are valid until the next Step.
class Shard {
 public:
  explicit Shard(ShardOptions options);
  ~Shard();

  // A journal that the start procedure has brought back. Its replica has started to lead.
  JournalNumber AddJournal(const v1::JournalConfig& config, std::unique_ptr<Replica> replica);

  // The same on one of several nodes: it does not lead, and what it becomes the document says.
  JournalNumber AddReplica(const v1::JournalConfig& config, std::unique_ptr<Replica> replica,
                           LogOrigin origin);

  // As it stood after the start procedure. Before the first Step.
  void SetDocument(v1::ConfigDocument document) { options_.document = std::move(document); }

  // Appends to *effects, which the caller clears before.
  void Step(const ShardEvent& event, Time now, ShardEffects* effects);

  // When EndOfBatch is due although nothing happens; INT64_MAX: never.
  int64_t deadline_ns() const;
  // After DrainRequested: everything is answered and on disk, and the config document says so.
  bool drained() const { return stop_ == Stop::kDone; }
  // False: nobody is to connect any more. While it stops and hands its journals over, who comes is
  // told their next leaders.
  bool takes_sessions() const { return stop_ <= Stop::kResting; }
  // A reader has more to send at once: do not sleep.
  bool has_more_to_read() const { return more_to_read_; }

  size_t session_count() const { return sessions_.size(); }
  // In the order of their numbers; null where one was removed.
  const std::vector<std::unique_ptr<Journal>>& journals() const { return journals_; }
  const v1::ConfigDocument& document() const { return options_.document; }
  // Null on a node alone.
  const Cluster* cluster() const { return cluster_.get(); }

 private:
  using Taken = FrameIntake::Taken;
  // A change of the config document on its way.
  struct PendingChange {
    enum class Kind { kCreate, kSet, kRemove, kStop } kind = Kind::kCreate;
    ConnectionNumber connection = 0;
    uint64_t request_id = 0;
    std::string name;
    JournalId id;
    v1::JournalSettings settings;
    std::vector<std::string> fields;
    v1::Open open;  // to be carried on with once the journal is there
    bool for_open = false;
    RingMemory memory;
    std::optional<Ring> ring;  // made before the cas
    std::string failure;       // of making the memory
    bool ready = false;        // may be submitted
    bool submitted = false;
  };

  // events
  void OnAccepted(const Accepted& event);
  void OnReceived(const Received& event);
  void OnReceiveEnded(const ReceiveEnded& event);
  void OnSendQueue(const SendQueue& event);
  void OnStorage(const StorageAnswer& event);
  void OnConfig(const ConfigAnswer& event);
  void OnRing(const RingAnswer& event);
  void OnEndOfBatch();
  bool IsDue(const Journal& journal) const;
  void EndJournals();
  void EndCluster();
  void EmitCatchUps();
  void OnDrain();

  // frames (shard.cc)
  void Settle(Session* session, FrameIntake::Outcome outcome, const std::string& complaint);
  Taken OnFrame(Session* session, ByteSpan frame);
  static bool MustTakeReplies(Session* session);
  Taken OnMessage(Session* session, const v1::ClientMessage& message);
  Taken OnHello(Session* session, const v1::Hello& hello);
  void Reply(Session* session, const v1::ServerMessage& message);
  void ReplyError(Session* session, uint64_t request_id, v1::ErrorReply error);
  Taken EndWith(Session* session, v1::ErrorCode code, std::string message);
  void UpdatePause(Session* session);
  Session* FindSession(ConnectionNumber connection);
  void Touch(Session* session);
  void DropSession(ConnectionNumber connection);
  void CheckTimeouts();
  void ReassureOwed();
  void BeginClosing(Session* session);
  static bool Owes(const Session& session);
  void CloseFinished();

  // appending (shard_append.cc)
  Taken OnAppend(Session* session, ByteSpan frame);
  Taken RefuseAppend(Session* session, uint64_t request_id, v1::ErrorReply error);
  Taken AppendMustWait(Session* session, uint64_t request_id);
  void OnResume(Session* session, const v1::Resume& resume);
  bool RetryStalled();
  void SendAcks();
  bool SendAcksOf(Session* session);

  // opening and administration (shard_open.cc, shard_admin.cc)
  Taken OnOpen(Session* session, const v1::Open& open);
  bool OpensWithEpoch(const v1::Open& open, const Journal& journal) const;
  void FinishOpen(Session* session, const v1::Open& open, Journal* journal);
  static bool AccusesItself(const v1::OpenReply& reply, bool early);
  bool ShowsLoss(const v1::Open& open, const Journal& journal, v1::ErrorReply* error) const;
  void OnCreate(Session* session, const v1::JournalCreate& request);
  void OnSet(Session* session, const v1::JournalSet& request);
  void OnRemove(Session* session, const v1::JournalRemove& request);
  void OnTrim(Session* session, const v1::JournalTrim& request);
  void OnCheckpoint(Session* session, const v1::Checkpoint& request);
  void OnStatus(Session* session, const v1::Status& request);
  void OnList(Session* session, const v1::JournalList& request);
  void OnInfo(Session* session, const v1::JournalInfo& request);
  void OnDescribe(Session* session, const v1::Describe& request);
  void AnswerCheckpoints();
  void OnRecover(Session* session, const v1::JournalRecover& request);
  void AnswerRecoveries();
  void AnswerRecovery(Session* session, uint64_t request_id, RecoverResult result);
  Journal* FindJournal(const std::string& name);
  Journal* FindOrRefuse(Session* session, uint64_t request_id, const std::string& name);
  void FillReply(const Journal& journal, v1::JournalReply* reply) const;

  // writers of fenced journals (shard_writers.cc)
  bool OnWriterMessage(Session* session, const v1::ClientMessage& m);
  void OnWriterAcquire(Session* session, const v1::WriterAcquire& request);
  void OnWriterShow(Session* session, const v1::WriterShow& request);
  Journal* OpenedForWriters(Session* session, uint64_t request_id);
  void ReplyAboutWriter(Session* session, uint64_t request_id, const Journal& journal);
  void TellFenced();
  void NoteFence(const Journal& journal, const WriterState& before,
                 const v1::WriterAcquire& request);

  // producers, as somebody asks for them (shard_producers.cc)
  bool OnProducerMessage(Session* session, const v1::ClientMessage& m);
  void OnResolve(Session* session, const v1::Resolve& request);
  void OnProducerList(Session* session, const v1::ProducerList& request);
  Journal* OpenedForProducers(Session* session, uint64_t request_id);
  std::vector<ProducerSlot> OpenProducers(const Journal& journal) const;

  // about the cluster (shard_status.cc)
  static void FillRole(const Journal& journal, v1::JournalStats* stats);
  void FillNodes(v1::StatusReply* reply) const;
  void OnHash(Session* session, const v1::JournalHash& request);

  // one of several nodes (shard_cluster.cc)
  bool ToCluster(const ShardEvent& event);
  void FollowDocument();
  void FollowRole(Journal* journal);
  void WantReplica(const v1::JournalConfig& config, const JournalId& id);
  bool MakeReplica(const RingAnswer& event);
  bool RefuseElsewhere(Session* session, uint64_t request_id, const Journal& journal);
  void ForgetOwed(Session* session);
  void EndSessionsOf(Journal* journal, v1::ErrorCode code, const std::string& why);
  std::vector<std::string> NewMembers() const;
  void ReplyOnceTrue(Session* session, const Journal& journal, Index true_from,
                     v1::ServerMessage message);
  void Defer(Session* session, DeferredReply reply);
  void AnswerDeferred();

  // who leads and who is a member, as somebody asks for it (shard_members.cc)
  // Waits for its journal's PlannedChanges.
  struct PlannedRequest {
    ConnectionNumber connection = 0;
    uint64_t request_id = 0;
    JournalId journal;
  };
  bool OnPlan(Session* session, const v1::ClientMessage& m);
  void OnMoveLeader(Session* session, const v1::JournalMoveLeader& request);
  void OnAddMember(Session* session, const v1::JournalAddMember& request);
  void OnRemoveMember(Session* session, const v1::JournalRemoveMember& request);
  Journal* FindForPlan(Session* session, uint64_t request_id, const std::string& name);
  void TakePlan(Session* session, uint64_t request_id, const Journal& journal,
                const absl::Status& begun);
  void AnswerPlans();
  bool AnswerPlan(const PlannedRequest& request);
  bool WaitsForLeader(Session* session, const Journal& journal);
  bool HoldsAppends(const Journal& journal, v1::ErrorReply* error) const;
  bool RefuseForeign(Session* session, uint64_t request_id, const std::string& name);
  void FillNotLeader(const v1::JournalConfig& config, v1::ErrorReply* error) const;
  void Retire(Journal* journal);
  void HandOverAll();
  void HandOver(Journal* journal, bool is_last_try);
  bool HandsOver() const;
  bool Leaves() const;

  // the end of a journal (shard_tail.cc)
  std::optional<TailWait> NoteTail(const Journal& journal) const;
  bool TailIsCertain(const Journal& journal, const TailWait& tail) const;
  v1::ErrorReply TailIsUncertain(const Journal& journal) const;
  bool MayLeave(const Session& session, DeferredReply* reply) const;
  bool GiveUpOpen(Session* session);
  int64_t TailDeadline() const;
  static int64_t GiveUpAtNs(const Session& session);  // which waits for the answer to an open

  // changes of the config document, one at a time (shard_config.cc)
  void StartCreate(Session* session, PendingChange change);
  void TakeChange(Session* session, PendingChange change);
  void SubmitChange();
  absl::Status EditDocument(v1::ConfigDocument* next, const PendingChange& change) const;
  void ChangeIsDone();
  void ReplyGone(Session* session, const PendingChange& change);
  void OpenWhatAnotherMade();
  bool GoWhereItWasMade();
  // By value: the reason often stands in the change itself, which goes.
  void ChangeFailed(std::string why, v1::ErrorCode code);
  void MakeRing(PendingChange* change) const;
  void StartJournal(PendingChange* change);
  void ApplySet(const PendingChange& change);
  void ApplyRemove(Journal* journal);
  void BuryRemoved();

  // the way down (shard_drain.cc)
  void FollowDrain();
  void FollowHandovers();
  void LeaveAll();
  void DismissSessions();
  void StopJournals();
  bool AllSettled() const;
  void MarkStops(v1::ConfigDocument* next, const std::string& change_id) const;
  uint64_t RingBytesTotal() const;

  // reading (shard_read.cc)
  void OnRead(Session* session, const v1::Read& read);
  void OnLocate(Session* session, const v1::Locate& request);
  enum class Search { kGoesOn, kDone, kEnded };
  void Subscribe(Session* session, std::unique_ptr<Subscription> subscription);
  Search AdvanceSearch(Session* session, Subscription* subscription);
  bool StartReading(Session* session, Subscription* subscription);
  bool StopReading(Session* session, Subscription* subscription);
  void OnReadCredit(Session* session, const v1::ReadCredit& credit);
  void OnReadStop(Session* session, const v1::ReadStop& stop);
  void PumpReaders();
  bool Pump(Session* session, Subscription* subscription);
  void SendRun(Session* session, Subscription* subscription, ByteSpan run);
  void EndRead(Session* session, const Subscription& subscription, const Reader::Turn& turn);
  void EmitOut(Session* session);
  void FlushOut();
  void EmitStorage(Journal* journal);

  ShardOptions options_;
  std::unique_ptr<Cluster> cluster_;
  uint64_t followed_version_ = 0;  // of the document that roles and sessions follow
  std::map<JournalId, v1::JournalConfig> wanted_replicas_;  // their memory has been asked for
  std::set<JournalId> without_room_;  // no memory for their replicas, which was told
  Time now_;
  ShardEffects* effects_ = nullptr;  // of the Step that runs
  // In order: one seed is one run.
  absl::btree_map<ConnectionNumber, std::unique_ptr<Session>> sessions_;
  std::vector<std::unique_ptr<Journal>> journals_;
  std::vector<Session*> with_acks_;  // sessions that wait for acknowledgements
  std::vector<Session*> with_out_;   // sessions with replies of this batch
  std::vector<Session*> stalled_;    // sessions whose receive waits
  std::vector<Session*> readers_;    // sessions with subscriptions
  std::vector<Session*> checkpointers_;
  std::vector<Session*> deferring_;  // sessions with answers that wait for commit
  std::vector<Session*> closing_;
  std::vector<StorageOp> ops_;     // scratch
  std::vector<Session*> scratch_;  // a list that is walked while it changes
  std::deque<PendingChange> changes_;
  // An operator's recovery of the journal is under way, one of each at most.
  struct RecoverWaiter {
    ConnectionNumber connection;
    uint64_t request_id;
    JournalNumber journal;
  };
  std::vector<RecoverWaiter> recover_waiters_;
  std::vector<PlannedRequest> plans_;
  std::vector<JournalNumber> fencing_;  // whose newest fence is not committed yet
  uint64_t change_token_ = 0;
  uint64_t random_state_;
  uint32_t next_reader_token_ = Checkpointer::kTokenEnd;
  bool draining_ = false;
  // Of the journals: led by others where they can; once the last session is gone closed on disk,
  // then marked in the document.
  enum class Stop {
    kNo,
    kHandingOver,      // and out of the in-sync sets of those that others lead
    kResting,          // for who has taken over
    kDismissing,       // clients that are still there
    kHandingOverRest,  // what could not be at first, or was made meanwhile
    kClosing,
    kMarking,
    kDone,
  } stop_ = Stop::kNo;
  bool idle_ones_too_ = false;  // of the journals that it leads, and what it follows
  int64_t dismiss_at_ns_ = 0;   // at the latest
  int64_t rests_until_ns_ = 0;
  bool more_to_read_ = false;
  bool batch_due_ = false;  // frames that had waited were taken behind the end of the batch
  std::vector<std::unique_ptr<Subscription>> finished_;  // ended; effects may point into them
  int64_t next_timeout_check_ns_ = 0;
  int64_t next_reassurance_ns_ = 0;
  int64_t started_ns_ = 0;
  std::vector<std::unique_ptr<Session>> graveyard_;  // dropped during this Step
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_SHARD_H_
