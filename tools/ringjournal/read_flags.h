// The options that reading commands share.
#ifndef TOOLS_RINGJOURNAL_READ_FLAGS_H_
#define TOOLS_RINGJOURNAL_READ_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "client/position.h"
#include "client/reader.h"
#include "tools/ringjournal/context.h"
#include "tools/ringjournal/filter.h"
#include "tools/ringjournal/output.h"
#include "tools/ringjournal/resume_command.h"

namespace ringjournal::cli {

struct ReadFlags {
  std::string journal;
  std::optional<client::Position> from, until;
  bool durable = false;
  int64_t retry_for_ns = 60'000'000'000;
  uint32_t accept_loss = 0;
  FilterOptions filter;
  uint64_t count_max = 0;  // 0: no limit
  std::optional<OutputSpec> format;
  bool quiet = false;

  // The format asked for, or -o json's; fit for a terminal if `fd` is one.
  OutputSpec Format(const Context& context, int fd) const;
};

// JOURNAL, --from (--since), --until, --durable, --retry-for, --accept-loss, --quiet.
void AddRangeOptions(CLI::App* sub, ReadFlags* flags, const std::string& default_from);
// --grep, --ignore-case, --invert-match, --key, --count.
void AddFilterOptions(CLI::App* sub, ReadFlags* flags);

// For client::Reader; without a cursor. `default_from` if none was given.
client::ReaderOptions ReaderOptionsOf(const ReadFlags& flags, const client::Position& default_from);

// Tells on stderr which LSNs the positions stand for, unless they were LSNs already.
void EchoPositions(const Context& context, const ReadFlags& flags, const client::Reader& reader);

// A line for who asked for a range in which nothing is, and why that may be.
std::string NothingThere(const ReadFlags& flags, const client::Reader& reader);

// Tells that the reader's journal has lost what was read, and the command that goes on there: this
// one with these changes. Returns the exit code.
int FailLoss(const Context& context, const absl::Status& status, const client::Reader& reader,
             std::vector<OptionChange> changes);

// Whether a directory lets a file of this name be made or replaced: if not, Internal with errno's
// text, before anything was done for it. `what`: for the message.
absl::Status CheckWritable(const std::string& what, const std::string& path);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_READ_FLAGS_H_
