// The inside of a Standby: what the core decides, done over connections of the library's.
#ifndef CLIENT_TAKEOVER_STANDBY_IMPL_H_
#define CLIENT_TAKEOVER_STANDBY_IMPL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "client/reader.h"
#include "client/takeover/application_checkpoint.h"
#include "client/takeover/standby.h"
#include "client/takeover/standby_core.h"
#include "journal/base/limits.h"

namespace ringjournal::client {

struct Standby::Impl {
  Impl(const Journal& journal, StateMachine* state, const StandbyOptions& options)
      : journal(journal), state(state), options(options) {}

  absl::Status Start();
  absl::StatusOr<bool> StartFromCheckpoint(absl::Status* unfit);
  absl::Status StartFrom(const ApplicationCheckpoint& checkpoint);
  absl::Status OpenReader(ReaderOptions read, Lsn first);
  absl::Status Ask(int64_t until_ns);
  int64_t AskTimeoutNs() const;
  absl::Status Claim(const TakeOverOptions& how, int64_t until_ns);
  absl::StatusOr<size_t> Step(int64_t until_ns);
  absl::StatusOr<size_t> Missed(const absl::Status& why);
  uint64_t Connections() const;
  absl::Status ApplyAll(std::span<const ReadTransaction> transactions);
  absl::Status ApplyOne(const ReadTransaction& transaction);
  absl::Status ReadToBoundary(int64_t until_ns);
  absl::Status OpenWriter(Promotion* promotion, int64_t until_ns);
  absl::Status Replaced(const absl::Status& why);
  Readiness GetReadiness() const;

  Journal journal;
  StateMachine* state;
  StandbyOptions options;
  std::unique_ptr<StandbyCore> core;
  std::unique_ptr<Reader> reader;
  std::array<ReadTransaction, limits::kReadBatchTransactions> batch;
  uint64_t connections = 1;  // that the reader had made when it was looked at last
  WriterInfo current;        // who is the writer, as last asked
  Lsn oldest;                // that the journal has, as last asked
  WriterInfo replaced;       // whom the claim names
  uint64_t nonce = 0;        // of the claim, kept for when it is made again
  absl::Status broken;       // for good
  int64_t round_trip_ns = 0;
  int64_t busy_ns = 0;  // applying, or waiting for what had been sent for it
  uint64_t busy_count = 0;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_STANDBY_IMPL_H_
