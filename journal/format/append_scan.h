// Reads an append's envelope straight from its frame, without building messages: the hot path.
//
// It accepts a subset of what the generated parser accepts and agrees with it on every field of
// what it accepts (a fuzz test holds it to that); what it refuses is refused as a whole, with a
// reason.
#ifndef JOURNAL_FORMAT_APPEND_SCAN_H_
#define JOURNAL_FORMAT_APPEND_SCAN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "journal/base/bytes.h"
#include "journal/base/types.h"
#include "proto/client.pb.h"

namespace ringjournal {

// Tag of field 31 with length: the same in Append and in Entry.
inline constexpr std::byte kTransactionTag0{0xfa};
inline constexpr std::byte kTransactionTag1{0x01};

// An append as it lies in the frame. `body` points into the frame.
struct AppendEnvelope {
  uint64_t request_id = 0;
  Sequence first_sequence;
  v1::Level level = v1::LEVEL_UNKNOWN;
  std::optional<Lsn> expected_lsn;
  Epoch writer;
  std::optional<uint32_t> body_crc32c;
  uint32_t count = 0;
  ByteSpan body;  // all of field 31: tags, lengths, transactions
};

// Why an append is refused. The envelope's request_id is set where it could be read.
struct AppendRefusal {
  v1::ErrorCode code = v1::ERROR_CODE_UNKNOWN;
  std::string message;
  uint32_t transaction = 0;  // position in the append, for ERROR_CODE_MALFORMED and TOO_LARGE
};

// True if the frame is a ClientMessage that starts with an append.
inline bool LooksLikeAppend(ByteSpan frame) {
  return !frame.empty() && frame[0] == std::byte{0x0a};
}

// Scans `frame`, a ClientMessage that holds one Append and nothing else. Returns true, or false
// with *refusal. Does not compute the CRC. Allocates only when it refuses.
bool ScanAppend(ByteSpan frame, AppendEnvelope* envelope, AppendRefusal* refusal);

// Scans a run of field 31 and counts. The whole of `run` must be such fields; each transaction must
// be well formed. Returns true, or false with *refusal.
bool ScanTransactions(ByteSpan run, uint32_t* count, AppendRefusal* refusal);

// Any field of bytes of a well-formed transaction, by its number; the last one counts, as for the
// generated parser. Empty if it has none.
ByteSpan TransactionField(ByteSpan transaction, uint32_t number);
// The payload (field 1) of one transaction; empty if it has none. `transaction` is well formed.
inline ByteSpan TransactionPayload(ByteSpan transaction);

// Walks a verified body transaction by transaction, without the tag and length.
class TransactionCursor {
 public:
  explicit TransactionCursor(ByteSpan body) : rest_(body) {}
  // False at the end.
  inline bool Next(ByteSpan* transaction);

 private:
  bool NextSlowly(ByteSpan* transaction);

  ByteSpan rest_;
};

// ---- inline: readers do these two for every transaction ----

// A length of one or two bytes at `p`, which has two: what transactions below 16 KiB have. Returns
// its size, or 0 if it is a longer one.
inline size_t ReadLength2(const std::byte* p, size_t* length) {
  size_t low = static_cast<size_t>(p[0]), high = static_cast<size_t>(p[1]);
  *length = low < 0x80 ? low : (low & 0x7f) | high << 7;
  return low < 0x80 ? 1 : high < 0x80 ? 2 : 0;
}

inline ByteSpan TransactionPayload(ByteSpan transaction) {
  size_t length;
  if (transaction.size() >= 3 && transaction[0] == std::byte{0x0a}) {
    size_t head = 1 + ReadLength2(transaction.data() + 1, &length);
    // The payload is all that there is.
    if (head > 1 && head + length == transaction.size()) return transaction.subspan(head);
  }
  return TransactionField(transaction, 1);
}

inline bool TransactionCursor::Next(ByteSpan* transaction) {
  const std::byte* p = rest_.data();
  if (rest_.size() < 4 || p[0] != kTransactionTag0 || p[1] != kTransactionTag1) {
    return NextSlowly(transaction);
  }
  size_t length;
  size_t head = 2 + ReadLength2(p + 2, &length);
  if (head == 2 || length > rest_.size() - head) return NextSlowly(transaction);
  *transaction = rest_.subspan(head, length);
  rest_ = rest_.subspan(head + length);
  return true;
}

}  // namespace ringjournal

#endif  // JOURNAL_FORMAT_APPEND_SCAN_H_
