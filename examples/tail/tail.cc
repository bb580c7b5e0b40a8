// Prints a journal as it grows and remembers in a file where it stopped.
//
//   tail 127.0.0.1:7411 orders cursor.txt [COUNT]
//
// Stop it, append something, start it again: it goes on with what is new, without gap or repeat.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "ringjournal/client/client.h"

namespace rj = ringjournal::client;

namespace {

int Fail(const absl::Status& status) {
  std::cerr << "tail: " << status.ToString() << "\n";
  return 1;
}

absl::StatusOr<std::unique_ptr<rj::Subscription>> OpenAtSavedPlace(const rj::Journal& journal,
                                                                   const std::string& path) {
  auto cursor = rj::LoadCursor(path);
  if (absl::IsNotFound(cursor.status())) {
    return journal.Subscribe({.from = rj::Position::Oldest(), .follow = true});
  }
  if (!cursor.ok()) return cursor.status();
  return journal.Subscribe(*cursor, {.follow = true});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: tail HOST:PORT[,HOST:PORT...] JOURNAL CURSOR_FILE [COUNT]\n";
    return 2;
  }
  long count = argc > 4 ? std::strtol(argv[4], nullptr, 10) : -1;  // -1: for ever
  auto client = rj::Client::Open({.server = argv[1], .client_name = "example tail"});
  if (!client.ok()) return Fail(client.status());
  auto subscription = OpenAtSavedPlace((*client)->Journal(argv[2]), argv[3]);
  if (!subscription.ok()) return Fail(subscription.status());
  rj::ReadTransaction t;
  while (count-- != 0) {
    auto step = (*subscription)->Next(&t);
    if (!step.ok()) return Fail(step.status());
    std::cout << t.lsn.value() << " " << ringjournal::AsView(t.payload) << std::endl;
    // Saved behind the work: what is done twice after a crash is at most the last transaction.
    absl::Status saved = rj::SaveCursor(argv[3], (*subscription)->cursor());
    if (!saved.ok()) return Fail(saved);
  }
  return 0;
}
