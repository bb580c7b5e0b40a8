// Appends its arguments to a journal, one transaction each, and says what became of each.
//
//   append 127.0.0.1:7411 orders 'buy 100' 'sell 50'
//
// Run it twice: the journal goes on where it stood.
#include <chrono>
#include <cstdio>
#include <string>

#include "ringjournal/client/client.h"

namespace rj = ringjournal::client;

namespace {

// An append is applied, not applied, or unknown. Only the second may simply be sent again.
bool Report(const std::string& payload, const rj::AppendOutcome& outcome) {
  switch (outcome.fate) {
    case rj::Fate::kApplied:
      std::printf("'%s' has LSN %lu\n", payload.c_str(), outcome.receipt.first_lsn.value());
      return true;
    case rj::Fate::kNotApplied:
      std::printf("'%s' was not applied: %s\n", payload.c_str(), outcome.error.ToString().c_str());
      return false;
    case rj::Fate::kUnknown:
      std::printf("'%s' may have been applied: ask Resolve for sequence %lu (%s)\n",
                  payload.c_str(), outcome.first_sequence.value(),
                  outcome.error.ToString().c_str());
      return false;
  }
  return false;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "append: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: append HOST:PORT[,HOST:PORT...] JOURNAL PAYLOAD...\n");
    return 2;
  }
  auto client = rj::Client::Open({.server = argv[1], .client_name = "example append"});
  if (!client.ok()) return Fail(client.status());
  // A stable producer name makes a resent transaction recognisable, also after a restart.
  auto writer = (*client)->Journal(argv[2]).OpenWriter(
      {.producer = "example-append", .create = true, .level = rj::Level::kDisk});
  if (!writer.ok()) return Fail(writer.status());
  bool good = true;
  for (int i = 3; i < argc; ++i) {
    good = Report(argv[i], (*writer)->Append(argv[i], std::chrono::seconds(5))) && good;
  }
  return good ? 0 : 1;
}
