// What became of an append, and who may append.
#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/handles.h"

namespace ringjournal::client::c {
namespace {

// `ask` returns a Resolution.
template <class Ask>
rj_code AskResolution(const rj_journal* journal, const char* producer, rj_resolution* resolution,
                      rj_error* error, Ask ask) {
  return Guarded(error, [&] {
    absl::Status status =
        FirstOf(CheckNotNull("journal", journal), CheckNotNull("producer", producer),
                CheckNotNull("resolution", resolution));
    if (status.ok()) status = CheckFillable("resolution", resolution);
    if (!status.ok()) return status;
    absl::StatusOr<Resolution> got = ask(journal->journal);
    if (got.ok()) GiveStruct(ResolutionOf(*got), resolution);
    return got.status();
  });
}

absl::Status CheckWriterCall(const rj_journal* journal, const rj_writer_info* writer) {
  absl::Status status = FirstOf(CheckNotNull("journal", journal), CheckNotNull("writer", writer));
  return status.ok() ? CheckFillable("writer", writer) : status;
}

absl::Status Give(const absl::StatusOr<WriterInfo>& info, rj_writer_info* writer) {
  if (info.ok()) GiveStruct(WriterInfoOf(*info), writer);
  return info.status();
}

absl::Status Acquire(const rj_journal* journal, const rj_writer_claim* given, int64_t timeout_ns,
                     rj_writer_info* writer) {
  rj_writer_claim claim;
  absl::Status status = FirstOf(CheckWriterCall(journal, writer), CheckNotNull("claim", given),
                                TakeStruct("claim", given, &claim));
  if (status.ok()) status = CheckNotNull("claim->claimant", claim.claimant);
  if (!status.ok()) return status;
  WriterClaim mine{.claimant = claim.claimant,
                   .replaces = {claim.replaces_generation, claim.replaces_epoch},
                   .force = claim.force != 0,
                   .reason = TextOf(claim.reason),
                   .nonce = claim.nonce};
  return Give(journal->journal.AcquireWriter(mine, DurationOf(timeout_ns)), writer);
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;
using ringjournal::Epoch;
using ringjournal::Sequence;
using ringjournal::client::Journal;

rj_code rj_journal_resolve(const rj_journal* journal, const char* producer, uint64_t sequence,
                           int64_t timeout_ns, rj_resolution* resolution, rj_error* error) {
  return c::AskResolution(journal, producer, resolution, error, [&](const Journal& j) {
    return j.Resolve(producer, Sequence(sequence), c::DurationOf(timeout_ns));
  });
}

rj_code rj_journal_settle(const rj_journal* journal, const char* producer, uint64_t sequence,
                          uint32_t writer_generation, uint32_t writer_epoch, int64_t timeout_ns,
                          rj_resolution* resolution, rj_error* error) {
  return c::AskResolution(journal, producer, resolution, error, [&](const Journal& j) {
    return j.Settle(producer, Sequence(sequence), c::DurationOf(timeout_ns),
                    Epoch{writer_generation, writer_epoch});
  });
}

rj_code rj_journal_get_writer(const rj_journal* journal, int64_t timeout_ns, rj_writer_info* writer,
                              rj_error* error) {
  return c::Guarded(error, [&] {
    absl::Status status = c::CheckWriterCall(journal, writer);
    if (!status.ok()) return status;
    return c::Give(journal->journal.GetWriter(c::DurationOf(timeout_ns)), writer);
  });
}

rj_code rj_journal_acquire_writer(const rj_journal* journal, const rj_writer_claim* claim,
                                  int64_t timeout_ns, rj_writer_info* writer, rj_error* error) {
  return c::Guarded(error, [&] { return c::Acquire(journal, claim, timeout_ns, writer); });
}
