// A position as the protocol writes it.
#ifndef CLIENT_CORE_POSITION_PROTO_H_
#define CLIENT_CORE_POSITION_PROTO_H_

#include "client/position.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

v1::Position PositionProto(const Position& position);

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_POSITION_PROTO_H_
