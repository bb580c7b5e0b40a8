// One journal: what it is, what became of an append, and the way to write and read it.
#ifndef CLIENT_JOURNAL_H_
#define CLIENT_JOURNAL_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cursor.h"
#include "client/errors.h"
#include "client/journal_info.h"
#include "client/journal_readiness.h"
#include "client/options.h"
#include "client/reader.h"
#include "client/subscription.h"
#include "client/writer.h"
#include "journal/base/types.h"

namespace ringjournal::client {

using Timeout = std::chrono::nanoseconds;
// Stands for ClientOptions::request_timeout_ns.
inline constexpr Timeout kRequestTimeout{-1};

// What Journal::CheckReceipt and Subscribe compare: the last transaction of an acknowledged append.
// Without an index if the receipt has no place (see AppendReceipt). `journal`: JournalInfo::id.
Cursor CursorOf(const JournalId& journal, const AppendReceipt& receipt);

// A handle; copying it is cheap. Immutable: any number of threads may use one. Every request blocks
// the calling thread until it is answered or `timeout` is over, and connects for itself.
//
// Common errors by CodeOf: kJournalNotFound, kDeadline (no answer, and asking again is safe),
// kOutcomeUnknown (a change that must not be repeated was sent and not answered), kBadAddress.
// A request is repeated by itself only where that cannot do its work twice; see each.
class Journal {
 public:
  const std::string& name() const { return name_; }
  const ClientOptions& options() const { return *options_; }
  // The same journal, of which requests try the first of the nodes last.
  Journal FromNextNode() const;
  // Another journal of the same nodes.
  Journal Sibling(std::string name) const { return Journal(options_, std::move(name)); }

  // Repeated until answered.
  absl::StatusOr<JournalInfo> Info(Timeout timeout = kRequestTimeout) const;
  absl::StatusOr<Watermarks> GetWatermarks(Timeout timeout = kRequestTimeout) const;
  // Who would lead if the leader failed now, and what would be lost or stand still. Two questions:
  // of any node, and of the leader, which answers once every copy in sync has confirmed that it
  // leads. Without such an answer within `timeout`, or within what ClientOptions::retry_for_ns
  // allows, it says that nobody leads. Repeated until answered. Errors: no node answers at all.
  absl::StatusOr<JournalReadiness> GetReadiness(Timeout timeout = kRequestTimeout) const;

  // kJournalExists if there is one. Not repeated once sent.
  absl::Status Create(const JournalSettings& settings = {},
                      Timeout timeout = kRequestTimeout) const;
  // OK also if there is one, whatever its settings. Repeated: the second time it finds the first.
  absl::Status CreateIfMissing(const JournalSettings& settings = {},
                               Timeout timeout = kRequestTimeout) const;
  // With everything in it. Not repeated once sent: the name may be another journal's by then.
  absl::Status Remove(Timeout timeout = kRequestTimeout) const;
  // Forgets all transactions below `first_kept`. Repeated: it can only say the same.
  absl::StatusOr<Watermarks> Trim(Lsn first_kept, Timeout timeout = kRequestTimeout) const;
  // Returns once everything appended before the call is on disk. Repeated. kLevelNotOffered for a
  // journal that is memory-only.
  absl::StatusOr<Watermarks> Checkpoint(Timeout timeout = kRequestTimeout) const;

  // What became of a sequence whose outcome is not known (AppendOutcome::first_sequence, or what a
  // program that was restarted had written down). Repeated. kUnknownProducer if no such producer
  // was ever opened on this journal.
  absl::StatusOr<Resolution> Resolve(std::string_view producer, Sequence sequence,
                                     Timeout timeout = kRequestTimeout) const;
  // The same, and makes "not yet" final: sessions of the producer are fenced, also one that is
  // disconnected, and this program's own Writer. kMayHaveBeenLost stays what it is. Not repeated
  // once sent: it could fence a session that was opened since. `writer`: of a fenced journal, the
  // writer epoch that the caller holds; else kFenced.
  absl::StatusOr<Resolution> Settle(std::string_view producer, Sequence sequence,
                                    Timeout timeout = kRequestTimeout,
                                    Epoch writer = Epoch()) const;

  // What the journal has of a producer, however long ago that appended it: a program that was
  // restarted goes on behind last_sequence. Repeated until answered. kUnknownProducer if no such
  // producer was ever opened on this journal.
  absl::StatusOr<ProducerInfo> GetProducer(std::string_view producer,
                                           Timeout timeout = kRequestTimeout) const;
  // All producers whose names begin so. One that is opened meanwhile may be missing. A request for
  // each page, repeated until answered; `timeout` is for all of them.
  absl::StatusOr<std::vector<ProducerInfo>> ListProducers(std::string_view prefix = {},
                                                          Timeout timeout = kRequestTimeout) const;
  // One page, for who does not want all of them at once.
  absl::StatusOr<ProducerPage> GetProducerPage(const ProducerQuery& query,
                                               Timeout timeout = kRequestTimeout) const;

  // Is the journal still the one that `receipt` was given for? A cursor of what was read, or
  // CursorOf an acknowledged append. Answered by a leader that is sure to be one, from memory: an
  // entry that only segments hold cannot be told. Repeated until answered. kBadCursor: the receipt
  // names no entry, or another journal.
  absl::StatusOr<ReceiptCheck> CheckReceipt(const Cursor& receipt,
                                            Timeout timeout = kRequestTimeout) const;

  // Who is the writer of a fenced journal? Repeated until answered.
  absl::StatusOr<WriterInfo> GetWriter(Timeout timeout = kRequestTimeout) const;
  // Becomes its writer; every older one is refused from then on (kFenced). Returns once the fence
  // is committed: open a Writer with WriterOptions::writer then. kWriterHeld: another epoch than
  // the one named is current. Repeated until answered, but by force: kOutcomeUnknown then.
  absl::StatusOr<WriterInfo> AcquireWriter(const WriterClaim& claim,
                                           Timeout timeout = kRequestTimeout) const;

  // Connects, opens the journal as a producer and starts the Writer's thread. See writer.h.
  absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const WriterOptions& options = {}) const;
  // Reads from options.from on; `options.journal` is set here. See subscription.h.
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(const ReaderOptions& options = {}) const;
  // Reads on where the cursor was saved; options.from is ignored. kBadCursor for the cursor of
  // another journal, kBadCursor or kDataLoss if what it had seen is not in the journal any more.
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(const Cursor& cursor,
                                                          const ReaderOptions& options = {}) const;

 private:
  friend class Client;
  Journal(std::shared_ptr<const ClientOptions> options, std::string name);

  std::shared_ptr<const ClientOptions> options_;
  std::string name_;
};

// For Client; see there.
namespace internal {
absl::StatusOr<std::vector<JournalInfo>> ListJournals(const ClientOptions& options,
                                                      Timeout timeout);
absl::Status Ping(const ClientOptions& options, Timeout timeout);
}  // namespace internal

}  // namespace ringjournal::client

#endif  // CLIENT_JOURNAL_H_
