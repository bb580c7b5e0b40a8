#include "tests/chaos/producer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "journal/base/check.h"
#include "tests/chaos/payload.h"

namespace ringjournal::chaos {
namespace {

constexpr int64_t kPauseNs = 1'000'000;
constexpr int64_t kReopenNs = 20'000'000;
constexpr uint32_t kInFlightMax = 64;
constexpr uint32_t kRunMax = 5;
// Half of the producers wait long enough for anything that is healed; the others give up, so that
// there are unknown outcomes.
constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);
constexpr std::chrono::milliseconds kImpatience = std::chrono::milliseconds(400);

std::string OneLine(const absl::Status& status) {
  std::string text = client::ErrorCodeName(client::CodeOf(status));
  absl::StrAppend(&text, " ", std::string(status.message()));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Producer::Producer(const ProducerOptions& options)
    : options_(options),
      file_(absl::StrCat(options.folder, "/p", options.number, ".history")),
      random_(options.seed * 1000 + options.number),
      appends_per_s_(options.appends_per_s) {
  auto client = client::Client::Open({.server = options.servers, .client_name = "chaos"});
  RJ_CHECK(client.ok());
  client_ = *std::move(client);
  thread_ = std::thread([this] { Run(); });
}

Producer::~Producer() {
  ending_ = true;
  thread_.join();
  writer_.reset();
}

void Producer::Go() {
  Mark();
  going_ = true;
}

void Producer::Rest() {
  going_ = false;
  std::lock_guard<std::mutex> lock(mutex_);
  counts_.gap_ns = std::max(counts_.gap_ns, io::MonotonicNs() - last_ack_ns_);
}

bool Producer::resting() const { return !going_ && !appending_ && in_flight_ == 0; }

void Producer::Mark() {
  std::lock_guard<std::mutex> lock(mutex_);
  last_ack_ns_ = io::MonotonicNs();
  counts_.gap_ns = 0;
}

ProducerCounts Producer::counts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

void Producer::Run() {
  while (!ending_) {
    appending_ = true;
    if (!going_) {
      appending_ = false;
      io::Pause(kPauseNs);
      continue;
    }
    if (writer_ == nullptr) OpenWriter();
    const int64_t now_ns = io::MonotonicNs();
    if (writer_ != nullptr && now_ns >= due_ns_ && in_flight_ < kInFlightMax) {
      const int64_t step_ns = static_cast<int64_t>(1e9 / appends_per_s_);
      due_ns_ = std::max(due_ns_ + step_ns, now_ns - 20 * step_ns);
      AppendOne();
    }
    appending_ = false;
    io::Pause(kPauseNs);
  }
}

void Producer::OpenWriter() {
  auto on_loss = [this](const client::LossNotice& loss) {
    file_.Add(absl::StrCat("l ", io::MonotonicNs(), " ", loss.generation, " ",
                           loss.first_lsn.value(), " ", loss.receipt_lsn.value()));
    std::lock_guard<std::mutex> lock(mutex_);
    ++counts_.losses;
    return client::LossDecision::kAccept;
  };
  auto writer =
      client_->Journal(options_.journal)
          .OpenWriter({.producer = absl::StrCat("chaos-", options_.number),
                       .append_timeout = options_.number % 2 == 0 ? kPatience : kImpatience,
                       .on_loss = on_loss});
  if (writer.ok()) {
    writer_ = *std::move(writer);
  } else {
    io::Pause(kReopenNs);  // a cluster that is being healed
  }
}

client::Level Producer::DrawLevel() {
  const uint64_t die = random_() % 100;
  if (die < 10) return client::Level::kReceived;
  if (die < 20 && options_.disk_use != DiskUse::kNone) return client::Level::kDisk;
  if (die < 50 && options_.disk_use == DiskUse::kDiskQuorum) return client::Level::kDiskQuorum;
  return client::Level::kReplicated;
}

void Producer::AppendOne() {
  const uint64_t number = next_;
  const uint32_t count = random_() % 8 == 0 ? 2 + random_() % (kRunMax - 1) : 1;
  const client::Level level = DrawLevel();
  next_ += count;
  client::TransactionRun run;
  for (uint32_t i = 0; i < count; ++i) run.Add(PayloadOf({options_.number, number + i}));
  file_.Add(
      absl::StrCat("s ", number, " ", count, " ", io::MonotonicNs(), " ", static_cast<int>(level)));
  ++in_flight_;
  absl::Status accepted =
      writer_->AppendAsync(std::move(run),
                           [this, number](const client::AppendOutcome& outcome) {
                             Done(number, outcome);
                             --in_flight_;
                           },
                           {.level = level});
  if (accepted.ok()) return;
  --in_flight_;
  file_.Add(absl::StrCat("r ", number, " ", io::MonotonicNs(), " ", OneLine(accepted)));
  if (writer_->status().ok()) return;
  file_.Add(absl::StrCat("w ", io::MonotonicNs(), " ", OneLine(writer_->status())));
  writer_.reset();
}

void Producer::Done(uint64_t number, const client::AppendOutcome& outcome) {
  const int64_t now_ns = io::MonotonicNs();
  if (outcome.fate == client::Fate::kApplied) {
    const client::AppendReceipt& r = outcome.receipt;
    file_.Add(absl::StrCat("a ", number, " ", now_ns, " ", r.first_lsn.value(), " ",
                           r.index.value(), " ", r.chain, " ", r.epoch.generation, " ",
                           r.epoch.epoch, " ", static_cast<int>(r.level)));
    return Acknowledged(now_ns);
  }
  const bool unknown = outcome.fate == client::Fate::kUnknown;
  file_.Add(absl::StrCat(unknown ? "u " : "r ", number, " ", now_ns, " ", OneLine(outcome.error)));
  std::lock_guard<std::mutex> lock(mutex_);
  ++(unknown ? counts_.unknown : counts_.not_applied);
}

void Producer::Acknowledged(int64_t now_ns) {
  std::lock_guard<std::mutex> lock(mutex_);
  ++counts_.acknowledged;
  counts_.gap_ns = std::max(counts_.gap_ns, now_ns - last_ack_ns_);
  last_ack_ns_ = now_ns;
}

}  // namespace ringjournal::chaos
