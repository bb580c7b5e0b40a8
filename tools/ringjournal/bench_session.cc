#include "tools/ringjournal/bench_session.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/format/frame.h"
#include "proto/client.pb.h"

namespace ringjournal::bench {
namespace {

absl::Status Lost(const char* what, int error) {
  return absl::UnavailableError(absl::StrCat(
      "cannot ", what, ": ", error == 0 ? "the server closed the connection" : strerror(error),
      "; is ringjournald running there?"));
}

absl::Status SendWhole(int fd, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    ssize_t n = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Lost("send to the server", errno);
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::Status ReceiveWhole(int fd, char* out, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t n = recv(fd, out + done, bytes - done, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Lost("receive from the server", n == 0 ? 0 : errno);
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

// Sends one message and waits for its answer; what is not one (heartbeats) is skipped.
absl::StatusOr<v1::ServerMessage> Exchange(int fd, const v1::ClientMessage& request,
                                           const std::string& before = "") {
  std::string bytes = before;
  AppendFrame(request.SerializeAsString(), &bytes);
  if (absl::Status s = SendWhole(fd, bytes); !s.ok()) return s;
  v1::ServerMessage reply;
  do {
    uint32_t length = 0;
    if (absl::Status s = ReceiveWhole(fd, reinterpret_cast<char*>(&length), 4); !s.ok()) return s;
    if (length > limits::kFrameBytesMax) {
      return absl::FailedPreconditionError("the server's answer is no frame; is it ringjournald?");
    }
    std::string body(length, '\0');
    if (absl::Status s = ReceiveWhole(fd, body.data(), length); !s.ok()) return s;
    if (!reply.ParseFromString(body)) {
      return absl::FailedPreconditionError("the server's answer does not parse; check its version");
    }
  } while (reply.has_heartbeat());
  if (!reply.has_error()) return reply;
  return absl::FailedPreconditionError(
      absl::StrCat("the server refused: ", reply.error().message()));
}

}  // namespace

absl::StatusOr<io::FileDescriptor> ConnectSocket(const io::Address& address) {
  absl::StatusOr<io::FileDescriptor> fd = io::OpenSocket(address, io::SocketOptions());
  if (!fd.ok()) return fd.status();
  int result;
  do {
    result = connect(fd->get(), address.raw(), address.raw_bytes());
  } while (result != 0 && errno == EINTR);
  if (result != 0) return Lost("connect", errno);
  return fd;
}

absl::StatusOr<AppendSession> OpenAppendSession(const io::Address& address,
                                                const std::string& journal,
                                                const std::string& producer) {
  absl::StatusOr<io::FileDescriptor> fd = ConnectSocket(address);
  if (!fd.ok()) return fd.status();
  v1::ClientMessage hello;
  hello.mutable_hello()->set_protocol_min(1);
  hello.mutable_hello()->set_protocol_max(1);
  hello.mutable_hello()->set_client_name("ringjournal bench");
  auto said = Exchange(fd->get(), hello, std::string(kPreface));
  if (!said.ok()) return said.status();
  v1::ClientMessage open;
  open.mutable_open()->set_request_id(1);
  open.mutable_open()->set_journal(journal);
  open.mutable_open()->set_producer(producer);
  auto opened = Exchange(fd->get(), open);
  if (!opened.ok()) return opened.status();
  const v1::OpenReply& reply = opened->open_reply();
  if (reply.last_sequence() != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("producer ", producer, " has appended before; the load numbers from 1"));
  }
  return AppendSession{*std::move(fd), reply.watermarks().end().lsn()};
}

}  // namespace ringjournal::bench
