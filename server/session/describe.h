// Small pieces of replies that several requests share.
#ifndef SERVER_SESSION_DESCRIBE_H_
#define SERVER_SESSION_DESCRIBE_H_

#include <string>

#include "journal/node/replica.h"
#include "proto/client.pb.h"

namespace ringjournal {

void FillWatermarks(const Replica& replica, v1::Watermarks* out);
// The serialised FileDescriptorSet of the client protocol with all it imports.
std::string ClientDescriptorSet();
// Every 0 replaced by its default.
v1::JournalSettings WithDefaults(v1::JournalSettings settings);

}  // namespace ringjournal

#endif  // SERVER_SESSION_DESCRIBE_H_
