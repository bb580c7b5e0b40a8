#include "journal/node/refusals.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
  Refuse(
      v1::ERROR_CODE_FENCED,
      absl::StrCat("producer \"", state.name, "\" was opened again since (epoch ", state.epoch,
                   "): this session may append no more; open it again only if the other is gone"),
      refusal);
  refusal->mutable_fenced()->set_by(state.name);
  refusal->mutable_fenced()->set_producer_epoch(state.epoch);
  refusal->mutable_fenced()->set_client_instance(state.client_instance);
}

void RefuseFencedWriter(Epoch writer, v1::ErrorReply* refusal) {
  Refuse(v1::ERROR_CODE_FENCED,
         absl::StrCat("a newer writer holds this journal (writer epoch ", writer.generation, ".",
                      writer.epoch, "): stop acting and read up to the fence"),
         refusal);
  refusal->mutable_fenced()->set_writer_generation(writer.generation);
  refusal->mutable_fenced()->set_writer_epoch(writer.epoch);
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
