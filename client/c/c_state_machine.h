// A state machine whose methods are a C program's functions.
#ifndef CLIENT_C_C_STATE_MACHINE_H_
#define CLIENT_C_C_STATE_MACHINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/c/ringjournal.h"
#include "client/takeover/state_machine.h"

struct rj_sink {
  std::string* bytes;
  uint64_t bytes_max;
  rj_error failed;  // of the first rj_sink_put that failed
};

namespace ringjournal::client::c {

class CStateMachine : public StateMachine {
 public:
  // `standby`: the handle whose callbacks they are.
  CStateMachine(const rj_state_machine& machine, uint64_t effect_bytes_max, const void* standby)
      : machine_(machine), effect_bytes_max_(effect_bytes_max), standby_(standby) {}

  absl::Status Apply(const ReadTransaction& transaction, std::string* effect) override;
  std::optional<uint64_t> Digest() override;
  absl::Status Load(std::string_view state) override;

 private:
  const rj_state_machine machine_;
  const uint64_t effect_bytes_max_;
  const void* const standby_;
  std::vector<rj_header> headers_;
};

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_C_STATE_MACHINE_H_
