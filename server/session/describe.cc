#include "server/session/describe.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

#include "journal/base/limits.h"

namespace ringjournal {

std::string ClientDescriptorSet() {
  google::protobuf::FileDescriptorSet set;
  const google::protobuf::FileDescriptor* client = v1::ClientMessage::descriptor()->file();
  // A file stands behind those that it imports.
  for (int i = 0; i < client->dependency_count(); ++i) {
    client->dependency(i)->CopyTo(set.add_file());
  }
  client->CopyTo(set.add_file());
  return set.SerializeAsString();
}

v1::JournalSettings WithDefaults(v1::JournalSettings s) {
  if (s.ring_bytes() == 0) s.set_ring_bytes(limits::kRingBytesDefault);
  if (s.segment_bytes() == 0) s.set_segment_bytes(limits::kSegmentBytesDefault);
  if (s.checkpoint_bytes() == 0) {
    // A ring may be smaller than the default; more than a ring is refused.
    s.set_checkpoint_bytes(std::min(limits::kCheckpointBytesDefault, s.ring_bytes()));
  }
  if (s.checkpoint_interval_ms() == 0) {
    s.set_checkpoint_interval_ms(limits::kCheckpointIntervalMsDefault);
  }
  if (s.producers_max() == 0) s.set_producers_max(limits::kProducersMaxDefault);
  return s;
}

}  // namespace ringjournal
