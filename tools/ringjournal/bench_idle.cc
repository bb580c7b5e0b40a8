#include "tools/ringjournal/bench_idle.h"

#include <sys/socket.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ask.h"
#include "io/clock.h"
#include "journal/base/check.h"
#include "tools/ringjournal/bench_session.h"
#include "tools/ringjournal/bench_verify.h"

namespace ringjournal::bench {
namespace {

client::ClientOptions ClientOf(const io::Address& server) {
  client::ClientOptions options;
  options.server = server.ToString();
  options.client_name = "ringjournal bench";
  return options;
}

// Ends the connection by a reset: each that ends in order keeps a port for a minute, and there are
// not as many ports as producers.
void LeaveAtOnce(int fd) {
  const linger none{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

absl::Status RunPart(LoadGenerator* generator, const BenchSettings& s, uint64_t transactions,
                     LoadResult* result) {
  LoadOptions options;
  options.window = s.window;
  options.write_bytes_max = s.write_bytes;
  options.appends = transactions / s.batch;
  return generator->Run(options, result);
}

}  // namespace

absl::Status CreateWideJournal(const io::Address& server, const std::string& journal,
                               const BenchSettings& settings, uint32_t producers_max) {
  v1::ClientMessage create;
  create.mutable_journal_create()->set_name(journal);
  v1::JournalSettings* wanted = create.mutable_journal_create()->mutable_settings();
  wanted->set_ring_bytes(settings.ring_bytes);
  wanted->set_memory_only(settings.memory_only);
  wanted->set_retention_bytes(settings.retention_bytes);
  wanted->set_producers_max(producers_max);
  return client::Ask(ClientOf(server), create, true).status();
}

absl::StatusOr<int64_t> OpenIdleProducers(const io::Address& server, const std::string& journal,
                                          uint32_t producers) {
  const int64_t begin_ns = io::MonotonicNs();
  for (uint32_t i = 0; i < producers; ++i) {
    auto session = OpenAppendSession(
        server, journal,
        absl::StrFormat("idle-%0*d", static_cast<int>(limits::kProducerNameBytesMax) - 5, i));
    if (!session.ok()) return session.status();
    LeaveAtOnce(session->fd.get());
  }
  return io::MonotonicNs() - begin_ns;
}

absl::StatusOr<RoundFigures> RunWideRound(const io::Address& server, pid_t pid,
                                          const std::string& journal, const std::string& producer,
                                          const BenchSettings& settings, AppendPool* pool) {
  auto session = OpenAppendSession(server, journal, producer);
  if (!session.ok()) return session.status();
  VerifyOptions verify{.journal = journal, .first_lsn = session->end_lsn + 1};
  std::vector<io::FileDescriptor> sockets;
  sockets.push_back(std::move(session->fd));
  LoadGenerator generator(pool, std::move(sockets));
  RoundFigures figures;
  LoadResult warm_up;
  RJ_RETURN_IF_ERROR(RunPart(&generator, settings, settings.warmup_transactions, &warm_up));
  const int64_t cpu_ns = ProcessCpuNs(pid);
  RJ_RETURN_IF_ERROR(RunPart(&generator, settings, settings.transactions, &figures.load));
  const double wall_ns = figures.load.seconds() * 1e9;
  figures.server_cpu = static_cast<double>(ProcessCpuNs(pid) - cpu_ns) / wall_ns;
  figures.client_cpu = static_cast<double>(figures.load.cpu_ns) / wall_ns;
  verify.appends = {generator.appends_done(0)};
  auto compared = VerifyJournal(ClientOf(server), *pool, verify);
  if (!compared.ok()) return compared.status();
  figures.compared = *compared;
  return figures;
}

}  // namespace ringjournal::bench
