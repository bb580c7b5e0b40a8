// The options of replay.
#ifndef TOOLS_RINGJOURNAL_REPLAY_FLAGS_H_
#define TOOLS_RINGJOURNAL_REPLAY_FLAGS_H_

#include <cstdint>
#include <string>

#include "client/outcome.h"
#include "tools/ringjournal/pace.h"
#include "tools/ringjournal/read_flags.h"

namespace ringjournal::cli {

struct ReplayFlags : ReadFlags {
  std::string output_file;
  bool append = false;
  std::string into;
  std::string into_server;
  std::string producer;
  bool create = false;
  client::Level level = client::Level::kReplicated;
  std::string exec;
  uint32_t exec_batch = 1;
  bool exec_batch_given = false;
  Pace pace;
  bool follow = false;
  std::string resume_hash;
};

// All options, and the help behind them.
void AddReplayOptions(CLI::App* sub, ReplayFlags* flags);

// What contradicts what, as a sentence; empty: nothing does.
std::string ContradictionIn(const ReplayFlags& flags, const Context& context);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_REPLAY_FLAGS_H_
