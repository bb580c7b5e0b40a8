#include "client/driver.h"

#include <poll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/servers.h"
#include "journal/base/check.h"
#include "journal/base/units.h"

namespace ringjournal::client {
namespace {

constexpr size_t kReceiveBytes = 256 * 1024;
constexpr size_t kNextHeadBytes = 64;
constexpr size_t kSpansPerTurn = 64;
constexpr size_t kAlsoMax = 6;
// While spinning, other descriptors and the clock are looked at this rarely.
constexpr int kSpinsPerCheck = 64;
// Where another node may lead any moment, waiting for long helps nobody: the pause is what clients
// add to a failover.
constexpr int64_t kBackoffOfSeveralMaxNs = 250 * kMsNs;

timespec TimeoutOf(int64_t wait_ns) {
  return {.tv_sec = wait_ns / kSecondNs, .tv_nsec = wait_ns % kSecondNs};
}

}  // namespace

Driver::Driver(Session* session, const ClientOptions& options)
    : session_(session),
      options_(options),
      servers_(ParseServers(options.server)),
      buffer_(kReceiveBytes) {
  if (servers_.ok()) nodes_ = NodeChoice(*servers_);
}

int64_t Driver::NowNs() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

uint64_t Driver::Seed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) {
    seed = static_cast<uint64_t>(NowNs()) ^ static_cast<uint64_t>(getpid());
  }
  return seed;
}

SessionOptions Driver::SessionOptionsFrom(const ClientOptions& options) {
  SessionOptions session;
  session.client_name = options.client_name;
  session.retry_for_ns = options.retry_for_ns;
  session.seed = Seed();
  absl::StatusOr<std::vector<std::string>> servers = ParseServers(options.server);
  if (servers.ok()) session.nodes = static_cast<uint32_t>(servers->size());
  if (session.nodes > 1) session.backoff_max_ns = kBackoffOfSeveralMaxNs;
  return session;
}

uint32_t Driver::Turn(int64_t until_ns, std::span<const int> also) {
  Manage(NowNs());
  Flush();
  if (session_->stopped()) until_ns = 0;
  bool socket_ready = false;
  uint32_t readable = Wait(until_ns, also, &socket_ready);
  if (socket_ready && !transport_.connected()) FinishConnect(NowNs());
  if (socket_ready && transport_.connected() && Receive()) Flush();
  Manage(NowNs());
  return readable;
}

// Timers, connecting and closing.
void Driver::Manage(int64_t now_ns) {
  if (now_ns >= session_->deadline_ns()) {
    // The caller may have been away: what has arrived meanwhile counts first.
    if (transport_.connected()) Receive();
    session_->Tick(now_ns);
  }
  if (session_->wants_close()) Lost(MakeError(ErrorCode::kCannotConnect, "closed"), now_ns);
  if (now_ns >= session_->deadline_ns()) session_->Tick(now_ns);
  if (session_->wants_connection()) {
    if (transport_.idle()) {
      StartConnect(now_ns);
    } else if (now_ns >= connect_deadline_ns_) {
      Lost(MakeError(ErrorCode::kCannotConnect,
                     absl::StrCat("cannot connect to ", server(),
                                  ": no answer in time; check the address and the network")),
           now_ns);
    }
  }
  Notice(now_ns);
}

void Driver::StartConnect(int64_t now_ns) {
  if (adopted_fd_ >= 0) {
    transport_.Adopt(std::exchange(adopted_fd_, -1));
    session_->Connected(now_ns);
    return Flush();
  }
  if (!servers_.ok()) return session_->Stop(servers_.status());
  nodes_.Choose(session_->TakeLeaderAddress(), now_ns);
  connect_deadline_ns_ = now_ns + nodes_.ConnectTimeout(options_.connect_timeout_ns);
  absl::Status status = transport_.StartConnect(server());
  if (!status.ok()) Lost(status, now_ns);
}

void Driver::FinishConnect(int64_t now_ns) {
  absl::Status status = transport_.FinishConnect();
  if (!status.ok()) return Lost(status, now_ns);
  if (!transport_.connected()) return;  // another address of the host is being tried
  blocked_ = false;
  session_->Connected(now_ns);
  Flush();
}

void Driver::Lost(const absl::Status& why, int64_t now_ns) {
  // What refused at once was not silent, whatever the one before it was.
  const bool silent =
      session_->wants_connection() ? now_ns >= connect_deadline_ns_ : session_->was_silent();
  nodes_.Lost(silent, now_ns);
  transport_.Close();
  blocked_ = false;
  session_->Disconnected(why, now_ns);
}

void Driver::Flush() {
  std::array<ByteSpan, kSpansPerTurn> spans;
  blocked_ = false;
  while (transport_.connected() && !blocked_) {
    size_t n = session_->Gather(spans);
    if (n == 0) return;
    absl::StatusOr<size_t> sent = transport_.Write({spans.data(), n});
    if (!sent.ok()) return Lost(sent.status(), NowNs());
    if (*sent == 0) blocked_ = true;
    session_->Sent(*sent, NowNs());
  }
}

// Reads once; more comes with the next turn. True if there was something.
bool Driver::Receive() {
  std::span<std::byte> room = session_->ReceiveRoom(kReceiveBytes);
  std::span<std::byte> behind(buffer_);
  // Just the head of the next frame, so that the rest of that one is received in its place too.
  if (!room.empty()) behind = behind.first(kNextHeadBytes);
  absl::StatusOr<size_t> got = transport_.Read(room, behind);
  if (!got.ok()) {
    Lost(got.status(), NowNs());
    return false;
  }
  if (*got == 0) return false;
  size_t in_room = std::min(*got, room.size());
  session_->Received(in_room, {buffer_.data(), *got - in_room}, NowNs());
  return true;
}

uint32_t Driver::Wait(int64_t until_ns, std::span<const int> also, bool* socket_ready) {
  RJ_CHECK(also.size() <= kAlsoMax);
  interrupted_ = false;
  bool spin = options_.busy_poll && transport_.connected() && !blocked_;
  int64_t until = std::min({until_ns, session_->deadline_ns(), NoticeAtNs(),
                            session_->wants_connection() ? connect_deadline_ns_ : kNeverNs});
  int64_t now = NowNs();
  if (spin) {
    for (int i = 0; i < kSpinsPerCheck; ++i) {
      if (Receive()) {
        Flush();
        return 0;
      }
      if (!transport_.connected()) return 0;
    }
    if (also.empty() && options_.interrupt_fd < 0) return 0;
  }
  std::array<pollfd, kAlsoMax + 2> fds;
  size_t n = 0;
  for (int fd : also) fds[n++] = {.fd = fd, .events = POLLIN};
  fds[n++] = {.fd = options_.interrupt_fd, .events = POLLIN};
  bool out = blocked_ || !transport_.connected();
  fds[n++] = {.fd = transport_.fd(),
              .events = static_cast<int16_t>(out ? POLLIN | POLLOUT : POLLIN)};
  timespec timeout = TimeoutOf(spin ? 0 : std::max<int64_t>(until - now, 0));
  bool forever = !spin && until == kNeverNs;
  int rc = ppoll(fds.data(), n, forever ? nullptr : &timeout, nullptr);
  if (rc <= 0) return 0;
  uint32_t readable = 0;
  for (size_t i = 0; i < also.size(); ++i) readable |= fds[i].revents != 0 ? 1u << i : 0;
  interrupted_ = fds[also.size()].revents != 0;
  *socket_ready = fds[also.size() + 1].revents != 0;
  return readable;
}

// One line when an outage lasts, one when it ends.
void Driver::Notice(int64_t now_ns) {
  if (!options_.on_notice) return;
  if (session_->stalled_since_ns() == kNeverNs) {
    if (std::exchange(in_trouble_, false)) options_.on_notice("connected again");
    return;
  }
  if (now_ns < NoticeAtNs() || session_->stopped()) return;
  in_trouble_ = true;
  options_.on_notice(absl::StrCat(std::string(session_->last_trouble().message()),
                                  "; trying again for up to ",
                                  FormatDurationNs(options_.retry_for_ns)));
}

// When to say that something is wrong; kNeverNs: nothing is, or it was said.
int64_t Driver::NoticeAtNs() const {
  const int64_t since_ns = session_->stalled_since_ns();
  const bool quiet = !options_.on_notice || in_trouble_ || options_.retry_for_ns == 0;
  if (quiet || since_ns == kNeverNs || session_->held() || session_->last_trouble().ok()) {
    return kNeverNs;
  }
  return since_ns + options_.notice_after_ns;
}

}  // namespace ringjournal::client
