// For tests: transactions as a reader hands them out.
#ifndef CLIENT_TAKEOVER_TEST_TRANSACTIONS_H_
#define CLIENT_TAKEOVER_TEST_TRANSACTIONS_H_

#include <deque>
#include <string>

#include "client/read_transaction.h"
#include "client/takeover/records.h"
#include "client/transaction.h"
#include "journal/format/append_scan.h"

namespace ringjournal::client {

// A journal of one transaction per entry. What it hands out is valid as long as it lives.
class TestJournal {
 public:
  Epoch writer{1, 1};
  Epoch epoch{1, 1};

  ReadTransaction Add(const TransactionRun& run) {
    bytes_.emplace_back(AsView(run.bytes()));
    TransactionCursor cursor(AsBytes(bytes_.back()));
    ReadTransaction t;
    cursor.Next(&t.encoded);
    t.payload = TransactionPayload(t.encoded);
    t.lsn = Lsn(next_++);
    t.epoch = epoch;
    t.writer = writer;
    return t;
  }
  ReadTransaction User(std::string_view payload = "payload") {
    return Add(TransactionRun::Of(payload));
  }
  ReadTransaction Typed(std::string_view type, std::string_view payload) {
    Transaction t;
    t.payload = payload;
    t.type = type;
    TransactionRun run;
    run.Add(t);
    return Add(run);
  }
  ReadTransaction Record(const v1::WriterRecord& record) {
    TransactionRun run;
    AddRecord(record, &run);
    return Add(run);
  }
  ReadTransaction Acted(uint64_t lsn) {
    v1::WriterRecord record;
    record.set_claimant("engine-a");
    record.set_acted_lsn(lsn);
    return Record(record);
  }
  void SkipTo(uint64_t lsn) { next_ = lsn; }

 private:
  std::deque<std::string> bytes_;
  uint64_t next_ = 1;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TAKEOVER_TEST_TRANSACTIONS_H_
