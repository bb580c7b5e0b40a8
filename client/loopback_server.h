// For tests: a FakeServer behind a real socket on a free port of the loopback interface.
#ifndef CLIENT_LOOPBACK_SERVER_H_
#define CLIENT_LOOPBACK_SERVER_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "client/core/fake_server.h"

namespace ringjournal::client {

// Serves one connection at a time on a thread of its own. Stopping closes the port; starting again
// takes the same one and keeps the journal.
class LoopbackServer {
 public:
  LoopbackServer();
  ~LoopbackServer() { Stop(); }

  void Start();
  void Stop();
  const std::string& address() const { return address_; }
  // Runs with the server standing still.
  void With(const std::function<void(FakeServer&)>& use);
  // Every so many appends the connection is cut before the answer; 0: never.
  std::atomic<int> cut_every = 0;

 private:
  void Run();
  void Serve(int fd);
  bool SendAll(int fd);
  bool MustCut();

  std::mutex mutex_;
  FakeServer server_;
  std::string address_;
  int port_ = 0;
  int listener_ = -1;
  int stop_pipe_[2] = {-1, -1};
  size_t appends_at_cut_ = 0;
  std::thread thread_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_LOOPBACK_SERVER_H_
