// What a client's last receipt says about the journal that it is shown to.
#ifndef SERVER_SESSION_RECEIPTS_H_
#define SERVER_SESSION_RECEIPTS_H_

#include <string_view>

#include "journal/node/replica.h"
#include "proto/client.pb.h"

namespace ringjournal {

struct ReceiptVerdict {
  v1::Continuity continuity = v1::CONTINUITY_UNKNOWN;
  // With DIVERGED: the log and the receipt's history differ at this LSN or before it.
  Lsn diverged;
  // And the newest epoch of the log that is not newer than the receipt's. Whether the receipt's
  // history has it, too, only who holds that can say: an epoch that both have is the last in
  // common. 0/0: the log has none.
  Epoch common;
};

// Compares the entry that the receipt names with the log's, by chain hash, which stands for
// everything below. No I/O: what the ring has no more cannot be told. An LSN is as early as the
// epoch history and the ring allow to say: a log of the epoch `common` ends where a newer one
// begins (as KIP-320 finds it).
ReceiptVerdict JudgeReceipt(const v1::Receipt& receipt, std::string_view journal_id,
                            const Replica& replica);

// Into the answer.
void FillVerdict(const ReceiptVerdict& verdict, v1::OpenReply* reply);

}  // namespace ringjournal

#endif  // SERVER_SESSION_RECEIPTS_H_
