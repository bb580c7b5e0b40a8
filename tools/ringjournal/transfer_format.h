// What exports are made of, and reading them back.
#ifndef TOOLS_RINGJOURNAL_TRANSFER_FORMAT_H_
#define TOOLS_RINGJOURNAL_TRANSFER_FORMAT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/read_transaction.h"
#include "journal/format/entry_layout.h"
#include "tools/ringjournal/transfer_file.h"

namespace ringjournal::cli {

enum class TransferFormat {
  kGuess,      // import: by its first bytes
  kEntries,    // ringjournal.v1.Entries: an export, or a segment file
  kDelimited,  // varint length and ringjournal.v1.ExportedTransaction
  kJsonl,      // the same as proto3 JSON
};

// For the option of export; import also takes "auto".
std::map<std::string, TransferFormat> TransferFormats();

// Appends one transaction to *out; not for kEntries.
void FormatExported(const client::ReadTransaction& transaction, TransferFormat format,
                    std::string* out);

// One that was read. `where` in the file it came from, for messages.
struct Imported {
  ByteSpan encoded;  // serialised ringjournal.v1.Transaction
  Lsn lsn;           // that it had
  uint64_t offset = 0;
};
// Errors end the import.
using TakeImported = std::function<absl::Status(const Imported&)>;

// What holds from one file to the next: the entries of segment files must continue each other.
struct ImportState {
  uint64_t next_index = 0;  // 0: nothing was read yet
  uint64_t chain = 0;
  bool chain_known = false;
};

// Reads a whole file and gives out each transaction. Every checksum, the chain, and that nothing is
// missing is verified where the format has it. DataLoss, with file and byte, for damaged or foreign
// bytes; the errors of `take` as they are.
absl::Status ReadImport(const std::string& path, TransferFormat format, ImportState* state,
                        const TakeImported& take);

// The next entry of an export of entries, verified but for its chain; valid until file->Skip of its
// record's size, which is the caller's. False: the file's end. DataLoss as above.
absl::StatusOr<bool> PeekEntry(ImportFile* file, RecordView* view);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_TRANSFER_FORMAT_H_
