// Where the config document lives: read, changed by compare-and-swap only, and where a process gets
// its incarnation. Implementations: the local file (one node), etcd, the simulator's own. All pass
// conformance.h.
//
//   store->Submit(ConfigRequest::Cas(token, cached.version(), std::move(next), change_id));
//   ...
//   store->Poll(now, &completions);  // each turn; completions carry the tokens
#ifndef SERVER_CONFIG_STORE_CONFIG_STORE_H_
#define SERVER_CONFIG_STORE_CONFIG_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "journal/base/types.h"
#include "proto/config.pb.h"
#include "server/config_store/document_edits.h"

namespace ringjournal {

// One request. `token` is the caller's own and comes back with the completion; it need not be
// unique.
struct ConfigRequest {
  enum class Kind { kRead, kCas, kRegister };

  uint64_t token = 0;
  Kind kind = Kind::kRead;
  // kCas: the whole document that shall stand instead of version `expected_version`. Its own
  // `version` is ignored: the stored one is expected_version + 1. A document that equals the old
  // one is a no-op cas: it proves older requests dead.
  uint64_t expected_version = 0;
  v1::ConfigDocument document;
  // kCas: names the change, so that an implementation can tell a repetition; at most
  // kChangeIdBytesMax bytes. The caller finds its own change again by JournalConfig.change_id.
  std::string change_id;
  // kRegister.
  Registration registration;

  static ConfigRequest Read(uint64_t token);
  static ConfigRequest Cas(uint64_t token, uint64_t expected_version, v1::ConfigDocument document,
                           std::string change_id);
  static ConfigRequest Register(uint64_t token, Registration registration);
};

// What became of a request.
enum class ConfigOutcome {
  // Done. The change is durable in the store and every later read, by anybody, shows it.
  kOk,
  // kCas only: another version stands there, nothing was changed by this attempt. Re-read, look for
  // the own change_id (an earlier attempt may have been applied), decide anew; never re-send.
  kConflict,
  // Never applied and never will be, for a reason in `status`: an invalid document or name, over a
  // limit, or the store had failed before.
  kRefused,
  // Nobody knows: it may have been applied, may be later, or never. Only a read that shows a
  // version
  // above the expected one settles it; an equal version proves nothing (use a no-op cas). For a
  // read: no answer. A registration may be repeated with the same nonce.
  kUnknown,
};
const char* ConfigOutcomeText(ConfigOutcome outcome);

struct ConfigCompletion {
  uint64_t token = 0;
  ConfigRequest::Kind kind = ConfigRequest::Kind::kRead;
  ConfigOutcome outcome = ConfigOutcome::kUnknown;
  // kOk: as it stands after the request. kConflict: the one that was found instead; version 0 if
  // the store did not tell. Otherwise empty.
  v1::ConfigDocument document;
  Incarnation incarnation;  // kRegister with kOk: the caller's
  absl::Status status;      // kRefused, kUnknown: what, why, what to do next
};

// Linearizable: each request takes effect at one moment between Submit and its completion
// (kUnknown: at most once, at any later moment too). Not thread-safe: one thread uses it, the
// control thread. The store owns the requests it was given and copies nothing back but completions.
class ConfigStore {
 public:
  virtual ~ConfigStore() = default;
  ConfigStore(const ConfigStore&) = delete;
  ConfigStore& operator=(const ConfigStore&) = delete;

  // Takes one request; never waits. ResourceExhausted, and the request is dropped, while
  // kConfigRequestsInFlightMax are unanswered.
  virtual absl::Status Submit(ConfigRequest request) = 0;

  // Appends what has completed since the last call, in any order; exactly one completion for each
  // request taken, within a bounded time. The local file does its disk work in here (two writes and
  // two syncs for a change: milliseconds). `now` drives deadlines.
  virtual void Poll(Time now, std::vector<ConfigCompletion>* completions) = 0;

  // Requests taken and not completed: while above 0, Poll is worth calling.
  virtual size_t in_flight() const = 0;

  // Not OK once the store itself is lost for this process (a failed write or sync of the local
  // file, which is never retried). The caller stops acknowledging, says so and exits with the code
  // for a failed disk.
  virtual absl::Status health() const = 0;

  // ---- for a store that works while Poll is not called; the others need none of it ----
  // True: Wait is to be called between two Polls, in flight or not.
  virtual bool asynchronous() const { return false; }
  // Sleeps until Poll is worth calling, Wake is called, or about so much time has passed.
  virtual void Wait(Time now, int64_t at_most_ns) {}
  // Any thread: ends a Wait, the one that runs or the next.
  virtual void Wake() {}
  // True once after somebody may have changed the document: a hint, to read it again.
  virtual bool TakeChanged() { return false; }
  // Once after the store has learned of a change without being asked: the document as it stood
  // then. Later ones may exist, and some may never be told.
  virtual std::optional<v1::ConfigDocument> TakeNews() { return std::nullopt; }

 protected:
  ConfigStore() = default;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_CONFIG_STORE_H_
