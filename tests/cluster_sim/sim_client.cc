#include "tests/cluster_sim/sim_client.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "journal/base/limits.h"
#include "proto/client.pb.h"

namespace ringjournal::cluster_sim {
namespace {

// Bytes that the socket has not taken: more waits in the session.
constexpr uint64_t kUnsentBytesMax = 64 * 1024;
constexpr int64_t kConnectTimeoutNs = 5 * kSecond;
// Replies to reads are larger, and are not looked at.
constexpr size_t kOpenReplyBytesMax = 4096;

absl::Status Gone(const std::string& why) {
  return client::MakeError(client::ErrorCode::kCannotConnect, why);
}

}  // namespace

SimClient::SimClient(const ClientEnvironment& environment, HostNumber host, std::string name)
    : env_(environment), host_(host), name_(std::move(name)) {
  const uint64_t first = env_.random->Below(env_.nodes);
  std::vector<std::string> nodes;
  for (uint32_t i = 1; i <= env_.nodes; ++i) {
    nodes.push_back(absl::StrCat("n", 1 + (first + i) % env_.nodes, ":7000"));
  }
  choice_ = client::NodeChoice(std::move(nodes));
}

void SimClient::Drop() {
  if (end_ != kNoEnd) env_.network->Close(end_);
  end_ = kNoEnd;
  connected_ = false;
}

void SimClient::Dial() {
  // "n2:7000" is the second node.
  node_ = choice_.Choose(session()->TakeLeaderAddress(), now_ns())[1] - '1';
  connect_deadline_ns_ = now_ns() + choice_.ConnectTimeout(kConnectTimeoutNs);
  end_ = env_.network->Dial(host_, this, node_, false);
  heard_ = std::make_unique<FrameDecoder>(limits::kFrameBytesMax);
}

bool SimClient::SendSome() {
  if (!connected_ || env_.network->unsent_bytes(end_) > kUnsentBytesMax) return false;
  ByteSpan spans[8];
  size_t n = session()->Gather(spans), total = 0;
  for (size_t i = 0; i < n; ++i) {
    env_.network->Send(end_, spans[i]);
    total += spans[i].size();
  }
  if (total > 0) session()->Sent(total, now_ns());
  return total > 0;
}

// One thing that can be done now. False: nothing.
bool SimClient::Turn() {
  client::Session* s = session();
  if (s->stopped()) {
    Drop();
    Check();
    return session() != s;
  }
  if (s->wants_close()) {
    Drop();
    choice_.Lost(s->was_silent(), now_ns());
    s->Disconnected(Gone("closed"), now_ns());
    return true;
  }
  if (end_ != kNoEnd && !connected_ && now_ns() >= connect_deadline_ns_) {
    Drop();
    choice_.Lost(true, now_ns());
    s->Disconnected(Gone("no answer in time"), now_ns());
    return true;
  }
  if (s->wants_connection() && end_ == kNoEnd) {
    Dial();
    return true;
  }
  if (s->deadline_ns() <= now_ns()) {
    s->Tick(now_ns());
    return true;
  }
  return SendSome();
}

void SimClient::Pump() {
  Check();
  int64_t work_at_ns = Work();
  for (int turns = 0; turns < 100 && Turn(); ++turns) {
    if (env_.report->failed()) return;
    Check();
  }
  int64_t at_ns = std::min({session()->deadline_ns(), work_at_ns, NextWork()});
  if (end_ != kNoEnd && !connected_) at_ns = std::min(at_ns, connect_deadline_ns_);
  if (at_ns == INT64_MAX || at_ns >= wake_at_ns_) return;
  wake_at_ns_ = std::max(at_ns, now_ns() + kUs);
  env_.events->Schedule(wake_at_ns_, this, kWake, 0);
}

void SimClient::OnEvent(uint32_t, uint64_t) {
  if (wake_at_ns_ > now_ns()) return;  // an earlier plan
  wake_at_ns_ = INT64_MAX;
  Pump();
}

void SimClient::OnDialed(EndNumber end, int error) {
  if (end != end_) return;
  if (error != 0) {
    end_ = kNoEnd;
    session()->Disconnected(Gone(std::strerror(error)), now_ns());
  } else {
    connected_ = true;
    session()->Connected(now_ns());
  }
  Pump();
}

// What a producer is told of its past when it opens is committed, in the generation that tells.
void SimClient::CheckTold(ByteSpan bytes) {
  ByteSpan body;
  while (heard_->Next(&bytes, &body) == FrameDecoder::Result::kFrame) {
    // Frames with a body behind the message do not parse, and tell nothing of the past.
    v1::ServerMessage message;
    if (body.size() > kOpenReplyBytesMax ||
        !message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
      continue;
    }
    const v1::OpenReply& open = message.open_reply();
    if (!message.has_open_reply() || open.generation() != env_.truth->generation()) continue;
    if (open.last_sequence_lsn() < env_.truth->next_lsn().value()) continue;
    env_.report->Violation("I10: ", name_, " is told that its transaction ", open.last_sequence(),
                           " stands at LSN ", open.last_sequence_lsn(), "; committed ends at ",
                           env_.truth->next_lsn().value() - 1);
  }
}

void SimClient::OnBytes(EndNumber end, ByteSpan bytes) {
  if (end != end_) return;
  if (env_.mutant == SimMutant::kSwallowsAnswers && name_ == "appender 1") return;
  CheckTold(bytes);
  session()->Received(bytes, now_ns());
  Pump();
}

void SimClient::OnEnded(EndNumber end, int error) {
  if (end != end_) return;
  Drop();
  session()->Disconnected(Gone("the connection ended"), now_ns());
  Pump();
}

}  // namespace ringjournal::cluster_sim
