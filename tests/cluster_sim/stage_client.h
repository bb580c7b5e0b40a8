// The clients of a directed run: each append has a name, and what its client is told is kept.
#ifndef TESTS_CLUSTER_SIM_STAGE_CLIENT_H_
#define TESTS_CLUSTER_SIM_STAGE_CLIENT_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/core/append_session.h"
#include "client/core/read_session.h"
#include "client/transaction_run.h"
#include "tests/cluster_sim/sim_client.h"

namespace ringjournal::cluster_sim {

// A line of a story, in the glossary's words.
using Tell = std::function<void(const std::string&)>;

// What a client has been told of one append.
struct AppendFate {
  bool answered = false;
  client::AppendOutcome outcome;
  // It was acknowledged, and then its client was told that it may be, or is, lost.
  bool taken_back = false;
  bool acknowledged() const { return answered && outcome.fate == client::Fate::kApplied; }
};

// Which append has which name: the payload of the n-th that was begun says "1.n;".
class AppendNames {
 public:
  uint64_t Add(const std::string& name) {
    names_.push_back(name);
    return names_.size();
  }
  const std::string& Of(uint64_t counter) const { return names_[counter - 1]; }

 private:
  std::vector<std::string> names_;
};

// One application that appends, one transaction at a time, without waiting. Every answer is checked
// against the truth and told.
class StageAppender : public SimClient {
 public:
  StageAppender(const ClientEnvironment& environment, HostNumber host, std::string journal,
                AppendNames* names, Tell tell, std::string producer = "producer");

  void Append(const std::string& name, client::Level level, size_t payload_bytes);
  const AppendFate& FateOf(const std::string& name) { return fates_[name]; }
  bool done() const override { return pending_.empty(); }

 protected:
  client::Session* session() const override { return session_.get(); }
  int64_t Work() override { return INT64_MAX; }
  void Check() override;

 private:
  struct Pending {
    std::string name;
    uint64_t counter = 0;
    client::Level level = client::Level::kUnknown;
    std::string run;
  };
  void Open();
  void Take(const client::AppendOutcome& outcome, const Pending& pending);
  void TakeLoss(const client::LossNotice& notice);
  void TakeStop();

  std::string journal_;
  std::string producer_;
  AppendNames* names_;
  Tell tell_;
  std::unique_ptr<client::AppendSession> session_;
  client::TransactionRun run_;
  std::deque<Pending> pending_;
  std::map<std::string, AppendFate> fates_;
  std::vector<std::string> told_;  // names that were acknowledged to this session, oldest first
};

// Reads everything once, up to the end.
class StageReader : public SimClient {
 public:
  StageReader(const ClientEnvironment& environment, HostNumber host, std::string journal,
              const AppendNames* names);

  bool done() const override { return session_->finished() || session_->stopped(); }
  const std::vector<std::string>& names() const { return got_; }
  // OK unless it stopped.
  const absl::Status& status() const { return session_->status(); }

 protected:
  client::Session* session() const override { return session_.get(); }
  int64_t Work() override { return INT64_MAX; }
  void Check() override;

 private:
  const AppendNames* names_;
  std::unique_ptr<client::ReadSession> session_;
  std::vector<std::string> got_;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_STAGE_CLIENT_H_
