#include "tools/ringjournal/failover_cluster.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "client/ask.h"
#include "client/client.h"
#include "io/clock.h"

namespace ringjournal::bench {
namespace {

constexpr int64_t kPatienceNs = 60'000'000'000;
constexpr int64_t kLookEveryNs = 10'000'000;
constexpr int64_t kAnswerNs = 2'000'000'000;  // of one node

}  // namespace

absl::StatusOr<std::unique_ptr<FailoverCluster>> FailoverCluster::Start(
    const FailoverClusterOptions& options) {
  std::unique_ptr<FailoverCluster> failover(new FailoverCluster());
  auto cluster = LocalCluster::Start(options.cluster);
  if (!cluster.ok()) return cluster.status();
  failover->cluster_ = *std::move(cluster);
  failover->client_.server = failover->cluster_->servers();
  failover->client_.client_name = "ringjournal bench failover";
  failover->client_.retry_for_ns = kPatienceNs;
  failover->client_.request_timeout_ns = kPatienceNs;
  if (absl::Status s = failover->Create(options); !s.ok()) return s;
  if (absl::Status s = failover->AwaitInSync(); !s.ok()) return s;
  return failover;
}

absl::Status FailoverCluster::Create(const FailoverClusterOptions& options) {
  auto client = client::Client::Open(client_);
  if (!client.ok()) return client.status();
  client::JournalSettings settings;
  settings.ring_bytes = options.ring_bytes;
  settings.retention_bytes = options.retention_bytes;
  settings.segment_bytes = options.segment_bytes;
  for (const std::string& name : options.journals) {
    absl::Status created = (*client)->Journal(name).CreateIfMissing(settings);
    if (!created.ok()) return created;
    journals_.push_back(name);
  }
  return absl::OkStatus();
}

std::map<std::string, v1::JournalConfig> FailoverCluster::Look() {
  v1::ClientMessage request;
  request.mutable_journal_list();
  std::map<std::string, v1::JournalConfig> newest;
  for (size_t i = 0; i < cluster_->size(); ++i) {
    client::ClientOptions one = client_;
    one.server = cluster_->node(i)->address().ToString();
    one.retry_for_ns = 0;
    auto reply = client::Ask(one, request, {.timeout_ns = kAnswerNs});
    if (!reply.ok()) continue;
    for (const v1::JournalReply& journal : reply->journal_list_reply().journals()) {
      v1::JournalConfig& known = newest[journal.config().name()];
      if (known.name().empty() || known.epoch() <= journal.config().epoch()) {
        known = journal.config();
      }
    }
  }
  return newest;
}

std::string FailoverCluster::Behind(
    const std::map<std::string, v1::JournalConfig>& journals) const {
  for (const std::string& name : journals_) {
    auto found = journals.find(name);
    if (found == journals.end() || !found->second.has_leader()) return name;
    if (static_cast<size_t>(found->second.isr_size()) < cluster_->size()) return name;
  }
  return "";
}

absl::Status FailoverCluster::AwaitInSync(const std::function<void()>& look) {
  const int64_t give_up_ns = io::MonotonicNs() + kPatienceNs;
  for (;;) {
    const std::string behind = Behind(Look());
    if (behind.empty()) return absl::OkStatus();
    if (io::MonotonicNs() > give_up_ns) {
      return absl::DeadlineExceededError(
          absl::StrCat("not all nodes are in sync on journal ", behind,
                       " after a minute; see the nodes' logs (--keep-logs DIR)"));
    }
    look();
    io::Pause(kLookEveryNs);
  }
}

bool FailoverCluster::StillPrepared() {
  const std::map<std::string, v1::JournalConfig> journals = Look();
  if (!Behind(journals).empty()) return false;
  return std::ranges::all_of(
      journals, [&](const auto& journal) { return journal.second.leader().node() == victim(); });
}

absl::Status FailoverCluster::MoveLeader(const std::string& journal, const std::string& target) {
  v1::ClientMessage request;
  request.mutable_journal_move_leader()->set_name(journal);
  request.mutable_journal_move_leader()->set_target(target);
  return client::Ask(client_, request, true).status();
}

absl::Status FailoverCluster::Prepare(Fault fault, const std::vector<std::string>& hurried) {
  fault_ = fault;
  hurried_ = hurried;
  if (absl::Status s = AwaitInSync(); !s.ok()) return s;
  const std::map<std::string, v1::JournalConfig> journals = Look();
  if (!Behind(journals).empty()) return Prepare(fault, hurried);
  victim_ = cluster_->Find(journals.at(journals_.front()).leader().node());
  for (const auto& [name, config] : journals) {
    if (config.leader().node() == victim()) continue;
    if (absl::Status s = MoveLeader(name, victim()); !s.ok()) return s;
  }
  if (fault != Fault::kEtcdLeader) return absl::OkStatus();
  etcd_victim_ = cluster_->etcd()->FindLeader();
  if (etcd_victim_ < cluster_->etcd()->size()) return absl::OkStatus();
  return absl::InternalError("no member of etcd says that it leads; see its log");
}

absl::Status FailoverCluster::Strike() {
  ServerProcess* node = cluster_->node(victim_);
  switch (fault_) {
    case Fault::kEtcdLeader:
      cluster_->etcd()->Kill(etcd_victim_);
      node->SendKill();
      return absl::OkStatus();
    case Fault::kKill:
      node->SendKill();
      return absl::OkStatus();
    case Fault::kFreeze:
      kill(node->pid(), SIGSTOP);
      return absl::OkStatus();
    case Fault::kCut:
      return cluster_->network()->CutOff(victim_, Cut::kBoth);
    case Fault::kCutIn:
      return cluster_->network()->CutOff(victim_, Cut::kIn);
    case Fault::kCutOut:
      return cluster_->network()->CutOff(victim_, Cut::kOut);
    case Fault::kStop:
      return node->Stop();
    case Fault::kHandover:
      break;
  }
  for (const std::string& journal : hurried_) {
    if (absl::Status s = MoveLeader(journal, ""); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status FailoverCluster::Restore(const std::function<void()>& look) {
  ServerProcess* node = cluster_->node(victim_);
  if (fault_ == Fault::kEtcdLeader) {
    if (absl::Status s = cluster_->etcd()->Restart(etcd_victim_); !s.ok()) return s;
    if (absl::Status s = cluster_->etcd()->AwaitHealthy(etcd_victim_); !s.ok()) return s;
  }
  if (fault_ == Fault::kFreeze) kill(node->pid(), SIGCONT);
  if (IsCut(fault_)) {
    if (absl::Status s = cluster_->network()->Heal(); !s.ok()) return s;
  }
  if (fault_ == Fault::kKill || fault_ == Fault::kEtcdLeader) node->Kill();
  if (node->pid() < 0) {
    if (absl::Status s = node->StartAgain(); !s.ok()) return s;
  }
  return AwaitInSync(look);
}

absl::Status FailoverCluster::KeepLogs(const std::string& directory) const {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (size_t i = 0; i < cluster_->size() && !error; ++i) {
    std::filesystem::copy_file(cluster_->node(i)->log_path(),
                               absl::StrCat(directory, "/", cluster_->name(i), ".log"),
                               std::filesystem::copy_options::overwrite_existing, error);
  }
  if (!error) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cannot copy the nodes' logs to ", directory, ": ",
                                          error.message(), "; choose another directory"));
}

}  // namespace ringjournal::bench
