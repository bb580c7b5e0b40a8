#include "tools/ringjournal/context.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "client/errors.h"

namespace ringjournal::cli {
namespace {

int g_pipe[2] = {-1, -1};

// Async-signal-safe: one byte, and a full pipe says the same as one byte.
void OnSignal(int) {
  int saved = errno;
  [[maybe_unused]] ssize_t n = write(g_pipe[1], "!", 1);
  errno = saved;
}

// Server and library say which generation a program is to accept; here that is an option.
void NameTheOption(std::string* text) {
  for (const char* words : {"accept_generation ", "accept generation ", "accepting generation "}) {
    const size_t at = text->find(words);
    if (at == std::string::npos) continue;
    const size_t begin = at + std::strlen(words);
    const size_t end = std::min(text->find_first_not_of("0123456789", begin), text->size());
    text->insert(end, absl::StrCat(" (--accept-loss ", text->substr(begin, end - begin), ")"));
    return;
  }
}

}  // namespace

client::ClientOptions Context::ClientOptions(int64_t retry_for_ns) const {
  client::ClientOptions options;
  options.server = server;
  options.client_name = absl::StrCat("ringjournal ", command);
  options.retry_for_ns = retry_for_ns;
  options.on_notice = [this](std::string_view text) { Say(text); };
  if (verbose) options.notice_after_ns = 0;
  return options;
}

void Context::Say(std::string_view text) const {
  std::fprintf(stderr, "ringjournal %s: %.*s\n", command.c_str(), static_cast<int>(text.size()),
               text.data());
}

int Context::Fail(const absl::Status& status) const {
  client::ErrorCode code = client::CodeOf(status);
  std::string text(status.message());
  if (code == client::ErrorCode::kDataLoss) NameTheOption(&text);
  std::string name = code == client::ErrorCode::kUnknown
                         ? ""
                         : absl::StrCat(" [", client::ErrorCodeName(code), "]");
  Say(absl::StrCat("error: ", text, name));
  return ExitCodeOf(status);
}

int Context::FailUsage(std::string_view text) const {
  Say(absl::StrCat("error: ", std::string(text), "; see `ringjournal ", command, " --help`"));
  return kExitUsage;
}

Interrupt::Interrupt() {
  if (pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int Interrupt::fd() const { return g_pipe[0]; }

bool Interrupt::happened() const {
  pollfd p = {.fd = g_pipe[0], .events = POLLIN};
  return poll(&p, 1, 0) > 0;
}

void Interrupt::Clear() {
  char bytes[64];
  while (read(g_pipe[0], bytes, sizeof bytes) > 0) {
  }
}

}  // namespace ringjournal::cli
