// The sockets of a FakeJournal: one thread that serves many connections with poll.
#ifndef CLIENT_TESTING_FAKE_SERVER_THREAD_H_
#define CLIENT_TESTING_FAKE_SERVER_THREAD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/testing/fake_log.h"
#include "client/testing/fake_session.h"

namespace ringjournal::client {

// Everything that the thread and the test's knobs share; guarded by the thread's mutex.
struct FakeState {
  explicit FakeState(std::string name) : journals(std::move(name)) {}
  FakeJournals journals;
  FakeLog& log = *journals.main();
  FakeFaults faults;
  FakeCounts counts;
  int64_t delay_ns = 0;
  bool break_connections = false;  // all of them, at the next turn
};

// Start and Stop are for one thread at a time; With may be called from any thread.
class FakeServerThread {
 public:
  explicit FakeServerThread(std::string name);
  ~FakeServerThread() { Stop(); }
  FakeServerThread(const FakeServerThread&) = delete;
  FakeServerThread& operator=(const FakeServerThread&) = delete;

  // Takes the same port each time.
  void Start();
  void Stop();
  const std::string& address() const { return address_; }
  // Runs with the server standing still, and lets it look at what changed.
  void With(const std::function<void(FakeState&)>& use);

 private:
  struct Connection {
    Connection(int socket, FakeState* state)
        : fd(socket), session(&state->journals, &state->faults, &state->counts) {}
    int fd;
    FakeSession session;
    std::deque<std::pair<int64_t, std::string>> held;  // answers, with the time they are due
    std::string out;                                   // due, not taken by the socket yet
    bool ended = false;
  };

  void Run();
  void Accept();
  void Serve(Connection* connection, bool readable, int64_t now_ns);
  void TakeAnswers(Connection* connection, int64_t now_ns);
  void DropEnded();
  int WaitMs(int64_t now_ns) const;

  std::mutex mutex_;
  FakeState state_;
  std::vector<std::unique_ptr<Connection>> connections_;  // of the thread
  std::string address_;
  int port_ = 0;
  int listener_ = -1;
  int wake_ = -1;  // eventfd
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TESTING_FAKE_SERVER_THREAD_H_
