// Who appends to and reads the simulated journals.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/cluster_sim/world_state.h"

namespace ringjournal::cluster_sim {

void ClusterWorld::MakeClients(JournalTruth* truth, uint32_t first_client) {
  histories_.push_back(std::make_unique<History>());
  const uint64_t appenders = uint64_t{plan_.appenders} * plan_.journals;
  for (uint32_t i = 0; i < plan_.appenders; ++i) {
    SimAppenderPlan plan;
    plan.client = first_client + i;
    plan.journal = truth->config().name();
    plan.appends = (plan_.appends + appenders - 1) / appenders;
    plan.pause_max_ns = 2 * plan_.run_min_ns / static_cast<int64_t>(plan.appends);
    plan.payload_bytes_max = plan_.payload_bytes_max;
    plan.in_flight_max = static_cast<uint32_t>(random_.Between(1, 32));
    plan.levels = plan_.levels;
    if (options_.mutant == SimMutant::kAppendsAgain && i > 0) plan.client = first_client;
    appenders_.push_back(std::make_unique<SimAppender>(MakeClientEnvironment(truth), next_host_++,
                                                       plan, histories_.back().get()));
    appenders_.back()->Begin();
    if (i >= plan_.settlers) continue;
    settlers_.push_back(std::make_unique<SimSettler>(MakeClientEnvironment(truth), next_host_++,
                                                     truth->config().name(),
                                                     appenders_.back().get()));
    settlers_.back()->Begin();
  }
  for (uint32_t i = 0; i < plan_.readers; ++i) {
    readers_.push_back(std::make_unique<SimReader>(MakeClientEnvironment(truth), next_host_++,
                                                   absl::StrCat("reader ", first_client + i),
                                                   truth->config().name(), false));
    readers_.back()->Begin();
  }
  for (uint32_t i = 0; i < plan_.tails; ++i) {
    tails_.push_back(std::make_unique<SimTail>(MakeClientEnvironment(truth), next_host_++,
                                               absl::StrCat("tail ", first_client + i),
                                               truth->config().name()));
    tails_.back()->Begin();
  }
}

void ClusterWorld::MakeWriters(JournalTruth* truth) {
  MakeEngines(truth);
  for (uint32_t i = 0; i < plan_.writers; ++i) {
    SimWriterPlan plan;
    plan.number = i;
    plan.journal = truth->config().name();
    plan.payload_bytes_max = plan_.payload_bytes_max;
    for (client::Level level : plan_.levels) {
      if (level != client::Level::kReceived) plan.levels.push_back(level);
    }
    writers_.push_back(
        std::make_unique<SimWriter>(MakeClientEnvironment(truth), next_host_++, plan));
    writers_.back()->Begin();
  }
}

void ClusterWorld::MakeEngines(JournalTruth* truth) {
  if (plan_.engines == 0) return;
  JournalId id;
  RJ_CHECK(JournalId::FromView(truth->config().id(), &id));
  takeovers_[id] = std::make_unique<TakeoverLedger>(&report_);
  for (uint32_t i = 0; i < plan_.engines; ++i) {
    SimEnginePlan plan;
    plan.number = i;
    plan.journal = truth->config().name();
    plan.payload_bytes_max = plan_.payload_bytes_max;
    for (client::Level level : plan_.levels) {
      if (level != client::Level::kReceived) plan.levels.push_back(level);
    }
    engines_.push_back(std::make_unique<SimEngine>(MakeClientEnvironment(truth), next_host_++, plan,
                                                   takeovers_[id].get()));
    engines_.back()->Begin();
  }
}

}  // namespace ringjournal::cluster_sim
