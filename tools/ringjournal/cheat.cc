// ringjournal cheat: the commands of every day on one screen. A test runs each of them.
#include <cstdio>

#include "tools/ringjournal/commands.h"

namespace ringjournal::cli {
namespace {

// A line that starts with two spaces is a command; tests/e2e/operator_commands.py runs them in this
// order.
constexpr char kSheet[] =
    R"(Set RINGJOURNAL_SERVER=HOST:PORT once, or give --server. JOURNAL here: orders

Write
  seq 1 100 | ringjournal append orders --create         # one transaction per line
  echo paid | ringjournal append orders --level disk     # acknowledged when it is on disk
  seq 1 9 | ringjournal append orders --producer till-1 --resume   # again, and nothing twice
Read
  ringjournal cat orders                                 # everything, oldest first
  ringjournal cat orders --from -5                       # the last five
  ringjournal -o json cat orders --from 100              # with LSN, epoch and time
  ringjournal replay orders --from 1 --until 51 --output part.txt
  timeout 2 ringjournal tail orders --from newest || true   # follows; Ctrl-C says how to resume
Look
  ringjournal status
  ringjournal journal ls
  ringjournal journal info orders
  ringjournal checkpoint ls
Operate
  ringjournal journal create quick --ring 1MiB --memory-only
  ringjournal checkpoint now orders
  ringjournal journal set orders --retention-age 24h
  ringjournal journal trim orders --before 50
  ringjournal journal rm quick --yes
  ringjournal ring ls
  ringjournal doctor --data-dir . || true                # this machine: PASS, WARN, FAIL
Every command has --help; exit codes are in ringjournal --help.
)";

}  // namespace

void RegisterCheat(CLI::App& app, Context& context) {
  app.add_subcommand("cheat", "The commands of every day on one screen")->callback([&context] {
    context.command = "cheat";
    context.needs_server = false;
    context.action = [] {
      std::fputs(kSheet, stdout);
      return kExitOk;
    };
  });
}

}  // namespace ringjournal::cli
