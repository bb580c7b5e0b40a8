#include "server/session/test_cluster.h"

namespace ringjournal {

// What a process start finds in a ring that is intact.
void TestCluster::AddFromMemory(size_t i) {
  Node* node = nodes_[i].get();
  if (node->memory == nullptr) return;
  const v1::JournalConfig& config = document_.journals(0);
  ReplicaOptions options;
  JournalId::FromView(config.id(), &options.id);
  RingIdentityValues identity{options.id, {}, config.generation(), 8};
  RingInspection found = InspectRing(node->memory->memory(), &identity);
  RJ_CHECK(found.verdict == RingVerdict::kIntact);
  Ring ring = Ring::Adopt(node->memory->memory(), found);
  DerivedState derived = DerivedState::ReadFrom(found.snapshot);
  RingPlace place = ring.end();
  if (derived.position().next_index < ring.end().index) {
    place = *ring.Find(derived.position().next_index);
  }
  for (RingPlace p = place; p.index < ring.end().index; p = ring.Next(p)) {
    RJ_CHECK(derived.Apply(ring.Record(p)).ok());
  }
  options.epoch = {config.generation(), config.epoch()};
  options.incarnation = node->incarnation;
  options.settings = WithDefaults(config.settings());
  auto replica = std::make_unique<Replica>(options, std::move(ring), std::move(derived), place,
                                           found.snapshot, SegmentCatalog());
  LogOrigin origin;
  origin.source = v1::LOG_SOURCE_RING;
  origin.content = found.content_incarnation;
  origin.claim = found.claim_incarnation;
  node->shard->AddReplica(config, std::move(replica), origin);
}

ConfigCompletion TestCluster::Serve(const ConfigRequest& request) {
  ConfigCompletion done;
  done.token = request.token;
  done.kind = request.kind;
  done.outcome = ConfigOutcome::kOk;
  if (request.kind == ConfigRequest::Kind::kCas) {
    v1::ConfigDocument next = request.document;
    next.set_version(request.expected_version + 1);
    std::optional<bool> unknown = std::exchange(unknown_applied_, std::nullopt);
    if (unknown.has_value()) done.outcome = ConfigOutcome::kUnknown;
    if (unknown == false) return done;
    if (request.expected_version != document_.version()) {
      done.outcome = ConfigOutcome::kConflict;
    } else {
      RJ_CHECK(ValidateDocument(next).ok() && ValidateChange(document_, next).ok());
      document_ = std::move(next);
    }
    if (unknown.has_value()) return done;
  }
  done.document = document_;
  return done;
}

}  // namespace ringjournal
