// Appends many transactions without waiting for each: callbacks tell the outcomes, in order.
//
//   async 127.0.0.1:7411 orders 10000
//
// Kill the server meanwhile and start it again: nothing is lost or doubled.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ringjournal/client/client.h"

namespace rj = ringjournal::client;

namespace {

// Changed by the Writer's thread only; read after Flush, which waits for all callbacks.
struct Tally {
  long applied = 0;
  long not_applied = 0;
  long unknown = 0;
  ringjournal::Lsn last;
};

void Count(const rj::AppendOutcome& outcome, Tally* tally) {
  if (outcome.fate == rj::Fate::kApplied) {
    ++tally->applied;
    tally->last = outcome.receipt.last_lsn();
  } else {
    ++(outcome.fate == rj::Fate::kUnknown ? tally->unknown : tally->not_applied);
  }
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "async: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: async HOST:PORT[,HOST:PORT...] JOURNAL COUNT\n");
    return 2;
  }
  auto client = rj::Client::Open({.server = argv[1], .client_name = "example async"});
  if (!client.ok()) return Fail(client.status());
  Tally tally;  // before the Writer, so that it outlives every callback
  auto writer = (*client)->Journal(argv[2]).OpenWriter({.create = true});
  if (!writer.ok()) return Fail(writer.status());
  for (long i = 0; i < std::strtol(argv[3], nullptr, 10); ++i) {
    // Waits only while too much is in flight; TryAppend would say so instead.
    absl::Status accepted = (*writer)->AppendAsync(
        "transaction " + std::to_string(i),
        [&tally](const rj::AppendOutcome& outcome) { Count(outcome, &tally); });
    if (!accepted.ok()) return Fail(accepted);
  }
  // Everything has its outcome and is on disk.
  absl::Status flushed = (*writer)->Flush(rj::Level::kDisk, std::chrono::seconds(30));
  std::printf("%ld applied up to LSN %lu, %ld not applied, %ld unknown\n", tally.applied,
              tally.last.value(), tally.not_applied, tally.unknown);
  return flushed.ok() ? 0 : Fail(flushed);
}
