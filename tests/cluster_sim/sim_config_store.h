// The config store of the simulation: one document outside the nodes, with everything that a store
// far away may do to a request.
#ifndef TESTS_CLUSTER_SIM_SIM_CONFIG_STORE_H_
#define TESTS_CLUSTER_SIM_SIM_CONFIG_STORE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config_store/config_store.h"
#include "tests/cluster_sim/event_queue.h"
#include "tests/sim/random.h"

namespace ringjournal::cluster_sim {

using sim::Random;

// Chances out of 1,000 for each request. All zero: a store that never fails.
struct StoreFaults {
  uint32_t request_lost = 0;  // never applied
  uint32_t answer_lost = 0;   // applied, and nobody is told
  uint32_t late = 0;          // applied long after the asker was told `unknown`
  uint32_t duplicated = 0;    // applied again later
  uint32_t hint_lost = 0;
  uint32_t hint_tells = 0;  // it comes with the document
  int64_t delay_max_ns = 2 * kMs;
};

// Applies each request at one moment. Watches are hints. One thread; outlives its clients.
class SimConfigServer : public EventTarget {
 public:
  SimConfigServer(EventQueue* events, Random* random, std::string_view cluster_id);

  const v1::ConfigDocument& document() const { return document_; }
  // Whoever watches is told of a change by OnEvent(kind, 0), unless the hint is lost.
  void Watch(EventTarget* target, uint32_t kind, uint32_t client) {
    watchers_.push_back({target, kind, client});
  }
  // Inside such an OnEvent: the document after that change, if that was told as well.
  const v1::ConfigDocument* told() const { return told_.get(); }
  // Called after every change.
  using OnChange =
      std::function<void(const v1::ConfigDocument& before, const v1::ConfigDocument& after)>;
  void set_on_change(OnChange on_change) { on_change_ = std::move(on_change); }
  // Called with the reason when a change on the current version breaks a rule of documents.
  void set_on_refusal(std::function<void(const std::string&)> f) { on_refusal_ = std::move(f); }
  // An operator's change, at once. False: it breaks a rule; see on_refusal.
  bool Change(v1::ConfigDocument next);

  // ---- faults ----
  void set_faults(const StoreFaults& faults) { faults_ = faults; }
  // Requests of that client get no further, and no answers come back.
  void SetUnreachable(uint32_t client, int64_t until_ns) { unreachable_[client] = until_ns; }
  void HealAll() { unreachable_.clear(); }
  // The next request is applied or not, and its asker never learns. False: so it was already.
  bool ForgetNextAnswer() { return !std::exchange(forget_next_answer_, true); }
  // Likewise, and it is applied so much later, if at all.
  bool DelayNext(int64_t by_ns) { return std::exchange(delay_next_ns_, by_ns) == 0; }
  // The same of the next change that is asked for, and not of a read or a registration.
  void ForgetNextCas() { forget_next_cas_ = true; }
  void DelayNextCas(int64_t by_ns) { delay_next_cas_ns_ = by_ns; }

  void OnEvent(uint32_t kind, uint64_t arg) override;

 private:
  friend class SimConfigStore;
  enum Kind : uint32_t { kApply, kApplyAgain, kAnswer, kTimeOut, kHint };
  // Where the answers of a process go; the process may be gone by then.
  struct Mailbox {
    uint32_t client = 0;
    EventTarget* wakes = nullptr;
    uint32_t wake_kind = 0;
    uint64_t wake_arg = 0;
    bool closed = false;
    size_t in_flight = 0;
    std::vector<ConfigCompletion> ready;
  };
  struct Request {
    ConfigRequest request;
    std::shared_ptr<Mailbox> from;
    uint64_t version_at_submit = 0;
    bool loses_answer = false;
    bool completed = false;
    int uses_left = 0;  // events under way that name it
    ConfigCompletion answer;
  };
  void Take(ConfigRequest request, std::shared_ptr<Mailbox> from);
  int64_t Delay();
  void Plan(uint64_t number, Request* request, int64_t in_ns, Kind kind);
  bool Reaches(uint32_t client) const;
  void Apply(uint64_t number, Request* request, bool again);
  ConfigCompletion Serve(const Request& request);
  void ServeCas(const ConfigRequest& request, ConfigCompletion* completion);
  void ServeRegister(const Request& request, ConfigCompletion* completion);
  bool Replace(v1::ConfigDocument next, ConfigCompletion* completion);
  void Complete(Request* request, ConfigCompletion completion);

  EventQueue* events_;
  Random* random_;
  v1::ConfigDocument document_;
  StoreFaults faults_;
  std::map<uint32_t, int64_t> unreachable_;  // client -> until
  std::map<uint64_t, Request> requests_;
  uint64_t next_request_ = 1;
  bool forget_next_answer_ = false;
  int64_t delay_next_ns_ = 0;
  bool forget_next_cas_ = false;
  int64_t delay_next_cas_ns_ = 0;
  struct Watcher {
    EventTarget* target;
    uint32_t kind;
    uint32_t client;
  };
  struct Hint {
    size_t watcher = 0;
    std::shared_ptr<const v1::ConfigDocument> document;  // null: only that there was a change
  };
  void Tell(Hint hint);
  std::map<uint64_t, Hint> hints_;
  uint64_t next_hint_ = 1;
  std::shared_ptr<const v1::ConfigDocument> told_;
  std::vector<Watcher> watchers_;
  OnChange on_change_;
  std::function<void(const std::string&)> on_refusal_;
};

// One process's client of it. What it has asked goes on after its death; its answers do not.
class SimConfigStore : public ConfigStore {
 public:
  // `wakes->OnEvent(kind, arg)` follows each completion: Poll is worth calling then.
  SimConfigStore(SimConfigServer* server, uint32_t client, EventTarget* wakes, uint32_t kind,
                 uint64_t arg);
  ~SimConfigStore() override { mailbox_->closed = true; }

  absl::Status Submit(ConfigRequest request) override;
  void Poll(Time now, std::vector<ConfigCompletion>* completions) override;
  size_t in_flight() const override { return mailbox_->in_flight; }
  absl::Status health() const override { return absl::OkStatus(); }

 private:
  SimConfigServer* server_;
  std::shared_ptr<SimConfigServer::Mailbox> mailbox_;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_CONFIG_STORE_H_
