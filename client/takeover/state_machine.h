// What a transaction system gives to the library: how its state follows from its transactions.
#ifndef CLIENT_TAKEOVER_STATE_MACHINE_H_
#define CLIENT_TAKEOVER_STATE_MACHINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/read_transaction.h"

namespace ringjournal::client {

// Deterministic: the same transactions in the same order give the same state and the same effects,
// in every process. So no clock, no randomness and no reading of files in here. One thread at a
// time calls it: the one that runs the Standby.
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Applies the next transaction: in the order of LSNs, each once. What the world is to see of it
  // is appended to `effect` as bytes of the application's own, and done nowhere in here: whoever
  // acts decides whether it still has to be done. An error, or an exception, ends the Standby
  // (kApplyFailed): the state is then what it is, so the process is to be started anew.
  virtual absl::Status Apply(const ReadTransaction& transaction, std::string* effect) = 0;

  // A digest of the whole state, to be compared with the writer's. Asked behind every
  // StandbyOptions::digest_every-th LSN. None: nothing is compared.
  virtual std::optional<uint64_t> Digest() { return std::nullopt; }

  // The whole state as bytes, and back: for application checkpoints.
  virtual absl::StatusOr<std::string> Save() {
    return absl::UnimplementedError("this application saves no checkpoints");
  }
  // Called before the first Apply only. An error leaves no state behind.
  virtual absl::Status Load(std::string_view state) {
    return absl::UnimplementedError("this application loads no checkpoints");
  }
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_STATE_MACHINE_H_
