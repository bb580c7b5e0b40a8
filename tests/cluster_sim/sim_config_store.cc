#include "tests/cluster_sim/sim_config_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"

namespace ringjournal::cluster_sim {
namespace {

// A request without an answer is `unknown` after this.
constexpr int64_t kAnswerWithinNs = 300 * kMs;
// What is late or comes twice comes within this.
constexpr uint64_t kLateMaxNs = 3 * kSecond;

}  // namespace

SimConfigServer::SimConfigServer(EventQueue* events, Random* random, std::string_view cluster_id)
    : events_(events), random_(random), document_(NewDocument(cluster_id)) {}

// ---- requests on their way ----

int64_t SimConfigServer::Delay() {
  return 20 * kUs +
         static_cast<int64_t>(random_->Skewed(static_cast<uint64_t>(faults_.delay_max_ns)));
}

void SimConfigServer::Plan(uint64_t number, Request* request, int64_t in_ns, Kind kind) {
  ++request->uses_left;
  events_->ScheduleIn(in_ns, this, kind, number);
}

bool SimConfigServer::Reaches(uint32_t client) const {
  auto it = unreachable_.find(client);
  return it == unreachable_.end() || it->second <= events_->now_ns();
}

void SimConfigServer::Take(ConfigRequest request, std::shared_ptr<Mailbox> from) {
  uint64_t number = next_request_++;
  Request* r = &requests_[number];
  r->request = std::move(request);
  r->from = std::move(from);
  r->version_at_submit = document_.version();
  r->loses_answer =
      std::exchange(forget_next_answer_, false) || random_->Below(1000) < faults_.answer_lost;
  int64_t delay = Delay() + std::exchange(delay_next_ns_, 0);
  if (r->request.kind == ConfigRequest::Kind::kCas) {
    r->loses_answer |= std::exchange(forget_next_cas_, false);
    delay += std::exchange(delay_next_cas_ns_, 0);
  }
  bool late = random_->Below(1000) < faults_.late;
  if (late) delay = kAnswerWithinNs + static_cast<int64_t>(random_->Below(kLateMaxNs));
  bool lost = random_->Below(1000) < faults_.request_lost || (!Reaches(r->from->client) && !late);
  if (!lost) Plan(number, r, delay, kApply);
  if (!lost && random_->Below(1000) < faults_.duplicated) {
    Plan(number, r, delay + static_cast<int64_t>(random_->Below(kLateMaxNs)), kApplyAgain);
  }
  Plan(number, r, kAnswerWithinNs, kTimeOut);
}

void SimConfigServer::OnEvent(uint32_t kind, uint64_t arg) {
  if (kind == kHint) return Tell(std::move(hints_.extract(arg).mapped()));
  auto it = requests_.find(arg);
  RJ_CHECK(it != requests_.end());
  Request* request = &it->second;
  switch (static_cast<Kind>(kind)) {
    case kApply:
    case kApplyAgain:
      Apply(arg, request, kind == kApplyAgain);
      break;
    case kAnswer:
      if (Reaches(request->from->client)) Complete(request, std::move(request->answer));
      break;
    case kTimeOut: {
      ConfigCompletion unknown{.token = request->request.token, .kind = request->request.kind};
      unknown.outcome = ConfigOutcome::kUnknown;
      unknown.status = absl::UnavailableError(
          "the config store did not answer in time; read again to learn what became of it");
      Complete(request, std::move(unknown));
      break;
    }
    case kHint:
      break;
  }
  if (--request->uses_left == 0) requests_.erase(it);
}

void SimConfigServer::Tell(Hint hint) {
  const Watcher& watcher = watchers_[hint.watcher];
  if (Reaches(watcher.client)) told_ = std::move(hint.document);
  watcher.target->OnEvent(watcher.kind, 0);
  told_.reset();
}

void SimConfigServer::Apply(uint64_t number, Request* request, bool again) {
  ConfigCompletion answer = Serve(*request);
  if (again || request->loses_answer) return;
  request->answer = std::move(answer);
  Plan(number, request, Delay(), kAnswer);
}

void SimConfigServer::Complete(Request* request, ConfigCompletion completion) {
  if (std::exchange(request->completed, true)) return;
  Mailbox* mailbox = request->from.get();
  if (mailbox->closed) return;
  mailbox->ready.push_back(std::move(completion));
  if (mailbox->wakes != nullptr) mailbox->wakes->OnEvent(mailbox->wake_kind, mailbox->wake_arg);
}

// ---- the document ----

ConfigCompletion SimConfigServer::Serve(const Request& r) {
  ConfigCompletion completion{.token = r.request.token, .kind = r.request.kind};
  completion.outcome = ConfigOutcome::kOk;
  switch (r.request.kind) {
    case ConfigRequest::Kind::kRead:
      completion.document = document_;
      break;
    case ConfigRequest::Kind::kCas:
      ServeCas(r.request, &completion);
      break;
    case ConfigRequest::Kind::kRegister:
      ServeRegister(r, &completion);
      break;
  }
  return completion;
}

void SimConfigServer::ServeCas(const ConfigRequest& request, ConfigCompletion* completion) {
  if (request.expected_version != document_.version()) {
    completion->outcome = ConfigOutcome::kConflict;
    if (!random_->Chance(20)) completion->document = document_;  // some stores do not tell
    return;
  }
  Replace(request.document, completion);
}

// As a client of a real store does it: read, edit, compare-and-swap. What comes later than its
// asker waits for meets another version then; else a process that died long ago would take the
// node's name from the one that lives.
void SimConfigServer::ServeRegister(const Request& r, ConfigCompletion* completion) {
  const Registration& registration = r.request.registration;
  const v1::NodeRegistration* before = FindNode(document_, registration.node);
  bool repeated = before != nullptr && before->nonce() == registration.nonce;
  if ((r.completed || r.from->closed) && document_.version() != r.version_at_submit) return;
  v1::ConfigDocument next = document_;
  absl::StatusOr<Incarnation> incarnation = RegisterNode(&next, registration);
  if (!incarnation.ok()) {
    completion->outcome = ConfigOutcome::kRefused;
    completion->status = incarnation.status();
    return;
  }
  if (repeated) {
    completion->document = document_;
  } else if (!Replace(std::move(next), completion)) {
    return;
  }
  completion->incarnation = *incarnation;
}

bool SimConfigServer::Replace(v1::ConfigDocument next, ConfigCompletion* completion) {
  next.set_version(document_.version() + 1);
  absl::Status valid = absl::OkStatus();
  if (next.ByteSizeLong() > limits::kConfigDocumentBytesMax) {
    valid = absl::ResourceExhaustedError("the config document would be over its limit");
  }
  if (valid.ok()) valid = ValidateDocument(next);
  if (valid.ok()) valid = ValidateChange(document_, next);
  if (!valid.ok()) {
    completion->outcome = ConfigOutcome::kRefused;
    completion->status = valid;
    if (on_refusal_) on_refusal_(std::string(valid.message()));
    return false;
  }
  std::swap(document_, next);
  completion->outcome = ConfigOutcome::kOk;
  completion->document = document_;
  if (on_change_) on_change_(next, document_);
  std::shared_ptr<const v1::ConfigDocument> document;
  if (faults_.hint_tells > 0) document = std::make_shared<const v1::ConfigDocument>(document_);
  for (size_t i = 0; i < watchers_.size(); ++i) {
    if (random_->Below(1000) < faults_.hint_lost) continue;
    const bool tells = faults_.hint_tells > 0 && random_->Below(1000) < faults_.hint_tells;
    hints_[next_hint_] = {i, tells ? document : nullptr};
    events_->ScheduleIn(Delay(), this, kHint, next_hint_++);
  }
  return true;
}

bool SimConfigServer::Change(v1::ConfigDocument next) {
  ConfigCompletion ignored;
  return Replace(std::move(next), &ignored);
}

// ---- the client ----

SimConfigStore::SimConfigStore(SimConfigServer* server, uint32_t client, EventTarget* wakes,
                               uint32_t kind, uint64_t arg)
    : server_(server), mailbox_(std::make_shared<SimConfigServer::Mailbox>()) {
  mailbox_->client = client;
  mailbox_->wakes = wakes;
  mailbox_->wake_kind = kind;
  mailbox_->wake_arg = arg;
}

absl::Status SimConfigStore::Submit(ConfigRequest request) {
  if (mailbox_->in_flight >= limits::kConfigRequestsInFlightMax) {
    return absl::ResourceExhaustedError("too many unanswered requests; poll, then submit again");
  }
  ++mailbox_->in_flight;
  server_->Take(std::move(request), mailbox_);
  return absl::OkStatus();
}

void SimConfigStore::Poll(Time, std::vector<ConfigCompletion>* completions) {
  for (ConfigCompletion& completion : mailbox_->ready) {
    completions->push_back(std::move(completion));
  }
  mailbox_->in_flight -= mailbox_->ready.size();
  mailbox_->ready.clear();
}

}  // namespace ringjournal::cluster_sim
