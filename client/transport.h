// One TCP connection of a client: non-blocking, TCP_NODELAY.
#ifndef CLIENT_TRANSPORT_H_
#define CLIENT_TRANSPORT_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/servers.h"
#include "journal/base/bytes.h"

namespace ringjournal::client {

// A socket that is connecting, connected or closed. Owns the file descriptor. One thread.
class Transport {
 public:
  Transport() = default;
  ~Transport() { Close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Starts to connect; wait until fd() is writable, then call FinishConnect. Resolves the host's
  // name, which may block for a while. kBadAddress or kCannotConnect.
  absl::Status StartConnect(const std::string& address);
  // OK: connected, or the next of the host's addresses is being tried (see connected()).
  absl::Status FinishConnect();
  // Takes a connected stream socket, for tests.
  void Adopt(int fd);
  void Close();

  bool idle() const { return fd_ < 0; }
  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // Bytes taken by the kernel in one writev; 0: it takes none now.
  absl::StatusOr<size_t> Write(std::span<const ByteSpan> spans);
  // Bytes received, into `first` until it is full and then into `behind`; 0: none now.
  // kCannotConnect once the server has closed the connection.
  absl::StatusOr<size_t> Read(std::span<std::byte> first, std::span<std::byte> behind);

 private:
  struct Candidate {
    std::string bytes;  // a sockaddr
    int family;
  };
  absl::Status Resolve(const std::string& address);
  absl::Status TryNext();
  absl::Status CannotConnect(int error) const;

  int fd_ = -1;
  bool connected_ = false;
  std::string address_;
  std::vector<Candidate> candidates_;  // not tried yet, last one first
  int last_error_ = 0;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TRANSPORT_H_
