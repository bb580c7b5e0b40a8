#include "client/takeover/standby.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ask_journal.h"
#include "client/core/writer_proto.h"
#include "client/driver.h"
#include "client/errors.h"
#include "client/takeover/standby_impl.h"
#include "journal/base/units.h"

namespace ringjournal::client {
namespace {

// As a Writer's: what waits here is bounded by Follow's time, and by TakeOver's.
constexpr int64_t kPatienceNs = int64_t{100} * 365 * 86400 * kSecondNs;

absl::Status ApplyFailed(Lsn lsn, const std::string& why) {
  return MakeError(ErrorCode::kApplyFailed,
                   absl::StrCat("the application cannot apply LSN ", lsn.value(), ": ", why,
                                "; its state is not to be trusted: correct it, then start anew"));
}

// What the reader reports as lost, of what it had not seen yet or had.
void TellLoss(const Reader& reader, StandbyCore* core) {
  const std::optional<LossNotice>& loss = reader.last_loss();
  if (!loss.has_value()) return;
  core->OnLoss({loss->generation, loss->first_lsn, loss->replicated != "none", loss->reason});
}

}  // namespace

// Who is the writer, and how far does the journal go? Both as its leader knows.
absl::Status Standby::Impl::Ask(int64_t until_ns) {
  v1::ClientMessage request;
  request.mutable_writer_show();
  const int64_t began_ns = Driver::NowNs();
  AskOptions how{.journal = journal.name()};
  if (until_ns < kNeverNs) how.timeout_ns = std::max<int64_t>(until_ns - began_ns, 1);
  auto answer = AskJournal(journal.options(), request, how);
  round_trip_ns = Driver::NowNs() - began_ns;
  // A node that is frozen or off is passed over after a while: the next request does not begin
  // there.
  if (round_trip_ns >= limits::kNodeTriedMs * int64_t{1'000'000}) journal = journal.FromNextNode();
  if (!answer.ok()) return answer.status();
  current = WriterOf(answer->reply.writer_reply());
  if (!current.fenced) {
    return MakeError(ErrorCode::kBadSetting,
                     absl::StrCat("journal ", journal.name(),
                                  " is not fenced, so that nobody can be kept from writing: "
                                  "ringjournal journal set ",
                                  journal.name(), " --fenced yes"));
  }
  for (const v1::LossReport& loss : answer->opened.losses()) {
    core->OnLoss({loss.generation(), Lsn(loss.first_lsn()),
                  loss.replicated() != v1::LOSS_VERDICT_NONE, loss.reason()});
  }
  const v1::Watermarks& marks = answer->opened.watermarks();
  oldest = Lsn(marks.oldest().lsn());
  const int64_t now_ns = Driver::NowNs();
  core->OnAnswer({answer->opened.generation(), answer->opened.epoch()},
                 Lsn(marks.committed().lsn()), now_ns);
  core->OnWriter(current.epoch, now_ns);
  return absl::OkStatus();
}

// Applies what is here, or waits for something: how many were taken.
absl::StatusOr<size_t> Standby::Impl::Step(int64_t until_ns) {
  const int64_t began_ns = Driver::NowNs();
  size_t taken = 0;
  const auto step = reader->Next(batch, &taken, std::max<int64_t>(until_ns - began_ns, 0));
  TellLoss(*reader, core.get());
  if (!step.ok()) return Missed(step.status());
  if (Connections() != std::exchange(connections, Connections())) {
    core->OnConnected(Driver::NowNs());
  }
  core->OnReadIn(reader->seen_generation());
  if (taken == 0) return taken;
  if (absl::Status status = ApplyAll({batch.data(), taken}); !status.ok()) return broken = status;
  // A full batch did not have to be waited for.
  if (taken == batch.size()) {
    busy_ns += Driver::NowNs() - began_ns;
    busy_count += taken;
  }
  return taken;
}

// An outage, however long, is no reason to lose a state that the journal goes on behind.
absl::StatusOr<size_t> Standby::Impl::Missed(const absl::Status& why) {
  const ErrorCode code = CodeOf(why);
  if (code == ErrorCode::kStopped) return why;
  if (code != ErrorCode::kCannotConnect && !IsTransient(code)) return broken = why;
  ReaderOptions read{.journal = journal.name(), .cursor = reader->cursor(), .follow = true};
  read.accept_generation = reader->seen_generation();
  ClientOptions patient = journal.options();
  patient.retry_for_ns = kPatienceNs;
  reader = Reader::Start(patient, read);
  connections = 0;
  return 0;
}

// So often it was connected, by this reader.
uint64_t Standby::Impl::Connections() const {
  return reader->generation() == 0 ? 0 : reader->reconnects() + 1;
}

int64_t Standby::Impl::AskTimeoutNs() const {
  const int64_t two_nodes_ns = 2 * limits::kNodeTriedMs * int64_t{1'000'000};
  return std::max<int64_t>(options.silent_after.count(), two_nodes_ns);
}

absl::Status Standby::Impl::ApplyAll(std::span<const ReadTransaction> transactions) {
  const int64_t now_ns = Driver::NowNs();
  for (const ReadTransaction& transaction : transactions) {
    const auto what = core->Take(transaction, now_ns);
    if (!what.ok()) return what.status();
    if (*what == StandbyCore::Do::kPass) continue;
    if (absl::Status status = ApplyOne(transaction); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Standby::Impl::ApplyOne(const ReadTransaction& transaction) {
  std::string effect;
  std::optional<uint64_t> digest;
  try {
    if (absl::Status status = state->Apply(transaction, &effect); !status.ok()) {
      return ApplyFailed(transaction.lsn, std::string(status.message()));
    }
    if (core->WantsDigest()) digest = state->Digest();
  } catch (const std::exception& thrown) {
    return ApplyFailed(transaction.lsn, absl::StrCat("it threw: ", thrown.what()));
  } catch (...) {
    return ApplyFailed(transaction.lsn, "it threw something that is no std::exception");
  }
  if (digest.has_value()) core->OnDigest(*digest);
  if (effect.empty()) return absl::OkStatus();
  return core->Applied(std::move(effect));
}

absl::Status Standby::Impl::Claim(const TakeOverOptions& how, int64_t until_ns) {
  if (nonce == 0) {
    nonce = Driver::Seed() | 1;
    replaced = current;
  }
  WriterClaim claim;
  claim.claimant = options.name;
  claim.replaces = how.replaces.value_or(replaced.epoch);
  claim.force = how.force;
  claim.reason = how.reason;
  claim.nonce = nonce;
  const std::chrono::nanoseconds left(std::max<int64_t>(until_ns - Driver::NowNs(), 1));
  auto granted = journal.AcquireWriter(claim, left);
  if (!granted.ok()) return Replaced(granted.status());
  core->OnGranted(*granted, replaced);
  // A recovery came in between, or before the writer was asked for: what did it lose?
  if (granted->epoch.generation != replaced.epoch.generation) {
    if (absl::Status status = Ask(until_ns); !status.ok()) return status;
  }
  return broken = core->CheckHistory();
}

absl::Status Standby::Impl::ReadToBoundary(int64_t until_ns) {
  while (!core->at_boundary()) {
    if (!core->granted()) {
      return Replaced(MakeError(ErrorCode::kFenced,
                                absl::StrCat("somebody else has taken journal ", journal.name(),
                                             " over before all below the fence was read: "
                                             "follow him, or call TakeOver again")));
    }
    const int64_t now_ns = Driver::NowNs();
    if (now_ns >= until_ns) {
      return MakeError(
          ErrorCode::kDeadline,
          absl::StrCat("the fence is granted, and LSNs from ", core->next_lsn().value(), " to ",
                       core->final_lsn().value(), " are not read yet: call TakeOver again"));
    }
    if (auto taken = Step(until_ns); !taken.ok()) return taken.status();
  }
  return absl::OkStatus();
}

// If another one has come first, the next claim is a new one, and he is followed.
absl::Status Standby::Impl::Replaced(const absl::Status& why) {
  const ErrorCode code = CodeOf(why);
  if (code != ErrorCode::kWriterHeld && code != ErrorCode::kFenced) return why;
  nonce = 0;
  core->OnReplaced(Driver::NowNs());
  return why;
}

absl::Status Standby::Impl::OpenWriter(Promotion* promotion, int64_t until_ns) {
  ActiveWriterOptions active;
  active.claimant = options.name;
  active.writer = options.writer;
  active.writer.producer = options.name;
  active.writer.writer = promotion->report.new_writer;
  active.heartbeat = options.heartbeat;
  active.committed = promotion->report.final_lsn;
  active.acted = promotion->report.acted_lsn;
  const std::chrono::nanoseconds left(std::max<int64_t>(until_ns - Driver::NowNs(), 1));
  active.writer.open_timeout = std::min(active.writer.open_timeout, left);
  auto writer = ActiveWriter::Open(journal, active);
  if (!writer.ok()) return Replaced(writer.status());
  promotion->writer = *std::move(writer);
  return absl::OkStatus();
}

Readiness Standby::Impl::GetReadiness() const {
  Readiness r;
  const Lsn visible = reader->visible_lsn();
  if (visible >= core->next_lsn()) r.lag = visible.value() - core->next_lsn().value() + 1;
  if (busy_ns > 0) {
    r.replay_rate = static_cast<double>(busy_count) * 1e9 / static_cast<double>(busy_ns);
  }
  r.fence_round_trip_ns = round_trip_ns;
  r.takeover_estimate_ns = round_trip_ns;
  if (r.replay_rate > 0) {
    r.takeover_estimate_ns +=
        static_cast<int64_t>(static_cast<double>(r.lag) * 1e9 / r.replay_rate);
  }
  r.silent_for_ns = core->silent_for_ns(Driver::NowNs());
  r.writer = core->writer();
  r.claimant = core->claimant();
  return r;
}

Standby::Standby(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Standby::~Standby() = default;

absl::StatusOr<StandbyStep> Standby::Follow(std::chrono::nanoseconds timeout) {
  if (!impl_->broken.ok()) return impl_->broken;
  StandbyCore& core = *impl_->core;
  const int64_t until_ns = Driver::NowNs() + timeout.count();
  for (;;) {
    // It watches nobody while it holds a grant: nothing but the rest of the takeover is due.
    if (core.granted()) return StandbyStep::kWriterSilent;
    int64_t now_ns = Driver::NowNs();
    // While the reader has not found the journal again, nobody could be heard.
    const bool hears = impl_->Connections() > 0;
    if (hears && core.Suspects(now_ns)) {
      absl::Status asked = impl_->Ask(now_ns + impl_->AskTimeoutNs());
      // Without a leader nobody can be heard: the next one's answer gives the writer its time.
      const ErrorCode code = CodeOf(asked);
      if (code == ErrorCode::kStopped || code == ErrorCode::kBadSetting) return asked;
      now_ns = Driver::NowNs();
    }
    if (hears && core.writer_is_silent(now_ns)) return StandbyStep::kWriterSilent;
    const int64_t look_again_ns =
        hears ? core.LookAgainAt() : now_ns + impl_->options.silent_after.count();
    auto taken = impl_->Step(std::min(until_ns, look_again_ns));
    if (!taken.ok()) return taken.status();
    if (Driver::NowNs() >= until_ns) return StandbyStep::kFollowing;
  }
}

absl::StatusOr<Promotion> Standby::TakeOver(const TakeOverOptions& options) {
  Impl& impl = *impl_;
  if (!impl.broken.ok()) return impl.broken;
  const int64_t began_ns = Driver::NowNs();
  const int64_t until_ns = began_ns + options.timeout.count();
  const int64_t silence_ns = impl.core->silent_for_ns(began_ns);
  const bool by_silence = impl.core->writer_is_silent(began_ns);
  const uint64_t applied_before = impl.core->applied();
  if (!by_silence && impl.nonce == 0) {
    if (absl::Status status = impl.Ask(until_ns); !status.ok()) return status;
  }
  if (absl::Status status = impl.Claim(options, until_ns); !status.ok()) return status;
  const int64_t fenced_ns = Driver::NowNs();
  if (absl::Status status = impl.ReadToBoundary(until_ns); !status.ok()) return status;
  const int64_t replayed_ns = Driver::NowNs();

  Promotion promotion;
  promotion.report = impl.core->Report();
  if (options.open_writer) {
    if (absl::Status status = impl.OpenWriter(&promotion, until_ns); !status.ok()) return status;
  }
  TakeoverReport& report = promotion.report;
  report.forced = options.force;
  report.silence_ns = by_silence ? silence_ns : 0;
  report.fence_ns = fenced_ns - began_ns;
  report.replay_ns = replayed_ns - fenced_ns;
  report.open_ns = Driver::NowNs() - replayed_ns;
  report.replayed = impl.core->applied() - applied_before;
  promotion.effects = impl.core->TakeEffects();
  promotion.boundary = impl.reader->cursor();
  impl.broken = MakeError(ErrorCode::kStopped, "this standby has taken over: it follows no more");
  return promotion;
}

Readiness Standby::readiness() const { return impl_->GetReadiness(); }
Cursor Standby::cursor() const { return impl_->reader->cursor(); }
Lsn Standby::next_lsn() const { return impl_->core->next_lsn(); }

}  // namespace ringjournal::client
