// The entry to the library: which nodes, and from there the journals.
//
//   auto client = Client::Open({.server = "10.0.0.1:7411,10.0.0.2:7411"});
//   client::Journal orders = (*client)->Journal("orders");
//   auto writer = orders.OpenWriter({.producer = "matching-engine-1", .create = true});
//   AppendOutcome outcome = (*writer)->Append("payload", std::chrono::seconds(2));
//   if (outcome.fate == Fate::kApplied) Use(outcome.receipt.first_lsn);
//
// docs/client.md has threads, outcomes and retries in tables.
#ifndef CLIENT_CLIENT_H_
#define CLIENT_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/journal.h"
#include "client/options.h"

namespace ringjournal::client {

// Immutable, so any number of threads may use one Client. It holds no connection: each request of
// Client and Journal makes its own on the calling thread; Writers and Subscriptions keep one each.
// May be destroyed before what was opened from it.
class Client {
 public:
  // Reads the connection string; does not connect, so that a program may start before its server.
  // kBadAddress, with the part that is wrong.
  static absl::StatusOr<std::unique_ptr<Client>> Open(const ClientOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A handle to the journal of that name. Asks nobody: the journal need not exist yet.
  client::Journal Journal(std::string name) const;
  // All journals of the node that answers, by name. Errors as for Journal::Info.
  absl::StatusOr<std::vector<JournalInfo>> ListJournals(Timeout timeout = kRequestTimeout) const;
  // OK once a node has answered: connection, protocol, hello. Else kDeadline or kCannotConnect.
  absl::Status Ping(Timeout timeout = kRequestTimeout) const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CLIENT_H_
