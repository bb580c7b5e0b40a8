#include "tools/ringjournal/sink_journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ask.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {

absl::StatusOr<std::vector<CopyProducer>> ProducersOf(const client::ClientOptions& client,
                                                      const std::string& journal,
                                                      const std::string& prefix) {
  v1::ClientMessage request;
  request.mutable_journal_info()->set_name(journal);
  request.mutable_journal_info()->set_producer_prefix(prefix);
  auto reply = client::Ask(client, request, false);
  std::vector<CopyProducer> producers;
  if (client::CodeOf(reply.status()) == client::ErrorCode::kJournalNotFound) return producers;
  if (client::CodeOf(reply.status()) == client::ErrorCode::kLimit) {
    // Not finding the copy would begin it again.
    return client::MakeError(client::ErrorCode::kLimit,
                             absl::StrCat("what is copied to ", journal, " cannot be found out: ",
                                          std::string(reply.status().message()),
                                          ". To begin another copy, name it: --producer NAME"));
  }
  if (!reply.ok()) return reply.status();
  for (const v1::Producer& producer : reply->journal_reply().producers()) {
    producers.push_back({producer.name(), producer.last_sequence()});
  }
  return producers;
}

absl::StatusOr<std::unique_ptr<JournalSink>> JournalSink::Open(const client::ClientOptions& client,
                                                               const JournalSinkOptions& options) {
  std::unique_ptr<JournalSink> sink(new JournalSink(options.level));
  client::AppenderOptions appender;
  appender.journal = options.journal;
  appender.producer = options.producer;
  appender.create = options.create;
  // What is there is read from the producer's sequence; nothing else is held.
  appender.accept_loss_before_first_open = true;
  auto opened = client::Appender::Open(client, appender);
  if (!opened.ok()) return opened.status();
  sink->appender_ = *std::move(opened);
  return sink;
}

absl::Status JournalSink::Take(const client::ReadTransaction& t) {
  size_t bytes = t.encoded.size() + 16;
  if (!run_.empty() && run_.size_bytes() + bytes > limits::kClientBatchBytes) {
    if (absl::Status s = Send(); !s.ok()) return s;
  }
  run_.AddEncoded(AsView(t.encoded));
  taken_ = t.lsn;
  return run_.count() >= limits::kClientBatchTransactions ? Send() : absl::OkStatus();
}

absl::Status JournalSink::Send() {
  if (run_.empty()) return absl::OkStatus();
  while (!appender_->HasRoom(run_.size_bytes())) {
    if (absl::Status s = appender_->Poll(INT64_MAX); !s.ok()) return s;
    if (absl::Status s = TakeOutcomes(); !s.ok()) return s;
  }
  absl::Status status = appender_->Append(
      {.run = run_.bytes(), .count = run_.count(), .level = level_, .token = taken_.value()});
  run_.Clear();
  if (!status.ok()) return status;
  // Takes what has come without waiting.
  if (absl::Status s = appender_->Poll(0); !s.ok()) return s;
  return TakeOutcomes();
}

absl::Status JournalSink::Flush() {
  if (absl::Status s = Send(); !s.ok()) return s;
  if (appender_->in_flight() == 0) return absl::OkStatus();
  absl::Status status = appender_->WaitAnswered();
  absl::Status outcome = TakeOutcomes();
  return outcome.ok() ? status : outcome;
}

absl::Status JournalSink::KeepAlive() { return appender_->Poll(0); }

absl::Status JournalSink::TakeOutcomes() {
  client::AppendOutcome outcome;
  while (appender_->NextOutcome(&outcome)) {
    // The first one that is not applied ends it: behind it would be a hole.
    if (outcome.fate != client::Fate::kApplied) return outcome.error;
    done_ = Lsn(outcome.token);
    if (outcome.receipt.first_lsn == Lsn(0)) continue;
    if (first_there_ == Lsn(0)) first_there_ = outcome.receipt.first_lsn;
    last_there_ = outcome.receipt.last_lsn();
  }
  return absl::OkStatus();
}

}  // namespace ringjournal::cli
