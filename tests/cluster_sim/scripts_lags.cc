// Scripts about backups that lag, and about the end of a journal as it is told.
#include <memory>
#include <utility>

#include "client/core/request_session.h"
#include "tests/cluster_sim/script_parts.h"

namespace ringjournal::cluster_sim {
namespace {

using client::Level;

// Two are in sync. The disk of n2 makes room in its ring too slowly: it lags by most of the ring
// and goes on. Nobody could say which of the two is slow, and alone n1 would not be replicated.
std::string LaggardLeavesOne(uint32_t slower) {
  Stage s({.nodes = 2, .policy = v1::DEGRADED_POLICY_MEMORY, .checkpoint_interval_ms = 10});
  s.SlowDisk(kN2, slower);
  for (int i = 0; i < 4000 && s.violation().empty() && s.leader() == kN1; ++i) {
    const uint64_t lacks = EndOf(s, kN1).value() - s.replica(kN1)->marks().committed.index.value();
    if (s.all_answered() && lacks < 26) s.Append(absl::StrCat("much ", i), Level::kReceived, 2000);
    s.Wait(kMs / 4);
  }
  return s.violation();
}

// How long one operation of a disk takes is drawn, so it is tried with several disks.
std::string LaggardLeavesOne() {
  for (uint32_t slower = 100; slower <= 1500; slower += 50) {
    std::string verdict = LaggardLeavesOne(slower);
    if (!verdict.empty()) return verdict;
  }
  return "";
}

// Waits for its answer, and does not ask whether the node is still there.
class PatientRequest : public client::RequestSession {
 public:
  using RequestSession::RequestSession;

 protected:
  Owed owed() const override { return Owed::kNothing; }
};

// Asks n1, and nobody else, where the journal ends.
class EndAsker : public SimClient {
 public:
  EndAsker(ClientEnvironment environment, HostNumber host, const std::string& journal)
      : SimClient(OnlyN1(environment), host, "asker") {
    client::SessionOptions options;
    options.retry_for_ns = 1000 * kSecond;
    options.handshake_timeout_ns = 100 * kSecond;
    options.nodes = 1;
    v1::ClientMessage request;
    request.mutable_locate()->mutable_position()->set_newest(true);
    request.mutable_locate()->set_linearizable(true);
    locate_ = std::make_unique<PatientRequest>(options, request, false);
    locate_->OpenFirst(journal);
  }

  void OnBytes(EndNumber end, ByteSpan bytes) override {
    heard_ = true;
    SimClient::OnBytes(end, bytes);
  }
  bool heard() const { return heard_; }
  bool asked() const { return asked_; }
  bool done() const override { return locate_->stopped(); }

 protected:
  client::Session* session() const override { return locate_.get(); }
  int64_t Work() override { return INT64_MAX; }
  // The question leaves now; what is known now lies below the answer.
  void Check() override {
    if (locate_->under_way() && !asked_) known_ = env_.truth->known_lsn();
    asked_ = asked_ || locate_->under_way();
    if (!locate_->answered()) return;
    const Lsn answer(locate_->reply().locate_reply().lsn());
    if (answer > known_) return;
    env_.report->Violation("tail: the journal is said to end before LSN ", answer.value(),
                           ", but LSN ", known_.value(), " had been acknowledged");
  }

 private:
  static ClientEnvironment OnlyN1(ClientEnvironment environment) {
    environment.nodes = 1;
    return environment;
  }
  std::unique_ptr<client::RequestSession> locate_;
  bool heard_ = false, asked_ = false;
  Lsn known_;
};

// A heartbeat of n1 has just left, and nothing else is under way.
bool StopBehindAHeartbeat(Stage* s) {
  uint64_t turns = s->node(kN1)->counts().turns;
  int64_t turned_ns = s->now_ns();
  auto heartbeat = [&] {
    if (s->node(kN1)->counts().turns == turns) return false;
    turns = s->node(kN1)->counts().turns;
    return s->now_ns() - std::exchange(turned_ns, s->now_ns()) > 5 * kMs;
  };
  return s->WaitUntil(heartbeat, kSecond);
}

// n1 stands still with a session open and its newest heartbeat not answered yet. When it goes on
// it finds that answer and a question for the journal's end together; in between n2 has led.
std::string TailOfAnOlderRound() {
  Stage s({.nodes = 2, .memory_only = true});
  s.Append("early", Level::kReplicated);
  if (!s.WaitUntil([&] { return s.all_answered(); }, kSecond)) return Stuck(s, "nothing is there");
  const HostNumber host = s.TakeHost();
  EndAsker asker(s.MakeClientEnvironment(), host, s.journal());
  asker.Begin();
  if (!s.WaitUntil([&] { return asker.heard(); }, kSecond)) return Stuck(s, "n1 says no hello");
  s.CutOneWay(kN1, host);  // that the journal is open
  s.Wait(40 * kMs);
  if (!StopBehindAHeartbeat(&s)) return Stuck(s, "n1 sends no heartbeat");
  s.PauseWithOneBatch(kN1, 1500 * kMs);  // longer than a client tries a node
  if (!s.WaitUntil([&] { return s.leader() == kN2; }, kSecond)) return Stuck(s, "n2 leads not");
  StageAppender other(
      s.MakeClientEnvironment(), s.TakeHost(), s.journal(), s.names(), [](const std::string&) {},
      "other");
  other.Append("late", Level::kReplicated, 16);
  if (!s.WaitUntil([&] { return other.done(); }, 9 * kSecond)) return Stuck(s, "n2 takes nothing");
  s.MendOneWay(kN1, host);
  if (!s.WaitUntil([&] { return asker.asked(); }, kSecond)) return Stuck(s, "nobody asks");
  s.Wait(3 * kSecond);
  return s.violation();
}

}  // namespace

std::optional<std::string> RunLagScript(std::string_view mutant) {
  if (mutant == "laggard_leaves_one") return LaggardLeavesOne();
  if (mutant == "tail_of_an_older_round") return TailOfAnOlderRound();
  return std::nullopt;
}

}  // namespace ringjournal::cluster_sim
