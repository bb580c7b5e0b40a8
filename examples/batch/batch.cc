// Appends lines from stdin, many to one append: each batch is one entry, whole or not at all.
//
//   seq 1 100000 | batch 127.0.0.1:7411 numbers
//
// Each transaction carries the line's number as its id, so that a reader can find it again.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>

#include "ringjournal/client/client.h"

namespace rj = ringjournal::client;

namespace {

constexpr unsigned kLinesPerBatch = 512;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "batch: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: batch HOST:PORT[,HOST:PORT...] JOURNAL < LINES\n");
    return 2;
  }
  auto client = rj::Client::Open({.server = argv[1], .client_name = "example batch"});
  if (!client.ok()) return Fail(client.status());
  auto writer = (*client)->Journal(argv[2]).OpenWriter({.create = true});
  if (!writer.ok()) return Fail(writer.status());
  rj::TransactionRun run;
  unsigned long lines = 0, batches = 0;
  bool more = true;
  while (more) {
    std::string line;
    more = static_cast<bool>(std::getline(std::cin, line));
    if (more) {
      std::string id = std::to_string(++lines);
      run.Add(rj::Transaction{.payload = line, .id = id});
    }
    if (run.empty() || (more && run.count() < kLinesPerBatch)) continue;
    // The outcome is Flush's to report here; a callback would get the receipt.
    absl::Status accepted = (*writer)->AppendAsync(std::move(run), [](const rj::AppendOutcome&) {});
    if (!accepted.ok()) return Fail(accepted);
    ++batches;
  }
  absl::Status flushed = (*writer)->Flush(rj::Level::kReplicated, std::chrono::seconds(30));
  if (!flushed.ok()) return Fail(flushed);
  std::printf("%lu lines in %lu appends\n", lines, batches);
  return 0;
}
