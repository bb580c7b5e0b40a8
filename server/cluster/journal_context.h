// What the roles of one replicated journal share.
#ifndef SERVER_CLUSTER_JOURNAL_CONTEXT_H_
#define SERVER_CLUSTER_JOURNAL_CONTEXT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "journal/base/mutants.h"
#include "journal/node/replica.h"
#include "journal/replication/epoch_history.h"
#include "server/cluster/catch_up.h"
#include "server/cluster/peer_links.h"

namespace ringjournal {

// Where a replica's entries come from: what they prove when nobody leads (replication.md section
// 7).
struct LogOrigin {
  v1::LogSource source = v1::LOG_SOURCE_NONE;
  // Of a ring: under which its content was acknowledged, and what the latest cas of a recovery
  // named. 0: none.
  Incarnation content, claim;
  Index committed;  // what a ring's process knew to be committed
  // The highest that anything on this disk calls committed; may lie above the log's end.
  Watermark committed_seen;
  bool disk_is_whole = false;  // every entry that was ever on it is there
};

// Owned by the ReplicatedJournal; its parts point to it. One thread.
struct JournalContext {
  explicit JournalContext(const Time* clock) : now(*clock) {}

  const Time& now;  // of the Step that runs: the node's, so that nobody's is behind
  JournalId id;
  NodeLife self;
  Replica* replica = nullptr;
  LogOrigin origin;
  PeerLinks* links = nullptr;
  CatchUpSeats* seats = nullptr;  // the node's
  // The document as this node knows it.
  uint64_t config_version = 0;
  v1::JournalConfig config;
  bool wants_config_read = false;  // a message showed a newer epoch
  bool tells_peers = false;        // that the document has changed
  bool wants_peers = false;        // AddWantedPeers has more to say
  bool leaving = false;            // the process is about to end in order
  std::string fatal;               // the process must stop with this
  std::vector<std::string> notes;  // for the log
  std::vector<StorageOp> storage;  // of catch-ups, for the shard to hand out
  // Catch-ups that are over: the kernel may still write to their buffers, and effects name them.
  struct Ended {
    std::unique_ptr<CatchUp> catch_up;
    uint64_t in_step = 0;
  };
  std::vector<Ended> ended;
  uint32_t tokens = 0;  // given out

  Epoch epoch() const { return {config.generation(), config.epoch()}; }
  const std::string& name() const { return config.name(); }
  template <class... Parts>
  void Note(const Parts&... parts) {
    notes.push_back(absl::StrCat("journal ", config.name(), ": ", parts...));
  }
  // Unique among the journal's pending operations.
  uint32_t NextToken() { return CatchUp::kTokenBase | tokens++; }
  void Bury(std::unique_ptr<CatchUp> catch_up) {
    catch_up->Stop(&storage);
    ended.push_back({std::move(catch_up), links->step()});
  }
  void ClearEnded() {
    std::erase_if(ended, [&](const Ended& e) {
      return !e.catch_up->waits_for_disk() && e.in_step != links->step();
    });
  }
  // What the log calls committed, a recovery may have given up: it is of an older generation.
  bool CommitIsOver() const {
    const bool older = replica->options().epoch.generation < config.generation();
    return older && !Mutated(Mutant::kCommitOutlivesGeneration);
  }
  // Leads, or follows the leader of, the config's epoch from now on.
  void EnterEpoch() {
    if (CommitIsOver()) replica->ForgetCommit();
    replica->set_epoch(epoch(), config_version);
  }
  // Content that is acknowledged from now on, or already is, counts under this incarnation.
  void OwnOrigin() {
    origin.source = v1::LOG_SOURCE_LIVE;
    origin.content = self.incarnation;
    origin.claim = replica->ring().claim_incarnation();
  }
  LogOutline Outline() const {
    return {replica->derived().history(), replica->derived().position().last().index};
  }
};

// The pair that a peer message carries.
template <class Message>
Epoch EpochOf(const Message& message) {
  return {message.generation(), message.epoch()};
}

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_JOURNAL_CONTEXT_H_
