#include "tools/ringjournal/failover_load.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "journal/base/units.h"

namespace ringjournal::bench {
namespace {

constexpr int64_t kTurnNs = 500'000;  // between two looks at what is due
constexpr int64_t kLookEveryNs = 1'000'000;
constexpr int64_t kSettleNs = 60'000'000'000;
// A pause of the load's own thread is not made up for beyond this.
constexpr int64_t kCatchUpNs = 20'000'000;

}  // namespace

FailoverLoad::FailoverLoad(const FailoverLoadOptions& options)
    : options_(options), payload_(options.payload_bytes, 'x') {}

absl::StatusOr<std::unique_ptr<FailoverLoad>> FailoverLoad::Open(
    const client::ClientOptions& client_options, const FailoverLoadOptions& options) {
  std::unique_ptr<FailoverLoad> load(new FailoverLoad(options));
  auto client = client::Client::Open(client_options);
  if (!client.ok()) return client.status();
  client::WriterOptions writer_options;
  writer_options.append_timeout = std::chrono::nanoseconds(kSettleNs);
  writer_options.appends_in_flight_max = options.in_flight;
  for (const std::string& journal : options.journals) {
    auto writer = (*client)->Journal(journal).OpenWriter(writer_options);
    if (!writer.ok()) return writer.status();
    auto track = std::make_unique<Track>();
    track->journal = journal;
    track->writer = *std::move(writer);
    load->tracks_.push_back(std::move(track));
  }
  // Signals belong to the thread of the command.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  load->thread_ = std::thread([load = load.get()] { load->Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return load;
}

FailoverLoad::~FailoverLoad() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void FailoverLoad::OnOutcome(Track* track, const client::AppendOutcome& outcome) {
  const int64_t now = io::MonotonicNs();
  std::lock_guard lock(track->mutex);
  if (outcome.fate != client::Fate::kApplied) {
    if (track->failure.empty()) track->failure = std::string(outcome.error.message());
    return;
  }
  ++track->applied;
  const int64_t silence_ns = now - track->last_ns;
  track->last_ns = now;
  if (!track->armed) return;
  if (track->crossed) {
    track->gap.later_ns = std::max(track->gap.later_ns, silence_ns);
    return;
  }
  track->crossed = track->writer->stats().reconnects > track->connections;
  if (track->crossed) track->gap.gap_ns = silence_ns;
}

void FailoverLoad::Append(uint64_t count) {
  for (const auto& track : tracks_) {
    for (uint64_t i = 0; i < count; ++i) {
      Track* t = track.get();
      absl::Status taken = t->writer->TryAppend(
          payload_, [t](const client::AppendOutcome& outcome) { OnOutcome(t, outcome); });
      if (!taken.ok()) break;
    }
  }
}

void FailoverLoad::Run() {
  int64_t last_ns = io::MonotonicNs();
  double due = 0;
  while (!stopping_) {
    if (!flat_out_) io::Pause(kTurnNs);
    const int64_t now = io::MonotonicNs();
    const double passed_s = static_cast<double>(std::min(now - last_ns, kCatchUpNs)) / 1e9;
    last_ns = now;
    if (flat_out_) {
      Append(options_.in_flight);
      io::Pause(kTurnNs / 5);
      continue;
    }
    due += passed_s * per_s_ / static_cast<double>(tracks_.size());
    const uint64_t whole = static_cast<uint64_t>(due);
    due -= static_cast<double>(whole);
    Append(whole);
  }
}

absl::StatusOr<double> FailoverLoad::Saturate(int64_t duration_ns) {
  flat_out_ = true;
  io::Pause(duration_ns / 4);  // warm
  const uint64_t before = appended();
  const int64_t started_ns = io::MonotonicNs();
  io::Pause(duration_ns);
  const double per_s = static_cast<double>(appended() - before) * 1e9 /
                       static_cast<double>(io::MonotonicNs() - started_ns);
  flat_out_ = false;
  if (absl::Status s = FirstFailure(); !s.ok()) return s;
  return per_s;
}

void FailoverLoad::Arm() {
  for (const auto& track : tracks_) {
    const uint64_t connections = track->writer->stats().reconnects;
    std::lock_guard lock(track->mutex);
    track->connections = connections;
    track->armed = true;
    track->crossed = false;
    track->gap = {};
  }
}

absl::StatusOr<FailoverRun> FailoverLoad::Await(int64_t patience_ns) {
  const int64_t give_up_ns = io::MonotonicNs() + patience_ns;
  for (size_t i = 0; i < tracks_.size();) {
    {
      std::lock_guard lock(tracks_[i]->mutex);
      if (tracks_[i]->crossed) {
        ++i;
        continue;
      }
    }
    if (io::MonotonicNs() > give_up_ns) {
      return absl::DeadlineExceededError(absl::StrCat(
          "no acknowledgement by another leader reached the client of ", tracks_[i]->journal,
          " within ", FormatDurationNs(patience_ns), "; see the nodes' logs (--keep-logs DIR)"));
    }
    io::Pause(kLookEveryNs);
  }
  io::Pause(kFailoverSettleNs);
  FailoverRun run;
  for (const auto& track : tracks_) {
    std::lock_guard lock(track->mutex);
    track->armed = false;
    run.clients.push_back(track->gap);
  }
  if (absl::Status s = FirstFailure(); !s.ok()) return s;
  return run;
}

absl::Status FailoverLoad::FirstFailure() {
  for (const auto& track : tracks_) {
    std::lock_guard lock(track->mutex);
    if (track->failure.empty()) continue;
    return absl::DataLossError(absl::StrCat("an append to ", track->journal,
                                            " has not become part of it: ", track->failure,
                                            "; see the nodes' logs (--keep-logs DIR)"));
  }
  return absl::OkStatus();
}

uint64_t FailoverLoad::appended() const {
  uint64_t sum = 0;
  for (const auto& track : tracks_) {
    std::lock_guard lock(track->mutex);
    sum += track->applied;
  }
  return sum;
}

absl::Status FailoverLoad::Settle(const client::Client& client) {
  per_s_ = 0;
  io::Pause(2 * kTurnNs + kCatchUpNs);
  std::map<std::string, uint64_t> applied;
  for (const auto& track : tracks_) {
    const int64_t give_up_ns = io::MonotonicNs() + kSettleNs;
    while (track->writer->in_flight() > 0 && io::MonotonicNs() < give_up_ns) {
      io::Pause(kLookEveryNs);
    }
    std::lock_guard lock(track->mutex);
    applied[track->journal] += track->applied;
  }
  if (absl::Status s = FirstFailure(); !s.ok()) return s;
  for (const auto& [journal, count] : applied) {
    auto watermarks = client.Journal(journal).GetWatermarks();
    if (!watermarks.ok()) return watermarks.status();
    const uint64_t end = watermarks->committed.lsn.value();
    if (end == count) continue;
    return absl::DataLossError(absl::StrCat("journal ", journal, " ends at LSN ", end, " after ",
                                            count, " acknowledged appends of one transaction"));
  }
  return absl::OkStatus();
}

}  // namespace ringjournal::bench
