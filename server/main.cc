// ringjournald: the server.
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "io/memory_holder.h"
#include "journal/base/limits.h"
#include "server/config/config_file.h"
#include "server/config/flags.h"
#include "server/config/risks.h"
#include "server/driver/server.h"
#include "server/log/log.h"
#include "server/version.h"

namespace {

std::atomic<ringjournal::Server*> g_server = nullptr;
// A signal that comes while the server starts is kept until it runs.
std::atomic<bool> g_stop_requested = false;

void OnStopSignal(int) {
  g_stop_requested = true;
  if (ringjournal::Server* server = g_server) server->RequestStop();
}

void InstallSignalHandlers() {
  struct sigaction action = {};
  action.sa_handler = OnStopSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  // A peer that is gone shows as EPIPE, a closed log reader too.
  signal(SIGPIPE, SIG_IGN);
}

// Large buffers (what waits while a ring is full, say) go back to the kernel when they are freed.
// By default the C library learns from them to keep such memory, so that the resident size would be
// that of the worst moment, and take until then to get there.
void KeepMemoryFlat() { mallopt(M_MMAP_THRESHOLD, ringjournal::limits::kReturnedBufferBytes); }

ringjournal::FlagsResult ParseCommandLine(int argc, char** argv) {
  ringjournal::ProcessFacts facts;
  facts.version = ringjournal::kServerVersion;
  facts.uid = getuid();
  facts.environment = ringjournal::EnvironmentOf(environ);
  facts.read_file = ringjournal::ReadConfigFile;
  return ringjournal::ParseServerFlags(
      std::span(const_cast<const char* const*>(argv) + 1, argc - 1), facts);
}

// --check-config: 0 if it can run, risks included; 1 if this machine would refuse it.
int CheckConfig(const ringjournal::FlagsResult& flags) {
  std::vector<ringjournal::Finding> findings =
      ringjournal::FindRisks(flags.options, ringjournal::ReadMachineFacts(flags.options));
  for (const std::string& note : flags.notes) {
    findings.push_back(
        {ringjournal::Severity::kWarn, "environment", note, "correct or unset the variable"});
  }
  std::fputs(ringjournal::FindingsText(findings).c_str(), stdout);
  const bool failed = ringjournal::WorstOf(findings) == ringjournal::Severity::kFail;
  return failed ? ringjournal::kServerExitFailure : 0;
}

int Run(const ringjournal::FlagsResult& flags) {
  // First, as it must not have what is opened later.
  const auto holder = ringjournal::io::MemoryHolder::Start();
  ringjournal::InitLog({flags.options.log_level, 2});
  if (!holder.ok() && !absl::IsUnimplemented(holder.status())) {
    ringjournal::LogEvent(ringjournal::LogLevel::kWarn, "no_memory_holder",
                          {{"reason", std::string(holder.status().message())},
                           {"next", "if this process is killed, others see that later"}});
  }
  InstallSignalHandlers();
  KeepMemoryFlat();
  for (const std::string& note : flags.notes) {
    ringjournal::LogEvent(ringjournal::LogLevel::kWarn, "environment_unknown", {{"note", note}});
  }
  int exit_code = ringjournal::kServerExitFailure;
  auto server = ringjournal::Server::Start(flags.options, g_stop_requested);
  if (server.ok()) {
    for (std::span<std::byte> mapping : (*server)->mappings()) {
      ringjournal::io::MemoryHolder::UnmapFirst(mapping);
    }
    g_server = server->get();
    if (g_stop_requested) (*server)->RequestStop();
    exit_code = (*server)->Run();
    g_server = nullptr;
  } else {
    ringjournal::LogEvent(ringjournal::LogLevel::kError, "cannot_start",
                          {{"reason", std::string(server.status().message())}});
  }
  ringjournal::ShutdownLog();
  return exit_code;
}

// What was asked for on stdout must be there: a full disk is no success.
int FinishStdout(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fprintf(stderr, "ringjournald: cannot write the output: %s; check the space there\n",
               std::strerror(errno));
  return code == 0 ? ringjournal::kServerExitFailure : code;
}

}  // namespace

int main(int argc, char** argv) {
  const ringjournal::FlagsResult flags = ParseCommandLine(argc, argv);
  std::fputs(flags.standard_out.c_str(), stdout);
  std::fputs(flags.standard_error.c_str(), stderr);
  if (flags.check) return FinishStdout(CheckConfig(flags));
  return flags.run ? Run(flags) : FinishStdout(flags.exit_code);
}
