// chaos_client: producers and tail readers on one journal, told by stdin what to do.
//
//   go      append          rest    stop, and answer once every append has its outcome
//   mark    begin to measure gaps anew
//   rate N  appends per second of each producer from now on, at most
//   counts  answer with what was counted     end  or the end of stdin
//
// Every command is answered with one line of JSON.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "io/clock.h"
#include "tests/chaos/producer.h"
#include "tests/chaos/tail.h"

namespace ringjournal::chaos {
namespace {

constexpr int64_t kRestNs = 75'000'000'000;  // longer than a patient producer's time limit
constexpr int64_t kPauseNs = 1'000'000;

// What follows the word; "" if the command does not begin with it.
std::string AfterWord(const std::string& command, const std::string& word) {
  return absl::StartsWith(command, word) ? command.substr(word.size()) : "";
}

// Of each: one that is patient and one that gives up (producer.cc), but for disk_quorum.
DiskUse DiskUseOf(uint32_t producer) {
  if (producer % 4 == 0) return DiskUse::kDiskQuorum;
  return producer % 8 <= 2 ? DiskUse::kNone : DiskUse::kDisk;
}

struct Options {
  ProducerOptions producer;
  uint32_t producers = 8;
  uint32_t readers = 2;
};

class Load {
 public:
  explicit Load(const Options& options) {
    for (uint32_t i = 1; i <= options.producers; ++i) {
      ProducerOptions mine = options.producer;
      mine.number = i;
      mine.disk_use = DiskUseOf(i);
      producers_.push_back(std::make_unique<Producer>(mine));
    }
    for (uint32_t i = 1; i <= options.readers; ++i) {
      tails_.push_back(std::make_unique<Tail>(TailOptions{
          options.producer.servers, options.producer.journal, options.producer.folder, i}));
    }
  }

  std::string Carry(const std::string& command) {
    if (command == "go") {
      for (auto& p : producers_) p->Go();
    } else if (command == "mark") {
      for (auto& p : producers_) p->Mark();
    } else if (double rate = 0; absl::SimpleAtod(AfterWord(command, "rate "), &rate) && rate > 0) {
      for (auto& p : producers_) p->SetRate(rate);
    } else if (command == "rest") {
      return Rest();
    } else if (command != "counts") {
      return absl::StrCat("{\"error\": \"there is no command ", command, "\"}");
    }
    return Counts("");
  }

 private:
  // Every append has its outcome.
  std::string Rest() {
    for (auto& p : producers_) p->Rest();
    const bool rested = Await(kRestNs, [this] {
      return std::all_of(producers_.begin(), producers_.end(),
                         [](const auto& p) { return p->resting(); });
    });
    if (!rested) return Counts("appends have no outcome");
    return Counts("");
  }

  template <class Done>
  static bool Await(int64_t limit_ns, Done done) {
    const int64_t end_ns = io::MonotonicNs() + limit_ns;
    while (!done()) {
      if (io::MonotonicNs() > end_ns) return false;
      io::Pause(kPauseNs);
    }
    return true;
  }

  std::string Counts(const std::string& error) {
    ProducerCounts sum;
    int64_t quorum_gap_ns = 0, memory_gap_ns = 0;
    std::string by_producer, tails;
    for (auto& p : producers_) {
      const ProducerCounts c = p->counts();
      sum.acknowledged += c.acknowledged;
      sum.unknown += c.unknown;
      sum.not_applied += c.not_applied;
      sum.losses += c.losses;
      int64_t* gap_ns = p->disk_use() == DiskUse::kDiskQuorum ? &quorum_gap_ns
                        : p->disk_use() == DiskUse::kNone     ? &memory_gap_ns
                                                              : &sum.gap_ns;
      *gap_ns = std::max(*gap_ns, c.gap_ns);
      absl::StrAppend(&by_producer, by_producer.empty() ? "" : ", ", c.acknowledged);
    }
    for (auto& t : tails_) absl::StrAppend(&tails, tails.empty() ? "" : ", ", t->at_lsn());
    for (auto& p : producers_) p->Flush();
    for (auto& t : tails_) t->Flush();
    return absl::StrCat("{\"error\": \"", error, "\", \"now_ns\": ", io::MonotonicNs(),
                        ", \"acknowledged\": ", sum.acknowledged, ", \"unknown\": ", sum.unknown,
                        ", \"not_applied\": ", sum.not_applied, ", \"losses\": ", sum.losses,
                        ", \"gap_ns\": ", sum.gap_ns, ", \"quorum_gap_ns\": ", quorum_gap_ns,
                        ", \"memory_gap_ns\": ", memory_gap_ns, ", \"by_producer\": [", by_producer,
                        "], \"tails\": [", tails, "]}");
  }

  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Tail>> tails_;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app{"Clients of a chaos run"};
  app.add_option("--servers", options.producer.servers)->required();
  app.add_option("--journal", options.producer.journal)->required();
  app.add_option("--history", options.producer.folder)->required();
  app.add_option("--producers", options.producers);
  app.add_option("--readers", options.readers);
  app.add_option("--rate", options.producer.appends_per_s);
  app.add_option("--seed", options.producer.seed);
  CLI11_PARSE(app, argc, argv);
  Load load(options);
  for (std::string command; std::getline(std::cin, command) && command != "end";) {
    std::printf("%s\n", load.Carry(command).c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace ringjournal::chaos

int main(int argc, char** argv) { return ringjournal::chaos::Main(argc, argv); }
