#include "tools/ringjournal/bench_load.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/clock.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ringjournal::bench {
namespace {

constexpr size_t kReceiveBytes = 256 * 1024;
// A server that says nothing for so long is broken: better an error than a bench that hangs.
constexpr int kSilenceMs = 30'000;

void Relax() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

absl::Status Broken(const char* what, int error) {
  return absl::UnavailableError(absl::StrCat(
      "the connection broke while ", what, ": ",
      error == 0 ? "the other end closed it" : strerror(error), "; look at the server's log"));
}

}  // namespace

int64_t ThreadCpuNs() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

LoadGenerator::LoadGenerator(AppendPool* pool, std::vector<io::FileDescriptor> sockets)
    : pool_(pool), connections_(sockets.size()), buffer_(kReceiveBytes) {
  for (size_t i = 0; i < sockets.size(); ++i) connections_[i].fd = std::move(sockets[i]);
}

absl::Status LoadGenerator::Run(const LoadOptions& options, LoadResult* result) {
  options_ = options;
  // A slot must not be written again before its append is acknowledged.
  options_.window =
      static_cast<uint32_t>(std::min<uint64_t>(options.window, pool_->options().slots));
  result_ = result;
  int64_t cpu_before = ThreadCpuNs();
  now_ns_ = io::MonotonicNs();
  result->first_send_ns = now_ns_;
  deadline_ns_ = options.duration_ns > 0 ? now_ns_ + options.duration_ns : INT64_MAX;
  for (Connection& c : connections_) {
    c.limit = options.appends > 0 ? c.queued + options.appends : UINT64_MAX;
    c.due_ns.assign(options_.window, 0);
  }
  while (!Finished()) {
    bool received = false;
    for (uint32_t i = 0; i < connections_.size(); ++i) {
      if (absl::Status s = Pump(i); !s.ok()) return s;
      if (!options_.busy_poll) continue;
      if (absl::Status s = Receive(i, &received); !s.ok()) return s;
    }
    if (options_.busy_poll && !received) Relax();
    if (options_.busy_poll) continue;
    if (absl::Status s = Wait(); !s.ok()) return s;
  }
  result->last_ack_ns = now_ns_;
  result->cpu_ns = ThreadCpuNs() - cpu_before;
  return absl::OkStatus();
}

bool LoadGenerator::Finished() const {
  return std::ranges::all_of(connections_, [&](const Connection& c) {
    bool all_due = c.queued == c.limit || now_ns_ >= deadline_ns_;
    return all_due && c.acked == c.queued;
  });
}

// Makes due what the window allows and sends it, one write at a time.
absl::Status LoadGenerator::Pump(uint32_t index) {
  Connection& c = connections_[index];
  const size_t frame_bytes = pool_->frame_bytes();
  const uint64_t per_write = std::max<uint64_t>(1, options_.write_bytes_max / frame_bytes);
  for (;;) {
    bool unsent = c.sent_bytes < c.queued * frame_bytes;
    if (!unsent && MayQueue(c)) {
      now_ns_ = io::MonotonicNs();
      if (now_ns_ >= deadline_ns_) return absl::OkStatus();
      // Up to the wrap of the pool, so that the write is one piece of memory.
      uint64_t slots = pool_->options().slots;
      uint64_t until = std::min({c.acked + options_.window, c.limit, c.queued + per_write,
                                 c.queued + slots - c.queued % slots});
      for (; c.queued < until; ++c.queued) {
        pool_->Refresh(index, c.queued);
        c.due_ns[c.queued % options_.window] = now_ns_;
      }
      unsent = true;
    }
    if (!unsent) return absl::OkStatus();
    if (absl::Status s = Send(index); !s.ok()) return s;
    if (c.blocked) return absl::OkStatus();
  }
}

absl::Status LoadGenerator::Send(uint32_t index) {
  Connection& c = connections_[index];
  const size_t frame_bytes = pool_->frame_bytes();
  size_t left = c.queued * frame_bytes - c.sent_bytes;
  const std::byte* from =
      pool_->frame(index, c.sent_bytes / frame_bytes) + c.sent_bytes % frame_bytes;
  ssize_t sent = send(c.fd.get(), from, left, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return Broken("sending", errno);
  c.sent_bytes += sent > 0 ? static_cast<size_t>(sent) : 0;
  c.blocked = sent < static_cast<ssize_t>(left);
  return absl::OkStatus();
}

absl::Status LoadGenerator::Receive(uint32_t index, bool* received) {
  Connection& c = connections_[index];
  ssize_t got = recv(c.fd.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return absl::OkStatus();
  if (got <= 0) return Broken("waiting for acknowledgements", got == 0 ? 0 : errno);
  *received = true;
  now_ns_ = io::MonotonicNs();
  ByteSpan bytes(buffer_.data(), static_cast<size_t>(got));
  for (;;) {
    ByteSpan frame;
    FrameDecoder::Result next = c.decoder.Next(&bytes, &frame);
    if (next == FrameDecoder::Result::kNeedMore) return absl::OkStatus();
    if (next == FrameDecoder::Result::kTooLarge) {
      return absl::DataLossError("the server sent a frame over the limit; check its version");
    }
    if (absl::Status s = TakeFrame(&c, frame); !s.ok()) return s;
  }
}

absl::Status LoadGenerator::TakeFrame(Connection* c, ByteSpan frame) {
  AckFrame acks(frame);
  AckedAppend ack;
  while (acks.Next(&ack)) {
    if (absl::Status s = TakeAck(c, ack); !s.ok()) return s;
  }
  return acks.error().empty() ? absl::OkStatus() : absl::FailedPreconditionError(acks.error());
}

absl::Status LoadGenerator::TakeAck(Connection* c, const AckedAppend& ack) {
  const AppendPool::Options& pool = pool_->options();
  bool expected = options_.cumulative_acks
                      ? ack.request_id > c->acked && ack.request_id <= c->queued
                      : ack.request_id == c->acked + 1 && c->acked < c->queued;
  if (!expected || ack.count != pool.batch || ack.level < pool.level || ack.duplicate) {
    return absl::DataLossError(absl::StrCat(
        "an acknowledgement does not fit: request ", ack.request_id, " with ", ack.count,
        " transactions at level ", ack.level, ack.duplicate ? " as a duplicate" : "",
        ", expected was request ", c->acked + 1, " with ", pool.batch, " at level ", pool.level,
        "; this is a defect of the server"));
  }
  while (c->acked < ack.request_id) {
    result_->latency.Record(now_ns_ - c->due_ns[c->acked % options_.window]);
    ++c->acked;
    ++result_->appends;
  }
  result_->transactions = result_->appends * pool.batch;
  return absl::OkStatus();
}

// Sleeps until a socket can go on, then receives.
absl::Status LoadGenerator::Wait() {
  if (Finished()) return absl::OkStatus();
  pollfd fds[limits::kBenchConnectionsMax];
  for (size_t i = 0; i < connections_.size(); ++i) {
    bool out = connections_[i].blocked;
    fds[i] = {.fd = connections_[i].fd.get(),
              .events = static_cast<int16_t>(out ? POLLIN | POLLOUT : POLLIN)};
  }
  int ready = poll(fds, connections_.size(), kSilenceMs);
  if (ready == 0) {
    return absl::UnavailableError(absl::StrCat("no acknowledgement came for ", kSilenceMs / 1000,
                                               " s; look at the server's log"));
  }
  for (uint32_t i = 0; i < connections_.size(); ++i) {
    bool received = false;
    if ((fds[i].revents & ~POLLOUT) == 0) continue;
    if (absl::Status s = Receive(i, &received); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace ringjournal::bench
