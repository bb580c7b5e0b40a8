// replay --into: appends to another journal, exactly once.
#ifndef TOOLS_RINGJOURNAL_SINK_JOURNAL_H_
#define TOOLS_RINGJOURNAL_SINK_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/appender.h"
#include "client/outcome.h"
#include "tools/ringjournal/into_plan.h"
#include "tools/ringjournal/sink.h"

namespace ringjournal::cli {

struct JournalSinkOptions {
  std::string journal;
  // Remembers how many it has appended: the n-th transaction taken gets its sequence n, also over
  // several runs.
  std::string producer;
  bool create = false;
  client::Level level = client::Level::kReplicated;
};

// Producers of a journal whose names begin with `prefix`, and how far each has come. None where
// there is no such journal. Errors: what the server says; kLimit where they are too many to tell.
absl::StatusOr<std::vector<CopyProducer>> ProducersOf(const client::ClientOptions& client,
                                                      const std::string& journal,
                                                      const std::string& prefix);

class JournalSink : public Sink {
 public:
  static absl::StatusOr<std::unique_ptr<JournalSink>> Open(const client::ClientOptions& client,
                                                           const JournalSinkOptions& options);

  // Transactions that earlier runs of the producer have appended: do not give them again.
  uint64_t appended_before() const { return appender_->last_sequence_at_open().value(); }
  const std::string& producer() const { return appender_->producer(); }

  absl::Status Take(const client::ReadTransaction& transaction) override;
  absl::Status Flush() override;
  absl::Status KeepAlive() override;
  Lsn done() const override { return done_; }
  // LSNs that they got there; 0: none.
  Lsn first_there() const { return first_there_; }
  Lsn last_there() const { return last_there_; }

 private:
  explicit JournalSink(client::Level level) : level_(level) {}
  absl::Status Send();
  absl::Status TakeOutcomes();

  client::Level level_;
  std::unique_ptr<client::Appender> appender_;
  client::TransactionRun run_;
  Lsn taken_, done_;
  Lsn first_there_, last_there_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_SINK_JOURNAL_H_
