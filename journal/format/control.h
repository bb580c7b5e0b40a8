// Control records: the bodies of entries that the server itself writes.
#ifndef JOURNAL_FORMAT_CONTROL_H_
#define JOURNAL_FORMAT_CONTROL_H_

#include <string>

#include "journal/base/bytes.h"
#include "proto/entry.pb.h"

namespace ringjournal {

// The body of a control entry: field 32 of Entry, tag and length included.
std::string EncodeControlBody(const v1::ControlRecord& record);
// False if `body` is anything else.
bool DecodeControlBody(ByteSpan body, v1::ControlRecord* record);
// True for kinds that this version knows. A replica that meets another stops: it never skips one.
bool IsKnownKind(uint32_t kind);

}  // namespace ringjournal

#endif  // JOURNAL_FORMAT_CONTROL_H_
