#include "tools/ringjournal/backup_load.h"

#include <signal.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "io/clock.h"

namespace ringjournal::bench {
namespace {

constexpr int64_t kTurnNs = 500'000;  // between two looks at what is due
constexpr int64_t kSettleNs = 60'000'000'000;
// A pause of the load's own thread is not made up for beyond this.
constexpr int64_t kCatchUpNs = 20'000'000;

}  // namespace

BackupLoad::BackupLoad(const BackupLoadOptions& options)
    : options_(options), payload_(options.payload_bytes, 'x') {}

absl::StatusOr<std::unique_ptr<BackupLoad>> BackupLoad::Open(
    const client::ClientOptions& client_options, const BackupLoadOptions& options) {
  std::unique_ptr<BackupLoad> load(new BackupLoad(options));
  auto client = client::Client::Open(client_options);
  if (!client.ok()) return client.status();
  client::WriterOptions writer_options;
  writer_options.append_timeout = std::chrono::nanoseconds(kSettleNs);
  writer_options.appends_in_flight_max = options.in_flight;
  for (uint32_t i = 0; i < options.clients; ++i) {
    auto writer = (*client)->Journal(options.journal).OpenWriter(writer_options);
    if (!writer.ok()) return writer.status();
    load->tracks_.push_back(std::make_unique<Track>());
    load->tracks_.back()->writer = *std::move(writer);
  }
  // Signals belong to the thread of the command.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  load->thread_ = std::thread([load = load.get()] { load->Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return load;
}

BackupLoad::~BackupLoad() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void BackupLoad::OnOutcome(Track* track, const client::AppendOutcome& outcome) {
  const int64_t now = io::MonotonicNs();
  std::lock_guard lock(track->mutex);
  ++track->acknowledged;
  track->longest_ns = std::max(track->longest_ns, now - track->waiting_since_ns);
  track->waiting_since_ns = now;
  if (outcome.fate == client::Fate::kApplied || !track->failure.empty()) return;
  track->failure = std::string(outcome.error.message());
}

void BackupLoad::Append(Track* track, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    {
      std::lock_guard lock(track->mutex);
      if (track->sent == track->acknowledged) track->waiting_since_ns = io::MonotonicNs();
      ++track->sent;
    }
    absl::Status taken = track->writer->TryAppend(
        payload_, [track](const client::AppendOutcome& outcome) { OnOutcome(track, outcome); });
    if (taken.ok()) continue;
    std::lock_guard lock(track->mutex);
    --track->sent;
    return;
  }
}

void BackupLoad::Run() {
  int64_t last_ns = io::MonotonicNs();
  double due = 0;
  while (!stopping_) {
    const bool flat_out = per_s_ < 0;
    io::Pause(flat_out ? kTurnNs / 5 : kTurnNs);
    const int64_t now = io::MonotonicNs();
    const double passed_s = static_cast<double>(std::min(now - last_ns, kCatchUpNs)) / 1e9;
    last_ns = now;
    due += flat_out ? 0 : passed_s * per_s_ / static_cast<double>(tracks_.size());
    const uint64_t whole = static_cast<uint64_t>(due);
    due -= static_cast<double>(whole);
    for (const auto& track : tracks_) Append(track.get(), flat_out ? options_.in_flight : whole);
  }
}

absl::StatusOr<int64_t> BackupLoad::TakeLongestWait() {
  const int64_t now = io::MonotonicNs();
  int64_t longest = 0;
  for (const auto& track : tracks_) {
    std::lock_guard lock(track->mutex);
    if (!track->failure.empty()) {
      return absl::DataLossError(
          absl::StrCat("an append has not become part of the journal: ", track->failure));
    }
    if (track->sent > track->acknowledged) {
      track->longest_ns = std::max(track->longest_ns, now - track->waiting_since_ns);
    }
    longest = std::max(longest, track->longest_ns);
    track->longest_ns = 0;
  }
  return longest;
}

uint64_t BackupLoad::acknowledged() const {
  uint64_t sum = 0;
  for (const auto& track : tracks_) {
    std::lock_guard lock(track->mutex);
    sum += track->acknowledged;
  }
  return sum;
}

absl::Status BackupLoad::Settle() {
  per_s_ = 0;
  io::Pause(2 * kTurnNs + kCatchUpNs);
  const int64_t give_up_ns = io::MonotonicNs() + kSettleNs;
  for (const auto& track : tracks_) {
    while (track->writer->in_flight() > 0) {
      if (io::MonotonicNs() > give_up_ns) {
        return absl::DeadlineExceededError("appends have had no answer for a minute");
      }
      io::Pause(kTurnNs);
    }
  }
  return TakeLongestWait().status();
}

}  // namespace ringjournal::bench
