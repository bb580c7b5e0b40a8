#include "client/journal.h"

#include <utility>

#include "client/ask.h"
#include "client/core/writer_proto.h"
#include "client/driver.h"
#include "client/journal_timeout.h"

namespace ringjournal::client {
namespace {

Watermark MarkOf(const v1::Watermark& mark) { return {Index(mark.index()), Lsn(mark.lsn())}; }

Watermarks MarksOf(const v1::Watermarks& marks) {
  return {.oldest = MarkOf(marks.oldest()),
          .durable = MarkOf(marks.durable()),
          .committed = MarkOf(marks.committed()),
          .end = MarkOf(marks.end())};
}

JournalSettings SettingsOf(const v1::JournalSettings& s) {
  return {.ring_bytes = s.ring_bytes(),
          .segment_bytes = s.segment_bytes(),
          .checkpoint_bytes = s.checkpoint_bytes(),
          .checkpoint_interval_ms = s.checkpoint_interval_ms(),
          .memory_only = s.memory_only(),
          .retention_bytes = s.retention_bytes(),
          .retention_age_ms = s.retention_age_ms(),
          .producers_max = s.producers_max(),
          .fenced = s.fenced()};
}

void FillSettings(const JournalSettings& settings, v1::JournalSettings* out) {
  out->set_ring_bytes(settings.ring_bytes);
  out->set_segment_bytes(settings.segment_bytes);
  out->set_checkpoint_bytes(settings.checkpoint_bytes);
  out->set_checkpoint_interval_ms(settings.checkpoint_interval_ms);
  out->set_memory_only(settings.memory_only);
  out->set_retention_bytes(settings.retention_bytes);
  out->set_retention_age_ms(settings.retention_age_ms);
  out->set_producers_max(settings.producers_max);
  out->set_fenced(settings.fenced);
}

JournalInfo InfoOf(const v1::JournalReply& reply) {
  const v1::JournalConfig& config = reply.config();
  const v1::JournalStats& stats = reply.stats();
  JournalInfo info;
  info.name = config.name();
  JournalId::FromView(config.id(), &info.id);
  info.epoch = {config.generation(), config.epoch()};
  info.settings = SettingsOf(config.settings());
  info.members.assign(config.members().begin(), config.members().end());
  info.watermarks = MarksOf(reply.watermarks());
  info.ring_bytes = stats.ring_bytes();
  info.ring_bytes_used = stats.ring_bytes_used();
  info.segment_count = stats.segment_count();
  info.segment_bytes = stats.segment_bytes();
  info.producer_count = stats.producer_count();
  info.storage_state = stats.storage_state();
  return info;
}

Resolution ResolutionOf(const v1::ResolveReply& reply) {
  using Outcome = Resolution::Outcome;
  Resolution resolution{.lsn = Lsn(reply.lsn()), .generation = reply.generation()};
  switch (reply.outcome()) {
    case v1::ResolveReply::OUTCOME_AT_LSN:
      resolution.outcome = Outcome::kAtLsn;
      break;
    case v1::ResolveReply::OUTCOME_APPLIED_TRIMMED:
      resolution.outcome = Outcome::kAppliedTrimmed;
      break;
    case v1::ResolveReply::OUTCOME_NEVER:
      resolution.outcome = Outcome::kNever;
      break;
    case v1::ResolveReply::OUTCOME_NOT_YET:
      resolution.outcome = Outcome::kNotYet;
      break;
    case v1::ResolveReply::OUTCOME_MAY_HAVE_BEEN_LOST:
      resolution.outcome = Outcome::kMayHaveBeenLost;
      break;
    default:
      break;
  }
  return resolution;
}

absl::StatusOr<Resolution> AskResolve(const ClientOptions& options, const std::string& journal,
                                      std::string_view producer, Sequence sequence, bool settle,
                                      Timeout timeout, Epoch writer = Epoch()) {
  v1::ClientMessage request;
  request.mutable_resolve()->set_producer(std::string(producer));
  request.mutable_resolve()->set_sequence(sequence.value());
  request.mutable_resolve()->set_settle(settle);
  request.mutable_resolve()->set_writer_generation(writer.generation);
  request.mutable_resolve()->set_writer_epoch(writer.epoch);
  auto reply = Ask(options, request,
                   AskOptions{.changes_something = settle,
                              .timeout_ns = TimeoutNs(options, timeout),
                              .journal = journal});
  if (!reply.ok()) return reply.status();
  return ResolutionOf(reply->resolve_reply());
}

}  // namespace

Journal Journal::FromNextNode() const {
  auto options = std::make_shared<ClientOptions>(*options_);
  const size_t comma = options->server.find(',');
  if (comma == std::string::npos) return *this;
  options->server = options->server.substr(comma + 1) + "," + options->server.substr(0, comma);
  return Journal(std::move(options), name_);
}

Fate Resolution::fate() const {
  switch (outcome) {
    case Outcome::kAtLsn:
    case Outcome::kAppliedTrimmed:
      return Fate::kApplied;
    case Outcome::kNever:
      return Fate::kNotApplied;
    default:
      return Fate::kUnknown;
  }
}

Journal::Journal(std::shared_ptr<const ClientOptions> options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {}

absl::StatusOr<WriterInfo> Journal::GetWriter(Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_writer_show();
  auto reply = Ask(*options_, request,
                   AskOptions{.timeout_ns = TimeoutNs(*options_, timeout), .journal = name_});
  if (!reply.ok()) return reply.status();
  return WriterOf(reply->writer_reply());
}

absl::StatusOr<WriterInfo> Journal::AcquireWriter(const WriterClaim& claim, Timeout timeout) const {
  v1::ClientMessage request;
  v1::WriterAcquire* acquire = request.mutable_writer_acquire();
  acquire->set_claimant(claim.claimant);
  acquire->set_nonce(claim.nonce != 0 ? claim.nonce : Driver::Seed() | 1);
  acquire->set_replaces_generation(claim.replaces.generation);
  acquire->set_replaces_epoch(claim.replaces.epoch);
  acquire->set_force(claim.force);
  acquire->set_reason(claim.reason);
  // By force it might end somebody who has come in between.
  AskOptions how{.changes_something = claim.force,
                 .timeout_ns = TimeoutNs(*options_, timeout),
                 .journal = name_};
  auto reply = Ask(*options_, request, how);
  if (!reply.ok()) return reply.status();
  return WriterOf(reply->writer_reply());
}

absl::StatusOr<JournalInfo> Journal::Info(Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_journal_info()->set_name(name_);
  auto reply = Ask(*options_, request, AskOptions{.timeout_ns = TimeoutNs(*options_, timeout)});
  if (!reply.ok()) return reply.status();
  return InfoOf(reply->journal_reply());
}

absl::StatusOr<Watermarks> Journal::GetWatermarks(Timeout timeout) const {
  absl::StatusOr<JournalInfo> info = Info(timeout);
  if (!info.ok()) return info.status();
  return info->watermarks;
}

absl::Status Journal::Create(const JournalSettings& settings, Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_journal_create()->set_name(name_);
  FillSettings(settings, request.mutable_journal_create()->mutable_settings());
  AskOptions how{.changes_something = true, .timeout_ns = TimeoutNs(*options_, timeout)};
  return Ask(*options_, request, how).status();
}

absl::Status Journal::CreateIfMissing(const JournalSettings& settings, Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_journal_create()->set_name(name_);
  FillSettings(settings, request.mutable_journal_create()->mutable_settings());
  AskOptions how{.timeout_ns = TimeoutNs(*options_, timeout)};
  absl::Status status = Ask(*options_, request, how).status();
  return CodeOf(status) == ErrorCode::kJournalExists ? absl::OkStatus() : status;
}

absl::Status Journal::Remove(Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_journal_remove()->set_name(name_);
  AskOptions how{.changes_something = true, .timeout_ns = TimeoutNs(*options_, timeout)};
  return Ask(*options_, request, how).status();
}

absl::StatusOr<Watermarks> Journal::Trim(Lsn first_kept, Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_journal_trim()->set_name(name_);
  request.mutable_journal_trim()->set_before_lsn(first_kept.value());
  auto reply = Ask(*options_, request, AskOptions{.timeout_ns = TimeoutNs(*options_, timeout)});
  if (!reply.ok()) return reply.status();
  return MarksOf(reply->journal_reply().watermarks());
}

absl::StatusOr<Watermarks> Journal::Checkpoint(Timeout timeout) const {
  v1::ClientMessage request;
  request.mutable_checkpoint()->set_name(name_);
  auto reply = Ask(*options_, request, AskOptions{.timeout_ns = TimeoutNs(*options_, timeout)});
  if (!reply.ok()) return reply.status();
  return MarksOf(reply->checkpoint_reply().watermarks());
}

absl::StatusOr<Resolution> Journal::Resolve(std::string_view producer, Sequence sequence,
                                            Timeout timeout) const {
  return AskResolve(*options_, name_, producer, sequence, false, timeout);
}

absl::StatusOr<Resolution> Journal::Settle(std::string_view producer, Sequence sequence,
                                           Timeout timeout, Epoch writer) const {
  return AskResolve(*options_, name_, producer, sequence, true, timeout, writer);
}

absl::StatusOr<std::unique_ptr<Writer>> Journal::OpenWriter(const WriterOptions& options) const {
  return Writer::Open(*this, *options_, options);
}

absl::StatusOr<std::unique_ptr<Subscription>> Journal::Subscribe(
    const ReaderOptions& options) const {
  ReaderOptions mine = options;
  mine.journal = name_;
  return Subscription::Open(*options_, mine, nullptr);
}

absl::StatusOr<std::unique_ptr<Subscription>> Journal::Subscribe(
    const Cursor& cursor, const ReaderOptions& options) const {
  ReaderOptions mine = options;
  mine.journal = name_;
  return Subscription::Open(*options_, mine, &cursor);
}

namespace internal {

absl::StatusOr<std::vector<JournalInfo>> ListJournals(const ClientOptions& options,
                                                      Timeout timeout) {
  v1::ClientMessage request;
  request.mutable_journal_list();
  auto reply = Ask(options, request, AskOptions{.timeout_ns = TimeoutNs(options, timeout)});
  if (!reply.ok()) return reply.status();
  std::vector<JournalInfo> journals;
  for (const v1::JournalReply& journal : reply->journal_list_reply().journals()) {
    journals.push_back(InfoOf(journal));
  }
  return journals;
}

absl::Status Ping(const ClientOptions& options, Timeout timeout) {
  v1::ClientMessage request;
  request.mutable_status();
  return Ask(options, request, AskOptions{.timeout_ns = TimeoutNs(options, timeout)}).status();
}

}  // namespace internal
}  // namespace ringjournal::client
