// The engine at work: journals a command, matches it once that is acknowledged, and sends the
// trades.
#ifndef EXAMPLES_MATCHING_ENGINE_PRIMARY_H_
#define EXAMPLES_MATCHING_ENGINE_PRIMARY_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/takeover/application_checkpoint.h"
#include "client/takeover/standby.h"
#include "examples/matching_engine/background_saver.h"
#include "examples/matching_engine/engine_state.h"
#include "examples/matching_engine/input.h"
#include "examples/matching_engine/output.h"

namespace ringjournal::matching {

struct PrimaryOptions {
  uint64_t rate = 0;              // commands per second; 0: as fast as they are journaled
  uint64_t digest_every = 0;      // LSNs
  uint64_t checkpoint_every = 0;  // commands; 0: no application checkpoints, else with a saver
  BackgroundSaver* saver = nullptr;
  // With the first command that is acknowledged.
  std::function<void(Lsn)> on_first_acknowledged;
};

// One life as the writer, from a Promotion to a fence or the end of the input. One thread calls it;
// outcomes come on the Writer's.
class Primary {
 public:
  Primary(client::Promotion promotion, const client::Journal& journal, EngineState* state,
          Output* output, const PrimaryOptions& options)
      : promotion_(std::move(promotion)),
        journal_(journal),
        state_(state),
        output_(output),
        options_(options) {}

  // OK: the input is at its end, and everything is done and marked. kFenced: another engine has
  // taken over; this process must act on nothing any more.
  absl::Status Run(Input* input);

 private:
  // A command that is acknowledged, with what a checkpoint behind it has to say.
  struct Acknowledged {
    Command command;
    client::AppendReceipt receipt;
  };
  struct Shared {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Acknowledged> acknowledged;  // under mutex
    size_t in_flight = 0;                   // under mutex
    absl::Status failed;                    // an append that is not applied; under mutex
  };

  absl::Status Work(Input* input);
  absl::Status EmitInDoubt();
  absl::Status Skip(Input* input);
  absl::Status Submit(Input* input);
  absl::Status Act();
  absl::Status ActOn(Acknowledged acknowledged);
  absl::Status Mark();
  absl::Status ReopenOutput();
  absl::Status CheckWriter();
  absl::Status End();
  void TakeCheckpoint(const Acknowledged& at);
  void SaveCheckpoint();
  bool Due() const;
  void Wait();

  client::Promotion promotion_;
  client::Journal journal_;
  EngineState* state_;
  Output* output_;
  PrimaryOptions options_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  // Taken, and given to the saver once everything in it was acted on.
  std::optional<client::ApplicationCheckpoint> checkpoint_;
  std::optional<Command> next_;  // read, and not accepted yet
  bool at_end_ = false;
  uint64_t submitted_ = 0;
  int64_t began_ns_ = 0;
  Lsn marked_;
  bool first_told_ = false;
};

}  // namespace ringjournal::matching

#endif  // EXAMPLES_MATCHING_ENGINE_PRIMARY_H_
