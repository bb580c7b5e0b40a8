// The hand scan of an append's envelope, held against the generated parser.
#include "journal/base/check.h"
#include "journal/format/append_scan.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

void CheckAgainstParser(ByteSpan frame, const AppendEnvelope& envelope) {
  v1::ClientMessage parsed;
  RJ_CHECK(parsed.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
  RJ_CHECK(parsed.has_append());
  const v1::Append& append = parsed.append();
  RJ_CHECK(append.request_id() == envelope.request_id);
  RJ_CHECK(append.first_sequence() == envelope.first_sequence.value());
  RJ_CHECK(append.level() == envelope.level);
  RJ_CHECK(append.has_expected_lsn() == envelope.expected_lsn.has_value());
  if (envelope.expected_lsn) RJ_CHECK(append.expected_lsn() == envelope.expected_lsn->value());
  RJ_CHECK(append.has_body_crc32c() == envelope.body_crc32c.has_value());
  if (envelope.body_crc32c) RJ_CHECK(append.body_crc32c() == *envelope.body_crc32c);
  RJ_CHECK(static_cast<uint32_t>(append.transactions_size()) == envelope.count);
  // The verbatim bytes are the transactions of an Entry, and the cursor finds each payload.
  v1::Entry entry;
  RJ_CHECK(entry.ParseFromArray(envelope.body.data(), static_cast<int>(envelope.body.size())));
  RJ_CHECK(entry.transactions_size() == append.transactions_size());
  TransactionCursor cursor(envelope.body);
  ByteSpan transaction;
  for (int i = 0; i < append.transactions_size(); ++i) {
    const std::string bytes = append.transactions(i).SerializeAsString();
    RJ_CHECK(bytes == entry.transactions(i).SerializeAsString());
    RJ_CHECK(cursor.Next(&transaction));
    RJ_CHECK(AsView(TransactionPayload(transaction)) == append.transactions(i).payload());
  }
  RJ_CHECK(!cursor.Next(&transaction));
}

}  // namespace

std::string Decode(ByteSpan input) {
  AppendEnvelope envelope;
  AppendRefusal refusal;
  if (ScanAppend(input, &envelope, &refusal)) {
    CheckAgainstParser(input, envelope);
    return "accepted";
  }
  RJ_CHECK(!refusal.message.empty() && refusal.code != v1::ERROR_CODE_UNKNOWN);
  return v1::ErrorCode_Name(refusal.code).substr(sizeof "ERROR_CODE_" - 1);
}

std::vector<std::string> Seeds() {
  v1::ClientMessage message;
  v1::Append* append = message.mutable_append();
  append->set_request_id(77);
  append->set_first_sequence(5);
  append->set_level(v1::LEVEL_DISK);
  append->set_expected_lsn(0);
  append->set_body_crc32c(123);
  const std::string empty = message.SerializeAsString();
  append->add_transactions()->set_payload("one");
  v1::Transaction* two = append->add_transactions();
  two->set_type("shop.Order");
  two->set_key("k");
  two->set_id("id-1");
  v1::Header* header = two->add_headers();
  header->set_name("trace");
  header->set_value("\xff\x01");
  append->add_transactions();
  const std::string full = message.SerializeAsString();
  std::string bad_type = full;
  bad_type[bad_type.find("shop")] = '\xff';
  message.mutable_hello()->set_client_name("somebody else");
  return {full,        empty,
          full + full, full.substr(0, full.size() - 1),
          bad_type,    message.SerializeAsString(),
          ""};
}

}  // namespace ringjournal::fuzz
