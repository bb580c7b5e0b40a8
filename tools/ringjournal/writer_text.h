// What commands say of the writer of a fenced journal.
#ifndef TOOLS_RINGJOURNAL_WRITER_TEXT_H_
#define TOOLS_RINGJOURNAL_WRITER_TEXT_H_

#include <string>

#include "client/journal_info.h"

namespace ringjournal::cli {

// Who holds the newest writer epoch, for people; there is one.
std::string HolderText(const client::WriterInfo& writer);
// The same as fields of a JSON object, without its braces; "" if none was ever granted.
std::string HolderJsonFields(const client::WriterInfo& writer);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_WRITER_TEXT_H_
