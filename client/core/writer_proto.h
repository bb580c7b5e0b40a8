// What a server says about the writer of a journal, as a plain value.
#ifndef CLIENT_CORE_WRITER_PROTO_H_
#define CLIENT_CORE_WRITER_PROTO_H_

#include "client/journal_info.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

inline WriterInfo WriterOf(const v1::WriterReply& reply) {
  WriterInfo info;
  info.epoch = {reply.writer_generation(), reply.writer_epoch()};
  info.claimant = reply.writer().claimant();
  info.since_ns = reply.writer().since_ns();
  info.next_lsn = Lsn(reply.writer().next_lsn());
  info.chain = reply.writer().chain();
  info.nonce = reply.writer().nonce();
  info.ended_by_loss = reply.ended_by_loss();
  info.generation = reply.generation();
  info.fenced = reply.fenced();
  return info;
}

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_WRITER_PROTO_H_
