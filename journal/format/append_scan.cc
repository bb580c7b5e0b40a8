#include "journal/format/append_scan.h"

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/format/utf8.h"

namespace ringjournal {
namespace {

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field as it stands on the wire.
struct Field {
  uint32_t number = 0;
  int wire_type = 0;
  uint64_t value = 0;  // varint, fixed32, fixed64
  ByteSpan bytes;      // wire type 2
};

// A tag or a length: five bytes at most, as the generated parsers take them. What they refuse must
// not get into a journal.
bool ReadShortVarint(const std::byte** pos, const std::byte* end, uint64_t* value) {
  const std::byte* from = *pos;
  return ReadVarint(pos, end, value) && *pos - from <= 5;
}

// Reads one field and moves *pos behind it. False: cut off, number 0, or a group (which no message
// of ours has).
bool ReadField(const std::byte** pos, const std::byte* end, Field* field) {
  uint64_t tag;
  if (!ReadShortVarint(pos, end, &tag) || tag > UINT32_MAX) return false;
  field->number = static_cast<uint32_t>(tag >> 3);
  field->wire_type = static_cast<int>(tag & 7);
  if (field->number == 0) return false;
  size_t left = static_cast<size_t>(end - *pos);
  switch (field->wire_type) {
    case kVarint:
      return ReadVarint(pos, end, &field->value);
    case kFixed64:
      if (left < 8) return false;
      field->value = Load64(*pos);
      *pos += 8;
      return true;
    case kFixed32:
      if (left < 4) return false;
      field->value = Load32(*pos);
      *pos += 4;
      return true;
    case kBytes: {
      uint64_t length;
      if (!ReadShortVarint(pos, end, &length)) return false;
      if (length > static_cast<size_t>(end - *pos)) return false;
      field->bytes = {*pos, static_cast<size_t>(length)};
      *pos += length;
      return true;
    }
  }
  return false;
}

bool Refuse(v1::ErrorCode code, std::string message, uint32_t transaction, AppendRefusal* refusal) {
  refusal->code = code;
  refusal->message = std::move(message);
  refusal->transaction = transaction;
  return false;
}

bool HeaderIsWellFormed(ByteSpan header) {
  const std::byte* pos = header.data();
  const std::byte* end = pos + header.size();
  Field field;
  while (pos != end) {
    if (!ReadField(&pos, end, &field)) return false;
    if (field.number == 1 && field.wire_type == kBytes && !IsUtf8(field.bytes)) return false;
  }
  return true;
}

// Null, or what is wrong.
const char* TransactionDefect(ByteSpan transaction) {
  const std::byte* pos = transaction.data();
  const std::byte* end = pos + transaction.size();
  uint32_t headers = 0;
  Field field;
  while (pos != end) {
    if (!ReadField(&pos, end, &field)) return "its fields do not parse";
    if (field.wire_type != kBytes) continue;
    if (field.number == 2 && !IsUtf8(field.bytes)) return "its type is not UTF-8";
    if (field.number != 6) continue;
    if (!HeaderIsWellFormed(field.bytes)) return "a header does not parse";
    if (++headers > limits::kHeadersPerTransactionMax) return "it has too many headers";
  }
  return nullptr;
}

// True if the transaction is one payload field and nothing else: the common case.
bool IsBarePayload(ByteSpan t) {
  if (t.size() < 2 || t[0] != std::byte{0x0a}) return false;
  const std::byte* pos = t.data() + 1;
  const std::byte* end = t.data() + t.size();
  uint64_t length;
  return ReadShortVarint(&pos, end, &length) && length == static_cast<size_t>(end - pos);
}

bool StartsTransaction(const std::byte* pos, const std::byte* end) {
  return end - pos >= 2 && pos[0] == kTransactionTag0 && pos[1] == kTransactionTag1;
}

// Scans transactions from *pos as long as they go on.
bool ScanRun(const std::byte** pos, const std::byte* end, uint32_t* count, AppendRefusal* refusal) {
  *count = 0;
  while (StartsTransaction(*pos, end)) {
    const std::byte* p = *pos + 2;
    uint64_t length;
    if (!ReadShortVarint(&p, end, &length) || length > static_cast<size_t>(end - p)) {
      return Refuse(v1::ERROR_CODE_MALFORMED,
                    absl::StrCat("transaction ", *count, " of the append is cut off"), *count,
                    refusal);
    }
    if (length > limits::kTransactionBytesMax) {
      return Refuse(v1::ERROR_CODE_TOO_LARGE,
                    absl::StrCat("transaction ", *count, " of the append has ", length,
                                 " bytes; the limit is ", limits::kTransactionBytesMax,
                                 ": split it or store the payload elsewhere"),
                    *count, refusal);
    }
    ByteSpan transaction(p, static_cast<size_t>(length));
    if (!IsBarePayload(transaction)) {
      if (const char* defect = TransactionDefect(transaction)) {
        return Refuse(v1::ERROR_CODE_MALFORMED,
                      absl::StrCat("transaction ", *count, " of the append is malformed: ", defect,
                                   "; the whole append was refused"),
                      *count, refusal);
      }
    }
    ++*count;
    *pos = p + length;
  }
  if (*count > limits::kTransactionsPerAppendMax) {
    return Refuse(v1::ERROR_CODE_TOO_LARGE,
                  absl::StrCat("the append has ", *count, " transactions; the limit is ",
                               limits::kTransactionsPerAppendMax, ": send several appends"),
                  0, refusal);
  }
  return true;
}

void TakeField(const Field& field, AppendEnvelope* envelope) {
  if (field.wire_type == kFixed64) {
    if (field.number == 1) envelope->request_id = field.value;
    if (field.number == 2) envelope->first_sequence = Sequence(field.value);
    if (field.number == 4) envelope->expected_lsn = Lsn(field.value);
  } else if (field.wire_type == kFixed32) {
    uint32_t value = static_cast<uint32_t>(field.value);
    if (field.number == 5) envelope->writer.generation = value;
    if (field.number == 6) envelope->writer.epoch = value;
    if (field.number == 7) envelope->body_crc32c = value;
  } else if (field.wire_type == kVarint && field.number == 3) {
    envelope->level = static_cast<v1::Level>(static_cast<int>(field.value));
  }
}

bool Malformed(const std::string& what, AppendRefusal* refusal) {
  return Refuse(v1::ERROR_CODE_MALFORMED, absl::StrCat("the append does not parse: ", what), 0,
                refusal);
}

bool ScanFields(const std::byte* pos, const std::byte* end, AppendEnvelope* envelope,
                AppendRefusal* refusal) {
  Field field;
  while (pos != end) {
    if (StartsTransaction(pos, end)) {
      if (envelope->count > 0) {
        return Malformed("its transactions do not stand in one run; send them one after another",
                         refusal);
      }
      const std::byte* start = pos;
      if (!ScanRun(&pos, end, &envelope->count, refusal)) return false;
      envelope->body = {start, static_cast<size_t>(pos - start)};
      continue;
    }
    if (!ReadField(&pos, end, &field)) return Malformed("a field is cut off or unknown", refusal);
    if (field.number == 31) return Malformed("field 31 has an unusual tag", refusal);
    TakeField(field, envelope);
  }
  if (envelope->count > 0) return true;
  return Refuse(v1::ERROR_CODE_EMPTY_APPEND, "the append holds no transaction; send at least one",
                0, refusal);
}

}  // namespace

bool ScanAppend(ByteSpan frame, AppendEnvelope* envelope, AppendRefusal* refusal) {
  *envelope = AppendEnvelope();
  const std::byte* pos = frame.data();
  const std::byte* end = pos + frame.size();
  Field message;
  if (!LooksLikeAppend(frame) || !ReadField(&pos, end, &message)) {
    return Malformed("the frame is cut off", refusal);
  }
  if (pos != end) return Malformed("the frame holds more than the append", refusal);
  return ScanFields(message.bytes.data(), message.bytes.data() + message.bytes.size(), envelope,
                    refusal);
}

bool ScanTransactions(ByteSpan run, uint32_t* count, AppendRefusal* refusal) {
  const std::byte* pos = run.data();
  const std::byte* end = pos + run.size();
  if (!ScanRun(&pos, end, count, refusal)) return false;
  return pos == end || Malformed("something else follows the transactions", refusal);
}

ByteSpan TransactionField(ByteSpan transaction, uint32_t number) {
  const std::byte* pos = transaction.data();
  const std::byte* end = pos + transaction.size();
  Field field;
  ByteSpan bytes;
  while (pos != end && ReadField(&pos, end, &field)) {
    if (field.number == number && field.wire_type == kBytes) bytes = field.bytes;
  }
  return bytes;
}

bool TransactionCursor::NextSlowly(ByteSpan* transaction) {
  const std::byte* pos = rest_.data();
  const std::byte* end = pos + rest_.size();
  if (!StartsTransaction(pos, end)) return false;
  pos += 2;
  uint64_t length;
  if (!ReadVarint(&pos, end, &length) || length > static_cast<size_t>(end - pos)) return false;
  *transaction = {pos, static_cast<size_t>(length)};
  rest_ = {pos + length, static_cast<size_t>(end - pos - static_cast<ptrdiff_t>(length))};
  return true;
}

}  // namespace ringjournal
