#include "client/takeover/records.h"

#include "client/transaction.h"

namespace ringjournal::client {
namespace {

constexpr std::string_view kOwnTypes = "ringjournal.v1.";

}  // namespace

RecordKind ReadRecord(const ReadTransaction& transaction, v1::WriterRecord* record) {
  if (HasOnlyPayload(transaction)) return RecordKind::kUser;
  Transaction parsed;
  if (!ParseTransaction(transaction.encoded, &parsed)) return RecordKind::kUser;
  if (!parsed.type.starts_with(kOwnTypes)) return RecordKind::kUser;
  if (parsed.type != kWriterRecordType) return RecordKind::kForeign;
  const bool read =
      record->ParseFromArray(parsed.payload.data(), static_cast<int>(parsed.payload.size()));
  return read ? RecordKind::kWriterRecord : RecordKind::kMalformed;
}

void AddRecord(const v1::WriterRecord& record, TransactionRun* run) {
  const std::string payload = record.SerializeAsString();
  Transaction transaction;
  transaction.payload = payload;
  transaction.type = kWriterRecordType;
  run->Add(transaction);
}

}  // namespace ringjournal::client
