#include "tools/ringjournal/bench_journal.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ask.h"
#include "io/clock.h"
#include "tools/ringjournal/bench_session.h"

namespace ringjournal::bench {
namespace {

constexpr int64_t kInSyncNs = 10'000'000'000;

}  // namespace

absl::StatusOr<BenchJournal> BenchJournal::Create(const std::string& server,
                                                  const BenchSettings& settings) {
  absl::StatusOr<io::Address> address = io::ResolveAddress(server);
  if (!address.ok()) return address.status();
  BenchJournal journal;
  // Unique, so that a run never meets what another has left.
  journal.name_ = absl::StrFormat("bench-%x-%x", getpid(), io::MonotonicNs());
  journal.client_.server = server;
  journal.client_.client_name = "ringjournal bench";
  v1::ClientMessage create;
  create.mutable_journal_create()->set_name(journal.name_);
  v1::JournalSettings* wanted = create.mutable_journal_create()->mutable_settings();
  wanted->set_ring_bytes(settings.ring_bytes);
  wanted->set_segment_bytes(settings.segment_bytes);
  wanted->set_memory_only(settings.memory_only);
  wanted->set_retention_bytes(settings.retention_bytes);
  auto created = client::Ask(journal.client_, create, true);
  if (!created.ok()) return created.status();
  for (uint32_t c = 0; c < settings.connections; ++c) {
    auto session = OpenAppendSession(*address, journal.name_, absl::StrCat("bench-", c));
    if (!session.ok()) return session.status();
    journal.first_lsn_ = session->end_lsn + 1;
    journal.sockets_.push_back(std::move(session->fd));
  }
  return journal;
}

absl::Status BenchJournal::AwaitInSync(uint32_t nodes) {
  const int64_t give_up_ns = io::MonotonicNs() + kInSyncNs;
  absl::Status status = StillInSync(nodes);
  while (absl::IsUnavailable(status) && io::MonotonicNs() < give_up_ns) {
    io::Pause(1'000'000);
    status = StillInSync(nodes);
  }
  return status;
}

absl::Status BenchJournal::StillInSync(uint32_t nodes) {
  v1::ClientMessage info;
  info.mutable_journal_info()->set_name(name_);
  auto reply = client::Ask(client_, info, false);
  if (!reply.ok()) return reply.status();
  const int in_sync = reply->journal_reply().config().isr_size();
  if (in_sync == static_cast<int>(nodes)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("of ", nodes, " nodes ", in_sync,
                                             " are in sync on the benchmark's journal: the machine "
                                             "is too busy; try again when it is not"));
}

absl::Status BenchJournal::Remove() {
  v1::ClientMessage remove;
  remove.mutable_journal_remove()->set_name(name_);
  return client::Ask(client_, remove, true).status();
}

}  // namespace ringjournal::bench
