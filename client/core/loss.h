// Reads what a server says about lost data.
#ifndef CLIENT_CORE_LOSS_H_
#define CLIENT_CORE_LOSS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/outcome.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// All of it but `held`, which only the session knows.
LossNotice LossNoticeOf(const v1::DataLossDetail& detail);

// Why a session goes on to another server: that one has not heard of a recovery that this client
// has seen, so what it holds may be given up already. NOT_LEADER.
absl::Status OlderGeneration(const std::string& journal, uint32_t is, uint32_t seen);

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_LOSS_H_
