// One request to the config store on etcd, from Submit to its completion: what to ask next, and
// what an answer means. Pure: the store carries the questions.
#ifndef SERVER_CONFIG_STORE_ETCD_CALL_H_
#define SERVER_CONFIG_STORE_ETCD_CALL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "server/config_store/config_store.h"
#include "server/config_store/etcd_document.h"
#include "server/config_store/etcd_messages.h"

namespace ringjournal {

// What all calls of one store share; outlives them.
struct EtcdCallContext {
  std::string key;
  bool create_if_missing = true;
  std::string cluster_id;
  EtcdTimes times;
  EtcdSeen seen;
};

// A question to etcd.
struct EtcdQuestion {
  const char* path = kEtcdRangePath;
  std::string body;
};

// A read asks once. A change writes on the revision of the expected version if that is the newest
// one seen, else it reads first. A registration reads, edits, writes, and begins anew where
// somebody was faster. Where there is no document, each makes it first; the first one in etcd
// counts.
//
// A change is sent at most once: after that its outcome is what etcd says, or unknown. Reading,
// making the document and registering (by its nonce) may be repeated.
class EtcdCall {
 public:
  EtcdCall(ConfigRequest request, EtcdCallContext* context);

  // The next question; fixes what it is compared with. Nothing: Take the completion.
  std::optional<EtcdQuestion> Ask();
  // True if the question that is out may not be asked again once etcd may have got it.
  bool asked_once_only() const {
    return asked_ == Asked::kWrite && request_.kind == ConfigRequest::Kind::kCas;
  }

  // The answer, with HTTP status 200. False: it is not etcd's, so treat it as OnUnknown.
  bool OnAnswer(std::string_view body);
  // Etcd surely did not do it.
  void OnNotApplied(std::string_view why);
  // Etcd may have done it, or may do it later.
  void OnUnknown(std::string_view why);
  // Etcd says no, and would say so again.
  void OnRefused(std::string_view why);
  // The time is over; nothing is out any more.
  void OnDeadline();

  bool done() const { return done_; }
  ConfigCompletion TakeCompletion() { return std::move(completion_); }

 private:
  enum class Asked { kNothing, kRange, kCreate, kWrite };

  void OnFound(const EtcdKey& found);
  void Decide(EtcdDocument current);
  void DecideRegister(EtcdDocument current);
  void DecideWrite(const EtcdDocument& current);
  void Finish(ConfigOutcome outcome, absl::Status status);
  void FinishOk(v1::ConfigDocument document);

  ConfigRequest request_;
  EtcdCallContext* context_;
  Asked asked_ = Asked::kNothing;  // the question that is out
  Asked next_ = Asked::kRange;
  uint64_t floor_ = 0;                 // the newest version seen when it was asked
  int64_t base_revision_ = 0;          // kWrite: of the document that the request's follows
  v1::ConfigDocument first_document_;  // kCreate
  Incarnation incarnation_;
  bool may_be_registered_ = false;  // a registration was sent and never answered
  std::string last_why_;
  bool done_ = false;
  ConfigCompletion completion_;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_CALL_H_
