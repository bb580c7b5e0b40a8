// One record: as it is, and with its checksums mended; the header agrees with the generated parser.
#include "journal/base/check.h"
#include "journal/base/checksum.h"
#include "journal/format/append_scan.h"
#include "journal/format/control.h"
#include "journal/format/entry_layout.h"
#include "proto/entry.pb.h"
#include "tests/fuzz/mend.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

void CheckAgainstParser(const RecordView& view) {
  v1::Entries entries;
  RJ_CHECK(entries.ParseFromArray(view.record.data(), static_cast<int>(view.record.size())));
  RJ_CHECK(entries.entries_size() == 1);
  const v1::Entry& entry = entries.entries(0);
  RJ_CHECK(entry.index() == view.header.index.value());
  RJ_CHECK(entry.first_lsn() == view.header.first_lsn.value());
  RJ_CHECK(entry.count() == view.header.count);
  RJ_CHECK(entry.chain() == view.header.chain);
  RJ_CHECK(entry.body_crc32c() == view.header.body_crc32c);
  RJ_CHECK(entry.first_sequence() == view.header.first_sequence.value());
}

std::string DecodeOnce(ByteSpan input) {
  RecordView view;
  RecordVerdict verdict = ParseRecord(input, &view);
  if (verdict != RecordVerdict::kOk) return RecordVerdictText(verdict);
  RJ_CHECK(view.record.data() == input.data() && view.record.size() <= input.size());
  RJ_CHECK(view.record.size() == RecordBytes(view.header.body_length));
  verdict = VerifyBody(view);
  if (verdict != RecordVerdict::kOk) return RecordVerdictText(verdict);
  uint32_t count = 0;
  AppendRefusal refusal;
  v1::ControlRecord control;
  if (ScanTransactions(view.body, &count, &refusal)) {
    CheckAgainstParser(view);
    return "transactions";
  }
  if (!DecodeControlBody(view.body, &control)) return "unknown body";
  v1::ControlRecord again;
  const std::string written = EncodeControlBody(control);
  RJ_CHECK(DecodeControlBody(AsBytes(written), &again));
  RJ_CHECK(again.SerializeAsString() == control.SerializeAsString());
  return IsKnownKind(view.header.kind) ? "control" : "control of an unknown kind";
}

std::string RecordOf(const std::string& body, uint32_t count, uint32_t kind) {
  EntryHeader header;
  header.body_length = static_cast<uint32_t>(body.size());
  header.body_crc32c = Crc32c(AsBytes(body));
  header.index = Index(9);
  header.first_lsn = Lsn(17);
  header.count = count;
  header.kind = kind;
  header.first_sequence = Sequence(3);
  std::string record(kRecordOverheadBytes, '\0');
  EncodeRecordHead(header, 0, reinterpret_cast<std::byte*>(record.data()));
  return record + body;
}

}  // namespace

std::string Decode(ByteSpan input) {
  const std::string verdict = DecodeOnce(input);
  std::string mended(AsView(input));
  uint64_t chain = 0;
  if (MendRecord(&mended, 0, &chain) == 0) return verdict;
  const std::string behind = DecodeOnce(AsBytes(mended));
  return behind == verdict ? verdict : verdict + " mended " + behind;
}

std::vector<std::string> Seeds() {
  v1::Entry body;
  body.add_transactions()->set_payload("payload");
  body.add_transactions()->set_key("key");
  const std::string good = RecordOf(body.SerializeAsString(), 2, v1::ENTRY_KIND_TRANSACTIONS);
  v1::ControlRecord trim;
  trim.mutable_trim()->set_first_lsn(17);
  std::string bad_body = good, bad_header = good, newer = good;
  bad_body.back() ^= 1;
  bad_header[60] ^= 1;
  newer[kRecordPrefixBytes + kHeaderLayout[17].offset] = 9;
  return {"",
          good,
          good + good,
          good.substr(0, good.size() - 2),
          bad_body,
          bad_header,
          newer,
          RecordOf(EncodeControlBody(trim), 0, v1::ENTRY_KIND_TRIM),
          RecordOf(EncodeControlBody(trim), 0, 4711),
          RecordOf("neither", 0, v1::ENTRY_KIND_CLOCK),
          "\x0a\x01"};
}

}  // namespace ringjournal::fuzz
