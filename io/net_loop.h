// The event loop: sockets, files and wake-ups over one io_uring, in one thread.
//
//   auto loop = *NetLoop::Create({});
//   Address bound = *loop->Listen(*Address::Parse("127.0.0.1:0"));
//   for (;;) {
//     for (const Event& event : loop->Turn({.timeout_ns = 100'000'000})) {
//       if (event.kind == Event::Kind::kReceived) loop->Send(event.connection, event.bytes);
//       if (event.kind == Event::Kind::kReceiveEnded) loop->CloseAfterFlush(event.connection);
//     }
//   }
#ifndef IO_NET_LOOP_H_
#define IO_NET_LOOP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "io/acceptor.h"
#include "io/buffer_group.h"
#include "io/connection.h"
#include "io/event.h"
#include "io/fifo.h"
#include "io/file_ops.h"
#include "io/op_queue.h"
#include "io/socket.h"
#include "io/uring.h"
#include "journal/base/limits.h"

namespace ringjournal::io {

// It returns events and calls nobody back. Create may run in any thread; the thread of the first
// Turn owns the loop from then on. Every method belongs to that thread, but Wake. It should also be
// destroyed there (or after that thread has ended): the destructor ends every operation and waits
// for the last of them.
//
// No allocation per received chunk, per send that the socket takes at once, or per file operation,
// once the pools are warm.
class NetLoop {
 public:
  struct Options {
    uint32_t connections_max = limits::kSessionsMaxDefault;
    SocketOptions sockets;
    uint64_t send_low_mark_bytes = limits::kSendLowMarkBytes;
    // A connection whose peer leaves more unsent is broken with -ENOBUFS.
    uint64_t send_queue_bytes_max = limits::kSendQueueBytesMax;
    uint32_t linger_ms = limits::kLingerMs;
    // Test hooks: tiny queues and groups, hidden features. Queues of 0 entries: sized for
    // connections_max.
    Uring::Options ring = {.sq_entries = 0, .cq_entries = 0};
    BufferGroup::Options buffers;
    bool allow_receive_limit = true;
  };

  // Counters since creation, but `connections`.
  struct Stats {
    uint32_t connections = 0;  // now, closing ones too
    uint64_t accepted = 0;
    uint64_t refused = 0;        // closed at once: connections_max was reached
    uint64_t accept_pauses = 0;  // descriptors ran out
    uint64_t starved = 0;        // receives that found no buffer
    uint64_t queued_sends = 0;   // sends that the socket did not take at once
    uint64_t overflows = 0;      // turns that found completions in the kernel's overflow list
    uint64_t operations_in_flight = 0;
  };

  // Errors: ExplainSetupFailure's, and ResourceExhausted if connections_max does not fit the limit
  // of open files or memory is short.
  static absl::StatusOr<std::unique_ptr<NetLoop>> Create(const Options& options);
  ~NetLoop();
  NetLoop(const NetLoop&) = delete;
  NetLoop& operator=(const NetLoop&) = delete;

  // Accepts TCP connections at `address`; port 0 picks a free one. Returns the bound address.
  // AlreadyExists if the port is in use; OpenListener has the other errors.
  absl::StatusOr<Address> Listen(const Address& address);
  // The same with options of its own, which what is accepted inherits.
  absl::StatusOr<Address> Listen(const Address& address, const SocketOptions& sockets);
  // Stops accepting and closes the listeners; connections stay.
  void StopAccepting();
  // Only that of the n-th call of Listen, from 0.
  void StopAccepting(uint32_t listener) { acceptor_->Stop(listener); }

  // Starts to connect; kConnected tells how it went. Send works at once and is queued until then.
  // There is no time limit but the kernel's: Close gives up. ResourceExhausted at connections_max
  // or without descriptors.
  absl::StatusOr<ConnectionId> Connect(const Address& peer) {
    return Connect(peer, options_.sockets);
  }
  absl::StatusOr<ConnectionId> Connect(const Address& peer, const SocketOptions& sockets);

  // Gives back the last batch's memory, submits, waits as `wait` says, and returns what happened:
  // limits::kTurnEventsMax events at most, and about limits::kTurnReceivedBytes. The events and
  // their bytes are valid until the next Turn. Empty after a time-out, and sometimes before it.
  std::span<const Event> Turn(const WaitOptions& wait);

  // Sends head, then body. What the socket does not take at once is copied, so both are the
  // caller's again on return. A failure shows as kReceiveEnded, after everything that was received
  // before. Does nothing on a connection that is gone, broken or closing.
  void Send(ConnectionId id, ByteSpan head, ByteSpan body = {});
  // Bytes that the kernel has not taken yet; 0 if the connection is gone.
  size_t queued_bytes(ConnectionId id);

  // No more bytes are taken from the socket after those already on their way, which still come as
  // kReceived (limits::kReceiveAheadBytesMax and one buffer, where the kernel keeps to it): none is
  // lost or reordered. While paused, neither the end of stream nor a reset is
  // noticed, unless a send fails.
  void PauseReceive(ConnectionId id);
  void ResumeReceive(ConnectionId id);

  // Ends a connection now; queued bytes are dropped. The only event that still comes is kClosed
  // (others of it may stand in the batch that is being handled).
  void Close(ConnectionId id);
  // Sends what is queued, then our end of stream, then waits until the peer has read it and closed
  // (Options::linger_ms at most), discarding what arrives, so that a last message is not lost to a
  // reset. Only kClosed still comes. How long queued bytes may take is for the caller to limit,
  // with Close. A connection that is not established yet is closed at once.
  void CloseAfterFlush(ConnectionId id);

  // Starts a write or a read; kFileDone tells how it went. The buffer belongs to the kernel until
  // then. Short writes are finished; a read ends early only at the end of the file. `dsync`: the
  // bytes are on stable storage at kFileDone. Use `token` to know it again. FileOps has the limits.
  void WriteFile(uint64_t token, int fd, uint64_t offset, ByteSpan bytes, bool dsync);
  void ReadFile(uint64_t token, int fd, uint64_t offset, std::span<std::byte> bytes);

  // Makes Turn return a kWake soon. Any thread; also before the first Turn and from a signal
  // handler. Several calls may give one event.
  void Wake();

  // The peer's address, for logs. NotFound if the connection is gone or its peer is.
  absl::StatusOr<Address> PeerAddress(ConnectionId id);
  Stats stats() const;
  // As Uring::mappings. Valid while the loop lives.
  std::vector<std::span<std::byte>> mappings() const { return ring_->mappings(); }
  bool incremental_buffers() const { return buffers_->incremental(); }

 private:
  struct Linger {
    ConnectionId id;
    int64_t deadline_ns = 0;
  };

  explicit NetLoop(const Options& options);

  // net_loop.cc: the turn.
  void Start();
  void Wait(const WaitOptions& wait);
  bool Spin(int64_t until_ns);
  void RunTimers();
  void Reap();
  void Dispatch(CompletionKey key, const io_uring_cqe& cqe);
  void Emit(const Event& event);
  void ArmWake();
  void OnWake();
  void Drain();

  // net_loop_connection.cc: beginning and end.
  void OnAccept(CompletionKey key, const io_uring_cqe& cqe);
  void OnConnect(ConnectionId id, const io_uring_cqe& cqe);
  void StartClose(ConnectionId id, Connection& c);
  void StartLinger(ConnectionId id, Connection& c);
  void FinishCloseIfIdle(ConnectionId id, Connection& c);
  void OnCancelAll(ConnectionId id);

  // net_loop_receive.cc
  void ArmReceive(ConnectionId id, Connection& c);
  void ArmDue();
  void CancelReceive(ConnectionId id, Connection& c);
  void OnReceive(ConnectionId id, const io_uring_cqe& cqe);
  void OnReceiveFinal(ConnectionId id, Connection& c, int32_t result);
  void OnCancelReceive(ConnectionId id, const io_uring_cqe& cqe);
  void Deliver(ConnectionId id, Connection& c, ByteSpan bytes);
  void EndReceive(ConnectionId id, Connection& c, int32_t result);

  // net_loop_send.cc
  size_t SendNow(Connection& c, ByteSpan head, ByteSpan body);
  void Queue(Connection& c, ByteSpan head, ByteSpan body, size_t sent);
  void PumpSend(ConnectionId id, Connection& c);
  void OnSend(ConnectionId id, const io_uring_cqe& cqe);
  void Fail(ConnectionId id, Connection& c, int32_t error);
  void ReleaseOut(Connection& c);

  Options options_;
  // Buffers outlive the ring: it has them registered.
  std::unique_ptr<BufferGroup> buffers_;
  std::unique_ptr<Uring> ring_;
  std::unique_ptr<OpQueue> queue_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<FileOps> files_;
  ConnectionTable connections_;

  std::vector<Event> events_;   // of this turn
  Fifo<Event> ready_;           // made between turns
  Fifo<ConnectionId> arm_due_;  // oldest first; may name connections that are gone
  Fifo<Linger> lingering_;      // by deadline; likewise
  std::vector<std::unique_ptr<OutBuffer>> spares_;
  Stats stats_;
  int64_t now_ns_ = 0;  // of this turn
  uint64_t turn_received_bytes_ = 0;
  bool limit_receive_ = true;  // until the kernel refuses
  bool started_ = false;
  bool reaping_ = false;

  FileDescriptor wake_fd_;
  uint64_t wake_count_ = 0;  // the kernel writes it
  std::atomic<bool> wake_pending_ = false;
};

}  // namespace ringjournal::io

#endif  // IO_NET_LOOP_H_
