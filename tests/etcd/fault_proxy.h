// A server between a config store and etcd that does to requests what networks, proxies and dying
// machines do. Fault model: it looks at whole HTTP requests, one a connection; each fault hits the
// requests to one path, from now on or a number of times.
#ifndef TESTS_ETCD_FAULT_PROXY_H_
#define TESTS_ETCD_FAULT_PROXY_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/file_descriptor.h"

namespace ringjournal {

// What becomes of a request.
enum class Fault {
  kNone,
  kCutBefore,    // read whole, etcd never sees it, the connection ends
  kCutAfter,     // etcd answers, the connection ends without the answer
  kCutInside,    // half of the answer, then the end
  kSwallow,      // etcd answers, nobody hears it, the connection stays open
  kSendTwice,    // etcd gets the request twice; the first answer comes back
  kAnswerTwice,  // the answer comes back twice
  kHold,         // etcd gets the request after Release
  kReplace,      // `replacement` comes back; etcd never sees the request
};

class FaultProxy {
 public:
  // In front of 127.0.0.1:`upstream_port`.
  explicit FaultProxy(uint16_t upstream_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  uint16_t port() const { return port_; }
  std::string endpoint() const;

  // The next `times` requests whose path starts with `path` meet the fault.
  void Set(const std::string& path, Fault fault, int times = 1 << 30);
  void SetReplacement(const std::string& whole_answer);
  // Lets go what is held, and what would be held later.
  void Release();
  // Ends all connections that are open, watches before all.
  void CutAll();
  // No connection is accepted from now on: each is refused. Who was accepted is cut. Afterwards
  // Count does not rise any more: what had come in is counted. Nothing may be held.
  void StopForGood();

  // Requests that have come in so far whose path starts with `path`.
  int Count(const std::string& path) const;

 private:
  void Accept();
  void Serve(int client);
  Fault Take(const std::string& path);
  void Treat(Fault fault, int client, const std::string& request);
  // The request at etcd, and its answer; empty if there is none.
  std::string Ask(const std::string& request);
  void Relay(int client, const std::string& request);
  int Connect();
  void AwaitEnd(int client);
  int Keep(int fd);
  void Close(int fd);

  const uint16_t upstream_port_;
  uint16_t port_ = 0;
  io::FileDescriptor listener_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::condition_variable released_changed_, closed_;
  bool released_ = false;
  std::string fault_path_;
  Fault fault_ = Fault::kNone;
  int times_ = 0;
  std::string replacement_;
  std::vector<std::string> seen_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace ringjournal

#endif  // TESTS_ETCD_FAULT_PROXY_H_
