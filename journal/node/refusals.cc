#include "journal/node/refusals.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "journal/base/limits.h"

namespace ringjournal {
namespace {

void RefuseForNow(std::string_view why, uint32_t retry_after_ms, v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_BACK_PRESSURE,
         absl::StrCat(std::string(why), "; send again in ", retry_after_ms, " ms"), refusal);
  refusal->mutable_back_pressure()->set_retry_after_ms(retry_after_ms);
}

void RefuseTooLarge(uint64_t record_bytes, uint64_t limit, std::string_view what,
                    v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_TOO_LARGE,
         absl::StrCat("the append needs ", record_bytes, " bytes; this journal's ",
                      std::string(what), " at most ", limit,
                      " in one entry: send smaller appends or give it a larger one"),
         refusal);
  refusal->mutable_too_large()->set_limit(limit);
  refusal->mutable_too_large()->set_size(record_bytes);
}

}  // namespace

void Refuse(v1::ErrorCode code, std::string message, v1::ErrorReply* refusal) {
  refusal->set_code(code);
  refusal->set_message(std::move(message));
}

void RefuseOutOfOrder(Sequence first, uint32_t count, Sequence last, v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_OUT_OF_ORDER,
         absl::StrCat("sequences ", first.value(), " to ", (first + count).value() - 1,
                      " do not follow this producer's last, ", last.value(), "; send from ",
                      last.next().value(), " on, with the batch boundaries of the first try"),
         refusal);
  refusal->mutable_out_of_order()->set_expected_sequence(last.next().value());
}

void RefuseChecksum(uint32_t stated, uint32_t computed, v1::ErrorReply* refusal) {
  Refuse(
      v1::ERROR_CODE_CHECKSUM,
      absl::StrFormat("the append states CRC32C %08x of its transactions, the bytes received have "
                      "%08x: they were damaged on the way; send them again",
                      stated, computed),
      refusal);
}

void RefuseForSegment(uint64_t record_bytes, uint64_t limit, v1::ErrorReply* refusal) {
  RefuseTooLarge(record_bytes, limit, "segment file takes", refusal);
}

void RefuseForRing(uint64_t record_bytes, uint64_t limit, v1::ErrorReply* refusal) {
  RefuseTooLarge(record_bytes, limit, "ring takes", refusal);
}

void RefuseFencedProducer(const ProducerState& state, v1::ErrorReply* refusal) {
  // Who settles what became of a sequence has no name of its own.
  const char* by = state.client_instance != 0
                       ? "was opened again since"
                       : "was opened again since, or closed to settle what became of a sequence";
  Refuse(v1::ERROR_CODE_FENCED,
         absl::StrCat("producer \"", state.name, "\" ", by, " (epoch ", state.epoch,
                      "): this session may append no more; open it again only if the other is "
                      "gone"),
         refusal);
  refusal->mutable_fenced()->set_by(state.name);
  refusal->mutable_fenced()->set_producer_epoch(state.epoch);
  refusal->mutable_fenced()->set_client_instance(state.client_instance);
}

namespace {

void FillHolder(const WriterState& current, v1::ErrorReply* refusal) {
  v1::FencedDetail* detail = refusal->mutable_fenced();
  detail->set_by(current.claimant);
  detail->set_since_ns(current.since_ns);
  detail->set_writer_generation(current.epoch.generation);
  detail->set_writer_epoch(current.epoch.epoch);
}

std::string Holder(const WriterState& current) {
  const absl::Time since = absl::FromUnixNanos(static_cast<int64_t>(current.since_ns));
  const std::string text = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", since, absl::UTCTimeZone());
  return absl::StrCat("\"", current.claimant, "\" since ", text, " (writer epoch ",
                      WriterText(current.epoch), ")");
}

}  // namespace

void RefuseFencedWriter(const WriterState& current, Epoch said, uint32_t generation,
                        v1::ErrorReply* refusal) {
  std::string why;
  if (current.epoch == Epoch()) {
    why =
        "the journal is fenced, and nobody is its writer yet: claim it (`ringjournal writer "
        "fence`, "
        "AcquireWriter), then open with what was granted";
  } else if (current.epoch.generation != generation) {
    why = absl::StrCat("generation ", generation, " of the journal began with a possible loss, ",
                       "which ended writer epoch ", WriterText(current.epoch),
                       ": read what is left, then acquire the writer epoch anew");
  } else if (said == Epoch()) {
    why = absl::StrCat("the journal is fenced and held by ", Holder(current),
                       ": only its writer may append");
  } else {
    why = absl::StrCat("the journal is held by ", Holder(current), ", you hold ", WriterText(said),
                       ": stop acting, and read up to the fence before LSN ",
                       current.next_lsn.value(), " to learn what of yours is in the journal");
  }
  Refuse(v1::ERROR_CODE_FENCED, std::move(why), refusal);
  FillHolder(current, refusal);
}

void RefuseUnknownWriter(Epoch said, Epoch newest, v1::ErrorReply* refusal) {
  Refuse(
      v1::ERROR_CODE_UNAVAILABLE,
      absl::StrCat("this node knows of no writer epoch after ", WriterText(newest), ", you hold ",
                   WriterText(said), ": if you were granted it, another node leads by now"),
      refusal);
}

void RefuseBeforeFence(const WriterState& current, v1::ErrorReply* refusal) {
  RefuseNotYet(absl::StrCat("a claim of \"", current.claimant, "\" is about to be granted"),
               limits::kEpochRetryMs, refusal);
}

void RefuseHeldWriter(const WriterState& current, Epoch named, bool holds,
                      v1::ErrorReply* refusal) {
  std::string why = absl::StrCat("the claim replaces writer epoch ", WriterText(named), ", but ");
  if (current.epoch == Epoch()) {
    absl::StrAppend(&why, "none was ever granted: claim with 0.0");
  } else if (!holds) {
    absl::StrAppend(&why, "the newest was ", WriterText(current.epoch), " of \"", current.claimant,
                    "\", which ended with its generation: claim with that");
  } else {
    absl::StrAppend(&why, "the journal is held by ", Holder(current),
                    ": make sure that this one is to go, then claim with its epoch, or force it");
  }
  Refuse(v1::ERROR_CODE_WRITER_HELD, std::move(why), refusal);
  FillHolder(current, refusal);
}

void RefuseOtherBoundaries(Sequence first, uint32_t count, Sequence applied_first,
                           uint32_t applied_count, Sequence last, v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_OUT_OF_ORDER,
         absl::StrCat("sequences ", first.value(), " to ", (first + (count - 1)).value(),
                      " were appended before in another batch, which began with ",
                      applied_first.value(), " and had ", applied_count,
                      ": a retry keeps its batch; the next sequence is ", last.next().value()),
         refusal);
  refusal->mutable_out_of_order()->set_expected_sequence(last.next().value());
}

void RefuseExpectedLsn(Lsn expected, Lsn actual, v1::ErrorReply* refusal) {
  Refuse(
      v1::ERROR_CODE_EXPECTED_LSN,
      absl::StrCat("the append expects LSN ", expected.value(), ", the next one is ",
                   actual.value(), ": somebody else has appended; read up to it and decide again"),
      refusal);
  refusal->mutable_expected_lsn()->set_actual_lsn(actual.value());
}

void RefuseProducers(uint32_t limit, v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_LIMIT,
         absl::StrCat("the journal has its limit of ", limit,
                      " producers; use an existing name, or create a journal with a higher "
                      "producers_max"),
         refusal);
}

void RefuseDiskFull(v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_DISK_FULL,
         "the disk is full, so no disk level can be reached; free space or trim the journal, then "
         "send again (levels up to `replicated` go on until the ring is full)",
         refusal);
  refusal->mutable_back_pressure()->set_retry_after_ms(limits::kStorageRetryMs);
}

void RefuseNoSegment(uint32_t retry_after_ms, v1::ErrorReply* refusal) {
  RefuseForNow("the ring is full, or the disk has not made the next segment yet", retry_after_ms,
               refusal);
}

void RefuseNotYet(std::string message, uint32_t retry_after_ms, v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_NOT_YET, std::move(message), refusal);
  refusal->mutable_not_yet()->set_retry_after_ms(retry_after_ms);
}

void RefuseBeforeEpoch(v1::ErrorReply* refusal) {
  RefuseNotYet(
      absl::StrCat("this node has just become the leader; its epoch has not begun yet; try again "
                   "in ",
                   limits::kEpochRetryMs, " ms"),
      limits::kEpochRetryMs, refusal);
}

void RefuseEpochWithoutRoom(v1::ErrorReply* refusal) {
  RefuseForNow(
      "this node has just become the leader; its epoch has not begun yet, as the ring is full of "
      "entries that are not on disk yet",
      limits::kStorageRetryMs, refusal);
}

void RefuseBackPressure(uint32_t retry_after_ms, v1::ErrorReply* refusal) {
  RefuseForNow("the ring is full of entries that are not on disk yet", retry_after_ms, refusal);
}

}  // namespace ringjournal
