// UTF-8 validity as protobuf's parsers demand it of string fields.
#ifndef JOURNAL_FORMAT_UTF8_H_
#define JOURNAL_FORMAT_UTF8_H_

#include "journal/base/bytes.h"

namespace ringjournal {

// No overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629).
bool IsUtf8(ByteSpan bytes);

}  // namespace ringjournal

#endif  // JOURNAL_FORMAT_UTF8_H_
