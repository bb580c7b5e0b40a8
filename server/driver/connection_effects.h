// What the shard says of connections, carried out at the event loop.
#ifndef SERVER_DRIVER_CONNECTION_EFFECTS_H_
#define SERVER_DRIVER_CONNECTION_EFFECTS_H_

#include <vector>

#include "io/event.h"
#include "server/session/effects.h"

namespace ringjournal {

// Pauses and resumes; a connection is in one of them at most.
template <class Loop>
void CarryOutReceiving(const ShardEffects& effects, Loop* loop) {
  for (ConnectionNumber c : effects.pauses) loop->PauseReceive(io::ConnectionId::FromU64(c));
  for (ConnectionNumber c : effects.resumes) loop->ResumeReceive(io::ConnectionId::FromU64(c));
}

// Sends, pauses, resumes and closes of *effects, which holds none of them afterwards. Then `step`,
// which appends to *effects, is told what the sockets did not take; that takes effect at once: the
// loop tells of a queue again only when it is empty, so nobody would resume a session whose queue
// has merely become short.
template <class Loop, class Step>
void CarryOutConnections(ShardEffects* effects, Loop* loop, Step step) {
  auto id = [](ConnectionNumber c) { return io::ConnectionId::FromU64(c); };
  for (const ShardEffects::Send& send : effects->sends) {
    loop->Send(id(send.connection), send.head, send.body);
  }
  CarryOutReceiving(*effects, loop);
  for (ConnectionNumber c : effects->closes) loop->CloseAfterFlush(id(c));
  std::vector<ConnectionNumber> slow;
  for (const ShardEffects::Send& send : effects->sends) {
    if (loop->queued_bytes(id(send.connection)) > 0) slow.push_back(send.connection);
  }
  effects->ClearConnections();
  for (ConnectionNumber c : slow) step(SendQueue{c, loop->queued_bytes(id(c))});
  CarryOutReceiving(*effects, loop);
  // Who is ended for what it does not take is not waited for.
  for (ConnectionNumber c : effects->closes) loop->Close(id(c));
  effects->ClearConnections();
}

}  // namespace ringjournal

#endif  // SERVER_DRIVER_CONNECTION_EFFECTS_H_
