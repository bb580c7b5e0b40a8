// Writers of fenced journals: who asks to be the one, and who is it.
#include "absl/strings/str_cat.h"
#include "journal/base/mutants.h"
#include "journal/node/refusals.h"
#include "server/session/describe.h"
#include "server/session/shard.h"

namespace ringjournal {
namespace {

v1::ServerMessage DescribeWriter(uint64_t request_id, const Replica& replica) {
  const WriterState& writer = replica.derived().writer();
  v1::ServerMessage message;
  v1::WriterReply* reply = message.mutable_writer_reply();
  reply->set_request_id(request_id);
  reply->set_writer_generation(writer.epoch.generation);
  reply->set_writer_epoch(writer.epoch.epoch);
  const bool granted = writer.epoch != Epoch();
  if (granted) WriteWriter(writer, reply->mutable_writer());
  reply->set_ended_by_loss(granted && !replica.writer_holds());
  reply->set_generation(replica.options().epoch.generation);
  reply->set_fenced(replica.fenced());
  return message;
}

}  // namespace

bool Shard::OnWriterMessage(Session* session, const v1::ClientMessage& m) {
  if (m.has_writer_acquire()) {
    OnWriterAcquire(session, m.writer_acquire());
  } else if (m.has_writer_show()) {
    OnWriterShow(session, m.writer_show());
  } else {
    return false;
  }
  return true;
}

// The journal that the session has opened; null: it was told why not.
Journal* Shard::OpenedForWriters(Session* session, uint64_t request_id) {
  v1::ErrorReply error;
  if (session->journal == nullptr) {
    Refuse(v1::ERROR_CODE_NOT_OPEN, "open the journal before asking for its writer", &error);
  } else if (session->journal->removed) {
    Refuse(v1::ERROR_CODE_JOURNAL_NOT_FOUND, "the journal was removed", &error);
  } else if (!HoldsAppends(*session->journal, &error)) {
    return session->journal;
  }
  ReplyError(session, request_id, std::move(error));
  return nullptr;
}

void Shard::OnWriterAcquire(Session* session, const v1::WriterAcquire& request) {
  Journal* journal = OpenedForWriters(session, request.request_id());
  if (journal == nullptr) return;
  WriterClaim claim;
  claim.claimant = request.claimant();
  claim.nonce = request.nonce();
  claim.reason = request.reason();
  if (!request.force()) {
    claim.replaces = Epoch{request.replaces_generation(), request.replaces_epoch()};
  }
  const WriterState before = journal->replica->derived().writer();
  v1::ErrorReply error;
  if (!journal->replica->AcquireWriter(claim, now_, &error)) {
    return ReplyError(session, request.request_id(), std::move(error));
  }
  journal->dirty = true;
  if (journal->replica->derived().writer().epoch != before.epoch) {
    NoteFence(*journal, before, request);
    fencing_.push_back(journal->number);
  }
  ReplyAboutWriter(session, request.request_id(), *journal);
}

void Shard::OnWriterShow(Session* session, const v1::WriterShow& request) {
  Journal* journal = OpenedForWriters(session, request.request_id());
  if (journal != nullptr) ReplyAboutWriter(session, request.request_id(), *journal);
}

// A fence that is not committed may yet be lost with its leader: nobody is told of it before.
void Shard::ReplyAboutWriter(Session* session, uint64_t request_id, const Journal& journal) {
  const Replica& replica = *journal.replica;
  v1::ServerMessage message = DescribeWriter(request_id, replica);
  if (Mutated(Mutant::kFenceGrantedAtOnce)) return Reply(session, message);
  const Index true_from = std::max(replica.epoch_start(), replica.derived().writer().index);
  ReplyOnceTrue(session, journal, true_from, std::move(message));
}

// Who is fenced should stop acting now, not when it has something to append.
void Shard::TellFenced() {
  std::erase_if(fencing_, [this](JournalNumber number) {
    Journal* journal = journals_[number].get();
    // Sessions of a leader that has been replaced end by themselves.
    if (journal == nullptr || journal->removed || !journal->replica->leads()) return true;
    if (!journal->replica->fence_is_committed()) return false;
    for (auto& [connection, session] : sessions_) {
      const bool older = session->journal == journal && session->may_append &&
                         session->writer != journal->replica->derived().writer().epoch;
      if (!older || session->closing) continue;
      v1::ErrorReply error;
      RefuseFencedWriter(journal->replica->derived().writer(), session->writer,
                         journal->replica->options().epoch.generation, &error);
      ReplyError(session.get(), 0, std::move(error));
      BeginClosing(session.get());
    }
    return true;
  });
}

void Shard::NoteFence(const Journal& journal, const WriterState& before,
                      const v1::WriterAcquire& request) {
  const WriterState& writer = journal.replica->derived().writer();
  std::string note = absl::StrCat("journal ", journal.config.name(), ": writer epoch ",
                                  WriterText(writer.epoch), " goes to \"", writer.claimant, "\"");
  if (before.epoch != Epoch()) {
    absl::StrAppend(&note, ", and ends ", WriterText(before.epoch), " of \"", before.claimant,
                    "\"");
  }
  if (request.force()) absl::StrAppend(&note, ", by force");
  if (!request.reason().empty()) absl::StrAppend(&note, ": ", request.reason());
  effects_->notes.push_back(std::move(note));
}

}  // namespace ringjournal
