#include "server/driver/server.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "journal/base/check.h"
#include "server/config/listen_address.h"
#include "server/driver/connection_effects.h"
#include "server/log/log.h"
#include "server/version.h"

namespace ringjournal {
namespace {

constexpr int64_t kMs = 1000 * 1000;
// The loop spins only while work keeps coming at least this often.
constexpr int64_t kSpinWhileGapNs = 1 * kMs;

}  // namespace

Server::~Server() = default;

void Server::RequestStop() {
  stop_requested_.store(true, std::memory_order_relaxed);
  if (loop_ != nullptr) loop_->Wake();
}

int Server::Run() {
  while (!done_) Turn();
  LogEvent(LogLevel::kInfo, "stopped", {{"exit_code", exit_code_}});
  return exit_code_;
}

// One turn: collect a bounded batch, step the core, then once: send, checkpoint, and so on.
void Server::Turn() {
  std::span<const io::Event> events = loop_->Turn(NextWait());
  now_ = io::ReadClock();
  if (!events.empty()) last_event_ns_ = now_.monotonic_ns;
  for (const io::Event& event : events) HandleEvent(event);
  for (const Dialed& failed : dialed_->TakeFailed()) StepShard(failed);
  if (stop_requested_.load(std::memory_order_relaxed) && !stopping_) BeginDrain();
  StepShard(EndOfBatch{});
  StopAcceptingClients();
  CarryOut();
  done_ = CheckStop();
}

void Server::BeginDrain() {
  stopping_ = true;
  stop_deadline_ns_ = now_.monotonic_ns + options_.drain_timeout_ns;
  LogEvent(LogLevel::kInfo, "draining", {{"sessions", shard_->session_count()}});
  RemoveAddressFile();
  StepShard(DrainRequested{});
}

// Nodes still come: to them a port at which nobody listens means a dead process.
void Server::StopAcceptingClients() {
  if (!stopping_ || stopped_accepting_ || shard_->takes_sessions()) return;
  stopped_accepting_ = true;
  loop_->StopAccepting(kForClients);
}

// Nobody is to find an address at which nobody answers. It was written before the first turn.
void Server::RemoveAddressFile() const {
  if (!options_.address_file.empty()) (void)io::RemoveFile(options_.address_file);
}

void Server::StepShard(const ShardEvent& event) {
  shard_->Step(event, now_, &effects_);
  // What is said to other nodes must leave before the next step: its bytes are valid until then.
  if (!effects_.sends.empty() && effects_.fatal.empty()) CarryOutSends();
}

void Server::CarryOutSends() {
  CarryOutConnections(&effects_, dialed_.get(), [this](const ShardEvent& e) { StepShard(e); });
}

io::WaitOptions Server::NextWait() {
  io::WaitOptions wait;
  now_ = io::ReadClock();
  int64_t deadline = shard_->deadline_ns();
  if (stopping_) deadline = std::min(deadline, stop_deadline_ns_);
  wait.timeout_ns = deadline == INT64_MAX ? -1 : std::max<int64_t>(0, deadline - now_.monotonic_ns);
  if (shard_->has_more_to_read() || dialed_->has_failed()) wait.timeout_ns = 0;
  bool lively = now_.monotonic_ns - last_event_ns_ < kSpinWhileGapNs;
  if (lively) wait.spin_ns = int64_t{options_.spin_us_max} * 1000;
  return wait;
}

void Server::HandleEvent(const io::Event& event) {
  const ConnectionNumber connection = dialed_->NumberOf(event.connection);
  switch (event.kind) {
    case io::Event::Kind::kAccepted:
      if (event.token == kForClients) return StepShard(Accepted{connection});
      accepted_peers_.insert(connection);
      return StepShard(PeerAccepted{connection});
    case io::Event::Kind::kConnected:
      return StepShard(Dialed{connection, -event.result});
    case io::Event::Kind::kReceived:
      return StepShard(Received{connection, event.bytes});
    case io::Event::Kind::kReceiveEnded:
      return StepShard(ReceiveEnded{connection, -event.result});
    case io::Event::Kind::kSendDrained:
      return StepShard(SendQueue{connection, loop_->queued_bytes(event.connection)});
    case io::Event::Kind::kFileDone:
      return StepShard(storage_->OnFileDone(event));
    case io::Event::Kind::kWake:
      return TakeControlResults();
    case io::Event::Kind::kClosed:
      dialed_->Forget(event.connection);
      accepted_peers_.erase(connection);
      return;
  }
}

void Server::TakeControlResults() {
  worker_->RunCompletions();
  tail_worker_->RunCompletions();
  storage_->TakeAnswers(&storage_answers_);
  for (const StorageAnswer& answer : storage_answers_) StepShard(answer);
  storage_answers_.clear();
  std::vector<ConfigCompletion> completions;
  ConfigThread::News news = config_->Take(&completions);
  for (ConfigCompletion& completion : completions) StepShard(ConfigAnswer{std::move(completion)});
  if (news.document.version() > 0) StepShard(ConfigHint{std::move(news.document)});
  if (news.changed) StepShard(ConfigHint{});
  std::vector<RingAnswer> rings = std::move(ring_results_);
  ring_results_.clear();
  for (const RingAnswer& ring : rings) StepShard(ring);
}

void Server::CarryOut() {
  LogNotes();
  if (!effects_.fatal.empty()) return StopForFatal();
  CarryOutSends();
  CarryOutDials();
  for (const ShardEffects::Opened& opened : effects_.opened) {
    storage_->Register(opened.journal, files_[std::string(opened.id.view())].get());
  }
  for (const ShardEffects::Storage& storage : effects_.storage) storage_->Start(storage);
  CarryOutControl();
  effects_.Clear();
}

// Nothing more is acknowledged: what was being sent may rest on what has just failed.
void Server::StopForFatal() {
  if (effects_.replaced) {
    LogEvent(LogLevel::kError, "node_replaced",
             {{"reason", effects_.fatal},
              {"next", "see which process serves this node; never start two of one name"}});
  } else {
    LogEvent(LogLevel::kError, "disk_failed",
             {{"reason", effects_.fatal},
              {"next", "the process stops; start it again to recover from the ring"}});
  }
  RemoveAddressFile();
  exit_code_ = effects_.replaced ? kServerExitReplaced : kServerExitDiskFailed;
  done_ = true;
}

void Server::CarryOutControl() {
  for (ConfigRequest& request : effects_.config) config_->Submit(std::move(request));
  CarryOutRings();
  CarryOutDiscards();
  CarryOutReleases();
}

void Server::CarryOutRings() {
  for (const ShardEffects::RingWanted& wanted : effects_.rings) {
    JournalFiles* files =
        (files_[std::string(wanted.journal.view())] = MakeFiles(wanted.journal)).get();
    auto answer = std::make_shared<RingAnswer>();
    answer->journal = wanted.journal;
    worker_->Submit(
        [files, answer, wanted]() -> int64_t {
          if (wanted.anew) files->Discard();
          absl::Status listed = files->ListSegments().status();  // makes the directory
          absl::StatusOr<RingMemory> memory =
              listed.ok() ? files->CreateRing(wanted.head_bytes, wanted.data_bytes) : listed;
          if (memory.ok())
            answer->memory = *memory;
          else
            answer->error = std::string(memory.status().message());
          return 0;
        },
        [this, answer](int64_t) { ring_results_.push_back(*answer); });
  }
}

void Server::CarryOutDiscards() {
  for (const ShardEffects::Discard& discard : effects_.discards) {
    auto it = files_.find(std::string(discard.id.view()));
    if (it == files_.end()) continue;
    if (discard.journal != UINT32_MAX) storage_->Forget(discard.journal);
    std::shared_ptr<JournalFiles> files = std::move(it->second);
    files_.erase(it);
    worker_->Submit(
        [files]() -> int64_t {
          files->Discard();
          return 0;
        },
        [](int64_t) {});
  }
}

bool Server::CheckStop() {
  if (done_) stop_reading_tails_ = true;
  if (done_) return true;
  if (!stopping_) return false;
  bool late = now_.monotonic_ns >= stop_deadline_ns_;
  // A connection that is closed too early is reset, and takes the last answers with it.
  if (shard_->drained()) ClosePeers();
  bool done = shard_->drained() && loop_->stats().connections == 0;
  if (!done && !late) return false;
  if (!done) {
    LogEvent(LogLevel::kWarn, "drain_timed_out", {{"sessions", shard_->session_count()}});
  }
  stop_reading_tails_ = true;
  tail_worker_->Stop();
  worker_->Stop();
  config_->Stop();
  return true;
}

}  // namespace ringjournal
