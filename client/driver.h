// Runs one session over one connection: the only place of the client that waits.
#ifndef CLIENT_DRIVER_H_
#define CLIENT_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/core/node_choice.h"
#include "client/core/session.h"
#include "client/options.h"
#include "client/transport.h"

namespace ringjournal::client {

// Blocking and single-threaded: everything happens inside Turn, on the caller's thread. Does not
// own the session, which must outlive it.
class Driver {
 public:
  Driver(Session* session, const ClientOptions& options);

  // Nanoseconds of CLOCK_BOOTTIME: the clock of all sessions.
  static int64_t NowNs();
  // A seed for a session's jitter, different in each process.
  static uint64_t Seed();
  static SessionOptions SessionOptionsFrom(const ClientOptions& options);

  // One turn: sends what there is, waits until bytes arrive, `until_ns` passes, a timer of the
  // session is due or one of `also` is readable, and hands over what arrived. Returns whether
  // `also` was readable: bit i for also[i].
  uint32_t Turn(int64_t until_ns, std::span<const int> also = {});
  // Sends what there is, waits for nothing.
  void Flush();
  // True while the interrupt descriptor is readable, as of the last Turn.
  bool interrupted() const { return interrupted_; }
  void ClearInterrupted() { interrupted_ = false; }
  // Closes the connection without a word; the session hears nothing.
  void Close() { transport_.Close(); }
  // Uses a connected socket instead of making one, for tests.
  void AdoptForTest(int fd) { adopted_fd_ = fd; }

 private:
  void Manage(int64_t now_ns);
  void StartConnect(int64_t now_ns);
  const std::string& server() const { return nodes_.current(); }
  void FinishConnect(int64_t now_ns);
  void Lost(const absl::Status& why, int64_t now_ns);
  uint32_t Wait(int64_t until_ns, std::span<const int> also, bool* socket_ready);
  bool Receive();
  void Notice(int64_t now_ns);
  int64_t NoticeAtNs() const;

  Session* session_;
  ClientOptions options_;
  Transport transport_;
  int adopted_fd_ = -1;
  bool blocked_ = false;  // the kernel takes no more bytes now
  bool interrupted_ = false;
  int64_t connect_deadline_ns_ = kNeverNs;
  bool in_trouble_ = false;  // on_notice was told so
  absl::StatusOr<std::vector<std::string>> servers_;
  NodeChoice nodes_;  // of servers_, if they are well written
  std::vector<std::byte> buffer_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_DRIVER_H_
