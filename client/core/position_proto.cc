#include "client/core/position_proto.h"

namespace ringjournal::client {

v1::Position PositionProto(const Position& position) {
  v1::Position out;
  switch (position.kind) {
    case Position::Kind::kOldest:
      out.set_oldest(true);
      break;
    case Position::Kind::kNewest:
      out.set_newest(true);
      break;
    case Position::Kind::kLsn:
      out.set_lsn(position.lsn.value());
      break;
    case Position::Kind::kLast:
      out.set_last(position.count);
      break;
    case Position::Kind::kTime:
      out.set_log_time_ns(position.time_ns);
      break;
    case Position::Kind::kTransactionId:
      out.set_transaction_id(position.id);
      break;
  }
  return out;
}

}  // namespace ringjournal::client
