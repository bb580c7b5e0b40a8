// The changes of the config document, as pure functions: each applies one rule of docs/replication
// and stays usable inside any retry loop (read, edit a copy, compare-and-swap, on conflict again).
//
//   v1::ConfigDocument next = cached;
//   absl::Status edited = LeadNew(&next, claim);
//   if (edited.ok()) store->Submit(CasRequest(token, cached.version(), next, change_id));
//
// On an error the document is unchanged and the status says what, why and what to do next:
// InvalidArgument (the request can never work), NotFound, AlreadyExists, ResourceExhausted (a
// limit), FailedPrecondition (the rule forbids it now: re-read and decide anew).
// Edits leave `version` alone: the store raises it. Edits of one cas may follow one another.
#ifndef SERVER_CONFIG_STORE_DOCUMENT_EDITS_H_
#define SERVER_CONFIG_STORE_DOCUMENT_EDITS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "journal/base/types.h"
#include "proto/config.pb.h"

namespace ringjournal {

// Of this version of the software: it does not touch a document of a higher one.
inline constexpr uint32_t kFeatureLevel = 1;

// An empty document (version 1) of a new cluster.
v1::ConfigDocument NewDocument(std::string_view cluster_id);

// A process that starts.
struct Registration {
  std::string node;
  std::string address;            // where clients find it, "host:port"
  std::string nonce;              // 1..kChangeIdBytesMax random bytes, new for every process start
  std::string peer_address = {};  // where the other nodes find it; empty: the same
  uint32_t feature_level = kFeatureLevel;  // the highest that its program knows
  // Its data directory is new: it has nothing of what the document may say that it holds.
  bool empty_disk = false;
};

// "Process start": gives the node its next incarnation and in the same change removes every
// (node, *) from all isrs and clears the leader where the node led. `complete` and recovery_set
// stay: its memory may hold what nobody else does (decision 0015). With the nonce that is
// already registered nothing changes and the incarnation is returned again: it is the same process
// asking twice. Refused with FailedPrecondition where the node knows less than the document's
// feature level: it would not understand what the others write. The same change raises that level
// to what every registered node knows. With an empty disk it becomes a learner of all journals that
// have been led: what was acknowledged as on its disk is not there, and while it gets it again a
// recovery must not take what it has for a whole log.
absl::StatusOr<Incarnation> RegisterNode(v1::ConfigDocument* document,
                                         const Registration& registration);

// Which journal is to be created; zeros stand for the defaults that are named.
struct JournalSpec {
  JournalId id;  // random, from the caller
  std::string name;
  std::vector<std::string> members;  // registered nodes
  v1::JournalSettings settings;
  uint32_t min_isr = 0;        // 0: 1
  uint32_t target_copies = 0;  // 0: min(2, members)
  std::string change_id;
};

// Adds a journal in generation 1, epoch 0: LEADERLESS, and nobody has ever led it.
absl::Status CreateJournal(v1::ConfigDocument* document, const JournalSpec& spec);

// Takes the journal out of the document. Rings and segments with this id are garbage afterwards: a
// journal created later under the same name has another id.
absl::Status RemoveJournal(v1::ConfigDocument* document, const JournalId& id);

// New values for some of a journal's settings.
struct SettingsChange {
  JournalId id;
  v1::JournalSettings settings;
  std::vector<std::string> fields;  // names of the settings to take over from `settings`
  std::string change_id;
};
absl::Status SetJournal(v1::ConfigDocument* document, const SettingsChange& change);

// Who wants to lead which journal.
struct Claim {
  JournalId journal;
  std::string node;
  Incarnation incarnation;  // must be the registered one (I7)
  std::string change_id;
};

// The first leader of a journal in epoch 0, which holds no entry: epoch 1, isr = complete =
// {claimant}, recovery_set = {its node}.
absl::Status LeadNew(v1::ConfigDocument* document, const Claim& claim);

// What the control page of an intact ring says. 0: none.
struct RingIncarnations {
  Incarnation content;  // content_inc: under which its content was acknowledged
  Incarnation claim;    // claim_inc: which the last cas of a memory recovery named
};

// "No leader, memory": epoch+1, leader = claimant, isr = complete = {claimant}, recovery_set = {its
// node}; same generation, so nothing acknowledged at `replicated` or above was lost. The claimant's
// ring must count for `complete`: as (node, content_inc) or as (node, claim_inc). Allowed also
// where the isr is not empty, as its members may not come back. That the ring is intact and the
// greatest of all in `complete`, and that the wait for the others, isr members before all, was long
// enough, is for the caller to know.
absl::Status LeadAfterMemoryRecovery(v1::ConfigDocument* document, const Claim& claim,
                                     const RingIncarnations& ring);

// "Result R" after a recovery from disks: generation+1, epoch+1, writer floor (new generation, 0),
// `report` stored with the new generation filled in (and its reason cut to kLossReasonBytesMax);
// leader, isr, `complete` and recovery_set as above. The commit hint falls to R-1 if it lay above.
// Refused: a report with an unknown verdict, with known_committed_lsn at or below the hint (what
// was certainly committed is certainly known), or CERTAIN without a range.
// The wait for all of recovery_set and n-q+1 members is the caller's.
absl::Status LeadAfterDiskRecovery(v1::ConfigDocument* document, const Claim& claim,
                                   const v1::LossReport& report);

// The last entry of a log and of its disk copy.
struct StoppedLog {
  Index index;
  Lsn lsn;
  uint64_t chain = 0;
};

// The leader has stopped in order: nothing more will be appended, and everything is on its disk,
// closing group included. Raises the commit hint too. The next leader's start takes the mark away.
absl::Status MarkOrderlyStop(v1::ConfigDocument* document, const Claim& leader,
                             const StoppedLog& end);
// True if the journal was stopped in order on that node and nobody has led it since.
bool StoppedAt(const v1::JournalConfig& journal, std::string_view node, const StoppedLog& end);
// A start from a disk whose log ends where the leader stopped in order: epoch+1, same generation,
// since nothing was lost; leader, isr, `complete` and recovery_set as above.
absl::Status LeadAfterOrderlyStop(v1::ConfigDocument* document, const Claim& claim,
                                  const StoppedLog& found);

// "Committed for certain" as of now, by the leader of the journal: bounds what a loss report must
// call possible. Never goes back.
absl::Status SetCommitHint(v1::ConfigDocument* document, const Claim& leader, Watermark committed);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_DOCUMENT_EDITS_H_
