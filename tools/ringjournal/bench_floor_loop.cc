#include "tools/ringjournal/bench_floor_loop.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/checksum.h"
#include "journal/format/frame.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ringjournal::bench {
namespace {

// A turn that saw as much is followed by a wait for several completions, as in the real loop: it
// saves wake-ups under load and costs nothing when there is none.
constexpr size_t kBusyTurnBytes = 64 * 1024;
constexpr uint32_t kBusyTurnCompletions = 8;
constexpr uint32_t kBusyMinWaitUs = 20;
constexpr uint32_t kBusyWaitMax = 256;

// An AppendReply in a frame: length, ServerMessage.append_reply, one AppendResult with request id,
// count and level. Patched in place.
constexpr uint8_t kAckTemplate[] = {20,   0,  0, 0,                 // frame length
                                    0x0a, 18,                       // append_reply
                                    0x2a, 16,                       // results
                                    0x09, 0,  0, 0, 0, 0, 0, 0, 0,  // request_id
                                    0x2d, 0,  0, 0, 0,              // count
                                    0x30, 1};                       // level
constexpr size_t kAckRequestIdAt = 9;
constexpr size_t kAckCountAt = 18;
constexpr size_t kAckLevelAt = 23;
static_assert(sizeof kAckTemplate == 24);

void Relax() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

FloorLoop::FloorLoop(const FloorOptions& options, AppendPool* pool)
    : options_(options), pool_(pool), connections_(pool->options().connections) {}

FloorLoop::~FloorLoop() {
  uring_.reset();
  if (ring_ != nullptr) munmap(ring_, options_.ring_bytes);
}

absl::StatusOr<std::unique_ptr<FloorLoop>> FloorLoop::Create(const FloorOptions& options,
                                                             AppendPool* pool) {
  std::unique_ptr<FloorLoop> loop(new FloorLoop(options, pool));
  if (absl::Status s = loop->MapRing(); !s.ok()) return s;
  absl::StatusOr<std::unique_ptr<io::Uring>> uring = io::Uring::Create({});
  if (!uring.ok()) return uring.status();
  loop->uring_ = *std::move(uring);
  if (absl::Status s = loop->uring_->Enable(); !s.ok()) return s;
  absl::StatusOr<std::unique_ptr<io::BufferGroup>> buffers =
      io::BufferGroup::Create(loop->uring_.get(), {});
  if (!buffers.ok()) return buffers.status();
  loop->buffers_ = *std::move(buffers);
  absl::StatusOr<io::Listener> listener =
      io::OpenListener(*io::Address::Parse("127.0.0.1:0"), io::SocketOptions());
  if (!listener.ok()) return listener.status();
  loop->listener_ = *std::move(listener);
  return loop;
}

// Touched before the clock starts, as the server's ring is.
absl::Status FloorLoop::MapRing() {
  void* memory = mmap(nullptr, options_.ring_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot allocate a ring of ", options_.ring_bytes, " bytes: ", strerror(errno),
                     "; give a smaller --ring"));
  }
  ring_ = static_cast<std::byte*>(memory);
  return absl::OkStatus();
}

absl::Status FloorLoop::Run(FloorReport* report) {
  report_ = report;
  if (absl::Status s = Accept(); !s.ok()) return s;
  if (absl::Status s = Serve(); !s.ok()) return s;
  return Compare();
}

absl::Status FloorLoop::Accept() {
  for (Connection& c : connections_) {
    int fd = accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      return absl::InternalError(absl::StrCat("the floor cannot accept: ", strerror(errno)));
    }
    c.fd.Reset(fd);
  }
  open_ = static_cast<uint32_t>(connections_.size());
  return absl::OkStatus();
}

absl::Status FloorLoop::Serve() {
  while (open_ > 0 && failure_.ok()) {
    buffers_->ReturnHeld();
    for (uint32_t i = 0; i < connections_.size(); ++i) Arm(i);
    Wait();
    Reap();
    SendAcks();
  }
  return failure_;
}

void FloorLoop::Arm(uint32_t index) {
  Connection& c = connections_[index];
  if (c.armed || !c.open) return;
  c.armed = true;
  io_uring_sqe* sqe = uring_->GetSqe();
  io_uring_prep_recv_multishot(sqe, c.fd.get(), nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = io::BufferGroup::kGroup;
  sqe->user_data = index;
}

void FloorLoop::Wait() {
  if (uring_->unsubmitted() > 0) uring_->Enter({});
  if (options_.busy_poll) {
    while (uring_->Peek() == nullptr) {
      if (uring_->wants_enter()) uring_->Enter({});
      if (uring_->Peek() == nullptr) Relax();
    }
    return;
  }
  if (uring_->Peek() != nullptr) return;
  bool busy = turn_bytes_ >= kBusyTurnBytes || turn_completions_ >= kBusyTurnCompletions;
  uint32_t wait_nr = busy ? std::clamp(2 * turn_completions_, 2u, kBusyWaitMax) : 1;
  uring_->Enter({.wait_nr = wait_nr, .min_wait_us = busy ? kBusyMinWaitUs : 0});
}

void FloorLoop::Reap() {
  turn_bytes_ = 0;
  turn_completions_ = 0;
  while (turn_bytes_ < limits::kTurnReceivedBytes && turn_completions_ < limits::kTurnEventsMax) {
    const io_uring_cqe* next = uring_->Peek();
    if (next == nullptr) return;
    io_uring_cqe cqe = *next;
    uring_->Advance();
    ++turn_completions_;
    OnReceive(static_cast<uint32_t>(cqe.user_data), cqe);
  }
}

void FloorLoop::OnReceive(uint32_t index, const io_uring_cqe& cqe) {
  Connection& c = connections_[index];
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    ByteSpan bytes = buffers_->Take(cqe);
    turn_bytes_ += bytes.size();
    Feed(&c, bytes);
  }
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) c.armed = false;
  bool again = cqe.res > 0 || cqe.res == -ENOBUFS || cqe.res == -EINTR || cqe.res == -EAGAIN;
  if (again) return;
  c.open = false;
  --open_;
  if (cqe.res < 0 && cqe.res != -ECONNRESET) {
    failure_ = absl::InternalError(absl::StrCat("the floor cannot receive: ", strerror(-cqe.res)));
  }
}

void FloorLoop::Feed(Connection* c, ByteSpan bytes) {
  while (!bytes.empty()) {
    if (c->run_left == 0) {
      size_t n = std::min(bytes.size(), kFrameRunAt - c->head_bytes);
      std::memcpy(c->head + c->head_bytes, bytes.data(), n);
      c->head_bytes += n;
      bytes = bytes.subspan(n);
      if (c->head_bytes < kFrameRunAt) return;
      BeginRun(c);
    }
    ByteSpan piece = bytes.first(std::min(bytes.size(), c->run_left));
    c->crc = Crc32cExtend(c->crc, piece);
    Copy(c, piece);
    c->run_left -= piece.size();
    bytes = bytes.subspan(piece.size());
    if (c->run_left == 0) EndRun(c);
  }
}

void FloorLoop::BeginRun(Connection* c) {
  size_t frame_bytes = size_t{Load32(c->head)} + kFrameHeaderBytes;
  if (frame_bytes != pool_->frame_bytes()) {
    failure_ = absl::DataLossError(absl::StrCat("the floor received a frame of ", frame_bytes,
                                                " bytes, expected were ", pool_->frame_bytes(),
                                                "; this is a defect of the load generator"));
    frame_bytes = pool_->frame_bytes();
  }
  c->run_left = frame_bytes - kFrameRunAt;
  // Reserved whole, so that runs of other connections do not come between its pieces.
  c->run_to = ring_end_;
  ring_end_ += c->run_left;
  c->head_bytes = 0;
  c->crc = 0;
}

void FloorLoop::EndRun(Connection* c) {
  if (c->crc != Load32(c->head + kFrameCrcAt)) ++report_->checksum_errors;
  c->request_id = Load64(c->head + kFrameRequestIdAt);
  ++c->appends;
  ++c->unacked;
  ++report_->appends;
}

void FloorLoop::Copy(Connection* c, ByteSpan bytes) {
  uint64_t at = c->run_to % options_.ring_bytes;
  size_t first = std::min<size_t>(bytes.size(), options_.ring_bytes - at);
  std::memcpy(ring_ + at, bytes.data(), first);
  std::memcpy(ring_, bytes.data() + first, bytes.size() - first);
  c->run_to += bytes.size();
  report_->bytes += bytes.size();
}

void FloorLoop::SendAcks() {
  for (Connection& c : connections_) {
    if (c.unacked == 0 || !c.open) continue;
    std::byte ack[sizeof kAckTemplate];
    std::memcpy(ack, kAckTemplate, sizeof ack);
    Store64(ack + kAckRequestIdAt, c.request_id);
    Store32(ack + kAckCountAt, pool_->options().batch);
    ack[kAckLevelAt] = static_cast<std::byte>(pool_->options().level);
    // The client always reads, so a blocking send of a few bytes cannot hang.
    ssize_t sent = send(c.fd.get(), ack, sizeof ack, MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(sizeof ack) && errno != EPIPE && errno != ECONNRESET) {
      failure_ = absl::InternalError(absl::StrCat("the floor cannot send: ", strerror(errno)));
    }
    c.unacked = 0;
  }
}

void FloorLoop::CopyOut(uint64_t from, std::span<std::byte> out) const {
  for (size_t done = 0; done < out.size();) {
    uint64_t at = (from + done) % options_.ring_bytes;
    size_t n = std::min<size_t>(out.size() - done, options_.ring_bytes - at);
    std::memcpy(out.data() + done, ring_ + at, n);
    done += n;
  }
}

// From the newest append back as far as the ring holds whole ones. Each must be the one that its
// connection, named by the mark in its first payload, sent at that place.
absl::Status FloorLoop::Compare() {
  const uint64_t run_bytes = pool_->run_bytes();
  const uint64_t kept = std::min(report_->appends, options_.ring_bytes / run_bytes);
  const size_t first_payload_at =
      client::TransactionRun::EncodedSize(pool_->options().payload_bytes) -
      pool_->options().payload_bytes;
  std::vector<std::byte> found(run_bytes);
  client::TransactionRun expected;
  for (uint64_t back = 1; back <= kept; ++back) {
    CopyOut((report_->appends - back) * run_bytes, found);
    uint32_t index = ReadPayloadMark(ByteSpan(found).subspan(first_payload_at)).connection;
    bool known = index < connections_.size() && connections_[index].appends > 0;
    if (known) pool_->EncodeRun(index, --connections_[index].appends, &expected);
    if (!known || !std::ranges::equal(ByteSpan(found), expected.bytes())) {
      return absl::DataLossError(
          absl::StrCat("the floor's ring does not hold append ", back,
                       " from its end as it was sent; its figures are worthless"));
    }
    ++report_->appends_compared;
  }
  return absl::OkStatus();
}

}  // namespace ringjournal::bench
