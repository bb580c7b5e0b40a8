// A run of entries as the client reads it, from a server that it does not have to trust.
#include "client/core/entry_reader.h"
#include "journal/base/check.h"
#include "journal/segment/test_segment.h"
#include "tests/fuzz/mend.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

bool LiesIn(ByteSpan part, ByteSpan whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

std::string ReadAll(ByteSpan run) {
  client::EntryReader reader;
  reader.SetRun(run);
  client::ReadTransaction transaction;
  absl::Status error;
  size_t count = 0, bytes = 0;
  while (reader.Next({&transaction, 1}, &error) > 0) {
    RJ_CHECK(LiesIn(transaction.encoded, run) && LiesIn(transaction.payload, run));
    bytes += 1 + transaction.encoded.size();
    RJ_CHECK(bytes <= run.size() && ++count <= run.size());
  }
  if (!error.ok()) return count == 0 ? "damaged" : "damaged behind transactions";
  return count == 0 ? "nothing" : "transactions";
}

}  // namespace

std::string Decode(ByteSpan input) {
  const std::string verdict = ReadAll(input);
  std::string mended(AsView(input));
  MendRun(&mended);
  const std::string behind = ReadAll(AsBytes(mended));
  return behind == verdict ? verdict : verdict + " mended " + behind;
}

std::vector<std::string> Seeds() {
  v1::Entry body;
  body.add_transactions()->set_payload("payload");
  body.add_transactions()->set_key("key");
  TestLog log;
  const std::string first = log.RecordOf(body.SerializeAsString(), 2);
  const std::string second = log.RecordOf(body.SerializeAsString(), 2);
  const std::string control = log.RecordOf("control", 0);
  TestLog other;
  TestSegment segment(&other, {Incarnation(3), 1}, 0);
  return {"",      first + second + control,     second + first, first + second.substr(0, 50),
          control, segment.bytes.substr(0, 100), first + "noise"};
}

}  // namespace ringjournal::fuzz
