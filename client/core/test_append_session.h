// For tests: an append session and the other end of its connection.
#ifndef CLIENT_CORE_TEST_APPEND_SESSION_H_
#define CLIENT_CORE_TEST_APPEND_SESSION_H_

#include <string>
#include <utility>
#include <vector>

#include "client/core/append_session.h"
#include "client/core/fake_peer.h"
#include "client/transaction_run.h"
#include "gtest/gtest.h"

namespace ringjournal::client {

inline AppendSessionOptions Options() {
  AppendSessionOptions options;
  options.journal = "orders";
  options.producer = "p1";
  options.client_instance = 7;
  options.appends_in_flight_max = 64;
  return options;
}

class AppendSessionTest : public ::testing::Test {
 protected:
  explicit AppendSessionTest(AppendSessionOptions options = Options())
      : session_(std::move(options)), peer_(&session_) {}

  void Append(const std::vector<std::string>& payloads, uint64_t token = 0) {
    TransactionRun run;
    for (const std::string& payload : payloads) run.Add(payload);
    absl::Status status =
        session_.Append({.run = run.bytes(), .count = run.count(), .token = token});
    ASSERT_TRUE(status.ok()) << status;
  }
  void Open() {
    peer_.Connect();
    peer_.Settle();
  }
  std::vector<AppendOutcome> Outcomes() {
    std::vector<AppendOutcome> outcomes;
    AppendOutcome outcome;
    while (session_.NextOutcome(&outcome)) outcomes.push_back(outcome);
    return outcomes;
  }
  // Lets a paused session resume.
  void WaitOut() {
    peer_.AdvanceTime(kSecondNs);
    peer_.Settle();
  }

  AppendSession session_;
  FakePeer peer_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_TEST_APPEND_SESSION_H_
