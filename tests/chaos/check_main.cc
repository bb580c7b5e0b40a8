// chaos_check: reads the whole journal from whoever leads and judges the histories by it. Prints
// one line of JSON for the totals, the problems before it; exit code 1 with problems.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "client/reader.h"
#include "tests/chaos/audit.h"

namespace ringjournal::chaos {
namespace {

struct Options {
  std::string servers;
  std::string journal;
  std::string history;
  std::string reports;
  AuditRules rules;
};

absl::StatusOr<std::vector<SeenTransaction>> ReadLog(const Options& options,
                                                     uint32_t accept_generation) {
  client::ReaderOptions read;
  read.journal = options.journal;
  read.accept_generation = accept_generation;
  auto reader = client::Reader::Open(
      {.server = options.servers, .client_name = "chaos_check", .retry_for_ns = 20'000'000'000},
      read);
  if (!reader.ok()) return reader.status();
  std::vector<SeenTransaction> log;
  for (client::ReadTransaction t;;) {
    auto step = (*reader)->Next(&t);
    if (!step.ok()) return step.status();
    if (*step == client::ReadStep::kFinished) return log;
    if (*step == client::ReadStep::kNothingYet) continue;
    std::string_view payload(reinterpret_cast<const char*>(t.payload.data()), t.payload.size());
    log.push_back({t.lsn.value(), t.index.value(), t.chain, t.epoch.generation, t.epoch.epoch,
                   NameOf(payload).value_or(PayloadName{})});
  }
}

void Print(const Verdict& verdict, const std::vector<SeenTransaction>& log) {
  for (const std::string& problem : verdict.problems) std::printf("%s\n", problem.c_str());
  const AuditTotals& t = verdict.totals;
  std::printf("%s\n",
              absl::StrCat("{\"problems\": ", verdict.problems.size(), ", \"appends\": ", t.appends,
                           ", \"acknowledged\": ", t.acknowledged, ", \"unknown\": ", t.unknown,
                           ", \"unknown_applied\": ", t.unknown_applied,
                           ", \"not_applied\": ", t.not_applied, ", \"lost\": ", t.lost,
                           ", \"lost_received\": ", t.lost_received, ", \"told\": ", t.told,
                           ", \"tailed\": ", t.tailed, ", \"end_lsn\": ", log.size(),
                           ", \"chain\": \"", log.empty() ? 0 : log.back().chain, "\"}")
                  .c_str());
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app{"Judges the histories of a chaos run"};
  app.add_option("--servers", options.servers)->required();
  app.add_option("--journal", options.journal)->required();
  app.add_option("--history", options.history, "Folder")->required();
  app.add_option("--reports", options.reports, "File of loss reports")->required();
  app.add_option("--losses-allowed", options.rules.losses_allowed);
  CLI11_PARSE(app, argc, argv);
  auto history = ReadHistory(options.history);
  auto reports = ReadReports(options.reports);
  if (!history.ok() || !reports.ok()) {
    std::printf("%s\n", (history.ok() ? reports.status() : history.status()).ToString().c_str());
    return 2;
  }
  auto log = ReadLog(options, reports->empty() ? 0 : reports->back().generation);
  if (!log.ok()) {
    std::printf("the journal cannot be read: %s\n", log.status().ToString().c_str());
    return 2;
  }
  Verdict verdict = Audit(*history, *log, *reports, options.rules);
  Print(verdict, *log);
  return verdict.problems.empty() ? 0 : 1;
}

}  // namespace
}  // namespace ringjournal::chaos

int main(int argc, char** argv) { return ringjournal::chaos::Main(argc, argv); }
