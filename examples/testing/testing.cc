// How a program tests what it makes of a journal's faults: against a fake journal in its own
// process, which speaks the real protocol. Any test framework will do; this uses none.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "ringjournal/client/client.h"
#include "ringjournal/client/testing/fake_journal.h"

namespace rj = ringjournal::client;

namespace {

// The code under test: true once the order is in the journal, false if it certainly is not. What is
// unknown at first is looked up.
bool PlaceOrder(const rj::Journal& journal, rj::Writer* writer, const std::string& order) {
  rj::AppendOutcome outcome = writer->Append(order, std::chrono::milliseconds(50));
  if (outcome.fate != rj::Fate::kUnknown) return outcome.fate == rj::Fate::kApplied;
  auto resolution = journal.Resolve(writer->producer(), outcome.first_sequence);
  return resolution.ok() && resolution->fate() == rj::Fate::kApplied;
}

bool Check(bool holds, const char* what) {
  std::printf("%s - %s\n", holds ? "ok" : "not ok", what);
  return holds;
}

bool Run() {
  rj::FakeJournal fake("orders");
  auto client = rj::Client::Open(fake.client_options());
  if (!client.ok()) return false;
  rj::Journal journal = (*client)->Journal("orders");
  auto writer = journal.OpenWriter({.producer = "shop"});
  if (!writer.ok()) return false;

  fake.LoseConnectionAfterApplying();
  bool good = Check(PlaceOrder(journal, writer->get(), "one"), "an answer is lost");
  fake.RefuseAppends(rj::ErrorCode::kTooLarge);
  good = Check(!PlaceOrder(journal, writer->get(), "two"), "an order is refused") && good;
  fake.DelayAnswers(std::chrono::milliseconds(200));
  good = Check(PlaceOrder(journal, writer->get(), "three"), "the journal is slow") && good;
  std::vector<std::string> wanted = {"one", "three"};
  return Check(fake.Payloads() == wanted, "nothing is lost or doubled") && good;
}

}  // namespace

int main() { return Run() ? 0 : 1; }
