// A journal for the tests of programs that use this library: a server in the test's own process.
//
//   FakeJournal fake("orders");
//   auto client = Client::Open(fake.client_options());
//   fake.LoseConnectionAfterApplying();        // the next append is applied, its answer is lost
//   ... run the code under test ...
//   EXPECT_THAT(fake.Payloads(), ElementsAre("one", "two"));
#ifndef CLIENT_TESTING_FAKE_JOURNAL_H_
#define CLIENT_TESTING_FAKE_JOURNAL_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/errors.h"
#include "client/options.h"
#include "client/outcome.h"
#include "journal/base/types.h"

namespace ringjournal::client {

struct FakeJournalCounts {
  uint64_t connections = 0;
  uint64_t appends_received = 0;  // resends included
  uint64_t appends_applied = 0;
  uint64_t requests = 0;  // Info, Trim, Resolve, …
};

// Speaks the real protocol on a free port of the loopback interface, on a thread of its own, so
// that everything of the client runs: sockets, framing, checksums, retries, deadlines. It keeps
// journals in memory (the one that it is made for, and those that clients create beside it, such as
// the side journal of application checkpoints), deduplicates by producer and sequence, fences
// producers and writers, and answers reads with real entries. It keeps nothing on disk, has no
// retention, and of settings it knows `fenced` only. Methods that name no journal are about the one
// that it is made for.
//
// Fault model: each knob acts on the server's side, exactly as written; the counted ones act on the
// next frames that arrive, on any connection. All methods may be called from any thread, at any
// time; they return once the knob is set. At most limits::kFakeJournalConnectionsMax connections;
// more are closed at once.
class FakeJournal {
 public:
  explicit FakeJournal(std::string_view name = "fake");
  ~FakeJournal();
  FakeJournal(const FakeJournal&) = delete;
  FakeJournal& operator=(const FakeJournal&) = delete;

  // "127.0.0.1:PORT"; the same for the life of the object.
  const std::string& address() const;
  // Options for Client::Open that lead here.
  ClientOptions client_options() const;

  // ---- what is in it ----
  // But for what the library writes for itself: WriterRecords.
  std::vector<std::string> Payloads() const;
  Lsn end_lsn() const;
  FakeJournalCounts counts() const;
  // The level that the last append to a journal was asked with; kUnknown: there was none.
  Level LastLevel(std::string_view journal) const;
  // Appends as somebody else would, one entry for all.
  void AddTransactions(const std::vector<std::string>& payloads);
  // Transactions below it are gone.
  void Trim(Lsn first_kept);
  // As `ringjournal journal set --fenced` does it: from now on only who holds the writer epoch
  // (Journal::AcquireWriter) may append. AddTransactions goes on.
  void SetFenced(bool fenced);

  // ---- faults ----
  // The next `count` appends are refused with a server's code (below 1000), such as kTooLarge,
  // kDiskFull or kBackPressure; appends sent behind a refused one are refused with it.
  void RefuseAppends(ErrorCode code, uint32_t count = 1);
  // The next `count` appends arrive, are not applied, and their connection breaks.
  void LoseConnectionBeforeApplying(uint32_t count = 1);
  // The next `count` appends are applied, and their connection breaks before the answer.
  void LoseConnectionAfterApplying(uint32_t count = 1);
  // The next `count` requests that are no appends are carried out, and their connection breaks.
  void LoseAnswerOfRequests(uint32_t count = 1);
  // Requests that are no appends get no answer while it is set.
  void LeaveRequestsUnanswered(bool on);
  // Every answer is held back so long.
  void DelayAnswers(std::chrono::nanoseconds delay);
  // Appends are refused with kBackPressure while it is set; clients then try again by themselves.
  void SetRingFull(bool full);
  // This journal has no leader: opening it is refused with kUnavailable. "": each has one.
  void SetLeaderless(std::string_view journal);
  // As if a newer session of the producer had opened: the present one is fenced.
  void Fence(std::string_view producer);
  // As after a recovery: entries from the one that holds this LSN on are gone, the generation
  // rises, connections break. Who holds a receipt from there on is told; writer epochs end.
  void LoseTransactionsFrom(Lsn first_lost);
  // Removed and created again under its name: empty, another id. Connections break.
  void ReplaceJournal();
  // Removed: opening it fails until it is created.
  void RemoveJournal();
  // Checkpoints happen only when asked for (default), or with every append.
  void SetDurableAtOnce(bool on);
  // The port is closed and connections break; what is kept stays. And again open.
  void StopServing();
  void StartServing();
  // All connections break now.
  void BreakConnections();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TESTING_FAKE_JOURNAL_H_
