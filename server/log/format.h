// One log line as text. Pure.
#ifndef SERVER_LOG_FORMAT_H_
#define SERVER_LOG_FORMAT_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "server/log/log.h"

namespace ringjournal {

// "level=info event=session_opened session=17". A text value is quoted if it is empty or has a
// space, a quote, '=' or a byte outside printable ASCII and UTF-8; quotes, backslashes and control
// characters are escaped, so that a line is one line whatever a peer has sent.
std::string FormatEvent(LogLevel level, std::string_view event,
                        std::initializer_list<LogField> fields);

}  // namespace ringjournal

#endif  // SERVER_LOG_FORMAT_H_
