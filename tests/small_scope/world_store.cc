// The config store: each request is carried out when it is chosen, and its node told when that is.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "server/config_store/document_checks.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {

// What names an attempt is left out.
Digest World::DigestOf(v1::ConfigDocument document) {
  document.set_version(0);
  for (v1::JournalConfig& journal : *document.mutable_journals()) journal.clear_change_id();
  Hasher h;
  h.Put(std::string_view(document.SerializeAsString()));
  return h.digest();
}

void World::SetDocument(v1::ConfigDocument next) {
  v1::ConfigDocument before = std::move(document_);
  document_ = std::move(next);
  digests_[document_.version()] = DigestOf(document_);
  // Each node has a clock of its own; what any of them waits, their sum moves on by.
  int64_t now_ns = 0;
  for (const Node& node : nodes_) now_ns += node.now_ns;
  truth_->OnConfig(before.journals(0), document_.journals(0), now_ns);
  ForgetDeadRequests();
}

// A request that expects a version which is gone does nothing, whenever it comes.
void World::ForgetDeadRequests() {
  std::erase_if(late_, [&](const LateRequest& late) {
    return late.request.expected_version != document_.version();
  });
}

bool World::IsChange(const ConfigRequest& request) const {
  v1::ConfigDocument same_version = request.document;
  same_version.set_version(document_.version());
  return same_version.SerializeAsString() != document_.SerializeAsString();
}

void World::TakeRequest(uint32_t i, const ConfigRequest& request) {
  if (request.kind == ConfigRequest::Kind::kRead) {
    nodes_[i].read_token = request.token;
  } else {
    RJ_CHECK(request.kind == ConfigRequest::Kind::kCas);
    nodes_[i].asked.push_back(request);
  }
}

// False: the store found another version.
bool World::Serve(const ConfigRequest& request, ConfigCompletion* done) {
  done->token = request.token;
  done->kind = request.kind;
  done->outcome = ConfigOutcome::kConflict;
  if (request.expected_version == document_.version()) {
    if (counts_ && IsChange(request)) ++changes_;
    v1::ConfigDocument next = request.document;
    next.set_version(document_.version() + 1);
    absl::Status valid = ValidateDocument(next);
    if (valid.ok()) valid = ValidateChange(document_, next);
    if (!valid.ok()) {
      report_.Violation("the config store refuses a change: ", std::string(valid.message()));
    } else {
      SetDocument(std::move(next));
    }
    done->outcome = ConfigOutcome::kOk;
  }
  done->document = document_;
  return done->outcome == ConfigOutcome::kOk;
}

void World::Execute(uint32_t i, size_t position) {
  Node* node = &nodes_[i];
  ConfigRequest request = std::move(node->asked[position]);
  node->asked.erase(node->asked.begin() + static_cast<ptrdiff_t>(position));
  ConfigCompletion done;
  if (!Serve(request, &done)) return Answer(i, done);
  node->outcomes.push_back(std::move(done));
}

void World::Answer(uint32_t i, const ConfigCompletion& done) {
  StepAndBatch(i, ConfigAnswer{done});
}

// The request itself may still be on its way.
void World::AnswerUnknown(uint32_t i, size_t position) {
  ++unknowns_;
  Node* node = &nodes_[i];
  ConfigCompletion unknown;
  unknown.kind = ConfigRequest::Kind::kCas;
  unknown.outcome = ConfigOutcome::kUnknown;
  unknown.status = absl::UnavailableError("the store did not answer in time");
  if (position < node->asked.size()) {
    unknown.token = node->asked[position].token;
    late_.push_back({i, std::move(node->asked[position])});
    node->asked.erase(node->asked.begin() + static_cast<ptrdiff_t>(position));
    ForgetDeadRequests();
  } else {
    position -= node->asked.size();
    unknown.token = node->outcomes[position].token;
    node->outcomes.erase(node->outcomes.begin() + static_cast<ptrdiff_t>(position));
  }
  Answer(i, unknown);
}

void World::ExecuteLate(size_t number) {
  ConfigRequest request = std::move(late_[number].request);
  late_.erase(late_.begin() + static_cast<ptrdiff_t>(number));
  ConfigCompletion ignored;
  Serve(request, &ignored);
}

// A read that is out already, or one that the store's hint causes.
void World::Learn(uint32_t i) {
  Node* node = &nodes_[i];
  if (!node->read_token.has_value()) StepAndBatch(i, ConfigHint{});
  if (!node->read_token.has_value()) return;
  ConfigCompletion done;
  done.token = *node->read_token;
  done.kind = ConfigRequest::Kind::kRead;
  done.outcome = ConfigOutcome::kOk;
  done.document = document_;
  node->read_token.reset();
  Answer(i, done);
}

}  // namespace ringjournal::small_scope
