// The config store of a cluster: one key in etcd, by its JSON gateway.
#ifndef SERVER_CONFIG_STORE_ETCD_CONFIG_STORE_H_
#define SERVER_CONFIG_STORE_ETCD_CONFIG_STORE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config_store/config_store.h"
#include "server/config_store/etcd_call.h"
#include "server/config_store/etcd_endpoints.h"
#include "server/config_store/etcd_http.h"
#include "server/config_store/etcd_login.h"
#include "server/config_store/etcd_options.h"
#include "server/config_store/etcd_watch.h"

namespace ringjournal {

// Everything happens inside Poll, without waiting. Each request ends within kEtcdRequestTimeoutMs
// of the first Poll after its Submit, whatever etcd does: as kUnknown, or, for a change that has
// surely not been sent, as kRefused. The store itself is never lost: health() is OK, and it goes on
// once etcd is back. What the outcomes mean and why: docs/decisions/0013.
class EtcdConfigStore : public ConfigStore {
 public:
  // Talks to nobody yet. Errors: InvalidArgument (options that do not fit together), Unavailable
  // (libcurl does not start; a file that is named cannot be read).
  static absl::StatusOr<std::unique_ptr<EtcdConfigStore>> Open(const EtcdOptions& options);

  absl::Status Submit(ConfigRequest request) override;
  void Poll(Time now, std::vector<ConfigCompletion>* completions) override;
  size_t in_flight() const override { return calls_.size(); }
  absl::Status health() const override { return absl::OkStatus(); }
  // Each time that a watch in etcd begins, as a change may have been missed, and where what it told
  // is not a document that may follow.
  bool TakeChanged() override { return watch_.TakeChanged(); }
  // By that watch: a few milliseconds after the change, by whomever it was.
  std::optional<v1::ConfigDocument> TakeNews() override { return std::exchange(news_, {}); }

  // True while changes are told by etcd.
  bool watches() const { return watch_.stands(); }
  // For a thread that has nothing else to do: sleeps until Poll is worth calling, at most about
  // `at_most_ns`. `now` as for Poll.
  void Wait(Time now, int64_t at_most_ns) override;
  // Ends a Wait, now or the next one. Any thread.
  void Wake() override { http_->Wake(); }
  bool asynchronous() const override { return true; }
  // One line for the log if an endpoint has failed since the last call, else empty.
  std::string TakeNote() { return endpoints_.TakeNote(); }

 private:
  // A call and the attempt at it.
  struct Carried {
    Carried(ConfigRequest request, EtcdCallContext* context) : call(std::move(request), context) {}
    EtcdCall call;
    int64_t deadline_ns = 0;  // 0: no Poll has seen it yet
    int64_t due_ns = 0;       // the next attempt's
    uint32_t failures = 0;
    uint64_t transfer = 0;  // 0: nothing is out
    size_t endpoint = 0;
    std::string token;
    int64_t attempt_ends_ns = 0;
    int64_t doubtful_ns = 0;  // others ask elsewhere from then on
  };

  EtcdConfigStore(const EtcdOptions& options, std::unique_ptr<EtcdHttp> http);

  void Turn();
  void TakeTold();
  void Dispatch(const HttpDone& done);
  void OnAnswer(Carried* carried, const HttpAnswer& answer);
  void OnNoToken(Carried* carried, const EtcdJudgement& judgement);
  void Failed(Carried* carried, std::string_view why);
  void CheckTime(Carried* carried);
  void KeepLogin();
  size_t Room() const;  // for further attempts
  void StartCalls();
  void Ask(Carried* carried);
  void TakeDone(std::vector<ConfigCompletion>* completions);
  int64_t NextDeadlineNs() const;

  std::unique_ptr<EtcdHttp> http_;
  EtcdCallContext context_;
  EtcdEndpoints endpoints_;
  EtcdLogin login_;
  EtcdWatch watch_;
  std::optional<v1::ConfigDocument> news_;      // told, and not taken yet
  std::deque<std::unique_ptr<Carried>> calls_;  // at most kConfigRequestsInFlightMax
  int64_t now_ns_ = 0;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_CONFIG_STORE_H_
