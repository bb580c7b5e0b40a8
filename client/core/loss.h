// Reads what a server says about lost data.
#ifndef CLIENT_CORE_LOSS_H_
#define CLIENT_CORE_LOSS_H_

#include "client/outcome.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// All of it but `held`, which only the session knows.
LossNotice LossNoticeOf(const v1::DataLossDetail& detail);

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_LOSS_H_
