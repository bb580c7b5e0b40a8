// ringjournald: the server.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <span>

#include "server/config/flags.h"
#include "server/driver/server.h"
#include "server/log/log.h"
#include "server/version.h"

namespace {

ringjournal::Server* g_server = nullptr;

void OnStopSignal(int) {
  if (g_server != nullptr) g_server->RequestStop();
}

void InstallSignalHandlers() {
  struct sigaction action = {};
  action.sa_handler = OnStopSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  // A peer that is gone shows as EPIPE, a closed log reader too.
  signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
  ringjournal::ProcessFacts facts{ringjournal::kServerVersion, getuid()};
  ringjournal::FlagsResult flags = ringjournal::ParseServerFlags(
      std::span(const_cast<const char* const*>(argv) + 1, argc - 1), facts);
  std::fputs(flags.standard_out.c_str(), stdout);
  std::fputs(flags.standard_error.c_str(), stderr);
  if (!flags.run) return flags.exit_code;
  ringjournal::InitLog({flags.options.log_level, 2});
  InstallSignalHandlers();
  int exit_code = ringjournal::kServerExitFailure;
  auto server = ringjournal::Server::Start(flags.options);
  if (server.ok()) {
    g_server = server->get();
    exit_code = (*server)->Run();
    g_server = nullptr;
  } else {
    ringjournal::LogEvent(ringjournal::LogLevel::kError, "cannot_start",
                          {{"reason", std::string(server.status().message())}});
  }
  ringjournal::ShutdownLog();
  return exit_code;
}
